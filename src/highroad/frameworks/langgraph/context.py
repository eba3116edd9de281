"""Who acts, and in which run: read from the config and the state of a graph."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers import BaseTracer, LangChainTracer
from langchain_core.tracers.base import AsyncBaseTracer
from langgraph.prebuilt import ToolRuntime

from highroad.domain.acting import Acting
from highroad.domain.trace_context import TraceContext, of_host
from highroad.domain.verification import UserTurn

Mapper: TypeAlias = Callable[[RunnableConfig, ToolRuntime[Any, Any] | None], Acting]
"""Given the config of a call, and the runtime that a `ToolNode` hands to its tools."""


def acting_of(config: RunnableConfig, runtime: ToolRuntime[Any, Any] | None = None) -> Acting:
    """Say what a graph's thread says: its id names the run and the conversation.

    The principal is left to `Runtime.acting`. A mapper of your own may build on it:
    `replace(acting_of(config, runtime), principal=…)`.

    Args:
        config: Of the call.
        runtime: From a `ToolNode`: the human messages of its state are what the user said.
    """
    thread = config.get("configurable", {}).get("thread_id")
    name = None if thread is None else str(thread)
    return Acting(
        run=name,
        conversation=name,
        said=() if runtime is None else tuple(_said(_messages(runtime.state))),
    )


def mapped(mapper: Mapper | None) -> Mapper:
    """A mapper of the program's own, with what it leaves out as the thread says it."""
    if mapper is None:
        return acting_of
    own = mapper
    return lambda config, runtime: own(config, runtime).over(acting_of(config, runtime))


def trace_of_host() -> TraceContext | None:
    """The trace that a tracer of LangChain (LangSmith's is one) has of the run that is under way.

    Its ids are UUIDs. LangSmith exports them to OpenTelemetry in the same form.
    """
    config = var_child_runnable_config.get()
    callbacks = None if config is None else config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager) or callbacks.parent_run_id is None:
        return None
    for tracer in sorted(callbacks.handlers, key=_is_of_langsmith, reverse=True):
        if isinstance(tracer, BaseTracer | AsyncBaseTracer):
            run = tracer.run_map.get(str(callbacks.parent_run_id))
            if run is not None and run.trace_id is not None:
                return of_host(run.trace_id.hex, run.id.hex)
    return None


def _is_of_langsmith(handler: object) -> bool:
    """Whether it knows of a trace around LangChain's too, which others do not."""
    return isinstance(handler, LangChainTracer)


def _messages(state: object) -> Iterable[object]:
    if isinstance(state, list):
        return state
    if isinstance(state, Mapping):
        found = state.get("messages", ())
    else:
        found = getattr(state, "messages", ())
    return found if isinstance(found, list | tuple) else ()


def _said(messages: Iterable[object]) -> Iterable[UserTurn]:
    number = 0
    for each in messages:
        if isinstance(each, HumanMessage) and not _is_of_harness(each):
            number += 1
            yield UserTurn(source=f"message-{number}", text=str(each.text))


def _is_of_harness(message: BaseMessage) -> bool:
    """Whether LangChain wrote it: a summary may hold words of results, which are no user's."""
    return "lc_source" in message.additional_kwargs
