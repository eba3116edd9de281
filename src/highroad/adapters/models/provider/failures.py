"""Why a provider did not reply, in our words.

A provider's own words may quote what it was asked, so none of them is handed on (P7): status, and
codes in the form of one.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
    UserError,
)

from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import ModelError

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_TIMED_OUT: Final = 408
_FIRST_OF_SERVER: Final = 500
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What kinds of error of the library mean."""

    kind: FailureKind
    words: str
    is_counted: bool = False


Readings: TypeAlias = Sequence[tuple[type[Exception], Reading]]
"""What errors mean."""
REFUSED: Final = Reading(
    kind=FailureKind.INVALID_ARGUMENTS,
    words="refused the request as it stands; look at its settings and tools",
)
NO_REPLY: Final = Reading(
    kind=FailureKind.TRANSIENT,
    words="answered with what is no reply; ask again, and look at its address if it stays so",
    is_counted=True,
)
_READINGS: Final[Readings] = (
    (
        ModelRateLimitError,
        Reading(kind=FailureKind.THROTTLED, words="asks for fewer requests; wait, then ask again"),
    ),
    (
        ModelQuotaExceededError,
        Reading(
            kind=FailureKind.DENIED,
            words="says that the account has no credit left; look at its billing",
        ),
    ),
    (
        ModelAuthenticationError,
        Reading(
            kind=FailureKind.DENIED,
            words="does not accept the key, or the key does not permit this model; look at both",
        ),
    ),
    (
        ModelContextWindowExceededError,
        Reading(
            kind=FailureKind.PERMANENT,
            words="says that the request is longer than its context; send fewer messages, or take "
            "a model with a longer context",
        ),
    ),
    (
        ModelNotFoundError,
        Reading(
            kind=FailureKind.PERMANENT,
            words="knows no such model, or nothing is at this address; look at both",
        ),
    ),
    (ModelRequestRejectedError, REFUSED),
    (
        ModelRequestTimeout,
        Reading(
            kind=FailureKind.TIMEOUT,
            words="did not reply in the time that a request has; ask again, or give it longer",
            is_counted=True,
        ),
    ),
    (
        ModelTimeoutError,
        Reading(
            kind=FailureKind.TIMEOUT,
            words="did not answer in time; ask again, or give it longer",
            is_counted=True,
        ),
    ),
    (
        ModelConnectionError,
        Reading(
            kind=FailureKind.TRANSIENT,
            words="could not be reached, or its reply broke off; ask again",
            is_counted=True,
        ),
    ),
    (
        ModelUnavailableError,
        Reading(kind=FailureKind.TRANSIENT, words="cannot reply now; ask again later"),
    ),
    (
        UserError,
        Reading(
            kind=FailureKind.INVALID_ARGUMENTS,
            words="cannot be asked so: it does not know the choice of tools, the hosted tool or "
            "the form of output; leave it out, or take another model",
        ),
    ),
    (UnexpectedModelBehavior, NO_REPLY),
)
"""The first that fits counts: what is special stands before what is general."""
_BROKEN: Final = Reading(
    kind=FailureKind.TRANSIENT, words="failed on its side; ask again", is_counted=True
)
_SENT_NOTHING: Final = frozenset({"pool", "connect"})
_MISREAD: Final = (AttributeError, LookupError, TypeError, ValueError)
"""What reading JSON of another kind ends in: libraries believe in what a provider sends."""
_HANDED_ON: Final[tuple[type[Exception], ...]] = (
    ModelAPIError,
    UnexpectedModelBehavior,
    UserError,
    *_MISREAD,
)


@contextmanager
def told_of(model: str, own: Readings = ()) -> Iterator[None]:
    """Raise what goes wrong with `model` as a `ModelError`, free of what was asked.

    Args:
        model: `provider:model`.
        own: Errors of the provider's library that pydantic-ai hands on.
    """
    handed_on = (*_HANDED_ON, *(type_ for type_, _ in own))
    try:
        yield
    except handed_on as error:
        raise failure_of(error, model, own) from None  # its own words may hold the prompt


def failure_of(error: Exception, model: str, own: Readings = ()) -> ModelError:
    """What an error of a library means."""
    reading = _reading(error, own)
    retry_after_s = error.retry_after if isinstance(error, ModelAPIError) else None
    return ModelError(
        f"{model} {reading.words}{_particulars(error)}",
        kind=reading.kind,
        retry_after_s=retry_after_s,
        is_counted=_is_counted(error, reading),
    )


def broken_off(model: str) -> ModelError:
    """A stream that ended before its reply was whole."""
    return ModelError(
        f"{model} broke off in the middle of its reply; ask again", kind=FailureKind.TRANSIENT
    )


def no_reply(model: str) -> ModelError:
    """An answer with nothing of a reply in it."""
    return ModelError(f"{model} {NO_REPLY.words}", kind=NO_REPLY.kind)


def misspoken(model: str) -> ModelError:
    """A reply that the provider itself could not read, such as a call that is no JSON."""
    return ModelError(
        f"{model} wrote what its provider could not read; ask again", kind=FailureKind.TRANSIENT
    )


def _reading(error: Exception, own: Readings) -> Reading:
    for type_, reading in (*own, *_READINGS):
        if isinstance(error, type_):
            return reading
    if isinstance(error, _MISREAD):
        return NO_REPLY
    return _of_status(error.status_code) if isinstance(error, ModelHTTPError) else _BROKEN


def _of_status(status: int) -> Reading:
    if status == _TIMED_OUT:
        return Reading(kind=FailureKind.TIMEOUT, words="did not answer in time; ask again")
    if status >= _FIRST_OF_SERVER or status == _CONFLICT:
        return _BROKEN
    return Reading(kind=FailureKind.INVALID_ARGUMENTS, words="refused the request as it stands")


def _is_counted(error: Exception, reading: Reading) -> bool:
    if isinstance(error, ModelConnectionError) and error.phase in _SENT_NOTHING:
        return False
    is_in_stream = isinstance(error, ModelAPIError) and error.in_stream
    return reading.is_counted or is_in_stream


def _particulars(error: Exception) -> str:
    if not isinstance(error, ModelAPIError):
        return ""
    status = f"HTTP {error.status_code}" if isinstance(error, ModelHTTPError) else None
    codes = (error.provider_error_code, error.provider_error_type)
    known = [code for code in codes if code and _CODE.fullmatch(code)]
    told = [part for part in (status, *known) if part]
    return f" ({', '.join(told)})" if told else ""
