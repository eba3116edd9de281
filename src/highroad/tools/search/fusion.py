"""BM25 and nearness of vectors as one ranking.

Reciprocal rank fusion of Cormack, Clarke and Büttcher (SIGIR 2009), with their k = 60: scores of
the two cannot be compared, ranks can.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Final

from highroad.ports.embedder import Embedder
from highroad.tools.search.index import Index, Match, Searchable

_K: Final = 60
_DEPTH: Final = 50
"""Of each ranking, what is looked at: rank 50 adds less than half of rank 1 as it is."""


class Fusion:
    """Tools by their words and by their meaning.

    Args:
        index: Of the tools.
        embedder: Made the vectors, and makes those of queries.
        vectors: Of the tools, in the order of the index.
    """

    def __init__(
        self, index: Index, embedder: Embedder, vectors: Sequence[Sequence[float]]
    ) -> None:
        self.index: Index = index
        self._embedder: Embedder = embedder
        self._vectors: Sequence[Sequence[float]] = vectors

    @classmethod
    async def of(cls, tools: Iterable[Searchable], embedder: Embedder) -> "Fusion":
        """Index these tools, and have their names and descriptions made vectors.

        Raises:
            HighroadError: The embedder cannot be reached.
        """
        given = tuple(tools)
        vectors = await embedder.embed([f"{tool.name}: {tool.description}" for tool in given])
        return cls(Index.of(given), embedder, vectors)

    async def ranked(self, query: str, *, most: int) -> tuple[Match, ...]:
        """The best tools by both rankings; by name where they are equal.

        Raises:
            HighroadError: The embedder cannot be reached.
        """
        (wanted,) = await self._embedder.embed([query])
        near = sorted(
            (-_product(wanted, vector), name)
            for name, vector in zip(self.index.names, self._vectors, strict=True)
        )
        by_words = [match.name for match in self.index.ranked(query, most=_DEPTH)]
        return fused(by_words, [name for _, name in near[:_DEPTH]])[:most]


def fused(*rankings: Sequence[str]) -> tuple[Match, ...]:
    """One ranking of several, best first."""
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] += 1 / (_K + rank)
    found = sorted((-score, name) for name, score in scores.items())
    return tuple(Match(name=name, score=-score) for score, name in found)


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return fsum(a * b for a, b in zip(one, other, strict=True))
