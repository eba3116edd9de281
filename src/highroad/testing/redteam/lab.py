"""A runtime to drill: the tools that are attacked, over bodies that do as a drill wants."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from highroad.domain.approval_rules import ChannelRule
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.limits import Limits
from highroad.domain.outcome import AnyOutcome
from highroad.domain.tool import ToolDefinition
from highroad.evals.redteam.drawn import planted_in
from highroad.evals.redteam.scenario import Deed
from highroad.ports.policy import Owner
from highroad.runtime import Runtime
from highroad.settings import Settings
from highroad.testing.memory import MemoryLedger
from highroad.testing.redteam.cast import Cast
from highroad.testing.redteam.staged import staged
from highroad.testing.rehearsal import Rehearsal
from highroad.tools.declaring.declare import declaration_of
from highroad.tools.declaring.members import tools_in

CHANNEL: Final = "redteam"
"""By which the first approver would be told."""
STRANGE: Final = "redteam-strange"
"""By which somebody of another organization would be."""
_NOWHERE: Final = "https://redteam.invalid/"


class Lab:
    """An open runtime, what its bodies were given, and what they do."""

    def __init__(
        self, rehearsal: Rehearsal, runtime: Runtime, cast: Cast, tools: Sequence[Any]
    ) -> None:
        self.cast = cast
        self.tools = tools
        """Those at hand, as they were given."""
        self.rehearsal = rehearsal
        self.runtime = runtime
        self.ran: list[Deed] = []
        """What bodies were given, in order."""
        self.behave: Callable[[ToolDefinition], object] = drawn
        """Returns what a body returns, or raises."""

    async def call(
        self,
        deed: Deed,
        *,
        by: Principal | None = None,
        run: str | None = None,
        key: str | None = None,
    ) -> AnyOutcome:
        """Make a call as a program would; for the user unless told."""
        named = {"run": run, "key": key}
        given: dict[str, Any] = {name: each for name, each in named.items() if each is not None}
        outcome: AnyOutcome = await self.runtime.call(
            deed.tool, deed.arguments, principal=by or self.cast.user, **given
        )
        return outcome

    def body(self, tool: ToolDefinition, arguments: JsonObject) -> object:
        """What stands behind every tool."""
        self.ran.append(Deed(tool.name, arguments))
        return self.behave(tool)


def drawn(tool: ToolDefinition) -> object:
    """A result that the tool's schema allows."""
    return planted_in(tool.output_schema, ())


@asynccontextmanager
async def open_lab(
    tools: Sequence[Any],
    settings: Settings,
    *,
    limits: Limits | None = None,
    strange: Sequence[Any] = (),
    ledger: MemoryLedger | None = None,
) -> AsyncIterator[Lab]:
    """A lab whose ledger is in memory; every object belongs to the user's organization.

    Args:
        tools: That are drilled; those of others were accepted.
        settings: Of the road.
        limits: In place of those of the settings.
        strange: Tools besides, which nobody has accepted.
        ledger: Of a lab that is closed; it is gone on with.
    """
    opened: list[Lab] = []

    def body(tool: ToolDefinition, arguments: JsonObject) -> object:
        """What stands behind every tool."""
        return opened[0].body(tool, arguments)

    def owner(value: JsonValue) -> Owner | None:
        """Every object is the user's organization's."""
        del value
        return Owner(cast.user.organization)

    held = [each for some in (*tools, *strange) for each in tools_in(some)]
    cast = Cast.of(settings, (declaration_of(each).definition for each in held))
    given = [staged(each, body, owner) for each in held]
    deps = {each.declaration.signature.deps: _nothing for each in given}
    # Links are made as for a person who is told, and nobody is told.
    settings = replace(settings, approvals=replace(settings.approvals, channels=_channels(cast)))
    rehearsal = Rehearsal(
        *given, deps=deps, settings=settings, limits=limits, channels={}, ledger=ledger
    )
    runtime = await rehearsal.start()
    opened.append(Lab(rehearsal, runtime, cast, tools))
    try:
        await cast.accept_all(
            runtime, but={declaration_of(each).definition.name for each in strange}
        )
        yield opened[0]
    finally:
        await runtime.close()


def _channels(cast: Cast) -> dict[str, ChannelRule]:
    return {
        name: ChannelRule(
            url=_NOWHERE,
            answers=_NOWHERE,
            approver=person.id,
            roles=frozenset(person.roles),
            organization=person.organization,
        )
        for name, person in ((CHANNEL, cast.approvers[0]), (STRANGE, cast.stranger))
    }


def _nothing() -> None:
    """What a body would have worked on."""
