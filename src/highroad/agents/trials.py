"""Trials: an agent that is declared on trial makes dry runs until a person promotes it.

A promotion is for the agent as it is: where its instructions, its models, its tools or its team
change, it is on trial again. Who may decide about calls of all its tools may promote it.
"""

import asyncio
from typing import Final

from highroad.agents.agent import Agent
from highroad.agents.crew import Crew
from highroad.approvals.rules import unentitled
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, HighroadError
from highroad.domain.identity import Principal
from highroad.domain.order import TrialOrder
from highroad.domain.payload import PayloadKind
from highroad.domain.permission import Permissions, require
from highroad.domain.run import WhyDry
from highroad.domain.trial import DAY_MS, TrialChange, TrialState
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import read_body, read_trial_change
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import records, selection
from highroad.ports.ids import Ids

PROMOTE: Final = "agents:promote"
"""The permission to promote an agent, and to put it on trial again."""
_MOST: Final = 1_000_000


class Trials:
    """Knows which agents are on trial, and takes the word of whoever promotes one.

    Args:
        ledger: Knows what was said of them, and records it.
        crew: The agents.
        rules: Who may decide about calls.
        ids: For what is recorded.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        is_owner: Whether this process records decisions.
    """

    def __init__(  # noqa: PLR0913 - what they are made of, each by name
        self,
        ledger: Ledger,
        crew: Crew,
        rules: ApprovalRules,
        ids: Ids,
        *,
        permissions: Permissions | None,
        is_owner: bool,
    ) -> None:
        self._ledger = ledger
        self.crew: Crew = crew
        self._rules = rules
        self._ids = ids
        self._permissions = permissions
        self._is_owner = is_owner
        self._turn = asyncio.Lock()
        """Of two words the second is judged by what the first one made of the agent."""

    # -- how it stands -----------------------------------------------------------------------

    async def why_dry(self, agent: Agent, organization: str) -> WhyDry | None:
        """Why a run that begins now is dry by the word of nobody, if it is.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        if agent.dry_run:
            return WhyDry.AGENT
        if agent.trial is None:
            return None
        state = await self.state(agent.name, organization)
        return None if state is TrialState.PROMOTED else WhyDry.TRIAL

    async def state(self, name: str, organization: str) -> TrialState:
        """Whether somebody has promoted an agent as it is now.

        Raises:
            HighroadError: Nobody is called that.
            LedgerError: The ledger cannot be read.
        """
        changes = await self.changes(name, organization)
        definition = self.crew.brief(name).digest
        if not changes or changes[-1].definition != definition:
            return TrialState.ON_TRIAL
        return changes[-1].state

    async def changes(self, name: str, organization: str) -> tuple[TrialChange, ...]:
        """What was said of an agent, oldest first.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        found = await self._ledger.store.entries(kind=EntryKind.TRIAL, limit=_MOST)
        told = (read_trial_change(read_body(entry)) for entry in found)
        return tuple(
            each for each in told if (each.agent, each.organization) == (name, organization)
        )

    async def began_ms(self, name: str, organization: str) -> int | None:
        """When the trial of an agent as it is now began; `None` where it has not run yet.

        Somebody who puts it on trial again begins it anew.

        Raises:
            HighroadError: Nobody is called that.
            LedgerError: The ledger cannot be read.
        """
        again = [
            change.at_ms
            for change in await self.changes(name, organization)
            if change.state is TrialState.ON_TRIAL
        ]
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        wanted = selection(
            "agent_run",
            agent=name,
            organization=organization,
            definition=self.crew.brief(name).digest,
        )
        async for row in records(self._ledger.store.tables, wanted):  # ids grow with time
            if not again or row["started_ms"] >= again[-1]:
                return int(row["started_ms"])
        return None

    # -- what people say ---------------------------------------------------------------------

    async def promote(
        self, name: str, *, by: Principal, reason: str = "", early: bool = False
    ) -> TrialChange:
        """Record that the runs of an agent are no dry runs from the next one on.

        Args:
            name: Of the agent, which is declared on trial.
            by: Who says so. Somebody must have checked who they are, and they must be entitled to
                decide about each of its tools.
            reason: Why; kept encrypted.
            early: Before the days of the trial are over; then a reason is needed.

        Raises:
            DecisionRefused: It is not theirs to say, or not time yet.
            HighroadError: Nobody is called that.
            LedgerError: It could not be recorded.
        """
        return await self._say(name, TrialState.PROMOTED, by, reason, is_early=early)

    async def demote(self, name: str, *, by: Principal, reason: str = "") -> TrialChange:
        """Record that an agent is on trial again, from its next run on.

        Raises:
            DecisionRefused: It is not theirs to say, or it is on trial.
            HighroadError: Nobody is called that.
            LedgerError: It could not be recorded.
        """
        return await self._say(name, TrialState.ON_TRIAL, by, reason, is_early=False)

    async def _say(
        self, name: str, becomes: TrialState, by: Principal, reason: str, *, is_early: bool
    ) -> TrialChange:
        order = TrialOrder(
            id=self._ids.new("trl"),
            agent=name,
            definition=self.crew.brief(name).digest,
            becomes=becomes,
            is_early=is_early,
            reason=reasons.written(self._ledger, by, subject=name, reason=reason.strip()),
            **authorship(self._ledger, by),
        )
        if self._is_owner:
            return await self.record(order, by)
        await self._judge(order, by)
        await post(self._ledger, order)
        return _change(order)

    async def record(self, order: TrialOrder, by: Principal) -> TrialChange:
        """Judge what somebody says of an agent and write it down, from here or from the inbox.

        Raises:
            DecisionRefused: It does not count.
            LedgerError: It could not be recorded.
        """
        async with self._turn:
            for known in await self.changes(order.agent, order.organization):
                if known.id == order.id:
                    return known
            await self._judge(order, by)
            return await self._write(order)

    async def _write(self, order: TrialOrder) -> TrialChange:
        change = _change(order)
        if order.reason is None:
            await self._ledger.writer.write(entries.trial_changed(change, profile=order.profile))
            return change
        # It belongs to no run, and so has a key of its own, with which it can be erased.
        key = await self._ledger.vault.key_of_run(self._ids.new("run"))
        org_key = self._ledger.keyring.organization(order.organization)
        plain = org_key.open_profile(order.subject, order.reason)
        _, sealed = self._ledger.vault.seal(key, f"{order.id}.reason", PayloadKind.MESSAGE, plain)
        entry = entries.trial_changed(
            change, profile=order.profile, reason=sealed, run_id=key.run_id, run_key=key.pending
        )
        await self._ledger.writer.write(entry)
        return change

    # -- judging -----------------------------------------------------------------------------

    async def _judge(self, order: TrialOrder, by: Principal) -> None:
        """See that what somebody says counts now.

        Raises:
            DecisionRefused: It does not; the message says why.
        """
        agent = self._known(order)
        self._entitle(agent, by)
        state = await self.state(order.agent, order.organization)
        if state is order.becomes:
            raise DecisionRefused(f"agent {agent.name} is {state} already; nothing changed")
        if order.becomes is TrialState.PROMOTED:
            await self._judge_time(agent, order)

    def _known(self, order: TrialOrder) -> Agent:
        try:
            agent, brief = self.crew.agent(order.agent), self.crew.brief(order.agent)
        except HighroadError as error:
            raise DecisionRefused(str(error)) from error
        if agent.trial is None:
            raise DecisionRefused(
                f"agent {agent.name} is not on trial: declare it with trial=Trial()"
            )
        if brief.digest != order.definition:
            raise DecisionRefused(
                f"agent {agent.name} is another one where decisions are recorded: run the same "
                "code there, and look at it again"
            )
        return agent

    def _entitle(self, agent: Agent, by: Principal) -> None:
        require(PROMOTE, self._permissions, by, what="promoting an agent")
        if not by.authenticated:
            raise DecisionRefused(
                "nobody has checked who you are: promote an agent where you are signed in"
            )
        for tool in self.crew.with_stand_ins(self.crew.tools_below(agent.name)):
            objected = unentitled(self._rules, tool.name, tool.tier, by)
            if objected is not None and tool.has_effects:
                raise DecisionRefused(f"agent {agent.name}: {objected}")

    async def _judge_time(self, agent: Agent, order: TrialOrder) -> None:
        if order.is_early:
            if order.reason is None:
                raise DecisionRefused("an early promotion needs a reason: say why")
            return
        if agent.trial is None:
            return
        began_ms = await self.began_ms(agent.name, order.organization)
        if began_ms is None:
            raise DecisionRefused(
                f"agent {agent.name} has not run yet as it is now: let it run, or promote it early "
                "with a reason"
            )
        left_ms = agent.trial.ends_ms(began_ms) - self._ledger.clock.now_ms()
        if left_ms > 0:
            raise DecisionRefused(
                f"the trial of {agent.name} takes {left_ms / DAY_MS:.1f} days yet: wait, or "
                "promote it early with a reason"
            )


def _change(order: TrialOrder) -> TrialChange:
    """What an order says, as it stands on record."""
    return TrialChange(
        id=order.id,
        agent=order.agent,
        organization=order.organization,
        state=order.becomes,
        definition=order.definition,
        by=order.by,
        at_ms=order.at_ms,
        is_early=order.is_early,
        reason=None if order.reason is None else f"{order.id}.reason",
    )
