"""What a definition has to do with tools from somewhere else: their names, and words about them."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from highroad.domain.tool import ToolDefinition
from highroad.tools.scrutiny.likeness import is_lookalike
from highroad.tools.scrutiny.suspicion import Suspicion, SuspicionCode
from highroad.tools.scrutiny.texts import texts_of

_STEERING: Final = re.compile(
    r"\b(?:instead(?: of)?|rather than|do not|don't|never|avoid|replaces?|supersedes?|deprecated|"
    r"broken|unsafe|must|always|first|before|prefer)\b",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[a-z]+")
"""A name of one small word stands in descriptions as that word, unless it is told to be a tool."""
_SENTENCE: Final = re.compile(r"(?<=[.!?\n])\s+")


def about_neighbours(
    definition: ToolDefinition, others: Iterable[ToolDefinition]
) -> Iterator[Suspicion]:
    """Names that this tool passes for, and words of it about tools from somewhere else."""
    foreign = {each.name: each for each in others if each.source != definition.source}
    for name, other in foreign.items():
        if is_lookalike(definition.name, name):
            yield Suspicion(
                code=SuspicionCode.LOOKALIKE,
                pointer="/name",
                why=f"its name passes for {name}, which {_origin(other)}",
            )
    texts = list(texts_of(definition))
    for name, other in foreign.items():
        yield from _words_about(name, other, texts)


def _words_about(
    name: str, other: ToolDefinition, texts: list[tuple[str, str]]
) -> Iterator[Suspicion]:
    pattern = _as_tool(name) if _PLAIN.fullmatch(name) else _as_word(name)
    for pointer, text in texts:
        for sentence in _SENTENCE.split(text) if name in text else ():
            if pattern.search(sentence) is None:
                continue
            steers = _STEERING.search(sentence) is not None
            what = "sends a model to or away from" if steers else "speaks of"
            yield Suspicion(
                code=SuspicionCode.STEERS if steers else SuspicionCode.MENTIONS,
                pointer=pointer,
                why=f"it {what} {name}, which {_origin(other)}",
            )
            return


def _as_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def _as_tool(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"[`'\"]{name}[`'\"]|\b(?:tool|function)s?:?\s+{name}\b|\b{name}\s+(?:tool|function)\b"
        rf"|\b{name}\(",
        re.IGNORECASE,
    )


def _origin(other: ToolDefinition) -> str:
    return f"comes from {other.source}" if other.source else "is this program's own"
