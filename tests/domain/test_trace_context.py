"""What strangers say of traces is read as the specification has it, and nothing else of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.trace_context import TraceContext, of_host, read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"00-{TRACE}-{SPAN}-ff", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be", True),
    ],
)
def test_a_header_has_ids_and_a_flag(header, is_sampled):
    assert read_traceparent(header) == TraceContext(
        trace_id=TRACE, span_id=SPAN, is_sampled=is_sampled
    )


@pytest.mark.parametrize(
    "header",
    [
        *(None, 7, "", "00", {"traceparent": TRACE}),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 999}",
        *(f"00-{TRACE}-{SPAN}-1", f"0-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}"),
        *(f" 00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01\n", f"00-{TRACE}-{SPAN}-01\n\n"),
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
        f"00-{TRACE}'; DROP TABLE entry; --{SPAN}-01",
    ],
)
def test_a_malformed_header_says_nothing(header):
    assert read_traceparent(header) is None


@given(st.text(alphabet="0123456789abcdefABC-f\n ", max_size=60))
def test_whatever_is_read_are_ids_of_w3c(header):
    found = read_traceparent(header)
    if found is not None:
        assert (int(found.trace_id, 16) > 0, len(found.trace_id)) == (True, 32)
        assert (int(found.span_id or "0", 16) > 0, len(found.span_id or "")) == (True, 16)


def test_longer_ids_of_a_host_are_cut_and_names_are_none():
    longer = TraceContext(trace_id=TRACE, span_id=SPAN)
    assert of_host(TRACE, f"{SPAN}12345678") == longer
    assert of_host(TRACE, "no-op") == of_host(TRACE, "0" * 24) == TraceContext(trace_id=TRACE)
    for name in ("no-op", "the-case-of-alice", "0" * 32, TRACE.upper(), f"{TRACE}0", ""):
        assert of_host(name, SPAN) is None
