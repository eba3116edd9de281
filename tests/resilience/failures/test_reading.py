"""What Python's own exceptions mean, chains of causes, and groups."""

import asyncio
import concurrent.futures
import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.failure import FailureKind
from highroad.resilience.failures.python import CLASSES
from highroad.resilience.failures.reading import meaning_of


class ShopError(Exception):
    """Known to no source."""


def chained(outer, *causes):
    """`raise outer from first`, which was raised from the second, and so on."""
    error = outer
    for cause in causes:
        error.__cause__ = cause
        error = cause
    return outer


@pytest.mark.parametrize(
    ("error", "kind", "is_not_applied"),
    [
        (ConnectionRefusedError(), "transient", True),
        (OSError(errno.ECONNREFUSED, "refused"), "transient", True),
        (socket.gaierror(socket.EAI_NONAME, "name"), "transient", True),
        (ssl.SSLCertVerificationError(), "permanent", True),
        (ConnectionResetError(), "transient", False),
        (BrokenPipeError(), "transient", False),
        (ConnectionAbortedError(), "transient", False),
        (asyncio.IncompleteReadError(b"", 1), "transient", False),
        (ssl.SSLEOFError(), "transient", False),
        (TimeoutError(), "timeout", False),
        (OSError(errno.ETIMEDOUT, "late"), "timeout", False),
        (OSError(errno.EHOSTUNREACH, "no way"), "transient", False),
        (OSError(errno.EMFILE, "files"), "transient", False),
        (OSError(errno.ENOSPC, "full"), "permanent", False),
        (OSError(errno.EIO, "disk"), "unknown", False),
        (OSError("odd"), "unknown", False),
        (PermissionError(), "denied", False),
        (FileNotFoundError(), "invalid_arguments", False),
        (asyncio.CancelledError(), "cancelled", False),
        (concurrent.futures.CancelledError(), "cancelled", False),
        (MemoryError(), "bug", False),
        (KeyError("x"), "bug", False),
        (TypeError(), "bug", False),
        (AssertionError(), "bug", False),
        (ZeroDivisionError(), "bug", False),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "bug", False),
        (RecursionError(), "bug", False),
        (SystemExit(1), "bug", False),
        (RuntimeError(), "unknown", False),
        (ShopError(), "unknown", False),
    ],
    ids=lambda each: f"{type(each).__module__}.{each!r}",
)
def test_an_exception_of_pythons_own_has_its_kind(error, kind, is_not_applied):
    seen = meaning_of(error)
    assert (seen.kind, seen.is_not_applied) == (kind, is_not_applied)


@pytest.mark.promise("P3")
def test_only_what_was_never_sent_is_a_proof():
    proofs = {known for known, _, is_not_applied in CLASSES if is_not_applied}
    assert proofs == {ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError}


@pytest.mark.promise("P11")
def test_a_cause_says_the_kind_and_never_that_nothing_was_applied():
    """What wraps an error may have tried before, and been heard."""
    seen = meaning_of(chained(ShopError(), ShopError(), ConnectionRefusedError()))
    assert (seen.kind, seen.is_not_applied) == (FailureKind.TRANSIENT, False)


def test_an_error_that_a_source_knows_is_not_asked_for_its_cause():
    assert meaning_of(chained(KeyError(), ConnectionRefusedError())).kind is FailureKind.BUG


def test_what_merely_came_up_while_another_error_was_handled_says_nothing():
    error = ShopError()
    error.__context__ = ConnectionRefusedError()
    assert meaning_of(error).kind is FailureKind.UNKNOWN


def test_a_chain_that_leads_into_itself_ends():
    error, cause = ShopError(), ShopError()
    chained(error, cause, error)
    assert meaning_of(error).kind is FailureKind.UNKNOWN


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([ConnectionRefusedError()], "transient"),
        ([ConnectionRefusedError(), TimeoutError()], "timeout"),
        ([ConnectionRefusedError(), KeyError()], "bug"),
        ([TimeoutError(), ShopError()], "unknown"),
        ([PermissionError(), ConnectionResetError()], "denied"),
    ],
)
def test_of_several_errors_the_gravest_decides_and_none_is_a_proof(errors, kind):
    seen = meaning_of(ExceptionGroup("", errors))
    assert (seen.kind, seen.is_not_applied) == (kind, False)


def test_groups_in_groups_are_looked_into():
    inner = ExceptionGroup("", [ConnectionResetError()])
    assert meaning_of(ExceptionGroup("", [inner, TimeoutError()])).kind is FailureKind.TIMEOUT


def test_a_very_large_group_is_read_in_part():
    assert meaning_of(ExceptionGroup("", [TimeoutError()] * 10_000)).kind is FailureKind.TIMEOUT


ERRORS = st.sampled_from([ConnectionRefusedError, TimeoutError, KeyError, ShopError, MemoryError])


@pytest.mark.promise("P7")
@given(ERRORS, st.text(min_size=3), st.text(min_size=3))
def test_nothing_that_an_error_says_is_in_what_it_means(kind, text, other):
    seen = meaning_of(chained(kind(text), ShopError(other)))
    assert (seen.kind, seen.rule) == (meaning_of(kind()).kind, meaning_of(kind()).rule)
