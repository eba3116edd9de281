"""Dead letters: calls that were given up on, before people.

A redrive is a new call on the road, with the arguments, the key, the principal and the run of the
first. The table of keys decides what it is answered (`highroad.pipeline.repetition`), so that what
may have taken effect is never run blindly. Only then is the letter changed: should the process die
between the two, it stays open, and redriving it once more is answered by what was done.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

from highroad.domain.audit import DEAD_LETTER
from highroad.domain.dead_letter import DeadLetter, LetterState, letter_id, letter_of
from highroad.domain.entry import KeyDestroyed, Receipt
from highroad.domain.error import Code, DecisionRefused, LedgerError, NotRecorded, VaultError
from highroad.domain.identity import Principal
from highroad.domain.order import Discard, Redrive
from highroad.domain.outcome import AnyOutcome, Completed, Held, Status, Unknown
from highroad.domain.payload import SealedPayload
from highroad.domain.permission import Permissions, require
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import CallHistory
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline import doorway
from highroad.pipeline.drive import drive
from highroad.pipeline.services import Services
from highroad.pipeline.stand_in import CONCLUDED
from highroad.ports.tables import Selection
from highroad.recovery.letter_growth import Backlog, LetterGrowth

_log: Final = logging.getLogger("highroad.dead_letters")

REDRIVE: Final = "dead-letters:redrive"
"""The permission to have a call made again that was given up on."""
DISCARD: Final = "dead-letters:discard"
"""The permission to say that it need not be made."""
_PAGE: Final = 100
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """A letter that was redriven, as it stands behind that, and what the new call brought."""

    letter: DeadLetter
    outcome: AnyOutcome | None = None
    """`None` where another process owns the ledger, and makes the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Several letters, redriven one after the other."""

    redriven: tuple[Redriven, ...]
    passed_over: tuple[str, ...] = ()
    """What was not redriven, and why."""
    stopped: str | None = None
    """Why it ended before all of them."""


class Which(TypedDict, total=False):
    """Which letters a batch redrives, and how fast; all of it may be left out."""

    tool: str | None
    """Of this tool."""
    dependency: str | None
    """Of this dependency."""
    since_ms: int | None
    """Unix time; of calls that ended from then on."""
    most: int
    """At most so many; 100."""
    per_minute: int
    """How many a minute; 60."""


class Letters:
    """Lists what was given up on, and makes it again or discards it.

    Args:
        services: Of the runtime.
        growth: Counts them.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        drives: Whether this process may make calls; another one leaves orders in the inbox.
        decides: Whether this process writes down what people decide.
    """

    def __init__(
        self,
        services: Services,
        growth: LetterGrowth,
        *,
        permissions: Permissions | None,
        drives: bool,
        decides: bool,
    ) -> None:
        self._services = services
        self._ledger = services.ledger
        self.growth: LetterGrowth = growth
        self._permissions = permissions
        self._drives = drives
        self._decides = decides
        self._turns: dict[str, asyncio.Lock] = {}
        """Of two who change the same letter the second sees what the first one did."""

    # -- looking -----------------------------------------------------------------------------

    async def list(  # noqa: PLR0913 - what may narrow it, each by name
        self,
        *,
        state: LetterState | str | None = LetterState.OPEN,
        tool: str | None = None,
        dependency: str | None = None,
        since_ms: int | None = None,
        after: str = "",
        limit: int = _PAGE,
    ) -> tuple[DeadLetter, ...]:
        """A page of letters, oldest first.

        Args:
            state: Of those; `None` is any.
            tool: By name.
            dependency: What could not be reached.
            since_ms: Unix time; of calls that ended from then on.
            after: Behind the letter of this id.
            limit: At most so many.
        """
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        given = {"state": state, "tool": tool, "dependency": dependency}
        wanted = Selection(
            table=DEAD_LETTER.name,
            equals={name: str(cell) for name, cell in given.items() if cell is not None},
            within=None if since_ms is None else "created_ms",
            since_ms=since_ms,
        )
        rows = await self._ledger.store.tables.rows(
            wanted, after=(after,) if after else (), limit=limit
        )
        return tuple(map(letter_of, rows))

    async def backlog(self) -> Backlog:
        """How many wait, how many came within the hour, and since when the oldest waits."""
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        return await self.growth.backlog()

    async def get(self, which: str) -> DeadLetter:
        """One letter, by its id or that of its call.

        Raises:
            NotRecorded: There is none.
        """
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        wanted = letter_id(which) if which.startswith("call_") else which
        found = await self._ledger.store.tables.rows(
            Selection(table=DEAD_LETTER.name, equals={"id": wanted}), limit=1
        )
        if not found:
            raise _no_such_letter(which)
        return letter_of(found[0])

    # -- making it again ---------------------------------------------------------------------

    async def redrive(self, which: str, *, by: Principal) -> Redriven:
        """Make the call of a letter again, over the whole road.

        Raises:
            NotRecorded: There is no such letter, or none that `by` may know of.
            DecisionRefused: It is not open, nobody knows whether its call took effect, what it
                takes is gone, or `by` lacks the permission.
            LedgerError: The ledger cannot be used.
        """
        letter = await self.get(which)
        order = Redrive(letter_id=letter.id, **authorship(self._ledger, by))
        if self._drives:
            return await self._redrive(order, by)
        _check(letter, by, self._permissions, REDRIVE)
        await self._judge(letter)
        await post(self._ledger, order)
        return Redriven(letter=letter)

    async def redrive_many(self, *, by: Principal, **which: Unpack[Which]) -> Batch:
        """Redrive open letters one after the other, oldest first, evenly and no faster than told.

        It ends with the first call whose dependency is not available: the others would fare the
        same.

        Args:
            by: Who asks.
            **which: What narrows them, and how fast: see `Which`.

        Raises:
            DecisionRefused: `by` lacks the permission.
            LedgerError: The ledger cannot be used.
            ValueError: `per_minute` or `most` is below 1.
        """
        per_minute, most = which.get("per_minute", 60), which.get("most", _PAGE)
        if per_minute < 1 or most < 1:
            raise ValueError("a batch redrives at least one letter, and at least one a minute")
        require(REDRIVE, self._permissions, by, what="this")
        done: list[Redriven] = []
        passed_over: list[str] = []
        for letter in await self._open(which, by.organization, most):
            if done:
                await self._services.clock.sleep(_MINUTE_S / per_minute)
            try:
                done.append(await self.redrive(letter.id, by=by))
            except (DecisionRefused, NotRecorded) as refusal:
                passed_over.append(str(refusal))
                continue
            stopped = _unreachable(done[-1])
            if stopped is not None:
                return Batch(redriven=tuple(done), passed_over=tuple(passed_over), stopped=stopped)
        return Batch(redriven=tuple(done), passed_over=tuple(passed_over))

    async def discard(self, which: str, *, by: Principal, reason: str) -> DeadLetter:
        """Say that the call of a letter need not be made. Any process may; nothing runs.

        Args:
            which: Id of the letter, or of its call.
            by: Who says so; it stands in the ledger.
            reason: Why; kept encrypted.

        Raises:
            NotRecorded: There is no such letter, or none that `by` may know of.
            DecisionRefused: It is not open, no reason is given, or `by` lacks the permission.
            LedgerError: It could not be recorded.
        """
        letter = await self.get(which)
        if not reason.strip():
            raise DecisionRefused(f"{letter.id} is discarded with a reason: say why")
        order = Discard(
            letter_id=letter.id,
            reason=reasons.written(self._ledger, by, subject=letter.id, reason=reason),
            **authorship(self._ledger, by),
        )
        if self._decides:
            return await self.record_discard(order, by)
        _check(letter, by, self._permissions, DISCARD)
        await post(self._ledger, order)
        return letter.discarded(by=order.by, at_ms=order.at_ms, reason_ref=None)

    # -- orders ------------------------------------------------------------------------------

    async def record_discard(self, order: Discard, by: Principal) -> DeadLetter:
        """Judge that a letter is discarded and write it down, from here or from the inbox.

        Raises:
            NotRecorded: There is no such letter, or none that `by` may know of.
            DecisionRefused: It is not open, or `by` lacks the permission.
            LedgerError: It could not be recorded.
        """
        async with self._turn(order.letter_id):
            letter = await self.get(order.letter_id)
            if _is_recorded(letter, order):
                return letter  # before its owner died
            _check(letter, by, self._permissions, DISCARD)
            reason = await reasons.kept(
                self._ledger,
                order,
                run_id=letter.run_id,
                payload_id=f"{letter.call_id}.discarded.{order.at_ms}",
            )
            discarded = letter.discarded(
                by=order.by,
                at_ms=order.at_ms,
                reason_ref=None if reason is None else reason.id,
            )
            receipt = await self._write(discarded, order.profile, reason)
            if isinstance(receipt, KeyDestroyed):  # the word counts without its reason
                discarded = letter.discarded(by=order.by, at_ms=order.at_ms, reason_ref=None)
                await self._write(discarded, order.profile)
        return discarded

    async def take_redrive(self, order: Redrive, by: Principal) -> None:
        """Redrive a letter for another process, which does not wait: nor does the inbox.

        Raises:
            NotRecorded: There is no such letter, or none that `by` may know of.
            DecisionRefused: It cannot be redriven, or not by them.
            LedgerError: The ledger cannot be read.
        """
        letter = await self.get(order.letter_id)
        if letter.redriven_as is not None and _is_recorded(letter, order):
            return
        _check(letter, by, self._permissions, REDRIVE)
        await self._judge(letter)
        tasks = self._services.tasks
        driving = asyncio.get_running_loop().create_task(self._redrive_quietly(order, by))
        tasks.add(driving)
        driving.add_done_callback(tasks.discard)

    async def _redrive_quietly(self, order: Redrive, by: Principal) -> None:
        try:
            done = await self._redrive(order, by)
        except (DecisionRefused, NotRecorded, LedgerError) as error:
            _log.warning("%s was not redriven: %s", order.letter_id, error)
            return
        if done.outcome is not None:
            _log.info("%s was redriven as %s", order.letter_id, done.outcome.call_id)

    async def _redrive(self, order: Redrive, by: Principal) -> Redriven:
        """Make the call, then change the letter by what became of it."""
        async with self._turn(order.letter_id):
            letter = await self.get(order.letter_id)
            _check(letter, by, self._permissions, REDRIVE)
            history = await self._judge(letter)
            try:
                call = await self._ledger.thaw(history)
            except VaultError as error:
                raise DecisionRefused(
                    f"{letter.id} cannot be redriven, because what its call takes is not kept "
                    f"({error}); make the call anew, and discard the letter"
                ) from error
            made, context = await doorway.take_in_redrive(self._services, call)
            outcome = await drive(made, context)
            redriven = letter.redriven(
                made.id,
                by=order.by,
                at_ms=order.at_ms,
                is_done=await self._is_done(outcome),
            )
            await self._write(redriven, order.profile)
        return Redriven(letter=redriven, outcome=outcome)

    # -- what each needs ---------------------------------------------------------------------

    async def _judge(self, letter: DeadLetter) -> CallHistory:
        """The history of a letter's call, where that may be made again.

        Raises:
            NotRecorded: The ledger has no such call.
            DecisionRefused: It may not; the message says what to do first.
            LedgerError: Its entries are archived.
        """
        history = await self._ledger.history(letter.call_id)
        if history is None:
            await check_not_archived(self._ledger.store, "call", letter.call_id)
            raise NotRecorded(f"the ledger has no call {letter.call_id}")
        doubtful = await self._doubtful(history)
        if doubtful is not None:
            raise DecisionRefused(
                f"nobody knows whether call {doubtful} took effect: find out, and settle it "
                f"(`highroad runs settle {doubtful}`); if it did not, redrive {letter.id} then"
            )
        if history.status is Status.UNKNOWN and history.settled:
            raise DecisionRefused(
                f"call {letter.call_id} took effect, as somebody settled: discard {letter.id}"
            )
        return history

    async def _doubtful(self, history: CallHistory) -> str | None:
        """The call of a chain of fallbacks of which nobody knows whether it took effect."""
        found: CallHistory | None = history
        while found is not None:
            if found.status is Status.UNKNOWN and found.settled is None:
                return found.call_id
            successor = found.successor
            found = None if successor is None else await self._ledger.history(successor)
        return None

    async def _is_done(self, outcome: AnyOutcome) -> bool:
        """Whether a redrive takes the place of the letter.

        What is unknown has a letter of its own, and what waits for people is in their hands. An
        answer that is only said does nothing.
        """
        if not isinstance(outcome, Completed) or outcome.dry_run:
            return isinstance(outcome, Held | Unknown)
        history = await self._ledger.history(outcome.call_id)
        return history is None or (history.ended or {}).get("rule") not in CONCLUDED

    async def _open(self, which: Which, organization: str, most: int) -> Sequence[DeadLetter]:
        """The letters of a batch, as they stand before it: one that stays open comes once."""
        found: tuple[DeadLetter, ...] = ()
        after = ""
        while len(found) < most and (
            page := await self.list(
                tool=which.get("tool"),
                dependency=which.get("dependency"),
                since_ms=which.get("since_ms"),
                after=after,
            )
        ):
            found += tuple(letter for letter in page if letter.organization == organization)
            after = page[-1].id
        return found[:most]

    def _turn(self, letter: str) -> asyncio.Lock:
        for idle in [name for name, lock in self._turns.items() if not lock.locked()]:
            del self._turns[idle]
        return self._turns.setdefault(letter, asyncio.Lock())

    async def _write(
        self, letter: DeadLetter, profile: bytes | None, reason: SealedPayload | None = None
    ) -> Receipt:
        entry = entries.lettered(letter, reason=reason, profile=profile)
        return await self._ledger.writer.write(entry)


def _check(
    letter: DeadLetter,
    by: Principal,
    permissions: Permissions | None,
    needed: str,
) -> None:
    """Object to who asks, and to what is done with already.

    Raises:
        NotRecorded: `by` may not know of the letter.
        DecisionRefused: With the reason.
    """
    if letter.organization != by.organization:
        raise _no_such_letter(letter.id)
    require(needed, permissions, by, what="this")
    _check_open(letter)


def _is_recorded(letter: DeadLetter, order: Redrive | Discard) -> bool:
    """Whether an order was recorded before its owner died and could forget it."""
    return (letter.changed_by, letter.changed_ms) == (order.by, order.at_ms)


def _no_such_letter(which: str) -> NotRecorded:
    return NotRecorded(f"the ledger has no dead letter {which}")


def _check_open(letter: DeadLetter) -> None:
    if not letter.is_open:
        by = "" if letter.redriven_as is None else f" as {letter.redriven_as}"
        raise DecisionRefused(f"{letter.id} is {letter.state} already{by}; nothing changed")


def _unreachable(done: Redriven) -> str | None:
    """Why redriving more of them is pointless now."""
    outcome = done.outcome
    if outcome is None or outcome.error is None:
        return None
    if outcome.error.code != Code.DEPENDENCY_UNAVAILABLE:
        return None
    return f"stopped at {done.letter.id}: {outcome.error.message}"
