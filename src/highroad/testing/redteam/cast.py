"""Who takes part: a user who may do everything, people who decide, and somebody from elsewhere.

What rights stop needs no red team. The user has every role and every permission, so that what is
measured is what is left when rights are no help.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from highroad.approvals.definitions import ACCEPT, Unaccepted
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.runtime import Runtime
from highroad.settings import Settings

_PEOPLE: Final = 5
"""Who decide; a quorum of more is not reached."""


@value
class Cast:
    """The people of a range."""

    user: Principal
    approvers: tuple[Principal, ...]
    stranger: Principal
    """Of the user's id and rights, in another organization."""
    unchecked: Principal
    """Says to be an approver; nobody has checked it."""

    @classmethod
    def of(cls, settings: Settings, tools: Iterable[ToolDefinition]) -> "Cast":
        """The people for these rules and tools."""
        roles = {each.name for each in settings.policy.roles} | _deciding(settings.approvals)
        permissions = {each for tool in tools for each in tool.permissions} | {ACCEPT}
        user = Principal(
            "user", roles=roles, permissions=permissions, name="The user", authenticated=True
        )
        approvers = tuple(
            replace(user, id=f"approver-{number}", name=f"Approver {number}")
            for number in range(_PEOPLE)
        )
        return cls(
            user=user,
            approvers=approvers,
            stranger=replace(user, organization="strangers", name="Somebody else"),
            unchecked=replace(approvers[0], authenticated=False),
        )

    async def accept_all(self, runtime: Runtime, *, but: Collection[str] = ()) -> None:
        """Accept the definitions of tools of others, as whoever took them over did (P8).

        Args:
            runtime: That they are of.
            but: Names of those that stay as they are.
        """
        for waiting in runtime.definitions.unaccepted():
            if waiting.definition.name not in but:
                await self.accept(runtime, waiting)

    async def accept(self, runtime: Runtime, waiting: Unaccepted) -> None:
        """Accept a definition, whatever of it looks like an attack."""
        known = waiting.definition
        await runtime.definitions.accept(
            known.name,
            version=known.version,
            by=self.approvers[0],
            despite={each.code for each in waiting.suspicions},
        )

    async def agree(self, runtime: Runtime, approval_id: str) -> None:
        """Have as many people agree as are asked.

        Raises:
            DecisionRefused: They may not.
        """
        for person in (*self.approvers, self.user):
            try:
                await runtime.approvals.approve(approval_id, by=person)
            except HighroadError:
                if person is self.user:
                    return
                continue

    async def object(self, runtime: Runtime, approval_id: str) -> None:
        """Have one person say no: whoever is asked.

        Raises:
            DecisionRefused: Nobody may.
        """
        try:
            await runtime.approvals.reject(approval_id, by=self.approvers[0])
        except HighroadError:
            await runtime.approvals.reject(approval_id, by=self.user)


def _deciding(rules: ApprovalRules) -> frozenset[str]:
    """Every role that the rules of approvals name."""
    entitled = {each.role for each in rules.entitlements}
    return rules.roles | rules.escalate_to | entitled
