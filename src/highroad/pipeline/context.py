"""What is learned about one call while it is on the road."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import orjson

from highroad.domain.approval import Approval, Obligation
from highroad.domain.call import Call
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.deferral import Deferral
from highroad.domain.demand import Amount
from highroad.domain.entry import KeyClaim
from highroad.domain.error import CountersError
from highroad.domain.event import EventKind
from highroad.domain.evidence import Grounding
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Labels
from highroad.domain.limits import MICRO
from highroad.domain.outcome import AnyOutcome, Ending, Status
from highroad.domain.verdict import StageLine
from highroad.ledger.canonical import canonical
from highroad.ledger.record import CallRecord
from highroad.ledger.results import Fetch
from highroad.limits.exceeded import Exceeded
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRun
from highroad.limits.share import Spender, Spending, ToolCap, to_microusd
from highroad.pipeline.doubt import Doubt
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.inflight import Flight
from highroad.pipeline.lent import Lent
from highroad.pipeline.revision import Revision
from highroad.pipeline.services import Services
from highroad.pipeline.successor import Successor
from highroad.pipeline.timer import within
from highroad.tools.body.context import ToolContext
from highroad.tools.compile import RegisteredTool

_log: Final = logging.getLogger("highroad.road")

_UNKNOWN: Final = Status.UNKNOWN
_NO_HANDLES: Final[Mapping[str, tuple[str, str]]] = {}
_SHOWN: Final = 200
"""Characters of a tool's name that are kept where a call that was turned down is too large."""


class RoadContext:
    """What is learned about one call while it is on the road."""

    __slots__ = (
        "_canonical",
        "_cost_microusd",
        "_has_slot",
        "_reservation",
        "approval",
        "attempt_until_s",
        "claim",
        "concerns",
        "deadline_s",
        "doubt",
        "fetch",
        "flight",
        "grounding",
        "handles",
        "hidden",
        "hold_after",
        "host_evidence",
        "is_bare",
        "is_lone",
        "is_resolved",
        "lap_s",
        "lent",
        "letter",
        "made_as",
        "near",
        "obligations",
        "outcome",
        "record",
        "revision",
        "run",
        "seen",
        "services",
        "shares_its_run",
        "spending",
        "started_s",
        "successor",
        "tool",
        "trouble",
    )

    def __init__(  # noqa: PLR0915 - what there is to know of a call, a line for each
        self,
        services: Services,
        record: CallRecord,
        run: LiveRun,
        approval: Approval | None = None,
    ) -> None:
        self.services: Services = services
        self.record: CallRecord = record
        self.run: LiveRun = run
        """The drive leaves it at its end."""
        self.approval: Approval | None = approval
        """Of a call that was held and is driven on."""
        self.revision: Revision | None = None
        """Other arguments that somebody gave it meanwhile, to be judged as any."""
        self.hold_after: Approval | Deferral | None = None
        """What it waited for, or is about to, as the end of this call leaves that."""
        self.host_evidence: RunEvidence | None = None
        """Held on to, so that it is known as long as the call is judged by it."""
        self.claim: KeyClaim | None = None
        self.obligations: list[Obligation] = []
        self.grounding: Grounding | None = None
        """Where its control values came from, where that was looked for in this drive."""
        self.handles: Mapping[str, tuple[str, str]] = _NO_HANDLES
        """By pointer into the arguments, the call and the pointer into its result that a model
        named there in place of the value."""
        self.outcome: AnyOutcome | None = None
        """The answer, as soon as it is known: before the terminal record is durable."""
        self.doubt: Doubt = Doubt()
        """Whether it may have been applied."""
        self.seen: ToolContext[Any] | None = None
        """What the tool's body and hooks were handed last."""
        self.lent: Lent | None = None
        """The secrets that it holds, from just before its intent until its body is over."""
        self.hidden: tuple[str, ...] = ()
        """What the user said and its body gets: hidden until the drive is over."""
        self.fetch: Fetch | None = None
        """Where its result is to be kept, and others may wait for it."""
        self.made_as: Successor | None = None
        """As what this call was made, where it stands in for another."""
        self.letter: DeadLetter | None = None
        """What its end leaves, where it is given up on."""
        self.successor: Successor | None = None
        """What stands in for it, once its terminal record is written."""
        is_bound = run.parent is not None or services.budgets.binds_all
        self.is_lone: bool = record.call.is_direct and not is_bound
        """Nothing but the limits of a run of one binds the call."""
        self.spending: Spending | None = None
        """What it takes of budgets and rates."""
        self.near: list[Exceeded] = []
        """Limits that are nearly reached with it."""
        self.concerns: tuple[str, ...] = ()
        """What a second opinion had against it, where it goes on all the same."""
        asked = record.verification
        self.shares_its_run: bool = asked is not None and asked.request is not None
        """Something was asked for it already that takes of its run, even if that is its alone."""
        self.trouble: str | None = None
        """What is wrong with the dependency that brought the result."""
        clock, call = services.clock, record.call
        self.flight: Flight = services.inflight.board(call, run)
        self.started_s: float = clock.monotonic_s()
        self.lap_s: float = self.started_s
        """When the last stage ended."""
        self.deadline_s: float = self.started_s + (call.deadline_ms - clock.now_ms()) / 1_000
        """On the monotonic clock."""
        self.attempt_until_s: float = self.deadline_s
        """When the attempt or question under way is over, on the monotonic clock."""
        self.tool: RegisteredTool[Any]
        """The compiled tool, for the stages after `resolve`; before, there is none to ask for."""
        self.is_resolved: bool = False
        """A tool was found and may be named."""
        self.is_bare: bool = False
        """Entries are all that is known of the call: it can be ended, and not made in any form."""
        self._canonical: bytes | None = None
        self._reservation: Reservation | None = None
        self._has_slot = False
        self._cost_microusd: int | None = None
        """Once that is known; what is unknown counts in full."""

    # -- the call ----------------------------------------------------------------------------

    @property
    def was_judged(self) -> bool:
        """Whether it was held with these very arguments: what was found of it then holds."""
        return self.approval is not None and self.revision is None

    @property
    def is_read(self) -> bool:
        """Whether its entries may ride with the next commit; what is refused is awaited.

        So is what was handed in: nobody hands it in twice.
        """
        if self.hold_after is not None or not self.is_resolved:
            return False
        return self.record.has_intent and not self.tool.definition.has_effects

    def settle_on(self, tool: RegisteredTool[Any], call: Call) -> None:
        """Note the tool, and the call with its definition and arguments."""
        self.tool, self.is_resolved = tool, True
        self.record.tool_name = tool.definition.name
        self.advance(call)

    def advance(self, call: Call) -> None:
        """Note the call as the last stage left it."""
        self.record.call = call
        self._canonical = None

    @property
    def canonical_arguments(self) -> bytes:
        """The arguments in RFC 8785 form."""
        if self._canonical is None:
            self._canonical = canonical(self.record.call.known_arguments)
        return self._canonical

    def content_of_arguments(self) -> bytes:
        """What the vault keeps of a call that never got as far as its intent.

        Arguments that were turned down may have no canonical form, and the name of a tool that
        does not exist is a word of the model: both are kept as they came.
        """
        call = self.record.call
        if self._canonical is not None:
            return self._canonical
        raw, most = call.raw, self.services.limits.argument_bytes
        if isinstance(raw, bytes):
            raw = raw[:most].decode(errors="replace")
        elif isinstance(raw, str):
            raw = raw[:most]
        return _as_they_came(call.tool, raw, most)

    @property
    def deferral(self) -> Deferral | None:
        """Where its body has deferred the result, as the end of this call would leave that."""
        return self.hold_after if isinstance(self.hold_after, Deferral) else None

    # -- time --------------------------------------------------------------------------------

    def remaining_s(self) -> float:
        """Seconds until the deadline of the call."""
        return self.deadline_s - self.services.clock.monotonic_s()

    def attempt_s(self) -> float:
        """Seconds that one attempt, or one question to the tool's author, may take now."""
        most_s = self.tool.definition.timeout_s or self.services.limits.attempt_s
        left_s = self.remaining_s()
        timeout_s = min(most_s, left_s)
        self.attempt_until_s = self.deadline_s - left_s + timeout_s
        return timeout_s

    def attempt_left_s(self) -> float:
        """Seconds that are left of that."""
        return self.attempt_until_s - self.services.clock.monotonic_s()

    def hurry(self, seconds: float) -> None:
        """Be over within so many seconds, if not before."""
        until_s = self.services.clock.monotonic_s() + seconds
        self.deadline_s = min(self.deadline_s, until_s)

    def lap_us(self) -> int:
        """Microseconds since the last lap, which one stage took."""
        before_s, self.lap_s = self.lap_s, self.services.clock.monotonic_s()
        return int((self.lap_s - before_s) * 1e6)

    def elapsed_us(self) -> int:
        """Microseconds since the drive began."""
        return int((self.services.clock.monotonic_s() - self.started_s) * 1e6)

    # -- what is told while it runs ----------------------------------------------------------

    def tell(self, kind: EventKind, **facts: JsonValue) -> None:
        """Tell those who follow the run of an agent what happens to its call."""
        call = self.record.call
        if call.is_direct:
            return

        def named() -> JsonObject:
            """Put together only if somebody listens."""
            return {
                "tool": self.tool.name,
                "request": call.asked_by,
                "position": call.position,
                **facts,
            }

        self.services.hear(call.run_id, kind, call.id, named)

    # -- what is reserved --------------------------------------------------------------------

    def spender(self, cap: ToolCap | None = None, per_minute: int | None = None) -> Spender:
        """The call, as budgets know it."""
        call, record = self.record.call, self.record
        return Spender(
            holder=call.id,
            run=self.run,
            principal_id=record.principal_id,
            organization=call.organization,
            at_ms=call.created_ms,
            is_alone=call.is_direct and not self.shares_its_run,
            tool=cap,
            per_minute=per_minute,
            is_shadow=call.in_shadow,
        )

    def share_run(self) -> None:
        """From here on what the call takes of its run is counted beside what was asked for it."""
        self.shares_its_run, self.spending = True, None

    def hold_reservation(self, reservation: Reservation) -> None:
        """Note what `admit` reserved."""
        self._reservation = reservation
        self.near.extend(reservation.near)
        self.record.reserved_microusd = reservation.amount.microusd

    @property
    def has_lapsed(self) -> bool:
        """Whether what `admit` reserved may be somebody else's by now."""
        return self._reservation is not None and self._reservation.has_lapsed

    async def take_slot(self) -> None:
        """Wait for one of the run's slots; a call from inside a body rides on its parent's.

        One that is served with others takes none: their body takes a place in its bulkhead.

        Raises:
            TimeoutError: None was free before the deadline.
        """
        call = self.record.call
        if call.is_direct or call.parent_id is not None or self.tool.batch is not None:
            return
        slots = self.services.slots
        if not slots.take_at_once(call.run_id):
            await within(self.remaining_s(), slots.take(call.run_id))
        self._has_slot = True

    def take_over_reservation(self) -> None:
        """The intent is written: from here on the call counts, however it ends."""
        if self._reservation is not None:
            self._reservation.commit()

    def give_back(self) -> Coroutine[Any, Any, None] | None:
        """Settle what was reserved, or give back what no intent took over; and slot and lead.

        What is unknown, or could not be recorded, is left as it is held: in full.

        Returns:
            What is to be awaited for that, if anything is.
        """
        if self._has_slot:
            self._has_slot = False
            self.services.slots.give(self.record.call.run_id)
        for text in self.hidden:
            self.services.secrets.show_again(text)
        self.hidden = ()
        leaving = None if self.fetch is None else self.services.results.leave(self.fetch)
        returning = self._returning()
        if returning is None:
            return leaving
        if not self.services.budgets.counters.is_shared:
            return _both(leaving, self._return(returning))
        # Nobody waits for another machine to hear of it.
        task = asyncio.get_running_loop().create_task(self._return(returning))
        self.services.tasks.add(task)
        task.add_done_callback(self.services.tasks.discard)
        return leaving

    def _returning(self) -> Coroutine[Any, Any, None] | None:
        """What is to be told to the counters."""
        reservation, cost = self._reservation, self._cost_microusd
        if not self.record.has_intent:
            return None if reservation is None else reservation.release()
        if cost is None:
            return None if reservation is None else reservation.leave()
        if reservation is None:
            if self.is_lone and not self.run.seeded:
                return None
            held = Amount(calls=1, attempts=1, microusd=self.record.reserved_microusd)
            cap = self.services.cap(self.tool.definition) if self.is_resolved else None
            reservation = self.services.budgets.resumed(self.spender(cap), held)
        used = Amount(
            calls=1,
            attempts=self.record.attempts,
            microusd=cost,
            wall_ms=self.elapsed_us() // 1_000,
        )
        return reservation.settle(used)

    async def settle_late(self, *, applied: bool) -> None:
        """Settle what was left in full, now that it is known what became of the call."""
        reservation = self._reservation
        if reservation is not None and reservation.is_unsettled:
            microusd = self.record.reserved_microusd if applied else 0
            used = Amount(calls=1, attempts=self.record.attempts, microusd=microusd)
            await self._return(reservation.settle(used))

    async def _return(self, returning: Coroutine[Any, Any, None]) -> None:
        try:
            await returning
        except CountersError as error:
            _log.warning("call %s counts what it reserved: %s", self.record.call.id, error)

    def settle(self, ending: Ending, result: bytes | None) -> int:
        """Say what the call used, after the outcome; what is unknown counts in full.

        Returns:
            What the call cost, in millionths of a US dollar.
        """
        if not self.record.has_intent:
            return 0
        if self._cost_microusd is not None:  # a bug of ours brought it to `finish` once more
            return self._cost_microusd
        reserved = cost = self.record.reserved_microusd
        if ending.status is _UNKNOWN:
            return cost
        if result is not None and self.is_resolved and self.tool.cost.actual is not None:
            cost = self._actual_cost(reserved, orjson.loads(result))
        if cost > reserved:
            self.services.budgets.overshoots += 1
            _log.warning(
                "call %s cost %d millionths of a dollar and had reserved %d",
                self.record.call.id,
                cost,
                reserved,
            )
        self._cost_microusd = cost
        return cost

    def count_in_full(self) -> None:
        """The end is not on record after all: the call counts as one in flight does."""
        self._cost_microusd = None

    def told(self) -> tuple[str, ...]:
        """What whoever called should know of limits and of the dependency.

        Of a limit that is near, and of a dependency in trouble, it is told once in a run.
        """
        cost, reserved = self._cost_microusd, self.record.reserved_microusd
        if not self.near and self.trouble is None and (cost is None or cost <= reserved):
            return ()
        words = [limit for limit in self.near if (limit.rule, limit.is_above) not in self.run.told]
        self.run.told |= {(limit.rule, limit.is_above) for limit in words}
        over: tuple[str, ...] = ()
        if cost is not None and cost > reserved:
            spent, held = cost / MICRO, reserved / MICRO
            over = (f"The call cost {spent:g} US dollars, and {held:g} were reserved.",)
        return (*(limit.warning for limit in words), *over, *self._told_of_trouble())

    def _told_of_trouble(self) -> tuple[str, ...]:
        if self.trouble is None:
            return ()
        needs, trouble = self.tool.definition.needs, self.trouble
        told = (f"dependency.{needs}", False)
        if told in self.run.told:
            return ()
        self.run.told |= {told}
        return (f"{needs} is degraded: {trouble}. Other calls that need it may fail or be slow.",)

    def _actual_cost(self, reserved: int, result: JsonValue) -> int:
        """What the tool's author says that the call took; what was reserved if that breaks."""
        try:
            usd = self.tool.cost.settle(self.record.call.known_arguments, result)
        except Exception as error:  # noqa: BLE001 - an author's sum must not undo an effect
            _log.warning(
                "call %s: cost.actual raised %s; it counts what was reserved",
                self.record.call.id,
                type(error).__name__,
            )
            return reserved
        return to_microusd(usd)

    def resume_deferred(self, *, attempts: int, latency_us: int, is_in_doubt: bool) -> None:
        """The body ran, and left its result to others; only working took time."""
        self.record.attempts = attempts
        self.started_s -= latency_us / 1e6
        self.doubt.narrow(attempts, is_alone=not is_in_doubt)

    # -- the end -----------------------------------------------------------------------------

    @property
    def labels(self) -> Labels:
        """Labels of the result."""
        return self.tool.contract.labels

    def leave(self, outcome: AnyOutcome | None) -> None:
        """The drive is over: the run rests, and whoever joined is answered."""
        # It leads back here, and a circle waits for the garbage collector, which then took a
        # fifth of sustained reading (tests/road/test_memory.py).
        self.seen = None
        self.run.leave()
        inflight, call = self.services.inflight, self.record.call
        behind: str | None = None
        if self.successor is not None:
            # Whoever asks for the same between the two is answered by the second (P11).
            behind = self.successor.call_id
            inflight.expect(behind, call, self.run, self.successor.tool.name)
        inflight.leave(call.id, outcome, behind)

    def trace(self, line: StageLine) -> None:
        """Add a line to the call's trace."""
        self.record.trace.append(line)


def _both(
    first: Coroutine[Any, Any, None] | None, second: Coroutine[Any, Any, None]
) -> Coroutine[Any, Any, None]:
    """What is to be awaited: one behind the other, or the second alone."""
    if first is None:
        return second

    async def each() -> None:
        """Await both, whatever the first raises."""
        try:
            await first
        finally:
            await second

    return each()


def _as_they_came(tool: str, raw: object, most: int) -> bytes:
    """JSON of a call that was turned down; where that is too much, with the beginning of it."""
    content = _quoted(tool, raw)
    if len(content) <= most:
        return content
    tool, shown = tool[:_SHOWN], raw if isinstance(raw, str) else content.decode()
    while len(content := _quoted(tool, shown)) > most and shown:
        shown = shown[: len(shown) // 2]
    return content


def _quoted(tool: str, raw: object) -> bytes:
    try:
        return orjson.dumps(
            {"tool": tool, "raw": raw}, default=repr, option=orjson.OPT_NON_STR_KEYS
        )
    except TypeError:  # half a surrogate pair, an integer of any length, a bottomless pit
        shown = ascii(raw) if isinstance(raw, str) else "no JSON"
        return orjson.dumps({"tool": ascii(tool), "raw": shown})
