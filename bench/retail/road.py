"""Proposals of a model, met by the real road: a request, what was read, what is proposed.

It knows no shop: tools, principals and deeds are handed in. A scripted model plays the reads and
then proposes; whatever is held stays held, so nothing that is proposed ever takes effect.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from highroad import Agent, Limits, Principal, Run, Runtime, Tier, tool_definition, tool_from_schema
from highroad.domain.error import HighroadError
from highroad.domain.model import ModelRequest
from highroad.domain.trail import TrailStep
from highroad.ports.model import Model
from highroad.settings import Settings
from highroad.testing import Rehearsal, ScriptedModel, call
from highroad.testing.models.line import Line, said
from highroad.testing.models.scripted import turn_of

Tool: TypeAlias = Callable[..., Any]
"""A function that is declared as one."""

_PLENTY: Final = Limits(
    iterations=50,
    calls=10_000,
    proposals=10_000,
    calls_per_tool=10_000,
    calls_per_read=10_000,
    tokens=10**9,
    usd=10**6,
    run_s=10**6,
    approval_s=10**6,
    parallel=1,  # calls arrive in the order in which they are proposed
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One use of a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stands before a model when it proposes."""

    request: str
    principal: Principal
    reads: Sequence[Sequence[Deed]]
    """Each is one reply of the model."""
    proposals: Sequence[Deed]
    """The last reply."""


class Layer(StrEnum):
    """What stopped a proposal first, in the order of the road."""

    RESOLVE = "resolve"
    SCHEMA = "schema"
    CHECKS = "checks"
    """The tool's own: pure ones in `validate`, those that read data in `authorize`."""
    OWNER = "owner"
    POLICY = "policy"
    GROUNDING = "grounding"
    VERIFIER = "verifier"
    """A second model, where the trial has one."""
    OTHER = "other"
    NONE = "none"
    """It ran, or waits for no other reason than its tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What the road answered to a proposal."""

    layer: Layer
    status: str
    code: str | None = None
    rule: str | None = None
    obligations: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Refused, or held for another reason than its tier."""
        return self.layer is not Layer.NONE


class Road:
    """Lets a model propose, one scene after the other.

    Args:
        runtime: With the agent.
        model: Of the agent; it plays the scene that is on.
    """

    def __init__(self, runtime: Runtime, model: "Stage") -> None:
        self._runtime = runtime
        self._model = model

    async def meet(self, scene: Scene) -> tuple[Met, ...]:
        """Play a scene; what became of each of its proposals, in order.

        Raises:
            HighroadError: A read did not bring what it was to bring, or a proposal got lost.
        """
        self._model.scene = scene
        run = await self._runtime.run(_AGENT, scene.request, principal=scene.principal)
        trail = await self._runtime.audit.trail(run.id)
        reads = sum(map(len, scene.reads))
        failed = [step for step in trail.steps[:reads] if step.status != "completed"]
        proposed = trail.steps[reads:]
        if failed or [step.tool for step in proposed] != [each.tool for each in scene.proposals]:
            raise HighroadError(f"the scene was not played as written: {failed or proposed}")
        asked = await self._obligations(run)
        return tuple(_met(step, asked.get(step.call_id, ())) for step in proposed)

    async def _obligations(self, run: Run) -> dict[str, tuple[str, ...]]:
        """Why people are asked, by call."""
        found = {}
        for hold in run.holds:
            approval = await self._runtime.approvals.get(hold.approval_id or "")
            found[hold.call_id] = tuple(each.code for each in approval.obligations)
        return found


def unguarded(tools: Iterable[Tool]) -> list[Tool]:
    """The same tools, those that change something without owners, checks or bodies.

    What stops a proposal to one of these is neither its shop nor its author.
    """
    return [each if _is_read(each) else _bare(each) for each in tools]


def _is_read(tool: Tool) -> bool:
    return tool_definition(tool).tier is Tier.READ


def _bare(tool: Tool) -> Tool:
    known = tool_definition(tool)
    return tool_from_schema(
        lambda _: None,
        name=known.name,
        description=known.description,
        parameters=known.input_schema,
        tier=known.tier,
    )


class Stage:
    """Plays the scene that is on."""

    def __init__(self) -> None:
        self.scene: Scene | None = None
        self.model: ScriptedModel = ScriptedModel.answering(self._line)

    def _line(self, request: ModelRequest) -> Line:
        if self.scene is None:
            raise HighroadError("no scene is on")
        replies = [each for each in (*self.scene.reads, self.scene.proposals) if each]
        turn = turn_of(request)
        if turn > len(replies):
            return said("That is all.")
        return said(*(call(each.tool, each.arguments) for each in replies[turn - 1]))


@asynccontextmanager
async def open_road(
    tools: Iterable[Tool],
    deps: Mapping[type, Any],
    settings: Settings,
    *,
    verifier: Model | None = None,
) -> AsyncIterator[Road]:
    """A road whose ledger is in memory: what is asked is what it says, not how long it takes.

    Args:
        tools: That may be called.
        deps: What their bodies ask for.
        settings: Of the runtime.
        verifier: A second model that each irreversible call is put before.
    """
    stage, given = Stage(), list(tools)
    names = [tool_definition(each).name for each in given]
    agent = Agent(name=_AGENT, model=stage.model, tools=names)
    rehearsal = Rehearsal(
        *given, agents=[agent], deps=deps, limits=_PLENTY, settings=settings, verifier=verifier
    )
    async with await rehearsal.start() as runtime:
        yield Road(runtime, stage)


_AGENT: Final = "clerk"
_TIER: Final = frozenset({"tier_irreversible", "tier_privileged", "ask_rule"})
_BY_CODE: Final = {
    "unknown_tool": Layer.RESOLVE,
    "malformed_call": Layer.RESOLVE,
    "ungrounded": Layer.GROUNDING,
    "verification_rejected": Layer.VERIFIER,
}
_BY_RULE: Final = {
    "arguments.check": Layer.CHECKS,
    "arguments.": Layer.SCHEMA,
    "checks.data": Layer.CHECKS,
    "acl.": Layer.OWNER,
    "policy.owner": Layer.OWNER,
    "policy.": Layer.POLICY,
}


def _met(step: TrailStep, obligations: tuple[str, ...]) -> Met:
    return Met(
        layer=_layer(step, obligations),
        status=step.status,
        code=step.code,
        rule=step.rule,
        obligations=obligations,
    )


def _layer(step: TrailStep, obligations: tuple[str, ...]) -> Layer:
    others = set(obligations) - _TIER
    if step.status in {"held", "completed"}:
        if not others:
            return Layer.NONE
        return Layer.GROUNDING if others == {"ungrounded"} else Layer.OTHER
    return _BY_CODE.get(step.code or "") or _by_rule(step.rule or "")


def _by_rule(rule: str) -> Layer:
    """By what the ledger names: rules of `validate` and `authorize`."""
    found = (layer for part, layer in _BY_RULE.items() if part in rule)
    return next(found, Layer.OTHER)
