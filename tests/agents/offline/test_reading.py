"""Numbers, days and phrases are read as they are meant, and what is none of these is left alone."""

from datetime import date
from decimal import Decimal

import pytest

from highroad.agents.offline.dates import days, times
from highroad.agents.offline.numbers import numbers
from highroad.agents.offline.phrases import phrases, quoted

MONDAY = date(2025, 6, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("minus 5", -5),
        ("1,200.50", "1200.50"),
        ("3.5 million", 3_500_000),
        ("10k", 10_000),
        ("1e-9", "1e-9"),
        ("twenty five", 25),
        ("twelve", 12),
        ("(7)", 7),
        ("5m", 5),
    ],
)
def test_a_number_is_read_however_it_is_written(text, value):
    """In figures or in words, exactly."""
    assert [number.value for number in numbers(f"take {text} of it")] == [Decimal(str(value))]


@pytest.mark.parametrize(
    "text", ["ORD-000042", "3x", "x^2", "COVID-19", "one of them", "A4", "v1_2", "rs6034464"]
)
def test_figures_of_ids_and_terms_are_no_numbers(text):
    """An id that ends in 42 says nothing of 42."""
    assert numbers(f"take {text}") == ()


def test_units_currencies_and_percents_are_read_with_the_number():
    """They say what it is a number of."""
    euros, dollars, part, length = numbers("5 euros, $7, 8 % and 9 km")
    assert (euros.currency, dollars.currency) == ("eur", "usd")
    assert part.is_percent
    assert length.unit == "km"


@pytest.mark.parametrize("text", ["five euros fifty", "5 euros 50", "5 euros and 50 cents"])
def test_an_amount_in_two_pieces_is_no_number(text):
    """Neither piece is what was meant."""
    assert numbers(text) == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-07-14", date(2025, 7, 14)),
        ("July 14, 2025", date(2025, 7, 14)),
        ("14th of July 2025", date(2025, 7, 14)),
        ("14/7/2025", date(2025, 7, 14)),
        ("7/14/2025", date(2025, 7, 14)),
        ("today", MONDAY),
        ("tomorrow", date(2025, 6, 3)),
        ("next Monday", date(2025, 6, 9)),
        ("next Friday", date(2025, 6, 6)),
        ("in 3 days", date(2025, 6, 5)),
        ("2 days ago", date(2025, 5, 31)),
    ],
)
def test_a_day_is_read_however_it_is_named(text, day):
    """Counted from the day that the clock tells."""
    assert [each.date for each in days(f"on {text}, please", MONDAY)] == [day]


@pytest.mark.parametrize("text", ["3/4/2025", "2025-13-01", "June 31, 2025", "June 2025"])
def test_a_day_that_is_not_certain_is_none(text):
    """March or April; a month of thirty days."""
    assert days(text, MONDAY) == ()


def test_nothing_is_counted_from_a_day_that_nobody_knows():
    """Without a clock."""
    assert days("tomorrow", None) == ()


@pytest.mark.parametrize(
    ("text", "clock"),
    [("3pm", "15:00"), ("12 am", "00:00"), ("12:30 p.m.", "12:30"), ("18:05", "18:05")],
)
def test_a_time_of_day_is_read(text, clock):
    """On a clock of 24 hours."""
    assert [time.text for time in times(f"at {text}")] == [clock]


def test_a_time_that_no_clock_shows_is_none():
    """25:00 is a score, or a mistake."""
    assert times("25:00 and 10:75") == ()


@pytest.mark.parametrize("text", ['"It\'s here."', "“It's here.”", "'It's here.'", "`It's here.`"])
def test_a_quoted_text_is_one_piece(text):
    """With the apostrophes in it."""
    assert [phrase.text for phrase in quoted(f"write {text} on it")] == ["It's here."]


def test_names_are_words_with_capitals_but_for_the_verb_that_begins_a_sentence():
    """With what leads to them."""
    found = {
        phrase.text: phrase.before for phrase in phrases("Book a room in New York for Ada Hill")
    }
    assert found["New York"] == "in"
    assert found["Ada Hill"] == "for"
    assert "Book" not in found
