"""Who acts, and in which run: what the SDK tells a tool of the run that calls it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from agents import get_current_span, get_current_trace
from agents.tool_context import ToolContext

from highroad.domain.acting import Acting
from highroad.domain.trace_context import TraceContext, of_host
from highroad.domain.verification import UserTurn

Mapper: TypeAlias = Callable[[ToolContext[Any]], Acting]
"""Given the context of a call; yours is in its `context`."""


def acting_of(context: ToolContext[Any]) -> Acting:
    """As the package offers it to programs."""
    config, trace = context.run_config, get_current_trace()
    group = (config.group_id if config else None) or getattr(trace, "group_id", None)
    return Acting(run=group, conversation=group, said=tuple(_said(context.turn_input)))


def mapped(mapper: Mapper | None) -> Mapper:
    """A mapper of the program's own, with what it leaves out as the run says it."""
    if mapper is None:
        return acting_of
    own = mapper
    return lambda context: own(context).over(acting_of(context))


def trace_of_host() -> TraceContext | None:
    """The SDK's own trace and the span of the function; none where tracing is disabled."""
    span = get_current_span()
    if span is None:
        return None
    return of_host(span.trace_id.removeprefix("trace_"), span.span_id.removeprefix("span_"))


def _said(items: object) -> Iterator[UserTurn]:
    number = 0
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping) and item.get("role") == "user":
            number += 1
            yield UserTurn(source=f"message-{number}", text=_text(item.get("content")))


def _text(content: object) -> str:
    """The words of a message; its images and files are none."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
