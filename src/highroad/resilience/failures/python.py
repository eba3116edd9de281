"""Python's own exceptions: the operating system's, and those that a bug raises."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Mapping
from concurrent import futures
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures.meaning import Meaning

CLASSES: Final[tuple[tuple[type[BaseException], FailureKind, bool], ...]] = (
    # A connection that is refused was never made, and a host without an address never asked for
    # one: nothing was sent (connect(2), ECONNREFUSED; getaddrinfo(3)).
    (ConnectionRefusedError, FailureKind.TRANSIENT, True),
    (socket.gaierror, FailureKind.TRANSIENT, True),
    # The certificate is judged before the handshake ends, and no request goes out before that
    # (RFC 8446, 4.4.2.4); Python sends no early data.
    (ssl.SSLCertVerificationError, FailureKind.PERMANENT, True),
    # What was sent before a connection broke may have arrived.
    (ConnectionError, FailureKind.TRANSIENT, False),
    (ssl.SSLError, FailureKind.TRANSIENT, False),
    (asyncio.IncompleteReadError, FailureKind.TRANSIENT, False),
    (TimeoutError, FailureKind.TIMEOUT, False),
    (InterruptedError, FailureKind.TRANSIENT, False),
    (BlockingIOError, FailureKind.TRANSIENT, False),
    (PermissionError, FailureKind.DENIED, False),
    (FileNotFoundError, FailureKind.INVALID_ARGUMENTS, False),
    (FileExistsError, FailureKind.INVALID_ARGUMENTS, False),
    (IsADirectoryError, FailureKind.INVALID_ARGUMENTS, False),
    (NotADirectoryError, FailureKind.INVALID_ARGUMENTS, False),
    (asyncio.CancelledError, FailureKind.CANCELLED, False),
    (futures.CancelledError, FailureKind.CANCELLED, False),
    (MemoryError, FailureKind.BUG, False),
    (AssertionError, FailureKind.BUG, False),
    (ArithmeticError, FailureKind.BUG, False),
    (AttributeError, FailureKind.BUG, False),
    (LookupError, FailureKind.BUG, False),
    (NameError, FailureKind.BUG, False),
    (TypeError, FailureKind.BUG, False),
    (ValueError, FailureKind.BUG, False),
    (ImportError, FailureKind.BUG, False),
    (SyntaxError, FailureKind.BUG, False),
    (NotImplementedError, FailureKind.BUG, False),
    (RecursionError, FailureKind.BUG, False),
    (SystemExit, FailureKind.BUG, False),
)
"""The first class that an error is of says its kind, and whether nothing was applied."""

NUMBERS: Final[Mapping[int, FailureKind]] = {
    errno.ENETUNREACH: FailureKind.TRANSIENT,  # no proof: it may come of a connection that stood
    errno.EHOSTUNREACH: FailureKind.TRANSIENT,
    errno.ENETDOWN: FailureKind.TRANSIENT,
    errno.EHOSTDOWN: FailureKind.TRANSIENT,
    errno.ENETRESET: FailureKind.TRANSIENT,
    errno.EADDRNOTAVAIL: FailureKind.TRANSIENT,  # no port is left
    errno.EMFILE: FailureKind.TRANSIENT,
    errno.ENFILE: FailureKind.TRANSIENT,
    errno.ENOBUFS: FailureKind.TRANSIENT,
    errno.EBUSY: FailureKind.TRANSIENT,
    errno.ENOSPC: FailureKind.PERMANENT,
    errno.EDQUOT: FailureKind.PERMANENT,
    errno.EROFS: FailureKind.PERMANENT,
}
"""Of what the operating system says by number alone (errno(3))."""


def meaning(error: BaseException, now_ms: int | None) -> Meaning | None:
    """What an exception of Python's own means; `None` of one that says nothing of its kind."""
    del now_ms
    for known, kind, is_not_applied in CLASSES:
        if isinstance(error, known):
            rule = f"python.{known.__name__}"
            return Meaning(kind=kind, rule=rule, is_not_applied=is_not_applied)
    number = error.errno if isinstance(error, OSError) else None
    if number is None or number not in NUMBERS:
        return None
    return Meaning(kind=NUMBERS[number], rule=f"python.{errno.errorcode[number]}")
