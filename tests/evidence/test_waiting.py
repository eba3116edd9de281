"""Measures are read when one is first sought, and nobody can tell that from the answers."""

from random import Random

import pytest

from highroad.domain.evidence import EvidenceKind, Match, Source, ValueKind
from highroad.domain.label import Integrity, Label, Labels
from highroad.evidence import postings as postings_module
from highroad.evidence.index import Index
from highroad.evidence.matching.reading import is_measure, leaf_keys, leaf_measures, leaf_words
from highroad.evidence.postings import Postings
from highroad.evidence.seen import Seen, place_of

TEXTS = (
    *("2024-05-05T10:00:00Z", "on 2024-05-05 15:00:00+02:00", "at 10:00 UTC", "2024-05-05 15:00"),
    *("84", "84.00 EUR", "84 euros and 5 kg", "May 5th 2024", "2024-05-05", "see you at 3 pm"),
    *("1h 30m", "ninety minutes", "two hundred", "ORD-1", "order ORD-1 of May 5", "Jane Doe"),
    *("Jane Doe, 84, on 2024-05-05 at 15:00, asked for 90 minutes", "call +49 30 901820", "200"),
)
NAMES = ("id", "amount", "amount_cents", "duration_minutes", "year", "note", "name", "weight_kg")
NUMBERS = (84, 84.0, 8400, 5, 90, 2024, 200, -84, True, None)
SEEDS = range(16)
NO_KIND = ValueKind.NUMBER, 0.125


def source(number, kind=EvidenceKind.RESULT):
    return Source(f"source-{number}", kind)


def value(chance, depth=0):
    shape = chance.random()
    if depth > 1 or shape < 0.5:
        return chance.choice(TEXTS if shape < 0.3 else NUMBERS)
    if shape < 0.8:
        return {chance.choice(NAMES): value(chance, depth + 1) for _ in range(3)}
    return [value(chance, depth + 1) for _ in range(3)]


def arrivals(chance):
    """What arrives in a run: each a way to have an index take it in."""
    for number in range(chance.randrange(2, 9)):
        what, shown = chance.random(), value(chance)
        given = {chance.choice(NAMES): value(chance) for _ in range(chance.randrange(3))}
        labels = Labels(default=Label(integrity=chance.choice([*Integrity])))
        if what < 0.15:
            text = chance.choice(TEXTS)
            yield lambda index, n=number, t=text: index.add_text(source(n, EvidenceKind.REQUEST), t)
        elif what < 0.35:
            yield lambda index, n=number, v=shown, la=labels: index.add_value(source(n), v, la)
        elif what < 0.85:
            yield (
                lambda index, n=number, v=shown, a=given, la=labels, t=what > 0.7: index.add_result(
                    source(n), v, arguments=a, labels=la, is_transform=t
                )
            )
        else:
            yield lambda index, a=given: index.add_written(a)


def answers(index):
    for kind in ValueKind:
        for sought in (*TEXTS, *NUMBERS):
            yield index.find(kind, sought), index.find(kind, sought, "minutes", said_otherwise=True)
    for text in TEXTS:
        yield sorted(map(repr, index.pieces(text)))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("bound", "long"), [(600, 0), (100_000, 0), (100_000, 20)])
def test_an_index_that_is_asked_last_answers_as_one_that_is_asked_after_each_arrival(
    bound, long, monkeypatch
):
    monkeypatch.setattr(postings_module, "_MOST_WAITING", bound)
    monkeypatch.setattr(postings_module, "_LONG", long)
    for seed in SEEDS:
        chance = Random(seed)  # noqa: S311 - to be repeated
        at_once, later = Index(), Index()
        for arrive in arrivals(chance):
            arrive(at_once)
            at_once.find(*NO_KIND)  # a measure that nothing has
            arrive(later)
        assert [*answers(later)] == [*answers(at_once)], seed


@pytest.mark.promise("P9")
def test_a_measure_that_was_read_before_it_was_written_stays_what_it_was():
    """What waits is read before a call writes: it is no echo of that."""
    long = f"due: 84 euros, {'please ' * 40}"
    for wait in (True, False):
        index = Index()
        index.add_result(source(1), {"note": long}, arguments={})
        if not wait:
            index.find(*NO_KIND)
        index.add_written({"amount": 84})
        index.add_result(source(2), {"note": "due: 84 euros"}, arguments={})
        (found, *_) = index.find(ValueKind.AMOUNT, 84)
        assert found.source == "source-1"


@pytest.mark.promise("P9")
def test_what_comes_behind_a_long_text_stands_behind_it():
    index = Index()
    for number, text in enumerate([f"due: 84 euros, {'please ' * 40}", "84 euros", "84.00 EUR"]):
        index.add_value(source(number), {"note": text})
    places = index.find(ValueKind.AMOUNT, 84)
    assert [each.source for each in places] == ["source-0", "source-1", "source-2"]


@pytest.mark.promise("P9")
def test_each_key_of_a_leaf_is_a_measure_or_none():
    for name in NAMES:
        for leaf in (*TEXTS, *NUMBERS):
            words, measures = leaf_words(name, leaf)[0], leaf_measures(name, leaf)
            assert not any(map(is_measure, words))
            assert all(map(is_measure, measures))
            assert words | measures == leaf_keys(name, leaf)[0]


def posted(number, asked):
    """Leaves that tell when their measures are read."""
    postings = Postings()
    for each in range(number):
        place = place_of(source(each), "", Integrity.SYSTEM, Match.SAME)
        postings.post(
            Seen(place, ""), {f"word{each}"}, lambda n=each: asked.append(n) or {f"n|{n}"}, 1_000
        )
    return postings


def test_nothing_is_read_for_measures_where_only_words_are_sought():
    asked = []
    postings = posted(5, asked)
    assert postings.find(ValueKind.TEXT, "word3")
    assert not asked
    assert postings.find(ValueKind.NUMBER, 3)
    assert asked == [0, 1, 2, 3, 4]


@pytest.mark.promise("P10")
def test_a_question_reads_so_much_and_no_more_however_long_the_run(monkeypatch):
    monkeypatch.setattr(postings_module, "_MOST_WAITING", 10_000)
    asked = []
    postings = posted(1_000, asked)
    assert len(asked) == 993
    assert postings.find(ValueKind.NUMBER, 999)
    assert asked == [*range(1_000)]
