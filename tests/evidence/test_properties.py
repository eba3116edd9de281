"""What was seen is found in every notation of its kind; what was not seen is not found."""

import json
import re
import string
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from highroad.domain.evidence import EvidenceKind, Source, ValueKind
from highroad.evidence.index import Index
from highroad.evidence.matching import moments, urls
from highroad.evidence.matching.numerals import values

RECORD = Source("record", EvidenceKind.RESULT)
REQUEST = Source("request", EvidenceKind.REQUEST)
LETTERS = st.text(string.ascii_uppercase, min_size=1, max_size=4)
DIGITS = st.text(string.digits, min_size=2, max_size=12)
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("9999999.99"), places=2)


FORMS = ["{0}-{1}", "{0}{1}", "#{0}{1}", "{0}_{1}_{2}", "{1}", "{1}-{2}", "{0}.{1}.x"]
SOME = ["red", "oak", "lamp", "tall", "Ümit", "José", "desk", "12", "blue", "kit"]
WORDS = st.lists(st.sampled_from(SOME), min_size=1)
URL_PIECES = (
    *(" ", "\n", "\t", "\u00a0", '"', "://", ":", "/", ".", ",", ")", "-", "1", "\u00e9"),
    *("https", "ftp", "git+ssh", "ahostofmorethansixteen", "our.example", "see", "a/b?c=d"),
)
URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>`{}|\\^]+")
"""RFC 3986 section 3.1, as it is sought in the whole of a text."""


@st.composite
def ids(draw):
    """Ids as systems make them: prefixes, counters, codes, UUIDs."""
    form = draw(st.sampled_from(FORMS))
    made = form.format(draw(LETTERS), draw(DIGITS), draw(DIGITS))
    return draw(st.sampled_from([made, made.lower(), str(draw(st.uuids()))]))


@st.composite
def near_misses(draw):
    """An id, and one that is only like it."""
    known = draw(ids())
    at = draw(st.integers(0, len(known) - 1))
    other = draw(st.sampled_from(string.digits + "abcxyz"))
    wrong = draw(
        st.sampled_from(
            [
                known[:at] + other + known[at + 1 :],  # a digit swapped
                known[:at] + known[at + 1 :],  # one left out
                known[:at] + other + known[at:],  # one too many
                known[:at]
                + known[at + 1 : at + 2]
                + known[at : at + 1]
                + known[at + 2 :],  # turned
                known[at:],  # a part
                known[: at + 1],
                known + known,  # twice
                known + other,
            ]
        )
    )
    plain = [each.casefold().lstrip("#").rstrip(".") for each in (known, wrong)]
    assume(plain[1] and plain[0] != plain[1] and wrong.strip("#-_."))
    return known, wrong


def said(text):
    index = Index()
    index.add_text(REQUEST, text)
    return index


def recorded(value):
    index = Index()
    index.add_value(RECORD, value)
    return index


def has(index, kind, value):
    return bool(index.find(kind, value))


@given(
    ids(), st.sampled_from(["{}", "order {}.", "({})", "'{}', and", "a, {}; b", '{{"id":"{}"}}'])
)
def test_an_id_is_found_wherever_it_stands_whole(known, frame):
    assert has(said(frame.format(known)), ValueKind.ID, known)
    assert has(recorded({"a": [{"b": known}]}), ValueKind.ID, known)
    assert has(said(json.dumps({"a": [known]})), ValueKind.ID, known)


@pytest.mark.promise("P9")
@given(near_misses())
def test_an_id_that_is_only_like_one_is_not_found(pair):
    known, wrong = pair
    assert not has(recorded({"id": known}), ValueKind.ID, wrong)
    assert not has(said(f"order {known}, please"), ValueKind.ID, wrong)


@pytest.mark.promise("P9")
@given(st.lists(ids(), min_size=2, max_size=2, unique=True))
def test_two_ids_make_no_third(pair):
    first, second = pair
    index = recorded({"a": first, "b": second})
    assert not has(index, ValueKind.ID, first + second)
    assert not has(index, ValueKind.ID, f"{first}-{second}")


@given(DAYS)
def test_a_date_is_found_in_every_notation(day):
    month, end = MONTHS[day.month - 1], ["st", "nd", "rd"]
    ordinal = end[day.day - 1] if day.day < 4 else "th"
    notations = [
        day.isoformat(),
        f"{day.isoformat()}T10:00:00Z",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]}. {day.day} {day.year}",
        f"{day.day} {month} {day.year}",
        f"the {day.day}{ordinal} of {month} {day.year}",
        f"{day.month:02}/{day.day:02}/{day.year}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day.year}/{day.month}/{day.day}",
    ]
    for notation in notations:
        assert has(said(f"on {notation}, please"), ValueKind.DATE, day.isoformat()), notation
        assert has(recorded({"due": notation}), ValueKind.DATE, day.isoformat()), notation
        if "T" not in notation and "of" not in notation:
            assert has(recorded(day.isoformat()), ValueKind.DATE, notation), notation


@pytest.mark.promise("P9")
@given(DAYS, st.integers(1, 4_000))
def test_another_date_is_not_found(day, days):
    other = day + timedelta(days=days)
    assume((other.day, other.month, other.year) != (day.month, day.day, day.year))
    index = said(f"on {day:%B} {day.day}, {day.year}")
    assert not has(index, ValueKind.DATE, other.isoformat())


@given(AMOUNTS)
def test_an_amount_is_found_in_every_notation(amount):
    grouped = f"{amount:,.2f}"
    european = grouped.translate(str.maketrans(",.", ".,"))
    for notation in (str(amount), grouped, f"€{grouped}", f"{european} EUR", f"${grouped}"):
        index = said(f"refund {notation}, please")
        assert has(index, ValueKind.AMOUNT, float(amount)), notation
        assert has(index, ValueKind.AMOUNT, notation), notation
        assert has(index, ValueKind.CENTS, int(amount * 100)), notation
    assert has(recorded({"total": float(amount)}), ValueKind.AMOUNT, float(amount))
    assert has(recorded({"total_cents": int(amount * 100)}), ValueKind.AMOUNT, float(amount))


@pytest.mark.promise("P9")
@given(AMOUNTS, st.sampled_from([10, 100, 1000, Decimal("0.1"), Decimal("0.01"), -1]))
def test_an_amount_with_a_digit_too_many_is_not_found(amount, factor):
    wrong = float(amount * factor)
    for index in (said(f"refund €{amount}"), recorded({"total": float(amount)})):
        assert not has(index, ValueKind.AMOUNT, wrong)
        assert not has(index, ValueKind.CENTS, int(amount * 100 * factor)) or wrong != int(wrong)


@pytest.mark.promise("P9")
@given(ids(), st.integers(2, 9_999_999))
def test_a_number_in_an_id_is_no_amount(known, number):
    assume(not known.lstrip("#").isdigit())
    index = recorded({"id": f"{known}-{number}"})
    assert not has(index, ValueKind.AMOUNT, number)
    assert not has(index, ValueKind.NUMBER, number)


@pytest.mark.promise("P9")
@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_number_is_not_found_in_another(number, other):
    assume(number != other)
    for index in (said(f"take {other} of them"), recorded({"count": other})):
        assert not has(index, ValueKind.NUMBER, number)


@given(WORDS, WORDS, WORDS)
def test_a_phrase_is_found_inside_one_leaf(before, phrase, after):
    text = " ".join([*before, *phrase, *after])
    for index in (said(text), recorded({"note": text})):
        assert has(index, ValueKind.TEXT, " ".join(phrase))
        assert has(index, ValueKind.TEXT, " ".join(phrase).upper())


@pytest.mark.promise("P9")
@given(WORDS, WORDS)
def test_a_phrase_is_not_found_across_leaves(first, second):
    text = f" {' '.join([*first, *second])} "
    assume(f" {' '.join(first)} zebra {' '.join(second)} ".count(text) == 0)
    index = recorded({"a": " ".join(first), "b": " ".join(second)})
    assume(text not in f" {' '.join(first)} " and text not in f" {' '.join(second)} ")
    assert not has(index, ValueKind.TEXT, text.strip())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
)


@given(JSON, st.text(), st.sampled_from(ValueKind))
def test_whatever_arrives_and_whatever_is_sought_there_is_an_answer(record, text, kind):
    index = Index()
    index.add_text(REQUEST, text)
    index.add_result(RECORD, record, arguments={"x": record})
    index.add_result(RECORD, record, arguments={"x": record}, is_transform=True)
    for value in (text, record, 5, 0.5, f"on {text}"):
        assert isinstance(index.find(kind, value), tuple)


@pytest.mark.promise("P9")
@given(ids(), JSON)
def test_no_read_launders_an_invented_id(invented, record):
    index = Index()
    index.add_result(
        RECORD, {"echo": invented, "deep": [{invented: invented}]}, arguments={"id": invented}
    )
    assert not has(index, ValueKind.ID, invented)
    assert not has(index, ValueKind.TEXT, invented)


@given(st.lists(st.sampled_from(URL_PIECES), max_size=14).map("".join))
def test_a_url_is_found_by_its_word_alone(text):
    """Looking at no other words changes nothing: no blank stands in an address."""
    in_all_of_it = [match[0].rstrip(".,:;!?)]") for match in URL.finditer(text)]
    assert list(urls.written(text))[: len(in_all_of_it)] == in_all_of_it


@given(DAYS, st.sampled_from(["2026/", "1/", "so ", "(", "12026-", "2026-05-12 10:15 - 11:30 "]))
def test_a_day_is_found_whatever_digits_stand_before_it(day, before):
    """Digits and a slash before it are no beginning of a day that would swallow it."""
    index = Index()
    index.add_text(REQUEST, f"{before}{day}")
    stands_alone = not before.endswith("-")
    assert bool(index.find(ValueKind.DATE, day.isoformat())) is stands_alone


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("half an hour", "0.5"),
        ("well-known for a quarter of a million", "250000"),
        ("two-and-a-half men, fifty-five women", "55"),
        ("the dozen, twenty-five and half a million", "500000"),
    ],
)
def test_a_number_in_words_is_found_among_words_with_hyphens(text, number):
    """Only words of which numbers are made are looked at more closely."""
    assert number in {str(float(each)).removesuffix(".0") for each, _, _ in values(text.split())}


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("10:15:30-05:00", {"z|-0500"}),
        ("at 10:15 (+02:00), UTC-0300 in one - two words", {"z|+0200", "z|-0300"}),
        ("2026-05-12T10:15:30Z, by GMT", {"z|+0000"}),
        ("2026-05-12 10:15:30 +1400", {"z|+1400"}),
        ("14:00-15:00 on 2026-05-12, -07", set()),
    ],
)
def test_a_zone_is_found_where_its_sign_stands(text, zones):
    """No other place of a text need be looked at."""
    assert {each for each in moments.keys(text) if each.startswith("z|")} == zones
