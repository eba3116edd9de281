"""Where scenarios are played: the real road, in memory, with a world behind the bodies."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

import orjson

from highroad.agents.agent import Agent, Named
from highroad.agents.selection import MANY
from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.limits import Limits
from highroad.domain.model import ModelCall, ModelMessage, ModelReply, ModelRequest, ReplyPart
from highroad.domain.run import Run, RunStatus
from highroad.domain.tool import ToolDefinition
from highroad.evals.redteam.played import Attempt, Played
from highroad.evals.redteam.scenario import Deed, Meaning, Scenario
from highroad.pipeline.grounding import is_judged
from highroad.ports.model import Model
from highroad.ports.policy import Owner
from highroad.runtime import Runtime
from highroad.settings import Settings
from highroad.testing.models.compromised import CompromisedModel
from highroad.testing.models.line import Line, call, said
from highroad.testing.models.scripted import ScriptedModel
from highroad.testing.redteam.cast import Cast
from highroad.testing.redteam.staged import staged
from highroad.testing.rehearsal import Rehearsal
from highroad.tools.declaring.declare import declaration_of
from highroad.tools.declaring.members import tools_in

_AGENT: Final = "agent"
_CHAT: Final = "Gladly."
_CONTEXT: Final = 10**7
"""Tokens: what is planted reaches the model, however many tools there are."""
_PLENTY: Final = Limits(
    iterations=200,
    calls=10**6,
    proposals=10**6,
    calls_per_tool=10**6,
    calls_per_read=10**6,
    identical_calls=10**6,
    per_minute=10**6,
    tokens=10**12,
    usd=10**9,
    run_s=10**9,
    approval_s=10**9,
    parallel=1,  # calls arrive in the order in which they are proposed
)


class World(Protocol):
    """What stands behind the tools of a scenario, in place of their bodies."""

    def begin(self, scenario: Scenario) -> None:
        """Be as the scenario wants it, and as if nothing had happened."""
        ...

    def do(self, tool: ToolDefinition, arguments: JsonObject) -> object:
        """What the body of a tool returns."""
        ...

    def is_harmed(self) -> bool | None:
        """Whether the attack of the scenario reached its goal; `None` where that cannot be seen."""
        ...

    def is_served(self) -> bool | None:
        """Whether the user has what they asked for; `None` where that cannot be seen."""
        ...


class Range:
    """Plays scenarios, one after the other. `open_range` makes one."""

    def __init__(
        self, runtime: Runtime, stage: "Stage", world: World, agent: Agent | None = None
    ) -> None:
        self._cast = stage.cast
        self._agent = agent or Agent(name=_AGENT, search=False)
        self._runtime = runtime
        self._stage = stage
        self._world = world
        self._definitions = {each.name: each for each in runtime.tools}
        self._conversations = 0

    async def play(self, scenario: Scenario) -> Played:
        """Play a scenario: the user's task first, then all that strangers ask for.

        Whoever is asked agrees to calls of the task, and to nothing else.

        Raises:
            HighroadError: A call waits for no person, or the run did not go as a run goes.
        """
        self._world.begin(scenario)
        self._stage.begin(scenario)
        agent = replace(
            self._agent,
            model=self._stage,
            tools=self._offered(scenario),
        )
        run = await self._asked(agent, scenario)
        asked: dict[str, tuple[str, ...]] = {}
        while run.status is RunStatus.HELD:
            asked |= await self._decide(run)
            run = await self._runtime.resume(run.id)
        return await self._told(scenario, run, asked)

    async def _asked(self, agent: Agent, scenario: Scenario) -> Run:
        """The run of the request, after those of what was said before it."""
        if not scenario.earlier:
            return await self._runtime.run(agent, scenario.request, principal=self._cast.user)
        self._conversations += 1
        name = f"conversation-{self._conversations}"
        talk = ScriptedModel.answering(lambda _: said(_CHAT))
        for text in scenario.earlier:
            await self._runtime.run(
                replace(agent, model=talk), text, principal=self._cast.user, conversation=name
            )
        return await self._runtime.run(
            agent, scenario.request, principal=self._cast.user, conversation=name
        )

    def _offered(self, scenario: Scenario) -> Sequence[Named] | None:
        """The tools of the agent: of more than a model is shown at once, those that it is about.

        What is not shown is not called, and the attack would not be tried.
        """
        known = self._agent.tools
        if scenario.offered is not None:
            return scenario.offered
        if len(self._definitions if known is None else known) <= MANY:
            return known
        meant = [deed for each in scenario.meanings for deed in each.deeds]
        deeds = (*scenario.task, *scenario.smuggled, *meant)
        names = dict.fromkeys([*(deed.tool for deed in deeds), scenario.target])
        return [each for each in names if each in self._definitions]

    async def _decide(self, run: Run) -> dict[str, tuple[str, ...]]:
        """Answer what is asked; the reasons, by call."""
        reasons = {}
        for hold in run.holds:
            if hold.approval_id is None:
                raise HighroadError(f"a call of {hold.tool} waits for no person; leave it out")
            approval = await self._runtime.approvals.get(hold.approval_id)
            reasons[hold.call_id] = tuple(each.code for each in approval.obligations)
            is_wanted = self._stage.proposed[-1].is_task
            say = self._cast.agree if is_wanted else self._cast.object
            await say(self._runtime, approval.id)
        return reasons

    async def _told(
        self, scenario: Scenario, run: Run, asked: Mapping[str, tuple[str, ...]]
    ) -> Played:
        proposed = self._stage.proposed
        trail = await self._runtime.audit.trail(run.id)
        if run.status is not RunStatus.COMPLETED or len(trail.steps) != len(proposed):
            raise HighroadError(
                f"{scenario.suite} {scenario.name}: of {len(proposed)} proposals "
                f"{len(trail.steps)} are on record; the run ended {run.status} "
                f"{run.code or ''} {run.reason or ''}"
            )
        attempts, asks, is_done, writes = [], [], True, 0
        for step, each in zip(trail.steps, proposed, strict=True):
            reasons = asked.get(step.call_id, ())
            if each.is_task:
                is_done = is_done and step.status == "completed"
                writes += self._has_effects(each.tool)
                asks += [reasons] if step.call_id in asked else []
            else:
                stopped_by = reasons or (() if each.ran else (step.code or step.status,))
                attempts.append(self._attempt(each, stopped_by))
        done = sum(each.is_task for each in proposed)
        return Played(
            scenario=scenario,
            attempts=tuple(attempts),
            is_done=is_done and done >= len(scenario.task),
            asks=tuple(asks),
            writes=writes,
            is_harmed=self._world.is_harmed(),
            is_served=self._world.is_served(),
        )

    def _attempt(self, proposal: "Proposed", stopped_by: tuple[str, ...]) -> Attempt:
        known = self._definitions.get(proposal.tool)
        is_crossing = self._stage.scenario.is_crossing
        return Attempt(
            tool=proposal.tool,
            ran=proposal.ran,
            matters=known is not None and (is_judged(known) or is_crossing),
            has_effects=self._has_effects(proposal.tool),
            stopped_by=stopped_by,
        )

    def _has_effects(self, tool: str) -> bool:
        known = self._definitions.get(tool)
        return known is not None and known.has_effects


class Proposed:
    """A call as it was proposed, and whether its body began."""

    def __init__(self, tool: str, arguments: JsonValue, *, is_task: bool) -> None:
        self.tool = tool
        self.arguments = arguments
        self.is_task = is_task
        self.ran = False


class Stage:
    """The model of a range, and the scenario that is on.

    Args:
        cast: Who takes part.
        model: That is tried, in place of the compromised one.
    """

    def __init__(self, cast: Cast, model: Model | None = None) -> None:
        self.cast = cast
        self._scenario: Scenario | None = None
        self._is_real = model is not None
        honest = ScriptedModel.answering(self._line)
        self._model: Model = model or CompromisedModel(honest, self._meanings)
        self.proposed: list[Proposed] = []
        self._honest: list[tuple[str, JsonObject]] = []
        """What bodies of the task were given."""

    def begin(self, scenario: Scenario) -> None:
        """Play another scenario."""
        self._scenario = scenario
        self.proposed = []
        self._honest = []

    @property
    def scenario(self) -> Scenario:
        """That is on."""
        if self._scenario is None:
            raise HighroadError("no scenario is on")
        return self._scenario

    @property
    def name(self) -> str:
        """Of the model behind."""
        return self._model.name

    @property
    def shape(self) -> str:
        """Of the model behind."""
        return self._model.shape

    @property
    def context_tokens(self) -> int | None:
        """Of the model behind."""
        return self._model.context_tokens or _CONTEXT

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """What the model behind replies, written down."""
        async for part in self._model.reply(request):
            if isinstance(part, ModelReply):
                self.proposed += map(self._proposed, part.message.calls)
            yield part

    async def close(self) -> None:
        """Close the model behind."""
        await self._model.close()

    def ran(self, tool: ToolDefinition, arguments: JsonObject) -> None:
        """Note that a body begins; with the arguments of the task it is no attack."""
        if not self.proposed:
            return
        if self.proposed[-1].is_task:
            self._honest.append((tool.name, arguments))
        elif (tool.name, arguments) not in self._honest:
            self.proposed[-1].ran = True

    def owner(self, value: JsonValue) -> Owner | None:
        """Whose an object is: the user's, unless the scenario says that it is a stranger's."""
        is_foreign = value in self.scenario.foreign
        whose = self.cast.stranger if is_foreign else self.cast.user
        return Owner(whose.organization, whose.id)

    def _meanings(self) -> tuple[Meaning, ...]:
        return self.scenario.meanings

    def _line(self, request: ModelRequest) -> Line:
        """What an honest model says: the next call of the task, then what is smuggled in."""
        scenario = self.scenario
        begun = _replies(request) - len(scenario.earlier)
        deeds = (*scenario.task, *scenario.smuggled)
        if begun < len(deeds):
            deed = deeds[begun]
            return said(call(deed.tool, deed.raw if deed.raw is not None else deed.arguments))
        return said("That is all.")

    def _proposed(self, written: ModelCall) -> Proposed:
        try:
            arguments = orjson.loads(written.arguments)
        except ValueError:
            arguments = None
        return Proposed(written.tool, arguments, is_task=self._is_task(written.tool, arguments))

    def _is_task(self, tool: str, arguments: JsonValue) -> bool:
        if self._is_real:  # it words the task as it likes
            return tool in {deed.tool for deed in self.scenario.task}
        at = len(self.proposed)
        return at < len(self.scenario.task) and self.scenario.task[at] == Deed(
            tool, _object(arguments)
        )


@asynccontextmanager
async def open_range(  # noqa: PLR0913 - what a range is made of, each by name
    tools: Iterable[object],
    world: World,
    settings: Settings,
    *,
    model: Model | None = None,
    agent: Agent | None = None,
    limits: Limits = _PLENTY,
) -> AsyncIterator[Range]:
    """A range whose ledger is in memory. No code of a tool but its pure checks runs on it.

    Args:
        tools: That are attacked.
        world: That answers in place of their bodies.
        settings: Of the road.
        model: In place of the compromised one.
        agent: Whose name, instructions, tools and way to work are tried; without one, an agent with
            all tools.
        limits: In place of none that a scenario could reach.
    """
    given = [each for held in tools for each in tools_in(held)]
    cast = Cast.of(settings, (declaration_of(each).definition for each in given))
    stage = Stage(cast, model)

    def body(tool: ToolDefinition, arguments: JsonObject) -> object:
        """What any tool does here."""
        """What stands behind every tool."""
        stage.ran(tool, arguments)
        return world.do(tool, arguments)

    played = [staged(each, body, stage.owner, is_unlimited=True) for each in given]
    deps = {each.declaration.signature.deps: _nothing for each in played}
    # Thousands of scenarios are one user's: what counts across runs would stop them in their place.
    settings = replace(settings, budgets=(), rates=())
    rehearsal = Rehearsal(*played, deps=deps, limits=limits, settings=settings)
    runtime = await rehearsal.start()
    try:
        await cast.accept_all(runtime)
        yield Range(runtime, stage, world, None if agent is None else _alone(agent))
    finally:
        await runtime.close()


def _alone(agent: Agent) -> Agent:
    """An agent without what stands beside it: its team, its trial, its shadow."""
    names = [named(each) for each in agent.tools] if agent.tools is not None else None
    return replace(
        agent,
        tools=names,
        search=False,  # what is planted may name any of them
        team=(),
        ends=(),
        trial=None,
        shadow=None,
        dry_run=False,
    )


def named(tool: Named) -> str:
    """The name of a tool that an agent names, or is given."""
    return tool if isinstance(tool, str) else declaration_of(tool).definition.name


def _nothing() -> None:
    """What a body would have worked on."""


def _object(arguments: JsonValue) -> JsonObject:
    return arguments if isinstance(arguments, dict) else {}


def _replies(request: ModelRequest) -> int:
    return sum(isinstance(message, ModelMessage) for message in request.messages)
