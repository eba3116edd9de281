"""Tools ranked by what a text says: BM25 over fields.

BM25F of Robertson, Zaragoza and Taylor, "Simple BM25 Extension to Multiple Weighted Fields" (2004),
with k1 = 1.2, b = 0.75 and the idf of Lucene, which is never negative. A word counts once for each
field that has it, times the field's weight. docs/offline-model.md has what the weights bring.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from math import log
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonSchema, JsonValue
from highroad.domain.model import OfferedTool
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.tools.search.words import affirmed, name_words, words

Searchable: TypeAlias = ToolDefinition | OfferedTool
"""What has a name, a description and a schema."""

_K1: Final = 1.2
_B: Final = 0.75
_NAME: Final = 3.0
_DESCRIPTION: Final = 1.0
_ARGUMENTS: Final = 0.5
"""Names and descriptions of arguments: every tool about orders has an `order_id`."""


@value
class Match:
    """A tool that was found."""

    name: str
    score: float
    """Above 0, and comparable within one ranking alone."""


class Index:
    """Which tools have which words.

    Args:
        names: Of the tools, in order.
        postings: For each word, the places in `names` of tools that have it, and what it adds.
        descriptions: Of the tools, in order.
    """

    def __init__(
        self,
        names: Sequence[str],
        postings: Mapping[str, Sequence[tuple[int, float]]],
        descriptions: Sequence[str],
    ) -> None:
        self.names: tuple[str, ...] = tuple(names)
        self.descriptions: Mapping[str, str] = dict(zip(names, descriptions, strict=True))
        self._postings: Mapping[str, Sequence[tuple[int, float]]] = postings

    @classmethod
    def of(cls, tools: Iterable[Searchable]) -> "Index":
        """An index of these tools."""
        given = tuple(tools)
        postings = _postings([_weighed(tool) for tool in given])
        names = [tool.name for tool in given]
        return cls(names, postings, [tool.description for tool in given])

    def ranked(self, query: str, *, most: int) -> tuple[Match, ...]:
        """The tools that share a word with `query`, best first; by name where they are equal."""
        return tuple(nsmallest(most, self._matches(query), key=_order))

    def _matches(self, query: str) -> Iterator[Match]:
        scores: defaultdict[int, float] = defaultdict(float)
        for word in sorted(set(words(query))):  # sums of floats depend on their order
            for place, adds in self._postings.get(word, ()):
                scores[place] += adds
        return (Match(name=self.names[place], score=score) for place, score in scores.items())


def _order(match: Match) -> tuple[float, str]:
    return -match.score, match.name


def _postings(weighed: Sequence[Mapping[str, float]]) -> dict[str, list[tuple[int, float]]]:
    lengths = [sum(counts.values()) for counts in weighed]
    average = sum(lengths) / max(1, len(lengths))
    holders = Counter(word for counts in weighed for word in counts)
    postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, counts in enumerate(weighed):
        room = _K1 * (1 - _B + _B * lengths[place] / average) if average else _K1
        for word, weight in counts.items():
            rarity = log(1 + (len(weighed) - holders[word] + 0.5) / (holders[word] + 0.5))
            postings[word].append((place, rarity * weight * (_K1 + 1) / (weight + room)))
    return dict(postings)


def _weighed(tool: Searchable) -> dict[str, float]:
    counts: defaultdict[str, float] = defaultdict(float)
    for word in name_words(tool.name):
        counts[word] += _NAME
    for weight, text in _fields(tool):
        for word in words(text):
            counts[word] += weight
    return dict(counts)


def _fields(tool: Searchable) -> Iterator[tuple[float, str]]:
    yield _DESCRIPTION, affirmed(tool.description)
    yield _ARGUMENTS, " ".join(argument_texts(tool.input_schema))
    if isinstance(tool, ToolDefinition):  # an offered tool has them in its description
        yield _DESCRIPTION, " ".join(_texts(list(tool.examples)))


def argument_texts(schema: JsonSchema) -> Iterator[str]:
    """Names and descriptions of the arguments, and the words that they may be."""
    members = schema.get("properties")
    for name, member in (members if isinstance(members, dict) else {}).items():
        yield name
        if isinstance(member, dict):
            yield from _texts([member.get("description"), member.get("enum")])
            yield from argument_texts(member)


def _texts(told: JsonValue) -> Iterator[str]:
    match told:
        case str():
            yield told
        case list():
            for each in told:
                yield from _texts(each)
        case dict():
            yield from _texts(list(told.values()))
        case _:
            pass
