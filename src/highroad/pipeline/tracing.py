"""The trace that a call is made in, where there is one.

What a program says goes first (`Runtime.acting(traceparent=…)`), then the span that OpenTelemetry
has here, which all of a program shares, and then what the host's own tracing knows.
"""

import sys
from collections.abc import Callable
from typing import Final, TypeAlias

from highroad.domain.trace_context import TraceContext
from highroad.pipeline.acting import now_acting

Tracing: TypeAlias = Callable[[], TraceContext | None]
"""Says where in the trace of a host it is called."""

_OPENTELEMETRY: Final = "opentelemetry.trace"


def current_span() -> TraceContext | None:
    """The span that OpenTelemetry has here; a program that has not loaded it has none."""
    # Looked up and not imported: who does not trace pays for a look into a dictionary.
    current = getattr(sys.modules.get(_OPENTELEMETRY), "get_current_span", None)
    if current is None:
        return None
    span = current().get_span_context()
    if not span.is_valid:
        return None
    return TraceContext(
        trace_id=f"{span.trace_id:032x}",
        span_id=f"{span.span_id:016x}",
        is_sampled=bool(span.trace_flags.sampled),
    )


def trace_here(host: Tracing | None = None) -> TraceContext | None:
    """The trace that is said or found here.

    Args:
        host: Its own tracing.
    """
    return now_acting().trace or current_span() or (None if host is None else host())
