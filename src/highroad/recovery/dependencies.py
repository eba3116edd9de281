"""What tools need, before people: how each dependency is doing, and breakers held by hand.

That a person holds a breaker stands in the ledger. So it outlives the process that was told, and
processes that keep breakers of their own follow.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

from highroad.domain.audit import BREAKER_CHANGE as CHANGES
from highroad.domain.dependency import (
    BREAKER_CHANGE,
    BreakerChange,
    BreakerReading,
    BreakerState,
)
from highroad.domain.entry import EntryKind, Position
from highroad.domain.error import CountersError, DecisionRefused, LedgerError
from highroad.domain.health import DependencyHealth, trouble_of
from highroad.domain.identity import Principal
from highroad.domain.order import BreakerOrder
from highroad.domain.permission import Permissions, require
from highroad.ledger import entries, projections
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import read_body
from highroad.ledger.tables.rows import Record, records
from highroad.pipeline.services import Services
from highroad.ports.tables import Selection

_log: Final = logging.getLogger("highroad.dependencies")

MANAGE: Final = "dependencies:manage"
"""The permission to open, close and release breakers."""
_COLUMNS: Final = tuple(column.name for column in CHANGES.columns)
_STATES: Final = frozenset(BreakerState)
_BEHIND_MS: Final = 60_000
"""How far the clocks of processes that share a ledger may be apart."""


class Dependencies:
    """Tells how dependencies are doing, and lets people open and close their breakers.

    Args:
        services: Of the runtime.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        runs_calls: Whether this process does: what it has counted is how things stand.
        is_owner: Whether this process records orders; another one leaves them in the inbox.
    """

    def __init__(
        self,
        services: Services,
        *,
        permissions: Permissions | None,
        runs_calls: bool,
        is_owner: bool,
    ) -> None:
        self._services = services
        self._ledger = services.ledger
        self._permissions = permissions
        self._runs_calls = runs_calls
        self._is_owner = is_owner
        self._turn = asyncio.Lock()
        """Of two who say the same the second sees what the first one did."""
        self._followed: dict[str, BreakerChange] = {}
        """The last word of a person on each dependency that is in force here."""
        self._heard_ms = 0

    async def health(self) -> tuple[DependencyHealth, ...]:
        """How everything is doing that a tool needs, by name.

        In a process beside the ledger's owner it is what the ledger last told of each; so it is
        of those that this process has not used, where others count for themselves.

        Raises:
            CountersError: The counts cannot be reached.
            LedgerError: The ledger cannot be read.
        """
        tools = self._tools()
        told = {} if self._knows_all else await self._told()
        if not self._runs_calls:
            names = sorted({*tools, *told})
            return tuple(
                self._recorded(each, tools.get(each, ()), told.get(each)) for each in names
            )
        readings = await self._services.ways.readings(sorted(tools))
        return tuple(
            self._recorded(each.dependency, tools[each.dependency], told[each.dependency])
            if _is_blank(each) and each.dependency in told
            else self._counted(each, tools[each.dependency])
            for each in readings
        )

    async def open(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Keep every attempt away from a dependency until its breaker is closed or released.

        Returns:
            The change, as the ledger has it or will have it once the owner has read its inbox.

        Raises:
            DecisionRefused: No tool needs it, it is held open already, or `by` lacks the
                permission.
            LedgerError: It could not be recorded.
        """
        return await self._order(dependency, BreakerState.OPEN, by)

    async def close(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Let every attempt through, whatever fails, until its breaker is opened or released.

        Raises:
            DecisionRefused: As for `open`.
            LedgerError: It could not be recorded.
        """
        return await self._order(dependency, BreakerState.CLOSED, by)

    async def release(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Let a breaker go that a person held: it is closed, has counted nothing, and may open.

        Raises:
            DecisionRefused: Nobody holds it, or as for `open`.
            LedgerError: It could not be recorded.
        """
        return await self._order(dependency, None, by)

    async def record(self, order: BreakerOrder, by: Principal) -> BreakerChange:
        """Judge an order, write it down and do it, from here or from the inbox.

        Raises:
            DecisionRefused: With the reason.
            LedgerError: It could not be recorded.
        """
        async with self._turn:
            known = await self._known(order)
            if known is not None:  # it was recorded before its owner died
                return known
            await self._judge(order, by)
            # Of two words in one millisecond the later one must be the last in the ledger too.
            self._heard_ms = max(self._services.clock.now_ms(), self._heard_ms + 1)
            change = _change_of(order, at_ms=self._heard_ms)
            # The word first: who follows the ledger must not undo what is not there yet.
            await self._ledger.writer.write(
                entries.breaker_changed(
                    change, profile=order.profile, organization=order.organization
                )
            )
            await self._hold(change)
        return change

    async def restore(self) -> None:
        """As a new owner, hold what people held, and say what was forgotten with the last one.

        Raises:
            LedgerError: The ledger cannot be read, or written.
        """
        await self.follow()
        if self._ledger.store.is_shared or self._services.budgets.counters.is_shared:
            return
        for name, change in (await self._told()).items():
            if change.state is not BreakerState.CLOSED and not change.is_forced:
                reading = BreakerReading(
                    dependency=name,
                    state=BreakerState.CLOSED,
                    changed_ms=self._services.clock.now_ms(),
                )
                again = BreakerChange.of(reading, change_id=self._services.ids.new(BREAKER_CHANGE))
                await self._ledger.writer.write(entries.breaker_changed(again))

    async def follow(self) -> None:
        """Do what people have said of breakers, here or in another process.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        last: dict[str, BreakerChange] = {}
        async for change in self._changes(since_ms=self._heard_ms - _BEHIND_MS):
            if change.by is not None:
                last[change.dependency] = change
                self._heard_ms = max(self._heard_ms, change.at_ms)
        if self._services.budgets.counters.is_shared:
            words = {**self._followed, **last}
            if words:
                await self._see_to(words)
            return
        for name, change in last.items():
            known = self._followed.get(name)
            if known is not None and known.id == change.id:
                continue
            if change.is_forced or known is not None:
                await self._hold(change)
            else:  # whoever let it go has seen to it, and nobody held it here
                self._followed[name] = change

    async def _see_to(self, words: Mapping[str, BreakerChange]) -> None:
        """Let breakers that all processes share be held as people said last.

        Whoever recorded a word has done it, so this is for what was not done, or was lost with
        the memory of where it is counted; a breaker that moves by its rule is left alone.
        """
        try:
            readings = await self._services.ways.readings(list(words))
        except CountersError as error:
            _log.warning("breakers that people hold are not known: %s", error)
            return
        for reading in readings:
            change = words[reading.dependency]
            is_as_said = reading.is_forced == change.is_forced
            if is_as_said and (not change.is_forced or reading.state is change.state):
                self._followed[change.dependency] = change
            else:
                await self._hold(change)

    # -- what is said ------------------------------------------------------------------------

    async def _order(
        self, dependency: str, state: BreakerState | None, by: Principal
    ) -> BreakerChange:
        order = BreakerOrder(
            id=self._services.ids.new(BREAKER_CHANGE),
            dependency=dependency,
            state=state,
            **authorship(self._ledger, by),
        )
        if self._is_owner:
            return await self.record(order, by)
        self._check_permission(by)
        await post(self._ledger, order)
        return _change_of(order, at_ms=order.at_ms)

    async def _judge(self, order: BreakerOrder, by: Principal) -> None:
        """Object to what does not count.

        Raises:
            DecisionRefused: With the reason.
        """
        self._check_permission(by)
        name, tools = order.dependency, self._tools()
        if name not in tools:
            known = ", ".join(sorted(tools)) or "none"
            raise DecisionRefused(f"no tool needs a dependency {name!r}; there are: {known}")
        try:
            (reading,) = await self._services.ways.readings([name])
        except CountersError:
            return  # nobody can say how it stands; what is said twice does no harm
        if order.state is None and not reading.is_forced:
            raise DecisionRefused(f"nobody holds the breaker of {name}; nothing changed")
        if reading.is_forced and reading.state is order.state:
            raise DecisionRefused(f"the breaker of {name} is held {reading.state} already")

    def _check_permission(self, by: Principal) -> None:
        require(MANAGE, self._permissions, by, what="opening and closing breakers")

    async def _hold(self, change: BreakerChange) -> None:
        """Do what a person said; if counts cannot be reached, `follow` tries it again."""
        state = change.state if change.is_forced else None
        try:
            await self._services.ways.force(change.dependency, state)
        except CountersError as error:
            _log.warning("the breaker of %s is not told yet: %s", change.dependency, error)
            return
        self._followed[change.dependency] = change

    # -- what there is -----------------------------------------------------------------------

    @property
    def _knows_all(self) -> bool:
        """Whether what is counted here is all that is counted."""
        is_alone = not self._ledger.store.is_shared
        return self._runs_calls and (is_alone or self._services.budgets.counters.is_shared)

    def _tools(self) -> dict[str, tuple[str, ...]]:
        """Names of tools by the dependency that they need."""
        found: dict[str, set[str]] = {}
        for tool in self._services.registry:
            found.setdefault(tool.definition.needs, set()).add(tool.name)
        verifiers = self._services.verifiers
        for name in () if verifiers is None else verifiers.dependencies:
            found.setdefault(name, set())  # no tool needs it, but all whose calls are verified
        return {name: tuple(sorted(tools)) for name, tools in found.items()}

    def _counted(self, reading: BreakerReading, tools: tuple[str, ...]) -> DependencyHealth:
        """How one stands, as it is counted here."""
        way = self._services.ways.to(reading.dependency)
        wait_ms = round(reading.retry_after_s * 1_000)
        trouble = trouble_of(reading, way.dependency.breaker, way.checkup)
        return DependencyHealth(
            dependency=reading.dependency,
            tools=tools,
            state=reading.state,
            is_forced=reading.is_forced,
            attempts=reading.attempts,
            failures=reading.failures,
            slow=reading.slow,
            changed_ms=reading.changed_ms or None,
            until_ms=self._services.clock.now_ms() + wait_ms if wait_ms else None,
            checkup=way.checkup,
            trouble=trouble,
            is_degraded=trouble is not None,
        )

    def _recorded(
        self, name: str, tools: tuple[str, ...], change: BreakerChange | None
    ) -> DependencyHealth:
        """How one stood when the ledger last told of it."""
        if change is None:
            return DependencyHealth(
                dependency=name, tools=tools, state=BreakerState.CLOSED, is_of_ledger=True
            )
        rule = self._services.ways.to(name).dependency.breaker
        is_waiting = change.state is BreakerState.OPEN and not change.is_forced
        reading = BreakerReading(dependency=name, state=change.state, is_forced=change.is_forced)
        trouble = trouble_of(reading, rule)
        return DependencyHealth(
            dependency=name,
            tools=tools,
            state=change.state,
            is_forced=change.is_forced,
            attempts=change.attempts,
            failures=change.failures,
            slow=change.slow,
            changed_ms=change.at_ms,
            until_ms=change.at_ms + round(rule.recovery_s * 1_000) if is_waiting else None,
            trouble=trouble,
            is_degraded=trouble is not None,
            is_of_ledger=True,
        )

    async def _told(self) -> dict[str, BreakerChange]:
        """The last change of each dependency that the ledger tells of."""
        return {change.dependency: change async for change in self._changes()}

    async def _known(self, order: BreakerOrder) -> BreakerChange | None:
        async for change in self._changes():
            if change.id == order.id:
                return change
        return None

    async def _changes(self, *, since_ms: int | None = None) -> AsyncIterator[BreakerChange]:
        """Changes of each dependency, its oldest first.

        The entries of one log are in order, and can be read while it is opened. Those of several
        are in order by their times alone, which the audit table goes by.
        """
        if self._ledger.store.is_shared:
            wanted = Selection(table="breaker_change", within="changed_ms", since_ms=since_ms)
            async for row in records(self._ledger.store.tables, wanted):
                yield _change_in(row)
            return
        after: Position | None = None
        while page := await self._ledger.store.entries(kind=EntryKind.BREAKER, after=after):
            for entry in page:
                for said in projections.rows(read_body(entry)):
                    yield _change_in(dict(zip(_COLUMNS, said.values, strict=True)))
            after = page[-1].position


def _is_blank(reading: BreakerReading) -> bool:
    """Whether nothing was counted here that could be told."""
    is_closed = reading.state is BreakerState.CLOSED
    return is_closed and not reading.is_forced and not reading.attempts


def _change_of(order: BreakerOrder, *, at_ms: int) -> BreakerChange:
    return BreakerChange(
        id=order.id,
        dependency=order.dependency,
        state=order.state or BreakerState.CLOSED,
        is_forced=order.state is not None,
        by=order.by,
        at_ms=at_ms,
    )


def _change_in(row: Record) -> BreakerChange:
    """Read a row.

    Raises:
        LedgerError: Somebody changed it.
    """
    if row["state"] not in _STATES:
        raise LedgerError(
            "breaker_change.state holds what nobody of us wrote there: somebody changed the "
            "ledger; run `highroad audit verify --tables`"
        )
    return BreakerChange(
        id=row["id"],
        dependency=row["dependency"],
        state=BreakerState(row["state"]),
        is_forced=bool(row["is_forced"]),
        attempts=row["attempts"],
        failures=row["failures"],
        slow=row["slow"],
        by=row["changed_by"],
        at_ms=row["changed_ms"],
    )
