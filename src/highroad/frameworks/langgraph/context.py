"""Who acts, and in which run: read from the config and the state of a graph."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.prebuilt import ToolRuntime

from highroad.domain.acting import Acting
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
