"""Calling off: what is under way is stopped, what waits is ended, and all is recorded.

A call, a run with those below it, or a conversation with its runs may be called off. A call that
is called off is answered like any other (P5): as cancelled where something proves that
nothing was applied, else as unknown (P3). A run that was called off stays so: its later calls are
refused, also after a restart; who goes on takes another run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable
from typing import Any, Final, NamedTuple

from highroad.approvals.waiting import Waiting
from highroad.domain.audit import AGENT_RUN
from highroad.domain.entry import EntryKind, KeyDestroyed, StoredEntry
from highroad.domain.error import DecisionRefused, NotRecorded
from highroad.domain.identity import Principal
from highroad.domain.ids import with_prefix
from highroad.domain.order import Cancellation
from highroad.domain.outcome import AnyOutcome, Held
from highroad.domain.permission import Permissions, require
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import read_body
from highroad.ledger.tables.rows import records, selection
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline.cancelled import subjects_of
from highroad.pipeline.inflight import Flight
from highroad.pipeline.services import Services

CANCEL: Final = "calls:cancel"
"""The permission to call off calls and runs."""
CANCELLATION: Final = "cnl"
RUN: Final = "run"
"""Prefixes of ids."""
_PAGE: Final = 1_000


EndRun = Callable[[str, str], Awaitable[None]]
"""Ends a run of an agent, and what waits in it, on the word of somebody, by opaque id. One that is
moved ends itself."""


class Reached(NamedTuple):
    """What calling off reached."""

    flights: list[Flight]
    """Calls that were under way, the outer ones first."""
    held: list[str]
    """Calls that waited, for people or for their results, and have ended."""


class Cancellations:
    """Takes people's word that a call or a run is off, and sees to it.

    Args:
        services: Of the runtime.
        waiting: Ends calls that are held.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        is_writer: Whether this process drives calls; another one leaves orders in the inbox.
        end_run: Ends a run of an agent, on the word of somebody, where nobody moves it.
    """

    def __init__(
        self,
        services: Services,
        waiting: Waiting,
        *,
        permissions: Permissions | None,
        is_writer: bool,
        end_run: EndRun,
    ) -> None:
        self._services = services
        self._end_run = end_run
        self._ledger = services.ledger
        self._waiting = waiting
        self._permissions = permissions
        self._is_writer = is_writer
        self._seen: set[str] = set()
        """Calls that were under way when `heed` last looked."""

    async def cancel(
        self,
        *,
        call_id: str | None,
        run: str | None,
        conversation: str | None,
        by: Principal,
        reason: str,
    ) -> tuple[AnyOutcome, ...]:
        """Call off a call, a run or a conversation; see `highroad.Runtime.cancel`."""
        if [call_id, run, conversation].count(None) != 2:  # noqa: PLR2004 - of the three
            raise DecisionRefused("a call, a run or a conversation is called off: give one of them")
        if not reason.strip():
            raise DecisionRefused("a reason is needed: say why it is called off")
        run_id = await self._subject_of(call_id, run, conversation, by)
        order = Cancellation(
            id=self._services.ids.new(CANCELLATION),
            run_id=run_id,
            call_id=call_id or "",
            reason=reasons.written(self._ledger, by, subject=call_id or run_id, reason=reason),
            **authorship(self._ledger, by),
        )
        if not self._is_writer:
            require(CANCEL, self._permissions, by, what="calling off")
            await post(self._ledger, order)
            return ()
        # In a task of its own: who calls off the run that it belongs to is cancelled itself.
        ending = asyncio.ensure_future(self._carry_out(order, by))
        self._services.tasks.add(ending)
        ending.add_done_callback(self._services.tasks.discard)
        return await asyncio.shield(ending)

    async def record(self, order: Cancellation, by: Principal) -> Reached:
        """Stop what is called off and write down by whom, from here or from the inbox.

        Returns:
            What it reached; what was under way is answered in its own time.

        Raises:
            NotRecorded: `by` may not know of it.
            DecisionRefused: The call has ended, or `by` lacks the permission.
            LedgerError: It could not be recorded; what was reached is called off all the same.
        """
        require(CANCEL, self._permissions, by, what="calling off")
        if by.organization != order.organization:
            raise NotRecorded(f"the ledger has no {order.subject}")
        flights = self._stop(order)
        held = await self._held(order)
        if order.call_id:
            await self._end(order, held)
        if not await self._is_recorded(order):
            if order.call_id and not held:
                await self._require_open(order.call_id, flights)
            reason = await reasons.kept(
                self._ledger,
                order,
                run_id=await self._run_with_key(order, flights),
                payload_id=f"{order.subject}.{order.id}",
            )
            receipt = await self._ledger.writer.write(entries.cancelled(order, reason=reason))
            if isinstance(receipt, KeyDestroyed):  # the word counts without its reason
                await self._ledger.writer.write(entries.cancelled(order, reason=None))
        if not order.call_id:  # behind the word: a process that dies meanwhile leaves it said
            await self._end(order, held)
        return Reached(flights, held)

    async def _end(self, order: Cancellation, held: Iterable[str]) -> None:
        """End runs of agents that nobody moves, and calls that wait."""
        for run_id in await self._runs_of(order):
            await self._end_run(run_id, order.by)
        for call_id in held:
            await self._waiting.call_off(call_id, order.by)

    async def heed(self) -> None:
        """Stop what other processes of a shared ledger called off.

        Looked at are runs that had a call since, and calls that were under way before.
        """
        flights = self._services.inflight.of()
        recent = self._services.cancelled.recent
        looked = (
            recent
            | self._services.cancelled.moved
            | {
                subject
                for f in flights
                if f.call_id in self._seen
                for subject in subjects_of(f.run)
            }
        )
        recent.clear()
        self._seen = {flight.call_id for flight in flights}
        for run_id in looked:
            for kind in (EntryKind.RUN_CANCELLED, EntryKind.CALL_CANCELLED):
                for entry in await self._ledger.store.entries(run_id=run_id, kind=kind):
                    self._stop(_order_of(entry))

    async def _carry_out(self, order: Cancellation, by: Principal) -> tuple[AnyOutcome, ...]:
        """Record it, and wait until every call that it reached has its answer."""
        flights, held = await self.record(order, by)
        outcomes = await _landed(flights)
        # One that was put before people as it was called off.
        for call_id in [outcome.call_id for outcome in outcomes if isinstance(outcome, Held)]:
            await self._waiting.call_off(call_id, order.by)
            held.append(call_id)
        ended = [await self._waiting.wait(call_id, timeout_s=0) for call_id in held]
        return tuple(each for each in (*outcomes, *ended) if not isinstance(each, Held))

    def _stop(self, order: Cancellation) -> list[Flight]:
        """Call off what is under way here; nothing of the run begins from now on."""
        inflight = self._services.inflight
        if order.call_id:
            self._services.cancelled.add(with_prefix(order.call_id, RUN))  # that it stands for
            flights = inflight.of(call_id=order.call_id)
        else:
            self._services.cancelled.add(order.run_id)
            flights = inflight.of(within=order.run_id)
        for flight in flights:
            _ = flight.landing()  # made now: it may land before anybody asks
            flight.call_off(order.by)
        return flights

    async def _held(self, order: Cancellation) -> list[str]:
        """Calls that wait, for people or for their results."""
        if order.call_id:
            return [order.call_id] if await self._is_held(order.call_id) else []
        await self._ledger.writer.flush()
        found: dict[str, None] = {}
        runs = await self._runs_within(order.run_id)
        for run_id in runs:
            for kind in (EntryKind.HELD, EntryKind.DEFERRED):
                after = None
                while page := await self._ledger.store.entries(
                    run_id=run_id, kind=kind, after=after, limit=_PAGE
                ):
                    found |= {
                        entry.call_id: None
                        for entry in page
                        if entry.call_id is not None
                        and not _is_ended_below(entry.call_id, run_id, runs)
                    }
                    after = page[-1].position
        return [call_id for call_id in found if await self._is_held(call_id)]

    async def _runs_of(self, order: Cancellation) -> list[str]:
        """Runs that are off, those below before those above."""
        subject = with_prefix(order.call_id, RUN) if order.call_id else order.run_id
        return list(reversed(await self._runs_within(subject)))

    async def _runs_within(self, subject: str) -> dict[str, None]:
        """A run and those below it, or those of a conversation, as far as they are recorded."""
        found: dict[str, None] = {subject: None}
        ahead = [subject]
        while ahead:
            above = ahead.pop()
            for wanted in (
                selection(AGENT_RUN.name, parent_id=above),
                selection(AGENT_RUN.name, conversation_id=above),
            ):
                async for row in records(self._ledger.store.tables, wanted):
                    if row["id"] not in found:
                        found[row["id"]] = None
                        ahead.append(row["id"])
        return found

    async def _is_held(self, call_id: str) -> bool:
        history = await self._ledger.history(call_id)
        return history is not None and history.is_held

    async def _require_open(self, call_id: str, flights: Iterable[Flight]) -> None:
        """Object to calling off what has ended."""
        if any(flight.call_id == call_id for flight in flights):
            return
        history = await self._ledger.history(call_id)
        if history is not None and history.status is not None:
            raise DecisionRefused(f"call {call_id} has ended as {history.status}; nothing changed")

    async def _subject_of(
        self, call_id: str | None, run: str | None, conversation: str | None, by: Principal
    ) -> str:
        """Id of the run or conversation; nobody learns of what is another organization's.

        Raises:
            NotRecorded: There is no such call, run or conversation.
        """
        if call_id is not None:
            return await self._run_of_call(call_id, by)
        name = run or conversation
        if not name:
            raise DecisionRefused("a run or a conversation has a name that is not empty")
        key = self._ledger.keyring.organization(by.organization)
        own_id = key.conversation_id(name) if run is None else key.run_id(name)
        for subject in (name, own_id):
            if await self._is_there(subject, by):
                return subject
        if run is None:
            raise NotRecorded(f"the ledger has no conversation {name}")
        await check_not_archived(self._ledger.store, "run", run)
        raise NotRecorded(f"the ledger has no run {run}")

    async def _run_of_call(self, call_id: str, by: Principal) -> str:
        flights = self._services.inflight.of(call_id=call_id)
        call = next((flight.call for flight in flights if flight.call_id == call_id), None)
        if call is not None and call.organization == by.organization:
            return call.run_id
        history = await self._ledger.history(call_id)
        if history is not None and history.organization == by.organization:
            return history.run_id
        await check_not_archived(self._ledger.store, "call", call_id)
        raise NotRecorded(f"the ledger has no call {call_id}")

    async def _is_there(self, subject: str, by: Principal) -> bool:
        flights = self._services.inflight.of(within=subject)
        if any(flight.call.organization == by.organization for flight in flights):
            return True
        await self._ledger.writer.flush()
        for run_id in await self._runs_within(subject):
            found = await self._ledger.store.entries(run_id=run_id, limit=1)
            if any(entry.organization == by.organization for entry in found):
                return True
        return False

    async def _is_recorded(self, order: Cancellation) -> bool:
        """Whether the owner died between the entry and forgetting the order."""
        kind = EntryKind.CALL_CANCELLED if order.call_id else EntryKind.RUN_CANCELLED
        found = await self._ledger.store.entries(run_id=order.run_id, kind=kind)
        return any(read_body(entry)["id"] == order.id for entry in found)

    async def _run_with_key(self, order: Cancellation, flights: Iterable[Flight]) -> str:
        """The run of which a reason is kept, among those that are called off."""
        found = await self._first_with_key(order.run_id)
        if found is None:
            await _landed(flights)  # its first call brings the key with its end
            found = await self._first_with_key(order.run_id)
        return found or order.run_id

    async def _first_with_key(self, subject: str) -> str | None:
        await self._ledger.writer.flush()
        for run_id in await self._runs_within(subject):
            if await self._ledger.vault.kept_key(run_id) is not None:
                return run_id
        return None


def _is_ended_below(call_id: str, run_id: str, runs: Container[str]) -> bool:
    """Whether a call stands for a run below, with which it ends."""
    below = with_prefix(call_id, RUN)
    return below != run_id and below in runs


async def _landed(flights: Iterable[Flight]) -> list[AnyOutcome]:
    """Wait until each is answered; what landed without an outcome has none."""
    landings: list[asyncio.Future[Any]] = [flight.landing() for flight in flights]
    if landings:
        await asyncio.wait(landings)
    return [landing.result() for landing in landings if not landing.cancelled()]


def _order_of(entry: StoredEntry) -> Cancellation:
    """As much of an order as its entry says."""
    body = read_body(entry)
    return Cancellation(
        id=body["id"],
        run_id=body["run"],
        call_id=body.get("call", ""),
        organization=body["org"],
        by=body["by"],
        at_ms=body["at"],
    )
