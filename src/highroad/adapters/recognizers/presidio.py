"""Presidio: names of people and places, which have no form, by a model of spaCy.

Only these are asked for: what has a form the core finds, in a thousandth of the time, and
Presidio's recognizer of e-mail addresses fetches a list of domains from the network.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

from highroad.domain.error import SettingsError
from highroad.domain.redaction import Detection, SensitiveKind

_KINDS: Final = {"PERSON": SensitiveKind.PERSON, "LOCATION": SensitiveKind.PLACE}
_LEAST: Final = 0.5
"""Score from which on an entity counts; those of spaCy's models have 0.85."""
_PIECE: Final = 50_000
"""Characters that are analyzed at once: spaCy refuses texts of a million."""
_OVERLAP: Final = 200
"""Of two pieces, so that no name is cut."""


class Entity(Protocol):
    """What an analyzer found (`presidio_analyzer.RecognizerResult`)."""

    entity_type: str
    start: int
    end: int
    score: float


class Analyzer(Protocol):
    """What finds entities (`presidio_analyzer.AnalyzerEngine`)."""

    def analyze(
        self,
        text: str,
        language: str,
        entities: list[str] | None = None,
        *,
        score_threshold: float | None = None,
    ) -> Sequence[Entity]:
        """The entities of a text."""
        ...


class PresidioRecognizer:
    """Finds names of people and places in texts of one language.

    Args:
        analyzer: Of that language.
        language: As ISO 639-1 has it.
    """

    def __init__(self, analyzer: Analyzer, language: str = "en") -> None:
        self._analyzer = analyzer
        self._language = language

    @property
    def kinds(self) -> frozenset[SensitiveKind]:
        """People and places."""
        return frozenset(_KINDS.values())

    def find(self, text: str, name: str = "") -> Sequence[Detection]:
        """Where the text names somebody, or somewhere."""
        del name
        step = _PIECE - _OVERLAP
        found = {
            (each.start, each.end, each.kind): each
            for at in range(0, len(text), step)
            for each in self._in_piece(text[at : at + _PIECE], at)
        }
        return sorted(found.values(), key=lambda each: (each.start, each.end))

    def _in_piece(self, piece: str, at: int) -> Iterator[Detection]:
        entities = self._analyzer.analyze(
            piece, self._language, list(_KINDS), score_threshold=_LEAST
        )
        for each in entities:
            kind = _KINDS.get(each.entity_type)
            if kind is not None and each.start < each.end and each.score >= _LEAST:
                rule = f"presidio-{kind}"
                yield Detection(at + each.start, at + each.end, kind, rule)


def presidio(model: str) -> PresidioRecognizer:
    """A recognizer by a model of spaCy that is installed; nothing is fetched.

    Args:
        model: The package, for example `en_core_web_lg`; it begins with its language.

    Raises:
        ModuleNotFoundError: The library is not installed.
        SettingsError: The model is not.
    """
    library: Any = import_module("presidio_analyzer")
    engines: Any = import_module("presidio_analyzer.nlp_engine")
    if find_spec(model) is None:  # else Presidio would fetch it
        raise SettingsError(
            f"the model {model} of spaCy is not installed: python -m spacy download {model}"
        )
    language = model.partition("_")[0]
    engine = engines.NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": language, "model_name": model}],
        }
    ).create_engine()
    analyzer = library.AnalyzerEngine(nlp_engine=engine, supported_languages=[language])
    return PresidioRecognizer(analyzer, language)
