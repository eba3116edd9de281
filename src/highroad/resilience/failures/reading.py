"""What an error means, whoever raised it: the sources in order, causes, and groups of errors."""

from collections.abc import Iterator
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures import database, grpc, http, mcp, python
from highroad.resilience.failures.meaning import UNMAPPED, Meaning, Source

SOURCES: Final[tuple[Source, ...]] = (
    http.meaning,
    grpc.meaning,
    mcp.meaning,
    database.meaning,
    python.meaning,
)
"""Python's own come last: many a library's exception is an `OSError` besides."""

_MOST_CAUSES: Final = 8
_MOST_LEAVES: Final = 64

_GRAVEST: Final = (
    FailureKind.BUG,
    FailureKind.UNKNOWN,
    FailureKind.CANCELLED,
    FailureKind.PERMANENT,
    FailureKind.DENIED,
    FailureKind.INVALID_ARGUMENTS,
    FailureKind.THROTTLED,
    FailureKind.TIMEOUT,
    FailureKind.TRANSIENT,
)
"""Of several errors at once the first of these decides: all must be such as pass for trying again
to be of use, and one that asks for a pause is heeded."""


def meaning_of(error: BaseException, now_ms: int | None = None) -> Meaning:
    """What an error means; `UNMAPPED` where nothing says it.

    A cause (`raise … from …`) says of what kind an error is that no source knows, and never that
    nothing was applied: what lies between the two may have tried more than once. Nor do several
    errors at once, beside which others may have succeeded.

    Args:
        error: What the body raised.
        now_ms: Unix time; `None` where nobody will wait for another attempt.
    """
    known = _known(error, now_ms)
    if known is not None:
        return known
    if isinstance(error, BaseExceptionGroup):
        return gravest([meaning_of(leaf, now_ms).without_proof for leaf in leaves(error)])
    for cause in _causes(error):
        known = _known(cause, now_ms)
        if known is not None:
            return known.without_proof
    return UNMAPPED


def gravest(meanings: list[Meaning]) -> Meaning:
    """Of several the one that decides; it waits as long as any asks for."""
    worst = min(meanings, key=lambda each: _GRAVEST.index(each.kind), default=UNMAPPED)
    waits = [each.retry_after_s for each in meanings if each.retry_after_s is not None]
    return Meaning(kind=worst.kind, rule=worst.rule, retry_after_s=max(waits, default=None))


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group and in the groups inside of it, up to a bound."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [group]
    while waiting and len(found) < _MOST_LEAVES:
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        else:
            found.append(error)
    return found


def _known(error: BaseException, now_ms: int | None) -> Meaning | None:
    for source in SOURCES:
        known = source(error, now_ms)
        if known is not None:
            return known
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What it was raised from, and that from what; a chain may lead back into itself."""
    cause = error.__cause__
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__
