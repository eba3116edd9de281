"""What may be said of calls besides their tools and arguments."""

from collections.abc import Sequence
from typing import TypedDict

from highroad.domain.evidence import Evidence
from highroad.domain.identity import Caller, Delegate, Origin, Principal
from highroad.domain.trace_context import TraceContext


class SharedCircumstances(TypedDict, total=False):
    """What may be said of all calls that are made together; all of it may be left out."""

    principal: Principal | Caller | None
    """For whom; the runtime's own principal where nobody is named."""
    run: str | None
    """Your name for a run of several calls, which share budgets and keys; without one the call is
    a run of its own."""
    run_id: str | None
    """The id of a run that stands, in place of your name for it."""
    parent: str | None
    """Your name for the run that this one is a child of: it draws on that one's budget too. Said
    once, when the run begins."""
    conversation: str | None
    """Your name for the conversation that the run belongs to, whose budget it draws on too. Said
    once; a child belongs to its parent's."""
    origin: Origin
    """Where the call was born; in code."""
    delegation: Sequence[Delegate]
    """The agents through which it came."""
    door: str
    """Which door it came in by, for the record."""
    trace: TraceContext | None
    """Where in a trace of yours it is made; without it, where OpenTelemetry is here."""


class Circumstances(SharedCircumstances, total=False):
    """What may be said of a call besides its tool and arguments; all of it may be left out."""

    key: str | None
    """Idempotency key: two calls with it are one. Derived from run and arguments where there is
    none."""
    evidence: Evidence
    """Sources of its values."""
