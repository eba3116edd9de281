"""Our own agent, whose model plays a script."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from ten_calls import ALICE, REQUEST, THREAD, TOOLS, Conversation, Proposed, opened

from highroad import Agent, Run, Runtime
from highroad.domain.model import ToolMessage
from highroad.testing import ScriptedModel, call


@dataclass
class Clerk:
    """A run of the agent."""

    runtime: Runtime
    model: ScriptedModel
    agent: Agent
    run: Run | None = None
    seen: int = 0

    async def begin(self) -> list[str]:
        """A run has no name of its own to begin it anew by: what there is to do is to resume it."""
        if self.run is not None:
            return await self.go_on()
        self.run = await self.runtime.run(self.agent, REQUEST, principal=ALICE, conversation=THREAD)
        return self._results()

    async def go_on(self) -> list[str]:
        assert self.run is not None
        self.run = await self.runtime.resume(self.run.id)
        return self._results()

    def _results(self) -> list[str]:
        if not self.model.requests:
            return []
        messages = self.model.requests[-1].messages
        results = [each.content for each in messages if isinstance(each, ToolMessage)]
        new, self.seen = results[self.seen :], len(results)
        return new


@dataclass
class OwnAgent:
    """Knows the runs that it began, by the folder of the scene."""

    name: str = "agent"
    runs: dict[Path, Clerk] = field(default_factory=dict)

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        return opened(tools=TOOLS)

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        model = ScriptedModel(*(call(each.tool, each.arguments) for each in calls), "Done.")
        begun = self.runs.get(Path.cwd())
        clerk = Clerk(runtime, model, Agent(name="clerk", model=model, tools=TOOLS))
        clerk.run = None if begun is None else begun.run
        self.runs[Path.cwd()] = clerk
        return clerk


DOOR = OwnAgent()
