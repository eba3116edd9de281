"""Where in a trace something is done, as programs tell it to each other (W3C Trace Context).

See https://www.w3.org/TR/trace-context/. Only the ids are known here: what else travels with them
(`tracestate`, `baggage`) can carry content, and is neither kept nor passed on.
"""

import re
from typing import Final

from highroad.domain.value import value

_LONGEST: Final = 256
"""Characters of a header that are looked at; one of this version has 55."""
_HEADER: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})"
    r"-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_TRACE: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")
_SPAN_DIGITS: Final = 16
_SAMPLED: Final = 1


@value
class TraceContext:
    """A place in a trace."""

    trace_id: str
    """Sixteen bytes in lower-case hex, not all zero."""
    span_id: str | None = None
    """Eight bytes likewise: the span inside which it is; `None` at the top of the trace."""
    is_sampled: bool = True
    """Whether spans of the trace may be kept by those who tell of them."""


def read_traceparent(header: object) -> TraceContext | None:
    """Read a `traceparent`, which a stranger may have written.

    Returns:
        What it says; `None` where it is malformed, as the specification wants it to be ignored.
    """
    if not isinstance(header, str) or len(header) > _LONGEST:
        return None
    found = _HEADER.fullmatch(header)
    if found is None or (found["version"] == "00" and found["more"]):
        return None
    is_sampled = bool(int(found["flags"], 16) & _SAMPLED)
    return TraceContext(trace_id=found["trace"], span_id=found["span"], is_sampled=is_sampled)


def of_host(trace: str, span: str) -> TraceContext | None:
    """A place in a trace of a host whose ids are longer than those of W3C, or another text.

    Args:
        trace: The digits of the trace's id.
        span: Those of the span's, of which the first sixteen are taken.

    Returns:
        `None` where the trace has no id that can be one: a host may let its user choose it.
    """
    if _TRACE.fullmatch(trace) is None:
        return None
    span_id = span[:_SPAN_DIGITS]
    return TraceContext(trace_id=trace, span_id=span_id if _SPAN.fullmatch(span_id) else None)
