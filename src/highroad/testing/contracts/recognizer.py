"""The contract kit of `highroad.ports.recognizer.Recognizer`.

Derive a test class from `RecognizerContract` and give it the fixtures `recognizer` and `telling`,
a text in which it finds something:

    class TestMyRecognizer(RecognizerContract):
        @pytest.fixture
        def recognizer(self):
            return MyRecognizer()

        @pytest.fixture
        def telling(self):
            return "Jane Doe wrote."
"""

from typing import Final

import pytest

from highroad.ports.recognizer import Recognizer

_LONG: Final = 120_000
HOSTILE: Final = ("", " ", "\x00", "\ud7ff\U0001f600", "a" * 10_000, "1 " * 10_000, "\u202e\u200b")


class RecognizerContract:
    """Every sentence of the port."""

    @pytest.fixture
    def recognizer(self) -> Recognizer:
        """A recognizer."""
        raise NotImplementedError("give your test class a fixture `recognizer`")

    @pytest.fixture
    def telling(self) -> str:
        """A text in which it finds something."""
        raise NotImplementedError("give your test class a fixture `telling`")

    def test_it_finds_what_it_says_that_it_finds(
        self, recognizer: Recognizer, telling: str
    ) -> None:
        """Of its own kinds, with a rule that names what found it."""
        found = recognizer.find(telling)
        assert found
        assert {each.kind for each in found} <= recognizer.kinds
        assert all(each.rule for each in found)

    def test_what_it_finds_lies_in_the_text(self, recognizer: Recognizer, telling: str) -> None:
        """And is not empty."""
        for each in recognizer.find(telling):
            assert 0 <= each.start < each.end <= len(telling)

    def test_it_finds_the_same_again(self, recognizer: Recognizer, telling: str) -> None:
        """Or a pseudonym would change from one reading to the next."""
        assert recognizer.find(telling) == recognizer.find(telling)

    def test_it_finds_it_wherever_it_stands(self, recognizer: Recognizer, telling: str) -> None:
        """Behind other text, at its place in the whole, however long that is."""
        before = "and so on. " * (_LONG // 11)
        pieces = {telling[each.start : each.end] for each in recognizer.find(telling)}
        text = f"{before}{telling}"
        assert pieces <= {text[each.start : each.end] for each in recognizer.find(text)}

    @pytest.mark.parametrize("text", HOSTILE)
    def test_whatever_the_text_is_it_answers(self, recognizer: Recognizer, text: str) -> None:
        """A result may hold anything."""
        for each in recognizer.find(text, "name"):
            assert 0 <= each.start < each.end <= len(text)
