"""What a stage may answer, and the trace that its answer leaves."""

from typing import TypeAlias

from highroad.domain.approval import Approval, Obligation
from highroad.domain.call import Call
from highroad.domain.deferral import Deferral
from highroad.domain.error import CallError
from highroad.domain.outcome import Ending
from highroad.domain.value import value


@value(kw_only=False)
class Proceed:
    """Go on, with this call, and with these reasons to ask a person first."""

    call: Call
    obligations: tuple[Obligation, ...] = ()
    note: str | None = None
    """What was decided on the way, for the trace."""


@value(kw_only=False)
class Refuse:
    """Decided against."""

    error: CallError
    """What the caller is told."""
    rule: str | None = None
    """What decided, for the ledger."""
    actual: str | None = None
    """The code for the ledger, where the caller must not learn it."""
    keeps_key: bool = False
    """Later calls with the same key get this refusal too: a person's rejection."""


@value(kw_only=False)
class Hold:
    """Wait for people, or for a result that comes later; the hold is already stored."""

    until: Approval | Deferral


@value(kw_only=False)
class Join:
    """The same call is on its way already, as `call_id`; its outcome answers."""

    call_id: str
    maker: str | None = None
    """The tool of that call, where it is another: one that stood in for this one."""


@value(kw_only=False)
class Conclude:
    """The end is known."""

    ending: Ending


Verdict: TypeAlias = Proceed | Refuse | Hold | Join | Conclude


StageLine: TypeAlias = tuple[str, str, str | None, str | None, int]
"""One line of a call's trace, as the road writes it: stage, verdict, code, rule, microseconds.

The verdict is `proceed`, `refuse`, `hold`, `join`, `conclude`, or `n/a` where the road left the
stage out. A plain tuple, because a call leaves ten of them.
"""
