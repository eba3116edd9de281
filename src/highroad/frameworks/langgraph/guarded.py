"""A host's tool as it is handed back: the same to its model, and every call on the road."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import cached_property, partial
from typing import Any, Final, NoReturn, Self

import orjson
from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.pydantic import TypeBaseModel
from langgraph.errors import GraphInterrupt
from langgraph.prebuilt import ToolRuntime
from pydantic import PrivateAttr

from highroad.domain.acting import Acting
from highroad.domain.json_value import JsonValue
from highroad.domain.outcome import AnyOutcome, Completed, Held
from highroad.domain.tool import Effect, ToolDefinition
from highroad.domain.value import value
from highroad.frameworks.guarding import Guard, HostBody, guarded_already
from highroad.frameworks.langgraph.context import Mapper, mapped, trace_of_host
from highroad.frameworks.langgraph.declaring import Declared, declared, registered
from highroad.frameworks.langgraph.host_tool import HostTool, RunManager, Visit
from highroad.frameworks.langgraph.pausing import Pauses, can_pause, pause, told
from highroad.frameworks.langgraph.results import handed
from highroad.frameworks.langgraph.running import run_of
from highroad.pipeline.crossing import done_in
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime
from highroad.tools.declaring.options import ToolOptions


def guarded(
    tools: Iterable[BaseTool | Callable[..., Any]],
    runtime: Runtime | SyncRuntime,
    *,
    contracts: Mapping[str, ToolOptions],
    acting: Mapper | None,
    door: str,
) -> list[BaseTool]:
    """A tool for each of a host's, whose calls take the road of a runtime; see `guard`."""
    given = tuple(tools)
    for each in given:
        if isinstance(each, GuardedTool):
            raise guarded_already(each.name)
    way, who = Guard(runtime, door=door, tracing=trace_of_host), mapped(acting)
    made = declared(given, contracts)
    known = done_in(way.runtime.loop, partial(registered, made, way.runtime))
    return [
        GuardedTool.over(each, definition, way, who)
        for each, definition in zip(made, known, strict=True)
    ]


class GuardedTool(BaseTool):
    """One tool of an agent, whose calls take the road; made by `guard`."""

    description: str = ""

    _host: HostTool = PrivateAttr()
    _definition: ToolDefinition = PrivateAttr()
    _way: Guard = PrivateAttr()
    _acting: Mapper = PrivateAttr()
    _is_own: bool = PrivateAttr(default=False)
    _pauses: Pauses = PrivateAttr(default_factory=Pauses)

    @classmethod
    def over(cls, given: Declared, definition: ToolDefinition, way: Guard, acting: Mapper) -> Self:
        """Stand for a host's tool.

        Args:
            given: The tool.
            definition: As the runtime has it.
            way: Onto the road.
            acting: Says for whom and in which run a call is made.
        """
        host = given.host
        guarded = cls(
            **{name: getattr(host.tool, name) for name in _TAKEN_OVER},
            args_schema=host.parameters if host.is_bare else host.tool.args_schema,
        )
        guarded._host, guarded._definition = host, definition
        guarded._way, guarded._acting, guarded._is_own = way, acting, given.is_own
        return guarded

    # -- what LangChain asks of a tool -------------------------------------------------------

    def get_input_schema(self, config: RunnableConfig | None = None) -> TypeBaseModel:
        """The host's own."""
        return self._host.tool.get_input_schema(config)

    @property
    def func(self) -> Callable[..., Any]:
        """By its types a `ToolNode` knows what to fill in; calling it makes a call."""

        def call(**arguments: object) -> object:
            """Make a call."""
            return self.invoke(arguments)

        call.__annotations__ = dict(self._host.asked_of_node)
        return call

    @cached_property
    def _injected_args_keys(self) -> frozenset[str]:
        return self._host.injected

    def _filter_injected_args(self, tool_input: dict[str, Any]) -> dict[str, Any]:
        """What callbacks are told, without reading the schema anew for each call."""
        injected = self._injected_args_keys
        return {name: each for name, each in tool_input.items() if name not in injected}

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Hand on what the model wrote, unread: the road judges it, and has it on record."""
        return (), {"given": tool_input, "tool_call_id": tool_call_id}

    def _run(
        self,
        *,
        given: str | dict[str, Any],
        tool_call_id: str | None,
        config: RunnableConfig,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> Any:  # noqa: ANN401 - as the host's tool returns it
        ask = self._ask(given, tool_call_id, config, run_manager)
        outcome = self._way.call_blocking(
            self._host.name,
            ask.arguments,
            acting=ask.acting,
            body=ask.body,
            drive_on=not ask.can_pause,
        )
        while isinstance(outcome, Held) and ask.can_pause:
            wanted = self._pause(ask, outcome)
            outcome = self._way.look_blocking(
                outcome.call_id, acting=ask.acting, tool=self._host.name, body=ask.body
            )
            if wanted is not None and isinstance(outcome, Held):
                self._wait(ask, wanted)
        return self._answer(ask, outcome)

    async def _arun(
        self,
        *,
        given: str | dict[str, Any],
        tool_call_id: str | None,
        config: RunnableConfig,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> Any:  # noqa: ANN401 - as the host's tool returns it
        ask = self._ask(given, tool_call_id, config, run_manager)
        outcome = await self._way.call(
            self._host.name,
            ask.arguments,
            acting=ask.acting,
            body=ask.body,
            drive_on=not ask.can_pause,
        )
        while isinstance(outcome, Held) and ask.can_pause:
            wanted = self._pause(ask, outcome)
            outcome = await self._way.look(
                outcome.call_id, acting=ask.acting, tool=self._host.name, body=ask.body
            )
            if wanted is not None and isinstance(outcome, Held):
                self._wait(ask, wanted)
        return self._answer(ask, outcome)

    # LangChain reads all types of these at each call, to find which argument takes the config.
    _run.__annotations__ = _arun.__annotations__ = {"config": RunnableConfig}  # noqa: RUF012 - of methods

    # -- a call ------------------------------------------------------------------------------

    def _ask(
        self,
        given: str | dict[str, Any],
        tool_call_id: str | None,
        config: RunnableConfig,
        run_manager: RunManager | None,
    ) -> "Ask":
        """Read what the host hands over: what is the model's, and what is its own."""
        host = self._host
        own = {} if isinstance(given, str) else {n: given[n] for n in host.injected & given.keys()}
        runtime = own.get(host.runtime_name)
        visit = Visit(
            config=config, injected=own, tool_call_id=tool_call_id, run_manager=run_manager
        )
        return Ask(
            arguments=host.written(given),
            acting=self._acting(config, runtime if isinstance(runtime, ToolRuntime) else None),
            visit=visit,
            body=None if self._is_own else partial(run_of(host), visit=visit),
            can_pause=can_pause(config),
        )

    def _pause(self, ask: "Ask", held: Held) -> GraphInterrupt | None:
        """Ask the graph to pause; `None` where it was resumed behind that."""
        wanted = pause(told(held, self.name))
        ask.paused.append(wanted)
        return wanted

    def _wait(self, ask: "Ask", wanted: GraphInterrupt) -> NoReturn:
        """Let the graph pause."""
        self._pauses.remember(ask.name, len(ask.paused))
        raise wanted

    def _answer(self, ask: "Ask", outcome: AnyOutcome) -> Any:  # noqa: ANN401 - as the host's tool returns it
        """What the host is handed of an outcome, which for a model is always an answer (P5)."""
        if ask.can_pause:
            for _ in range(self._pauses.of(ask.name) - len(ask.paused)):
                pause({"status": outcome.status})
        left = ask.visit.pauses
        if left and self._definition.effect is Effect.REPEATABLE:
            raise left[-1]
        if isinstance(outcome, Completed):
            return self._in_form(self._result(outcome, ask.visit.tool_call_id))
        return self._in_form(self._error(outcome, ask.visit.tool_call_id))

    def _result(self, outcome: Completed[Any], tool_call_id: str | None) -> Any:  # noqa: ANN401 - as the host's tool returned it
        answer = outcome.for_model()

        def worded(content: JsonValue) -> JsonValue:
            """The content alone, unless there is more to be said of it."""
            return {**answer, "result": content} if answer.keys() - _USUAL else content

        if self._is_own:
            return worded(answer["result"])
        return handed(answer["result"], tool_call_id, worded)

    def _error(self, outcome: AnyOutcome, tool_call_id: str | None) -> str | ToolMessage:
        text = orjson.dumps(outcome.for_model()).decode()
        if tool_call_id is None:
            return text
        return ToolMessage(text, name=self.name, tool_call_id=tool_call_id, status="error")

    def _in_form(self, answer: Any) -> Any:  # noqa: ANN401 - as the host's tool returns it
        """A pair for a tool that returns content and artifact."""
        is_pair = self.response_format == "content_and_artifact"
        return (answer, None) if is_pair and not isinstance(answer, tuple) else answer


@value
class Ask:
    """One call of a host, read."""

    arguments: Mapping[str, object] | str
    acting: Acting
    visit: Visit
    body: HostBody | None
    can_pause: bool
    paused: list[GraphInterrupt | None] = field(default_factory=list)
    """What became of each pause that it asked for; `None` is that the graph was resumed."""

    @property
    def name(self) -> tuple[object, ...]:
        """What is the same where a graph makes it anew."""
        thread = self.visit.config.get("configurable", {}).get("thread_id")
        return str(thread), self.visit.tool_call_id, repr(self.arguments)


_USUAL: Final = {"result", "call_id"}
_TAKEN_OVER: Final = (
    "name",
    "description",
    "return_direct",
    "verbose",
    "callbacks",
    "tags",
    "metadata",
    "response_format",
    "extras",
)
