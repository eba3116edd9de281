"""A recognizer that is a pattern, a check of what it matched, and words that must stand near."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.redaction import Detection, SensitiveKind
from highroad.redaction.prefilter import Signal

_NEAR: Final = 48
"""So many characters before a match may say what it is."""
_PARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+")
"""Where the words of a field's name part."""


def always(text: str) -> bool:
    """What the pattern matched needs no check."""
    return bool(text)


def words(*alternatives: str) -> re.Pattern[str]:
    """Finds one of some words or phrases, in any case; a blank also where names of fields part."""
    found = "|".join(alternatives).replace(" ", "[ _-]")
    return re.compile(rf"(?<![^\W_])(?:{found})(?![^\W_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRecognizer:
    """Finds what matches `pattern`, passes `is_valid`, and is called by its name where it must be.

    A group `it` in the pattern is the detection; without one, the whole match is.

    Args:
        rule: Its name.
        kind: What it finds.
        signals: Any of which a text has in which it can find something.
        pattern: Matches in time linear in the text, whatever that is.
        is_valid: Says whether a match is what it looks like.
        context: Words of which one stands near, where the form says too little.
        needs_word: Says which matches need one of these words; without it, each does.
    """

    rule: str
    kind: SensitiveKind
    signals: Signal
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool] = always
    context: re.Pattern[str] | None = None
    needs_word: Callable[[str], bool] = always

    @property
    def kinds(self) -> frozenset[SensitiveKind]:
        """The one kind that it finds."""
        return frozenset({self.kind})

    def find(self, text: str, name: str = "") -> Sequence[Detection]:
        """Where the text has what it knows."""
        return list(self._found(text, name))

    def _found(self, text: str, name: str) -> Iterator[Detection]:
        group = "it" if "it" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            start, end = match.span(group)
            if self.is_valid(match[group]) and self._is_called_so(text, start, end, name):
                yield Detection(start, end, self.kind, self.rule)

    def _is_called_so(self, text: str, start: int, end: int, name: str) -> bool:
        if self.context is None or not self.needs_word(text[start:end]):
            return True
        if name and self.context.search(_PARTS.sub(" ", name)):
            return True
        return self.context.search(text, max(0, start - _NEAR), start) is not None
