"""A LangChain tool as the road needs to know it: what of its arguments is the model's."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.messages.tool import ToolOutputMixin
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, Tool, ToolException
from langchain_core.tools.base import _is_injected_arg_type, get_all_basemodel_annotations
from langchain_core.utils.pydantic import TypeBaseModel, model_json_schema
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolRuntime
from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic.v1 import ValidationError as ValidationErrorV1

from highroad.domain.error import Code, Problem, ToolError
from highroad.domain.value import value
from highroad.frameworks.langgraph.results import recorded
from highroad.tools.arguments.pointer import pointer

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ONLY: Final = "__arg1"
"""What LangChain tells models that the one argument of its oldest kind of tool is called."""
RUNTIME: Final = "highroad_runtime"
"""Asks a `ToolNode` for its runtime, where the tool itself does not."""

RunManager: TypeAlias = CallbackManagerForToolRun | AsyncCallbackManagerForToolRun


class HostTool:
    """One tool of a host.

    Args:
        tool: As the host has it; never changed.
    """

    def __init__(self, tool: BaseTool) -> None:
        self.tool = tool
        self.name: str = tool.name

    @property
    def is_bare(self) -> bool:
        """Whether it is of LangChain's oldest kind, which takes one text without a name."""
        return isinstance(self.tool, Tool) and not self.tool.args_schema

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of what the model is to write."""
        if self.is_bare:
            only = {ONLY: {"title": ONLY, "type": "string"}}
            return {"type": "object", "properties": only, "required": [ONLY]}
        seen = self.tool.tool_call_schema
        schema = dict(seen) if isinstance(seen, dict) else dict(model_json_schema(seen))
        schema.pop("title", None)
        schema.pop("description", None)
        return {"type": "object", "properties": {}, **schema}

    @cached_property
    def returns(self) -> dict[str, Any] | None:
        """JSON Schema of what its function says that it returns; `None` where that is no JSON."""
        hint = _hints(self.function).get("return", Any) if self.function else Any
        if self.tool.response_format != "content" or hint is Any or _is_for_graph(hint):
            return None
        try:
            return TypeAdapter(hint).json_schema(mode="serialization")
        except PydanticUserError:
            return None

    @property
    def function(self) -> Callable[..., Any] | None:
        """What the tool was made of, where it was made of a function."""
        return getattr(self.tool, "func", None) or getattr(self.tool, "coroutine", None)

    @cached_property
    def _model(self) -> TypeBaseModel | None:
        """What reads its arguments; `None` where the host itself has a schema and no more."""
        if self.is_bare or isinstance(self.tool.args_schema, dict):
            return None
        return self.tool.get_input_schema()

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """Types of all that it takes, by name: as its function has them, or else its schema."""
        hints = dict(_hints(self.function)) if self.function else {}
        hints.pop("return", None)
        model = self._model
        return {**hints, **({} if model is None else get_all_basemodel_annotations(model))}

    @cached_property
    def injected(self) -> frozenset[str]:
        """Arguments that the host fills in, and no model."""
        own = {name for name, each in self.types.items() if _is_injected_arg_type(each)}
        return frozenset({*own, *self.tool._injected_args_keys, self.runtime_name})  # noqa: SLF001 - what `BaseTool` tells its own subclasses

    @property
    def asked_of_node(self) -> Mapping[str, Any]:
        """Types of what a `ToolNode` is to fill in; always of its runtime, which has the state."""
        own = {name: each for name, each in self.types.items() if name in self.injected}
        return {RUNTIME: ToolRuntime, **own} if self.runtime_name == RUNTIME else own

    @cached_property
    def runtime_name(self) -> str:
        """In which argument a `ToolNode` puts its runtime."""
        own = (name for name, each in self.types.items() if name == "runtime" or _is_runtime(each))
        return next(own, RUNTIME)

    @cached_property
    def is_async(self) -> bool:
        """Whether its body is a coroutine; else it runs in a thread of the road."""
        if isinstance(self.tool, StructuredTool | Tool):
            return self.tool.coroutine is not None
        return type(self.tool)._arun is not BaseTool._arun  # noqa: SLF001 - the method that subclasses are to override

    @property
    def stands_alone(self) -> bool:
        """Whether it can run where no graph waits for it."""
        return self.injected <= {RUNTIME}

    def check(self, arguments: Mapping[str, Any]) -> Problem | None:
        """What the host's own types and validators have against arguments."""
        model = self._model
        if model is None or not issubclass(model, BaseModel):
            return None
        try:
            model.model_validate(dict(arguments))
        except ValidationError as error:
            return next(filter(None, map(self._problem, _told(error))), None)
        return None

    def _problem(self, told: "ErrorDetails") -> Problem | None:
        """One thing that is wrong, unless it is that the host has yet to fill something in."""
        where = told["loc"]
        if where and where[0] in self.injected:
            return None
        return Problem(pointer(where, self.parameters["properties"]), told["type"], told["msg"])

    def written(self, given: str | dict[str, Any]) -> Mapping[str, object] | str:
        """What the model wrote, of all that the host hands over."""
        if isinstance(given, str):
            names = list(self.parameters["properties"])
            return {names[0]: given} if len(names) == 1 else given
        return {name: each for name, each in given.items() if name not in self.injected}

    def start(self, arguments: Mapping[str, Any], visit: "Visit") -> Any:  # noqa: ANN401 - as the host's body gives it
        """Run its own body: what it returns, or what there is to await.

        Raises:
            ToolError: Its own reading of the arguments refuses them; nothing was applied.
        """
        given = {**arguments, **visit.injected}
        given.pop(RUNTIME, None)
        try:
            positional, named = self.tool._to_args_and_kwargs(given, visit.tool_call_id)  # noqa: SLF001 - how `BaseTool` itself reads them
        except (ValidationError, ValidationErrorV1, ToolException) as error:
            said = "the tool's own types refuse the arguments"
            raise ToolError(said, code=Code.INVALID_ARGUMENTS, applied=False) from error
        if self._takes_manager and visit.run_manager is not None:
            named["run_manager"] = visit.manager(is_async=self.is_async)
        if self._takes_config is not None:
            named[self._takes_config] = visit.config
        return self._body(*positional, **named)

    @cached_property
    def _body(self) -> Callable[..., Any]:
        """What its author wrote."""
        return self.tool._arun if self.is_async else self.tool._run  # noqa: SLF001 - the methods that subclasses are to override

    @cached_property
    def _takes_manager(self) -> bool:
        """Whether its body is told who follows the run."""
        return "run_manager" in inspect.signature(self._body).parameters

    @cached_property
    def _takes_config(self) -> str | None:
        """In which argument its body takes the config, where it does."""
        hints = _hints(self._body).items()
        return next((name for name, hint in hints if hint is RunnableConfig), None)

    def recorded(self, returned: object, visit: "Visit") -> object:
        """What it returned, as the road records it."""
        is_pair = self.tool.response_format == "content_and_artifact"
        return recorded(returned, visit.tool_call_id, is_pair=is_pair)


@value
class Visit:
    """One call, as its host makes it."""

    config: RunnableConfig = field(default_factory=RunnableConfig)
    injected: Mapping[str, Any] = field(default_factory=dict)
    tool_call_id: str | None = None
    run_manager: RunManager | None = None
    pauses: list[GraphBubbleUp] = field(default_factory=list)
    """How the body left the graph, where it did."""

    def manager(self, *, is_async: bool) -> RunManager | None:
        """Who follows the run, of the kind that a body takes."""
        given = self.run_manager
        if is_async or not isinstance(given, AsyncCallbackManagerForToolRun):
            return given
        return given.get_sync()


ALONE: Final = Visit()
"""Nobody of the host waits for the call."""


def _told(error: ValidationError) -> "list[ErrorDetails]":
    return error.errors(include_url=False, include_context=False, include_input=False)


def _is_runtime(hint: Any) -> bool:  # noqa: ANN401 - any annotation
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, ToolRuntime)


def _is_for_graph(hint: Any) -> bool:  # noqa: ANN401 - any annotation
    """Whether it is a message or a command, or may be one."""
    if any(map(_is_for_graph, get_args(hint))):
        return True
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, ToolOutputMixin)


def _hints(body: Callable[..., Any]) -> Mapping[str, Any]:
    """Types of what a body takes and returns; none where they cannot be found."""
    try:
        return get_type_hints(body, include_extras=True)
    except (NameError, TypeError):
        return {}
