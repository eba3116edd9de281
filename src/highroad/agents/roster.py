"""The agents of a runtime, and what people say of those that are on trial (`runtime.agents`)."""

from collections.abc import Sequence
from typing import overload

from highroad.agents.agent import Agent
from highroad.agents.comparing import Comparing
from highroad.agents.trial_report import Reporting
from highroad.agents.trials import Trials
from highroad.domain.identity import Principal
from highroad.domain.run import WhyDry
from highroad.domain.shadow import Comparison
from highroad.domain.trial import TrialChange, TrialReport


class Roster(Sequence[Agent]):
    """Agents by name: whose runs may be begun and resumed.

    Args:
        trials: Of those that are on trial.
        reporting: Tells what they did.
        comparing: Tells how they differ from their shadows.
    """

    def __init__(self, trials: Trials, reporting: Reporting, comparing: Comparing) -> None:
        self._crew = trials.crew
        self._trials = trials
        self._reporting = reporting
        self._comparing = comparing

    @overload
    def __getitem__(self, index: int) -> Agent: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Agent, ...]: ...
    def __getitem__(self, index: int | slice) -> Agent | tuple[Agent, ...]:
        """One of them, or several, in the order of their names."""
        return tuple(self._crew)[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(tuple(self._crew))

    async def report(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> TrialReport:
        """Tell what an agent did and would have done, and what of it is worth a look.

        Args:
            name: Of the agent.
            organization: Whose runs are told of; the default one.
            since_ms: Only runs that began then or later, in Unix time; since its trial began.

        Raises:
            HighroadError: Nobody is called that.
            LedgerError: The ledger cannot be read.
        """
        return await self._reporting.report(name, organization=organization, since_ms=since_ms)

    async def compare(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> Comparison:
        """Tell how an agent and its shadow differ, and which differences are worth a look.

        They are compared up to and including the first calls with effects: behind that the run
        sees what it changed, and its shadow does not. No value is told.

        Args:
            name: Of the agent that is shadowed.
            organization: Whose runs are compared; the default one.
            since_ms: Only shadows that began then or later, in Unix time.

        Raises:
            HighroadError: Nobody is called that, or it has no shadow.
            LedgerError: The ledger cannot be read.
        """
        return await self._comparing.compare(name, organization=organization, since_ms=since_ms)

    async def why_dry(self, name: str, *, organization: str) -> WhyDry | None:
        """Tell why a run of an agent that began now would be dry by itself, if it would.

        Raises:
            HighroadError: Nobody is called that.
            LedgerError: The ledger cannot be read.
        """
        return await self._trials.why_dry(self._crew.agent(name), organization)

    async def promote(
        self, name: str, *, by: Principal, reason: str = "", early: bool = False
    ) -> TrialChange:
        """Record that the runs of an agent on trial are no dry runs from the next one on.

        It holds for the agent as it is now, in the organization of `by`. Runs that were begun dry
        stay dry.

        Args:
            name: Of the agent.
            by: Who says so: somebody whose identity was checked, and who may decide about calls of
                each of its tools.
            reason: Why; kept encrypted.
            early: Before the days of the trial are over; then a reason is needed.

        Raises:
            DecisionRefused: It is not theirs to say, or not time yet.
            HighroadError: Nobody is called that.
            LedgerError: It could not be recorded.
        """
        return await self._trials.promote(name, by=by, reason=reason, early=early)

    async def demote(self, name: str, *, by: Principal, reason: str = "") -> TrialChange:
        """Record that an agent is on trial again, from its next run on.

        Raises:
            DecisionRefused: It is not theirs to say, or it is on trial.
            HighroadError: Nobody is called that.
            LedgerError: It could not be recorded.
        """
        return await self._trials.demote(name, by=by, reason=reason)
