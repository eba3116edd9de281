"""The request lock: which tools with effects the user's own words call for.

It is made of what the user said in a run and of nothing else, so no text that a tool has read can
widen it; a later message of the user's can. It compares words: a deed of the request with the deed
of a phrase that says what a tool is for, and the thing that the deed is done to. It knows English;
a request in another language calls for a tool whose declared phrases have its words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from highroad.domain.value import value as frozen_value
from highroad.evidence.intent.stems import is_past, stem
from highroad.evidence.intent.words import DEEDS, deeds_of, is_often_noun, things_of

ANYTHING: Final = "*"
"""A phrase that every request calls for."""
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|[.!?;:,\n]|[$\u20ac\u00a3]\d|\d+")
_STOPS: Final = frozenset(".!?;:,\n")
QUOTED: Final = re.compile(
    r"```.*?```|`[^`\n]*`|\"[^\"\n]*\"|\u201c[^\u201d\n]*\u201d?|(?<!\w)'[^'\n]*'(?!\w)|^>[^\n]*$",
    re.DOTALL | re.MULTILINE,
)
"""What the user quotes, another said: it names values, and calls for nothing."""
# Each begins where a word does: at every letter, a long word would take its length squared.
_ADDRESSES: Final = re.compile(r"(?<!\S)\S+@\S+|\b\w+://\S+|www\.\S+", re.IGNORECASE)
_BEFORE_VERBS_WORDS: Final = """
    to and then please also or can could would will should must may might you just i we lets let's
    let kindly now go ahead help me need not only finally first next afterwards after
"""
_BEFORE_VERBS: Final = frozenset(_BEFORE_VERBS_WORDS.split())
_BEFORE_NOUNS_WORDS: Final = """
    a an the my your his her its our their this that these those some any no last latest each every
    new recent all of
"""
_BEFORE_NOUNS: Final = frozenset(_BEFORE_NOUNS_WORDS.split())
_WISHES_WORDS: Final = "want wants wanted need needs like love get please should must be have make"
_WISHES: Final = frozenset(_WISHES_WORDS.split())
_LIGHT_WORDS: Final = """
    make made do need want like request issue process arrange get initiate set give put place have
    start send
"""
_LIGHT: Final = frozenset(_LIGHT_WORDS.split())
"""Verbs that leave the deed to a noun: `make a payment`, `I need a refund`."""
_NEGATIONS_WORDS: Final = """
    not never without don't dont doesn't didn't won't can't cannot shouldn't no avoid
"""
_NEGATIONS: Final = frozenset(_NEGATIONS_WORDS.split())
_OTHERS: Final = frozenset({"he", "she", "they"})
"""Right before a verb: what somebody else does."""
_ASKED: Final = frozenset({"did", "does"})
_TO_USER: Final = frozenset(map(stem, ("tell", "inform", "say", "give", "let", "write", "show")))
_ME: Final = frozenset({"me", "us"})
_PARTICLES: Final = frozenset({"up", "on", "off", "in", "out", "back", "over", "know", "rid"})
_MONEY: Final = next(iter(things_of(stem("money")) - {stem("money")}))
_PAYS: Final = deeds_of(stem("pay"))
_GIVES: Final = deeds_of(stem("send")) | deeds_of(stem("create")) | deeds_of(stem("give"))
_SPEAKS_WORDS: Final = """
    e-mail email mail message notify text reply respond tell inform write post answer alert warn
"""
_SPEAKS: Final = frozenset({"let know", *map(stem, _SPEAKS_WORDS.split())})
"""Verbs that say by themselves what is sent."""
_LETTERS: Final = things_of(stem("email"))
_SAYS: Final = deeds_of(stem("send"))
_REPLIES: Final = frozenset(map(stem, ("answer", "comment", "reply")))
"""What somebody leaves who replies: `add a comment`."""
_REPLYING: Final = frozenset(map(stem, ("answer", "reply", "respond")))
_WITHIN: Final = 4
"""So far apart two words of one deed may stand."""


@frozen_value(eq=False)
class Lock:
    """What the user's words call for."""

    deeds: frozenset[str] = frozenset()
    """Classes of verbs."""
    things: frozenset[str] = frozenset()
    """Classes and stems of all words."""

    def calls_for(self, phrases: Iterable[str], *, names_object: bool) -> bool:
        """Whether the request calls for what one of these phrases says.

        Args:
            phrases: What a tool is for: the verb first, the thing last.
            names_object: Whether the user named a value that says what the call is done to, which
                then need not go by the same word.
        """
        return any(self._calls_for(phrase, names_object=names_object) for phrase in phrases)

    def _calls_for(self, phrase: str, *, names_object: bool) -> bool:
        if phrase == ANYTHING:
            return True
        deeds, things, own = _meant(phrase)
        is_wanted = not deeds.isdisjoint(self.deeds) or own in self.things
        return is_wanted and (not things or names_object or not things.isdisjoint(self.things))


@lru_cache(8_192)
def _meant(phrase: str) -> tuple[frozenset[str], frozenset[str], str]:
    """The deeds and things of a phrase, and its verb where that is none of the table."""
    verb, rest = _verb_of(phrase.casefold().split())
    if not verb:
        return frozenset(), frozenset(), ""
    things = things_of(stem(rest[-1])) if rest else frozenset[str]()
    deeds = deeds_of(verb)
    if _MONEY in things and deeds & _GIVES:
        deeds |= _PAYS
    if things & _REPLIES and deeds & _GIVES:
        deeds |= _SAYS
    return deeds, things, "" if verb in DEEDS else verb


def locked(texts: Iterable[str]) -> Lock:
    """The lock of what a user has said, message by message."""
    deeds, things = set[str](), set[str]()
    for text in texts:
        tokens = _tokens(text)
        verbs = set(_deeds(tokens))
        found = set[str]().union(*map(deeds_of, verbs))
        words = {stem(token) for token in tokens if token not in _STOPS}
        named = set[str]().union(*map(things_of, words))
        if not verbs.isdisjoint(_SPEAKS):
            named |= _LETTERS
        if not verbs.isdisjoint(_REPLYING):
            named |= _REPLIES
        if _tells_money(tokens):
            named.add(_MONEY)
        if found & _GIVES and _MONEY in named:
            found |= _PAYS
        if found & _PAYS:
            named.add(_MONEY)
        deeds |= found
        things |= named
    return Lock(deeds=frozenset(deeds), things=frozenset(things))


def _tokens(text: str) -> list[str]:
    plain = _ADDRESSES.sub(" ", QUOTED.sub(" ", text)).casefold().replace("\u2019", "'")
    return _TOKEN.findall(plain)


def _tells_money(tokens: Sequence[str]) -> bool:
    return any(token[0] in "$\u20ac\u00a3" for token in tokens)


def _verb_of(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The verb of a phrase by its stem, and what follows it."""
    if not words:
        return "", ()
    both = " ".join(map(stem, words[:2]))
    return (both, words[2:]) if both in DEEDS else (stem(words[0]), words[1:])


def _deeds(tokens: Sequence[str]) -> Iterator[str]:
    for at, token in enumerate(tokens):
        stemmed = stem(token)
        for deed in (_with_particle(tokens, at, stemmed), stemmed):
            if deed in DEEDS and _is_called_for(tokens, at, deed):
                yield deed
                break


def _with_particle(tokens: Sequence[str], at: int, stemmed: str) -> str:
    """A verb of two words, which may stand apart: `turn the lights off`."""
    for token in tokens[at + 1 : at + 3 + _WITHIN]:
        if token in _STOPS:
            break
        if token in _PARTICLES and f"{stemmed} {stem(token)}" in DEEDS:
            return f"{stemmed} {stem(token)}"
    return ""


def _is_called_for(tokens: Sequence[str], at: int, deed: str) -> bool:
    """Whether a word tells the agent to do something."""
    before = _before(tokens, at)
    if not _NEGATIONS.isdisjoint(before[-2:]) or _is_of_others(before):
        return False
    if deed.partition(" ")[0] in _TO_USER and not _ME.isdisjoint(tokens[at + 1 : at + 2]):
        return False
    is_wished = not _WISHES.isdisjoint(before[-_WITHIN - 1 :])
    if is_past(tokens[at]):
        return is_wished
    if not before or before[-1] in _BEFORE_VERBS:
        return True
    if is_often_noun(deed):
        return not _LIGHT.isdisjoint(before[-_WITHIN:])
    return before[-1] not in _BEFORE_NOUNS


def _is_of_others(before: Sequence[str]) -> bool:
    """Whether a verb asks what was done, or says what somebody else does."""
    return not _ASKED.isdisjoint(before) or not _OTHERS.isdisjoint(before[-1:])


def _before(tokens: Sequence[str], at: int) -> Sequence[str]:
    """The words in front of one, in its part of the sentence."""
    start = at
    while start and tokens[start - 1] not in _STOPS and at - start <= _WITHIN:
        start -= 1
    return tokens[start:at]
