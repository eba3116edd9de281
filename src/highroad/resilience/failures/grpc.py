"""gRPC: status codes, as `doc/statuscodes.md` of gRPC and `grpc/status.h` describe them."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures.likeness import class_names, read
from highroad.resilience.failures.meaning import Meaning

CODES: Final[Mapping[str, tuple[FailureKind, bool]]] = {
    "CANCELLED": (FailureKind.CANCELLED, False),
    "UNKNOWN": (FailureKind.UNKNOWN, False),
    "INVALID_ARGUMENT": (FailureKind.INVALID_ARGUMENTS, False),
    # The operation may have ended well all the same, as the page says.
    "DEADLINE_EXCEEDED": (FailureKind.TIMEOUT, False),
    "NOT_FOUND": (FailureKind.INVALID_ARGUMENTS, False),
    "ALREADY_EXISTS": (FailureKind.INVALID_ARGUMENTS, False),
    "PERMISSION_DENIED": (FailureKind.DENIED, False),
    "RESOURCE_EXHAUSTED": (FailureKind.THROTTLED, False),
    # No proof: a channel that is told to repeat may have been heard the first time.
    "FAILED_PRECONDITION": (FailureKind.INVALID_ARGUMENTS, False),
    "ABORTED": (FailureKind.TRANSIENT, False),
    "OUT_OF_RANGE": (FailureKind.INVALID_ARGUMENTS, False),
    # "Operation is not implemented or not supported/enabled in this service"
    "UNIMPLEMENTED": (FailureKind.PERMANENT, True),
    "INTERNAL": (FailureKind.PERMANENT, False),
    # "NOT A GUARANTEE that the server has not seen anything"
    "UNAVAILABLE": (FailureKind.TRANSIENT, False),
    "DATA_LOSS": (FailureKind.PERMANENT, False),
    # "The request does not have valid authentication credentials for the operation"
    "UNAUTHENTICATED": (FailureKind.DENIED, True),
}
"""What a code is a sign of, and whether it says itself that the operation was not begun."""

_PUSHBACK: Final = "grpc-retry-pushback-ms"
"""Trailing metadata by which a server says when to come back (gRFC A6)."""
_COUNT: Final = re.compile(r"[0-9]{1,12}")


def meaning(error: BaseException, now_ms: int | None) -> Meaning | None:
    """What a status of a remote procedure call means; `None` of all other errors."""
    del now_ms
    if "grpc.RpcError" not in class_names(error):
        return None
    code = _code(error)
    kind, is_not_applied = CODES.get(code, (FailureKind.UNKNOWN, False))
    return Meaning(
        kind=kind,
        rule=f"grpc.{code}" if code in CODES else "grpc",
        is_not_applied=is_not_applied,
        retry_after_s=_pushback_s(error),
    )


def _code(error: BaseException) -> str:
    return str(read(_asked(error, "code"), "name"))


def _pushback_s(error: BaseException) -> float | None:
    """Seconds that the server asks for; a negative pushback says nothing of when."""
    metadata = _asked(error, "trailing_metadata")
    if not isinstance(metadata, Iterable):
        return None
    for pair in metadata:
        match pair:
            case (str() as key, str() as value) if key == _PUSHBACK and _COUNT.fullmatch(value):
                return int(value) / 1_000
    return None


def _asked(error: BaseException, method: str) -> object:
    ask = read(error, method)
    if not callable(ask):
        return None
    try:
        return ask()
    except Exception:  # noqa: BLE001 - foreign code, asked in passing
        return None
