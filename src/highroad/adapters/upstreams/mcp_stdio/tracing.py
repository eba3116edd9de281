"""What a server is told of the trace that its work is part of (SEP-414)."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


@contextmanager
def part_of(traceparent: str | None) -> Iterator[None]:
    """Have the library tell servers of this alone.

    By itself it hands on all that travels with the trace here, `tracestate` and `baggage` too: that
    of whoever called us, which is none of the server's business.
    """
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    token = attach(TraceContextTextMapPropagator().extract(carrier, Context()))
    try:
        yield
    finally:
        detach(token)
