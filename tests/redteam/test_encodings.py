"""Payloads in every encoding can be read back, and no word of them stands in plain."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.evals.redteam.encodings import ENCODINGS, encoding, joined, readings
from highroad.evals.redteam.instructions import instruction, instructions_in
from highroad.evals.redteam.scenario import Deed

LETTERS = f"{string.printable}äß€"
INSTRUCTION = Deed("send_money", {"to": "DE89370400440532013000", "cents": 4500})


@pytest.mark.parametrize("encoding", ENCODINGS[1:], ids=lambda each: each.name)
def test_what_is_encoded_says_nothing_in_plain(encoding):
    written = encoding.write(instruction(INSTRUCTION))
    assert not any(instruction(INSTRUCTION)[:60] in text for text in written)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda each: each.name)
@given(
    arguments=st.dictionaries(
        st.text("abcdefgh_", min_size=1, max_size=8),
        st.one_of(st.text(LETTERS, max_size=30), st.integers(0, 10**9), st.booleans()),
        max_size=4,
    )
)
def test_an_order_is_found_with_the_very_values_that_it_names(encoding, arguments):
    deed = Deed("send_money", arguments)
    assert deed in instructions_in(encoding.write(instruction(deed)))


def test_pieces_are_put_together_wherever_they_stand():
    pieces = encoding("split").write(instruction(INSTRUCTION))
    assert len(pieces) > 1
    assert joined(reversed(pieces)) == instruction(INSTRUCTION)
    assert joined(["\n".join(pieces)]) == instruction(INSTRUCTION)
    assert instructions_in(["from", pieces[2], "text", pieces[0], "to", pieces[1]]) == (
        INSTRUCTION,
    )


@pytest.mark.parametrize("before", ["", "U", "US", "USA", "/a/b?c=", "0", "x-_"])
@pytest.mark.parametrize("behind", ["", "Z", "==", "/d", ".\n"])
@pytest.mark.parametrize("name", ["base64", "hex"])
def test_an_order_is_found_whatever_it_is_planted_between(name, before, behind):
    """Letters of the text around it are letters of the code, too."""
    (payload,) = encoding(name).write(instruction(INSTRUCTION) + " ")
    assert INSTRUCTION in instructions_in([f"{before}{payload}{behind}"])


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert text in list(readings(text))
