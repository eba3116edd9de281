"""Presidio's adapter fulfils the port, on an analyzer that answers as Presidio's does.

Its models are too large for this suite. `RecognizerResult` and `AnalyzerEngine.analyze` are as in
presidio-analyzer 2.2.366.
"""

import re
import sys
from dataclasses import dataclass

import pytest

from highroad.adapters.recognizers.presidio import PresidioRecognizer
from highroad.bootstrap.recognizers import recognizers_of
from highroad.domain.error import SettingsError
from highroad.domain.redaction import RedactionMode, RedactionRule, SensitiveKind
from highroad.redaction.detector import Detector
from highroad.redaction.recognizers.core import CORE
from highroad.redaction.redactor import Redactor
from highroad.testing.contracts.recognizer import RecognizerContract


@dataclass
class RecognizerResult:
    entity_type: str
    start: int
    end: int
    score: float


class Engine:
    """Knows one person, one city and a nationality, and refuses what spaCy would."""

    KNOWN = (("PERSON", "Jane Doe", 0.85), ("LOCATION", "Paris", 0.85), ("PERSON", "May", 0.3))

    def __init__(self):
        self.asked = []

    def analyze(self, text, language, entities=None, *, score_threshold=None):
        self.asked.append((language, entities))
        assert len(text) <= 1_000_000, "[E088] text is too long"
        return [
            RecognizerResult(kind, match.start(), match.end(), score)
            for kind, known, score in self.KNOWN
            for match in re.finditer(known, text)
            if score >= score_threshold and kind in entities
        ]


class TestPresidio(RecognizerContract):
    @pytest.fixture
    def recognizer(self):
        return PresidioRecognizer(Engine())

    @pytest.fixture
    def telling(self):
        return "Jane Doe moved to Paris in May."


class TestCore(RecognizerContract):
    @pytest.fixture
    def recognizer(self):
        return next(each for each in CORE if each.rule == "email")

    @pytest.fixture
    def telling(self):
        return "Jane Doe <jane@example.com> wrote."


def test_it_is_asked_for_nothing_but_people_and_places():
    """Its recognizer of addresses would fetch a list from the network."""
    engine = Engine()
    PresidioRecognizer(engine, "de").find("Jane Doe")
    assert engine.asked == [("de", ["PERSON", "LOCATION"])]


def test_people_and_places_are_put_out_of_sight_beside_what_has_a_form():
    """The core's own recognizers go on finding what they know."""
    redactor = Redactor(Detector(others=[PresidioRecognizer(Engine())]))
    rule = RedactionRule(mode=RedactionMode.MASK)
    assert redactor.text("Jane Doe (jane@example.com) in Paris", rule) == (
        "[person] ([email]) in [place]"
    )


def test_a_name_on_the_border_of_two_pieces_is_found_whole_and_once():
    """Long texts are analyzed in pieces that overlap."""
    text = "x" * 49_996 + "Jane Doe" + " y" * 30_000
    (found,) = PresidioRecognizer(Engine()).find(text)
    assert text[found.start : found.end] == "Jane Doe"
    assert found.kind is SensitiveKind.PERSON


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch):
    """The library is an extra."""
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(SettingsError, match=r"highroad\[presidio\]"):
        recognizers_of(["presidio:en_core_web_lg"])


@pytest.mark.parametrize("name", ["spacy:en", "presidio", "presidio:"])
def test_a_recognizer_that_there_is_not_is_an_error(name):
    """Or what it was to find would stay in sight."""
    with pytest.raises(SettingsError, match="no kind"):
        recognizers_of([name])
