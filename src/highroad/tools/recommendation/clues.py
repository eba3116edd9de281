"""What the words of a tool say of what it does to the world."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.recommendation.vocabulary import (
    CHANGES,
    CHOOSING_ARGUMENTS,
    HARMLESS,
    KNOWN,
    NOUNS,
    PLAIN,
    READS,
    RUN_ARGUMENTS,
    RUNNING,
    STATEMENTS,
    THINGS,
    WRITTEN_ARGUMENTS,
)
from highroad.tools.words import words_of

_SENTENCES: Final = re.compile(r"[.;:!?\n]+")
_WORD: Final = re.compile(r"[a-z]+")
_LONGEST: Final = 4_000
_JOINING: Final = frozenset({"and", "or", "then", "also"})
_HTTP: Final = frozenset({"post", "put", "patch", "delete"})
_PUT_DOWN: Final = re.compile(
    r"\b(?:sav(?:e|es|ed|ing)|writ(?:e|es|ten|ing)|overwrit(?:e|es|ten)|stor(?:e|es|ed))\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing that says that more than reading is done."""

    where: str
    """`its name`, `its description`, or an argument by its pointer."""
    word: str

    def __str__(self) -> str:
        return f'{self.where} says "{self.word}"'


@dataclass(frozen=True, slots=False, kw_only=True, eq=False)
class Words:
    """The words of one tool.

    Args:
        definition: Of the tool.
    """

    definition: ToolDefinition

    @cached_property
    def name(self) -> tuple[str, ...]:
        """The words of its name."""
        return words_of(self.definition.name)

    @cached_property
    def arguments(self) -> JsonObject:
        """The schemas of its arguments."""
        members = self.definition.input_schema.get("properties")
        return members if isinstance(members, dict) else {}

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        """The words of each sentence of its description, in lower case."""
        text = self.definition.description[:_LONGEST].lower()
        split = (tuple(_WORD.findall(each)) for each in _SENTENCES.split(text))
        return tuple(words for words in split if words)

    @property
    def read_verb(self) -> str | None:
        """The verb of reading that its name begins with, or else its description."""
        verb = next((word for word in self.name[:4] if word in KNOWN - THINGS), None)
        if verb is None and self.sentences:
            verb = based(self.sentences[0][0])
        return verb if verb in READS else None

    @property
    def verbs(self) -> frozenset[str]:
        """The changing words of its name, things too; without any, that of its first sentence."""
        named = frozenset(self.name) & CHANGES - HARMLESS
        if named or not self.sentences:
            return named
        first = based(self.sentences[0][0])
        return frozenset({first}) if first is not None and first in CHANGES else frozenset()

    @cached_property
    def runs(self) -> tuple[Clue, ...]:
        """What says that it runs what it is handed."""
        named = (Clue(where="its name", word=each) for each in self.name if each in RUNNING)
        takes = (
            Clue(where=f"/{name}", word=name)
            for name, part in self.arguments.items()
            if not RUN_ARGUMENTS.isdisjoint(words_of(name)) and _is_text(part)
        )
        return (*named, *takes)

    @cached_property
    def changes(self) -> tuple[Clue, ...]:
        """What says that something is different afterwards."""
        return (
            *self.runs,
            *self._in_name(),
            *self._in_description(),
            *self._in_arguments(),
        )

    def _in_name(self) -> Iterator[Clue]:
        """Changing words; one that is a thing as well counts where no verb leads it."""
        says_read = bool(self.sentences) and based(self.sentences[0][0]) in READS
        is_led = False
        for at, word in enumerate(self.name):
            is_joined = at > 0 and self.name[at - 1] in _JOINING
            is_thing = word in NOUNS | THINGS and is_led and not is_joined
            is_told = word in THINGS and says_read and not is_joined
            if word in CHANGES and not is_thing and not is_told:
                yield Clue(where="its name", word=word)
            is_led = is_led or word in KNOWN - THINGS

    def _in_description(self) -> Iterator[Clue]:
        """Verbs of changing where a verb stands: at the beginning, and behind "and"."""
        for number, words in enumerate(self.sentences):
            if number == 0 and (verb := based(words[0])) in CHANGES - {"return"}:
                yield Clue(where="its description", word=words[0])
            starts = [] if number == 0 else [words[0]]
            joined = [after for before, after in pairwise(words) if before in _JOINING]
            for word in (*starts, *joined):
                verb = based(word)
                if verb in PLAIN:
                    yield Clue(where="its description", word=word)

    def _in_arguments(self) -> Iterator[Clue]:
        for name, part in self.arguments.items():
            found = _argument_clue(name, part if isinstance(part, dict) else {})
            if found is not None:
                yield Clue(where=f"/{name}", word=found)


def based(word: str) -> str | None:
    """The verb that a word is a form of; `None` where it is none that is known."""
    forms = (word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word))
    return next((form for form in forms if form in KNOWN), None)


def _argument_clue(name: str, part: JsonObject) -> str | None:
    """The word of an argument that says that the tool changes something."""
    words = words_of(name)
    told = part.get("description")
    told = told.lower() if isinstance(told, str) else ""
    if "_".join(words) in WRITTEN_ARGUMENTS:
        return name
    if (language := _statement(words, told)) is not None:
        return language
    if words and words[-1] in CHOOSING_ARGUMENTS:
        values = [str(each).lower() for each in _listed(part.get("enum"))]
        return next((each for each in values if _is_change(each)), None if values else name)
    if words and words[-1] in {"file", "filename", "filepath", "path"}:
        found = _PUT_DOWN.search(told)
        return None if found is None else found[0]
    return None


def _statement(words: tuple[str, ...], told: str) -> str | None:
    said = {*words, *(_WORD.findall(told) if words[-1:] == ("query",) else ())}
    return next(iter(sorted(said & STATEMENTS)), None)


def _is_change(value: str) -> bool:
    words = words_of(value)
    return value in _HTTP or not CHANGES.isdisjoint(words)


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _is_text(part: JsonValue) -> bool:
    return not isinstance(part, dict) or part.get("type", "string") in {"string", "array"}
