"""The evidence of runs that a host moves: an agent of another framework, or a client.

No leg of ours goes through such a run. What its calls have brought is on our own record, and is
taken in from there: behind what is known already before each call that is judged, and from the
beginning where nothing is known, after a restart or because others were used since. So it has the
same order each time, and no host is asked for results. What the user said the host hands in with
each call, all of it; after a restart only what it hands in again counts.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

from highroad.agents.sources import profile, recorded_call
from highroad.domain.call import Call
from highroad.domain.entry import EntryKind, Position, StoredEntry
from highroad.domain.error import VaultError
from highroad.domain.identity import Principal
from highroad.domain.tool import ToolDefinition
from highroad.domain.verification import UserTurn
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.grounding import is_judged
from highroad.pipeline.services import Services

_PAGE: Final = 1_000
_TELLING: Final = frozenset({EntryKind.ENDED, EntryKind.DECIDED})
"""What a result is in, and what a person vouched for."""


class HostRuns:
    """The evidence of the runs that hosts move; of those used last, `limits.evidence_runs` at most.

    Args:
        services: Of the runtime.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._runs: OrderedDict[str, _HostRun] = OrderedDict()

    async def evidence(self, call: Call, said: Sequence[UserTurn]) -> RunEvidence | None:
        """What is known of the run of a call that a host's model proposed.

        Args:
            call: As it is taken in.
            said: The user's own words so far.

        Returns:
            It; whoever drives the call holds on to it. `None` where the call is judged by what was
            handed in with it, by the leg of an agent of ours, or by nothing.

        Raises:
            LedgerError: The record of the run cannot be read.
        """
        evidence = self._services.evidence
        if call.evidence.sources or evidence.is_at_hand(call.run_id):
            return None
        if not said and (call.is_direct or not evidence.are_wanted):
            return None
        run = self._run_of(call)
        run.know(call.principal)
        run.hear(said)
        if not call.is_direct and self._is_judged(call):
            await run.catch_up()
        return run.evidence

    def _run_of(self, call: Call) -> "_HostRun":
        run = self._runs.get(call.run_id)
        if run is None:
            run = _HostRun(self._services, call.run_id)
        if not call.is_direct:
            self._runs[call.run_id] = run
            self._runs.move_to_end(call.run_id)
            while len(self._runs) > self._services.limits.evidence_runs:
                self._runs.popitem(last=False)
        return run

    def _is_judged(self, call: Call) -> bool:
        """Whether anything may look at what the values of a call come from."""
        services = self._services
        tool = services.registry.find(call.tool, call.version)
        if tool is None or not services.evidence.are_wanted:
            return False
        return is_judged(tool.definition) or _looks_at_labels(services, tool.definition)


class _HostRun:
    """One run, as far as its record was read."""

    def __init__(self, services: Services, run_id: str) -> None:
        self._services = services
        self._run_id = run_id
        self.evidence = services.evidence.hosted(run_id)
        self._known: set[Principal] = set()
        self._heard: Sequence[UserTurn] = ()
        self._read_to: Position | None = None
        self._turn = asyncio.Lock()

    def know(self, principal: Principal) -> None:
        """Take in who a call is for, once."""
        if principal in self._known:
            return
        self._known.add(principal)
        profile(self.evidence, self._services.ledger.keyring.opaque(principal), principal)

    def hear(self, said: Sequence[UserTurn]) -> None:
        """Take in what the user has said since; what was said stays said."""
        if said == self._heard or not said:
            return
        for turn in _new(self.evidence.turns, said):
            self.evidence.said(turn.source, turn.text)
        self._heard = said

    async def catch_up(self) -> None:
        """Take in what has come on record since.

        Raises:
            LedgerError: It cannot be read.
        """
        ledger = self._services.ledger
        async with self._turn:
            if ledger.writer.behind:
                await ledger.writer.flush()
            is_more = True
            while is_more:
                page = await ledger.store.entries(
                    run_id=self._run_id, after=self._read_to, limit=_PAGE
                )
                for entry in page:
                    await self._take_in(entry)
                    self._read_to = entry.position
                is_more = len(page) == _PAGE

    async def _take_in(self, entry: StoredEntry) -> None:
        if entry.kind not in _TELLING or entry.call_id is None:
            return
        history = await self._services.ledger.history(entry.call_id)
        if history is None or "parent" in history.opening:
            return  # what a body calls is told in the result of its own call
        self.evidence.endorsed.update(history.endorsed)
        if entry.kind != EntryKind.ENDED:
            return
        try:
            await recorded_call(self._services, history, self.evidence)
        except VaultError:
            return  # what was erased proves nothing any more


def _new(known: Sequence[UserTurn], said: Sequence[UserTurn]) -> Iterator[UserTurn]:
    """What of it is not in yet, by its words: hosts number their messages as they like."""
    left = Counter(turn.text for turn in known)
    for turn in said:
        if left[turn.text]:
            left[turn.text] -= 1
        else:
            yield turn


def _looks_at_labels(services: Services, definition: ToolDefinition) -> bool:
    """Whether a rule of the policy looks at what values of a tool's calls are worth."""
    rule = services.asks.get(definition.digest)
    asks = rule is not None and rule.condition.looks_at("labels")
    return asks or services.policy.wanted(definition).labels
