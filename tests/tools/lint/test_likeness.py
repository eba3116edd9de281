"""Pairs are found as if each were compared with each, and without comparing them all."""

import math

from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.lint.likeness import alike, nearest

WORDS = st.sampled_from(["order", "refund", "mail", "price", "stock", "vase", "lamp", "parcel"])
TEXTS = st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=12)


@given(texts=TEXTS, least=st.sampled_from([0.2, 0.5, 0.75, 0.99]))
def test_the_index_finds_the_very_pairs_that_comparing_all_would(texts, least):
    found = {(pair.first, pair.second): pair.likeness for pair in alike(texts, least)}
    everything = {(pair.first, pair.second): pair.likeness for pair in alike(texts, 0)}

    wanted = {pair: value for pair, value in everything.items() if value >= least}
    assert found.keys() == wanted.keys()
    assert all(math.isclose(found[pair], wanted[pair]) for pair in found)


def test_the_same_words_are_as_alike_as_can_be_and_others_not_at_all():
    (pair,) = alike(["read an order", "the order is read", "send mail"], 0.1)

    assert (pair.first, pair.second) == (0, 1)
    assert math.isclose(pair.likeness, 1)
    assert set(pair.shared) == {"order", "read"}


def test_a_rare_word_tells_more_than_one_that_many_share():
    texts = ["file alpha", "file beta", "file gamma", "file delta", "alpha path"]
    best = nearest(alike(texts, 0.1))

    assert (best[0].first, best[0].second) == (0, 4)


def test_a_thousand_texts_of_the_same_words_are_not_half_a_million_pairs():
    assert len(alike(["read one order"] * 1_000, 0.5)) <= 50 * 1_000
