"""What is tried only where it could begin finds what it would find anywhere."""

import pkgutil
from importlib import import_module
from random import Random

import pytest

from highroad.domain.evidence import ValueKind
from highroad.evidence import matching
from highroad.evidence.matching import echo, words
from highroad.evidence.matching.reading import text_keys
from highroad.evidence.matching.scanning import Scan
from highroad.evidence.matching.seeking import every_way, ways
from highroad.evidence.matching.tokens import split

WORDS = """
    - -- / . , : 1 5 9 12 30 59 84 200 2024 1999 0044 8,400.00 2024-05-06 T10:15 T10:15:00Z +02:00
    05/06/2024 5.6.2024 14:30 2:30pm Jan january FEB \u017fept May June dec. Marching of to until at
    by past half quarter noon midnight five \u017fix Twelve ten am p.m. o'clock morning st nd rd th
    minutes from AB12 DE89 3704 +49 (030) 555-0101 901820 #7 _ x \u0131 \u0663 \u00b2 \u2013
"""
ROWS = ("May 3-5", "3 to 5 may 2024", "5th of June", "1 200,00", "AB12 DE89 0044", "+49 30 901820")
PIECES = [*WORDS.split(), *ROWS, *(5 * " "), "  ", "\n", "\t", "\u00a0", "\u202f"]
SEEDS = range(80)


def texts(seed):
    chance = Random(seed)  # noqa: S311 - to be repeated
    for _ in range(15):
        pieces = chance.choices(PIECES, k=chance.choice([2, 4, 8, 40]))
        yield chance.choice(["", " "]).join(pieces)


def scans():
    for module in pkgutil.iter_modules(matching.__path__):
        held = vars(import_module(f"{matching.__name__}.{module.name}"))
        for name, value in held.items():
            each = value if isinstance(value, tuple) and not isinstance(value, Scan) else (value,)
            found = [scan for scan in each if isinstance(scan, Scan)]
            for number, scan in enumerate(found):
                yield pytest.param(scan, id=f"{module.name}.{name}.{number}")


SCANS = [*scans()]


def test_there_are_expressions_that_are_scanned_for():
    assert len(SCANS) >= 9


@pytest.mark.promise("P9")
@pytest.mark.parametrize("scan", SCANS)
def test_a_scan_finds_what_its_expression_finds_anywhere(scan):
    found = 0
    for text in (text for seed in SEEDS for text in texts(seed)):
        everywhere = [match.span() for match in scan.whole.finditer(text)]
        assert [match.span() for match in scan.finditer(text)] == everywhere, text
        found += len(everywhere)
    assert found


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    "text",
    ["at f\u0131ve pm", "5 apr\u0130l 2024", "M\u0131dn\u0131ght", "at 3 in the even\u0131ng"],
)
def test_a_letter_that_is_taken_for_an_i_names_no_hour_and_no_month(text):
    """Expressions without case find it; tables of words do not have it."""
    assert not any(key.startswith(("t|00", "t|12", "d|", "dd|")) for key in text_keys(text)[0])
    for kind in ValueKind:
        assert isinstance([*ways(kind, text)], list)


def test_words_by_themselves_are_those_of_tokens_that_are_one():
    told, alone = words.read(split("Reset my living_room lights, Jane's livingRoom, 12 Elm St."))
    assert told == [
        *("reset", "living", "room", "lights", "jane", "living", "room", "12", "elm", "street"),
    ]
    assert alone == {"reset", "lights", "jane", "12", "elm", "street"}


@pytest.mark.promise("P9")
def test_every_way_of_a_value_is_one_of_some_kind_and_none_is_left_out():
    values = [text for seed in range(6) for text in texts(seed)]
    for value in (*values, *PIECES, "", 5, -84.5, 8400, True, None):
        assert {*every_way(value)} == {way for kind in ValueKind for way in ways(kind, value)}


@pytest.mark.promise("P9")
def test_a_code_is_what_has_a_digit_or_an_at_sign_in_whatever_script():
    for key in ("ord-1", "a@b", "\u0663", "x\u00b2", "n|5"):
        assert echo.is_code(key)
    for key in ("word", "zwei w\u00f6rter", "side|x", ""):
        assert not echo.is_code(key)
