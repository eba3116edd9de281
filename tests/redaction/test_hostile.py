"""Whatever a text is, it is read in time that grows with its length, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.redaction.detector import Detector

SHAPES = {
    "letters": "a",
    "digits": "1",
    "digits and blanks": "1 ",
    "digits and dashes": "1-",
    "ids": "AB 12 ",
    "numbers and letters": "12345678",
    "signs": "a@",
    "domains": "a@a.",
    "dots": "1.",
    "colons": ":",
    "double colons": "::1",
    "hexadecimal": "a:",
    "plus": "+1",
    "brackets": "(1",
    "accounts": "DE12",
    "addresses": "://a:",
    "tokens": "eyJaaaaaaaaaaa.",
    "blocks": "-----BEGIN PRIVATE KEY-----a",
    "drawn": "aA1b2C3d4E5f6G7h8I9j0 ",
    "words": "password ",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_made_to_be_slow_is_not(shape):
    """A megabyte takes a second or two; where time grew with the square it would take hours."""
    Detector().find(SHAPES[shape] * (1_000_000 // len(SHAPES[shape])), "password")


TEXT = st.text(st.sampled_from("0123456789 .-+:@/()aAbBdDeEsSzZéß=_\u00a0\u0665"), max_size=60)


@given(TEXT)
def test_findings_lie_in_the_text_in_order_and_apart(text):
    """Whatever it holds."""
    ends = [0]
    for detection in Detector().find(text, "phone"):
        assert ends[-1] <= detection.start < detection.end <= len(text)
        ends.append(detection.end)
