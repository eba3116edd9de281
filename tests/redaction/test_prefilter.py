"""The scan has a signal of whatever a recognizer finds, and of little else."""

import pytest
from bench.r1 import _CLEAN
from bench.redaction.__main__ import SEED
from bench.redaction.corpus import corpus
from hypothesis import example, given
from hypothesis import strategies as st

from highroad.redaction.detector import Detector
from highroad.redaction.prefilter import Signal, scan
from highroad.redaction.recognizers.core import CORE

SIGNS = "0123456789 .-+:@/()aAbBdDeEsSzZ\u00e9\u00df=_\u00a0\u2013\u0665"
ANYTHING = st.text(st.sampled_from(SIGNS), max_size=60)
GROUP = st.text(st.sampled_from("0123456789"), min_size=1, max_size=6)
PARTED = st.text(st.sampled_from(" .-/()\u00a0\u2010\u2013"), max_size=3)
NUMBERS = st.lists(st.tuples(GROUP, PARTED), min_size=2, max_size=8).map(
    lambda groups: "".join(group + parted for group, parted in groups)
)
BEFORE = st.sampled_from(["", "+", "(", "00", "+49 ", "DE", "AB ", "AB", "X", "M", "a@", "\u20ac"])
BEHIND = st.sampled_from(["", "A", " B", "-Z", " a day", "Z", "@", "x1", "T10:15", ":30"])
CALLED = "phone tax id password bsn ssn personnummer pesel cpf aadhaar card steuer id"


def unsignalled(text):
    """The recognizers that find something in a text and would not be asked."""
    signals = scan(text)
    return [
        recognizer.rule
        for recognizer in CORE
        if not recognizer.signals & signals and recognizer.find(text, CALLED)
    ]


@given(ANYTHING)
def test_of_any_text(text):
    """Or the recognizer would never be asked."""
    assert not unsignalled(text)


@given(BEFORE, NUMBERS, BEHIND)
@example("", "22 33 44 55", "")
@example("", "012 34 56", "")
@example("", "2 69 05 2A 006 084 36", "")
@example("(", "2026-05-12", "")
@example("", "2026-13-45", "")
@example("00", "49 - 30 - 901 820", "")
@example("", "AB 12 34 56 C", "")
@example("", "BH67 BMAG ABCD EFGH IJKL MN", "")
@example("", "MRLRSSUPALMALMNU", "")
def test_of_numbers_in_any_groups(before, number, behind):
    """However they are parted, and whatever stands around them."""
    assert not unsignalled(f"so {before}{number}{behind}")


def test_of_what_people_and_machines_write():
    """The corpus by which recognizers are measured."""
    assert [each.text for each in corpus(SEED, 12) if unsignalled(each.text)] == []


@pytest.mark.parametrize(
    "text",
    [
        _CLEAN,
        "Made on 2026-05-12 at 10:15:30, seen on 2026-05-12T10:15:30Z and until 12.06.2026 18:00.",
        "Order 48213 has 3 items for 1,249.00 EUR: 2.4.1, 30 x 45, a 14-day return.",
        "\u20ac 19,99 f\u00fcr 3 St\u00fcck \u2013 bis 12.06.2026",
        "\u8ba2\u5355 2026\u5e7405\u670812\u65e5 10\u665815\u5206",
        "state-of-the-art customer_address",
    ],
)
def test_plain_prose_has_no_signal(text):
    """With dates, times, prices, versions and counts: no recognizer is asked."""
    assert scan(text) is Signal.NONE


def test_a_number_in_pairs_is_found_where_it_is_called_one():
    """As people write their numbers in Norway and Denmark."""
    (found,) = Detector().find("Call 22 33 44 55 please")
    assert (found.start, found.end, found.kind) == (5, 16, "phone")
