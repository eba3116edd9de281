"""A runtime for tests: everything real but store, clock and ids, which a test holds in its hand."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random  # noqa: TID251 - by a seed, which a test repeats
from typing import Any, Final, Unpack

from highroad.agents.agent import Agent, Member
from highroad.approvals.desk import Desk
from highroad.bootstrap import Assembly, Parts, assemble
from highroad.bootstrap.verifiers import OwnVerifier
from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.domain.limits import Limits
from highroad.domain.outcome import AnyOutcome
from highroad.domain.run import Run
from highroad.ledger.audit import Audit
from highroad.pipeline.circumstances import Circumstances
from highroad.ports.channel import Channel
from highroad.ports.model import Model
from highroad.runtime import Arguments, Runtime, ToolFunction
from highroad.settings import Settings, load
from highroad.testing.clock import FakeClock, SequentialIds
from highroad.testing.master_keys import FixedKeys
from highroad.testing.memory import MemoryLedger, MemoryStore
from highroad.tools.compile import Around

TESTER: Final = Principal("tester", name="The tester", authenticated=True)


class Rehearsal:
    """Calls tools over the real road, in memory and in fake time.

    The fixture `runtime` is one. It opens when it is first awaited, in the loop of the test, and
    leaves nothing behind. A function that is called for the first time is taken in as a tool.

    Args:
        tools: Functions that may be called by name.
        agents: Whose runs may be begun by name.
        deps: Factories of what bodies ask for as `ToolContext[Type]`.
        limits: In place of the defaults.
        settings: In place of no configuration at all.
        principal: For whom calls are made that name nobody.
        verifier: Whose second opinion calls need; a `ScriptedVerifier`, or a model.
        channels: In place of those of the settings, by the names that these give them.
        ledger: That another rehearsal, which is closed, has left; it is gone on with.
    """

    __test__ = False

    def __init__(  # noqa: PLR0913 - what a runtime may be given, each by name
        self,
        *tools: ToolFunction,
        agents: Sequence[Agent] = (),
        deps: Mapping[type, Callable[..., Any]] | None = None,
        limits: Limits | None = None,
        settings: Settings | None = None,
        principal: Principal = TESTER,
        verifier: OwnVerifier | None = None,
        channels: Mapping[str, Channel] | None = None,
        ledger: MemoryLedger | None = None,
    ) -> None:
        # It jumps to whoever sleeps: nobody waits for the pauses between attempts.
        self.clock: FakeClock = FakeClock(autojump=True)
        self.store: MemoryStore = MemoryStore(ledger)
        self.principal = principal
        self._tools = list(tools)
        self._agents = list(agents)
        self._deps = dict(deps or {})
        self._limits = limits
        self._settings = settings
        self._verifier = verifier
        self._channels = channels
        self._fakes: list[tuple[ToolFunction | str, ToolFunction]] = []
        self._around: list[Around] = []
        self._runtime: Runtime | None = None
        self._opening = asyncio.Lock()
        """Calls that come together open it once."""

    def add(self, *tools: ToolFunction) -> None:
        """Take in more tools, before the first call."""
        self._require_closed("add tools")
        self._tools += tools

    def provide(self, kind: type, factory: Callable[..., Any]) -> None:
        """Name the factory of what bodies ask for as `ToolContext[kind]`, before the first call."""
        self._require_closed("provide deps")
        self._deps[kind] = factory

    def replace(self, tool: ToolFunction | str, fake: ToolFunction) -> None:
        """Run `fake` in place of a tool's body; all else of the tool stays as declared."""
        if not isinstance(tool, str) and tool not in self._tools and self._runtime is None:
            self._tools.append(tool)
        self._fakes.append((tool, fake))
        if self._runtime is not None:
            self._runtime.replace(tool, fake)

    def wrap(self, around: Around) -> None:
        """Run the body that `around` makes of each tool's in its place, from the first call on."""
        self._require_closed("wrap tools")
        self._around.append(around)

    async def start(self) -> Runtime:
        """The runtime behind, opened if it is not yet."""
        async with self._opening:
            if self._runtime is None:
                self._runtime = Runtime(await self._assembled())
                for tool, fake in self._fakes:
                    self._runtime.replace(tool, fake)
                for around in self._around:
                    self._runtime.wrap(around)
        return self._runtime

    async def _assembled(self) -> Assembly:
        return await assemble(
            tools=self._tools,
            agents=self._agents,
            deps=self._deps,
            limits=self._limits,
            principal=self.principal,
            settings=self._settings or load(Path.cwd(), {}),
            verifier=self._verifier,
            parts=Parts(
                store=self.store,
                channels=self._channels,
                clock=self.clock,
                ids=SequentialIds(),
                keys=FixedKeys(),
                chance=Random(0).random,  # noqa: S311 - pauses that a test can repeat
            ),
        )

    async def call(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        *,
        dry_run: bool = False,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome:
        """Make a call, as `Runtime.call` does."""
        if not isinstance(tool, str) and self._runtime is None and tool not in self._tools:
            self._tools.append(tool)
        runtime = await self.start()
        make: Callable[..., Any] = runtime.call
        outcome: AnyOutcome = await make(tool, arguments, dry_run=dry_run, **circumstances)
        return outcome

    async def run(  # noqa: PLR0913 - as `Runtime.run`, and the model
        self,
        agent: Agent,
        text: str,
        *,
        model: Model | Mapping[str, Model] | None = None,
        principal: Principal | None = None,
        conversation: str | None = None,
        dry_run: bool = False,
    ) -> Run:
        """Let an agent work on a request, as `Runtime.run` does.

        Args:
            agent: With its tools and its team, which are taken in by the first call or run.
            text: What it is asked for.
            model: In place of its own; by the names of agents, in place of those of its team too.
            principal: For whom.
            conversation: Your name for the conversation that the run belongs to.
            dry_run: Do nothing, and say what would be done.
        """
        if model is not None:
            agent = _played(agent, model if isinstance(model, Mapping) else {agent.name: model})
        if self._runtime is None:
            self._agents.append(agent)
        runtime = await self.start()
        return await runtime.run(
            agent, text, principal=principal, conversation=conversation, dry_run=dry_run
        )

    async def resume(self, run_id: str) -> Run:
        """Go on with a run, as `Runtime.resume` does."""
        return await (await self.start()).resume(run_id)

    async def wait(self, call_id: str, *, timeout_s: float | None = 0) -> AnyOutcome:
        """The outcome of an earlier call, as `Runtime.wait`; without `timeout_s` it only looks."""
        return await (await self.start()).wait(call_id, timeout_s=timeout_s)

    @property
    def approvals(self) -> Desk:
        """Held calls, and decisions about them."""
        return self._require_open().approvals

    @property
    def audit(self) -> Audit:
        """What the ledger tells."""
        return self._require_open().audit

    def _require_open(self) -> Runtime:
        if self._runtime is None:
            raise HighroadError("the runtime is not open yet: make a call, or await start()")
        return self._runtime

    def _require_closed(self, what: str) -> None:
        if self._runtime is not None:
            raise HighroadError(f"the runtime is open already: {what} before the first call")


def _played(agent: Agent, models: Mapping[str, Model]) -> Agent:
    """An agent that asks these models, and so its team."""
    team = tuple(_member(each, models) for each in agent.team)
    return replace(agent, model=models.get(agent.name, agent.model), team=team)


def _member(member: Agent | Member, models: Mapping[str, Model]) -> Agent | Member:
    if isinstance(member, Member):
        return replace(member, agent=_played(member.agent, models))
    return _played(member, models)
