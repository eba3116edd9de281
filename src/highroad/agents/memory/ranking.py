"""Texts ranked by the words that they share with a query, and two rankings as one.

BM25 of Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with k1 = 1.2,
b = 0.75 and the idf of Lucene, which is never negative; reciprocal rank fusion of Cormack, Clarke
and Büttcher (SIGIR 2009), with their k = 60.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

_K1: Final = 1.2
_B: Final = 0.75
_K: Final = 60
_WORD: Final = re.compile(r"\w+")


def by_words(query: str, texts: Mapping[str, str]) -> list[str]:
    """Ids of the texts that share a word with the query, best first, then by id."""
    wanted = sorted(set(_words(query)))
    counts = {name: Counter(_words(text)) for name, text in texts.items()}
    average = sum(each.total() for each in counts.values()) / max(1, len(counts))
    rarity = {word: _rarity(word, counts) for word in wanted}
    scores = {
        name: sum(rarity[word] * _weight(each, word, average) for word in wanted if word in each)
        for name, each in counts.items()
    }
    return sorted([name for name in scores if scores[name]], key=lambda it: (-scores[it], it))


def fused(*rankings: Sequence[str]) -> list[str]:
    """One ranking of several, best first, then by id."""
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] += 1 / (_K + rank)
    return sorted(scores, key=lambda it: (-scores[it], it))


def _rarity(word: str, counts: Mapping[str, Counter[str]]) -> float:
    holders = sum(word in each for each in counts.values())
    return log(1 + (len(counts) - holders + 0.5) / (holders + 0.5))


def _weight(counts: Counter[str], word: str, average: float) -> float:
    room = _K1 * (1 - _B + _B * counts.total() / average)
    return counts[word] * (_K1 + 1) / (counts[word] + room)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
