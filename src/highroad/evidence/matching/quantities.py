"""Quantities in a text: a number where a whole token is one, and what it counts.

`84`, `8,400.00`, `€84`, `5kg`, `EUR 84`, `1.5k euros`, `10%`, `twenty`, `two hours 30 minutes`.
With a currency, or with two decimals, it is money in its major unit; with `cents` in the minor one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import fields, marks, numbers, numerals, units
from highroad.evidence.matching.scanning import Scan
from highroad.evidence.matching.tokens import split

_DIGIT: Final = re.compile(r"\d")
_BLANK: Final = re.compile(r"\s")
_GROUPED: Final = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[\u00a0\u2009\u202f]\d{3})+(?!\d)"
    r"|(?<![\w.,])\d{1,3}(?: \d{3}){1,8}[.,]\d{2}(?!\d)"
)
"""Blanks that join digits (ISO 80000-1): such as do not break a line, or any before a fraction.

No money has more groups than are bounded here; without a bound a text of them takes hours.
"""
_GROUPED_IN_TEXT: Final = Scan(
    re.compile(r"\d(?<![\w.,].)(?=\d{0,2}[ \u00a0\u2009\u202f]\d{3})"), _GROUPED
)
_HOURS: Final = re.compile(r"(?P<hours>\d{1,3})h(?P<minutes>[0-5]\d)(?:m|min)?", re.IGNORECASE)
_RATE: Final = re.compile(rf"{numbers.NUMBER.pattern}/[a-z]{{1,12}}")
"""`$9.99/month`: the quantity for one of something."""
_COUNTED_WORDS: Final = """
    st nd rd th x night nights person people piece pieces star seat seats seater bed bedroom
    part page step pack way stop door guest room
"""
_COUNTED: Final = frozenset(_COUNTED_WORDS.split())
"""What may stand behind a number without a blank although it is no unit: `3rd`, `5-night`."""
_SCALES: Final = {"k": 1_000, "K": 1_000, "M": 1_000_000, "bn": 1_000_000_000}
_MONEY_SCALES: Final = _SCALES | {"m": 1_000_000, "mn": 1_000_000, "mln": 1_000_000}
_TEMPERATURES: Final = {"C": ("celsius",), "F": ("fahrenheit",)}
_DEGREES: Final = frozenset({"degree", "degrees", "°"})
_LAST: Final = numerals.WORDS | _DEGREES | units.WAYS
"""Words with which a quantity may end."""
_OF_HOURS: Final = frozenset({"am", "pm", "a.m", "p.m", "o'clock", "o\u2019clock"})
"""What makes a time of day of the number before it, which then counts nothing."""
_MINUS: Final = frozenset({"minus", "negative"})
_ONE: Final = frozenset({"a", "an"})
_LONGEST_ONE: Final = 2
_HALF: Final = ["and", "a", "half"]
_UNIT_NAMES: Final = ("currency", "currency_code", "currencyCode", "unit", "units", "uom")
_NUMBER_NAMES: Final = frozenset({"value", "number", "quantity", "size", "measure", "amount"})
_HUNDRED: Final = Decimal(100)
_THOUSAND: Final = Decimal(1_000)
_THOUSANDS: Final = re.compile(r"\d{1,3}\.\d{3}")
_SHORTEST_WORD: Final = 3
_LONGEST: Final = 80
"""A text of more characters is no quantity and nothing else."""
_TWO_DIGITS: Final = 2


@frozen_value
class Quantity:
    """A number as it stands among tokens."""

    number: Decimal
    start: int
    end: int
    codes: tuple[str, ...] = ()
    """Of the units that stand at it."""
    is_cents: bool = False
    is_money_like: bool = False
    """Whether it has two decimals."""
    is_part: bool = False
    """Whether it is told as part of a larger one: the hours of `2 hours 30 minutes`."""
    is_counted: bool = True
    """Whether a number is said: of `an hour` none is."""

    @property
    def has_unit(self) -> bool:
        """Whether anything says what it counts."""
        return bool(self.codes) or self.is_cents

    @property
    def is_money(self) -> bool:
        """Whether it may be money in its major unit."""
        return any(map(units.is_money, self.codes))


def keys(text: str, tokens: Sequence[str]) -> Iterator[str]:
    """The keys of every quantity in a text of these tokens, and of every unit."""
    joined = _joined(text)
    if joined != text:
        tokens = split(joined)
    yield from units.all_keys(tokens)
    for each in _found(tokens):
        yield from _keys_of(each)


def sought(text: str) -> Iterator[str]:
    """The keys under which a text that is a quantity would have been seen; none if it is not.

    What stands at its number counts: `500 g` was never seen in `500 mg`, nor in a bare `500`.
    """
    read = _read(text)
    if read is None:
        return
    if read.is_cents:
        yield from numbers.cents(read.number)[:2]
    for code in read.codes:
        yield units.measure(read.number, code)
    if not read.has_unit:
        yield from numbers.sought(read.number)


def has_unit(text: str) -> bool:
    """Whether a text is a number with something that says what it counts, and nothing else."""
    read = _read(text)
    return read is not None and read.has_unit


def bare(text: str) -> Decimal | None:
    """The number that a text is, if nothing stands at it."""
    read = _read(text)
    return None if read is None or read.has_unit else read.number


def texts(members: Mapping[str, JsonValue]) -> Iterator[str]:
    """The numbers of one object with the unit or the currency that another member tells."""
    way = next((each for name in _UNIT_NAMES if (each := members.get(name))), None)
    if not isinstance(way, str) or not units.codes_of(way):
        return
    for name, each in members.items():
        number = None if fields.is_id(name) else _number(each)
        if number is None:
            continue
        if fields.is_cents(name):
            yield f"{number / _HUNDRED:f} {way}"
        elif fields.is_money(name) or name in _NUMBER_NAMES:
            yield f"{number:f} {way}"


def _may_end(text: str) -> bool:
    """Whether a text ends as a quantity does: most do not, and need not be read."""
    last = text[text.rfind(" ") + 1 :]
    if not last.isalpha():
        return True
    return last in _TEMPERATURES or last.casefold() in _LAST


def _joined(text: str) -> str:
    """A text whose numbers have no blanks in them: `1 200,00`."""
    at, pieces = 0, []
    for match in _GROUPED_IN_TEXT.finditer(text):
        pieces += [text[at : match.start()], _BLANK.sub("", match[0])]
        at = match.end()
    return "".join([*pieces, text[at:]]) if pieces else text


def _number(member: JsonValue) -> Decimal | None:
    if isinstance(member, str):
        return bare(member)
    if isinstance(member, bool) or not isinstance(member, int | float):
        return None
    return numbers.to_decimal(member)


def _read(text: str) -> Quantity | None:
    if len(text) > _LONGEST or not _may_end(text) or marks.is_marked(text):
        return None
    tokens = split(_joined(text))
    found = [each for each in _found(tokens) if not each.is_part]
    if len(found) != 1 or (found[0].start, found[0].end) != (0, len(tokens)):
        return None
    return found[0]


def _keys_of(each: Quantity) -> Iterator[str]:
    number = each.number
    if each.is_part:
        yield numbers.counting(number)
        for code in each.codes:
            yield from (units.key(code), units.part(number, code))
        return
    if each.is_cents:
        yield from numbers.cents(number)
    for code in each.codes:
        yield from (units.key(code), units.measure(number, code))
    if each.is_money:
        yield from numbers.money(number, is_told=True)
    if each.is_counted and any(not units.is_money(code) for code in each.codes):
        yield numbers.counting(number)
    if "%" in each.codes:
        yield numbers.counting(number / _HUNDRED)
    if not each.has_unit:
        yield from numbers.money(number) if each.is_money_like else (numbers.plain(number),)


def _found(tokens: Sequence[str]) -> list[Quantity]:
    """Every quantity, in order; of one that is told in parts the whole comes last."""
    found = [*_in_digits(tokens)]
    found += _in_words(tokens, {each.end - 1 for each in found})
    found.sort(key=lambda each: each.start)
    return _composed(found, tokens) if len(found) > 1 else found


def _in_digits(tokens: Sequence[str]) -> Iterator[Quantity]:
    taken = -1
    for at, token in enumerate(tokens):
        if token.isalpha() or _DIGIT.search(token) is None:
            continue
        match = numbers.NUMBER.fullmatch(token) or _RATE.fullmatch(token)
        if match is not None:
            if (told := _of_match(match, tokens, at, taken)) is not None:
                taken = told.end - 1
                yield told
        elif (hours := _HOURS.fullmatch(token)) is not None:
            minutes = int(hours["hours"]) * 60 + int(hours["minutes"])
            yield Quantity(number=Decimal(minutes), start=at, end=at + 1, codes=("min",))


def _of_match(match: re.Match[str], tokens: Sequence[str], at: int, taken: int) -> Quantity | None:
    """The quantity of a token; the unit of the one before it is none of its own."""
    number, before, behind = numbers.worth(match), match["before"] or "", match["behind"]
    own = (*_currency(before), *_unit(behind))
    is_money = any(map(units.is_money, own)) or bool(at and _currency(tokens[at - 1]))
    scale = (_MONEY_SCALES if is_money else _SCALES).get(behind)
    is_hour = _is_hour(tokens, at)
    is_known = scale or own or units.is_cents(behind) or behind.casefold() in _COUNTED
    if number is None or is_hour or (before and not _currency(before)) or (behind and not is_known):
        return None
    end, factor = _scaled(tokens, at + 1, Decimal(scale or 1))
    is_half, end = _half(tokens, end)
    if is_half:
        number += Decimal("0.5")
    if _is_minus(tokens, at):
        number, at = -number, at - 1
    if scale is not None:
        own = _currency(before)
    digits = match["digits"]
    told = _with_units(
        Quantity(
            number=number * factor,
            start=at,
            end=end,
            codes=own,
            is_cents=units.is_cents(behind),
            is_money_like=numbers.has_two_decimals(digits),
        ),
        tokens,
        may_lead=at - 1 != taken,
    )
    if told.is_money and _THOUSANDS.fullmatch(digits):  # money has no three decimals
        return replace(told, number=told.number * _THOUSAND, is_money_like=False)
    return told


def _in_words(tokens: Sequence[str], taken: set[int]) -> Iterator[Quantity]:
    for number, start, end in numerals.values(tokens):
        is_minus = _is_minus(tokens, start)
        first = start - 1 if is_minus else start
        plain = Quantity(number=-number if is_minus else number, start=first, end=end)
        told = _with_units(plain, tokens, may_lead=first - 1 not in taken)
        taken.add(told.end - 1)
        yield told
    for at, token in enumerate(tokens[1:], start=1):
        before = tokens[at - 1]
        if len(before) > _LONGEST_ONE or len(token) < _SHORTEST_WORD:
            continue
        if before.casefold() in _ONE and _unit(token):
            is_half, end = _half(tokens, at + 1)
            number = Decimal("1.5") if is_half else Decimal(1)
            yield Quantity(
                number=number, start=at - 1, end=end, codes=_unit(token), is_counted=is_half
            )


def _with_units(told: Quantity, tokens: Sequence[str], *, may_lead: bool) -> Quantity:
    """A number with its unit: at it, else a currency before it, else what comes next."""
    after = tokens[told.end] if told.end < len(tokens) else ""
    if told.has_unit:
        is_twice = bool(set(_currency(after)) & set(told.codes))  # `$84 USD`
        return replace(told, end=told.end + 1) if is_twice else told
    before = _currency(tokens[told.start - 1]) if told.start and may_lead else ()
    if before:
        return replace(told, start=told.start - 1, codes=before)
    if units.is_cents(after):
        return replace(told, end=told.end + 1, is_cents=True)
    codes, end = _unit_after(tokens, told.end)
    if end == told.end:
        return told
    is_half, end = _half(tokens, end) if codes else (False, end)
    number = told.number + Decimal("0.5") if is_half else told.number
    return replace(told, number=number, end=end, codes=codes)


def _unit_after(tokens: Sequence[str], at: int) -> tuple[tuple[str, ...], int]:
    """The codes of the unit behind a number, and where it ends; nothing if there is none."""
    if at >= len(tokens):
        return (), at
    if tokens[at].casefold() in _DEGREES:
        codes, end = _unit_after(tokens, at + 1)
        return (codes, end) if codes in (("celsius",), ("fahrenheit",)) else ((), at + 1)
    codes = _unit(tokens[at])
    return (codes, at + 1) if codes else ((), at)


def _composed(found: list[Quantity], tokens: Sequence[str]) -> list[Quantity]:
    """Quantities, and in place of those that are parts of one its whole behind its parts."""
    done: list[Quantity] = []
    for each in found:
        whole = _whole(done[-1], each, tokens) if done else None
        if whole is None:
            done.append(each)
        else:
            done[-1:] = [_part(done[-1]), _part(each), whole]
    return done


def _whole(first: Quantity, second: Quantity, tokens: Sequence[str]) -> Quantity | None:
    """What two quantities next to each other make: `9 euros 50`, `2 hours and 30 minutes`."""
    between = tokens[first.end : second.start]
    if [*between] not in ([], ["and"]) or len(first.codes) != 1 or first.number < 0:
        return None
    (code,) = first.codes
    if units.is_money(code):
        return _with_cents(first, second, has_joint=bool(between))
    if code == "h" and second.codes in ((), ("m",)) and second.end - second.start == 1:
        is_minutes = bool(second.codes) or (not between and _is_two_digits(second.number))
        second = replace(second, codes=("min",) if is_minutes else second.codes)  # `1h 30m`
    if len(second.codes) != 1 or not units.has_part(code, second.codes[0]):
        return None
    number = units.in_parts(first.number, code, second.codes[0]) + second.number
    return replace(second, number=number, start=first.start)


def _with_cents(first: Quantity, second: Quantity, *, has_joint: bool) -> Quantity | None:
    """Money of two units; cents that are not called so have two digits and nothing before them."""
    is_bare = not second.has_unit and not has_joint and second.end - second.start == 1
    is_whole = first.number == int(first.number) and second.number == int(second.number)
    if not is_whole or not 0 < second.number < _HUNDRED:
        return None
    if not (second.is_cents or (is_bare and _is_two_digits(second.number))):
        return None
    number = first.number + second.number / _HUNDRED
    return replace(first, number=number, end=second.end)


def _is_two_digits(number: Decimal) -> bool:
    return number == int(number) and len(str(int(number))) == _TWO_DIGITS


def _part(each: Quantity) -> Quantity:
    return replace(each, is_part=True)


def _is_hour(tokens: Sequence[str], at: int) -> bool:
    after = tokens[at + 1].casefold() if at + 1 < len(tokens) else ""
    return after in _OF_HOURS or (at > 0 and tokens[at - 1].casefold() == "past")


def _scaled(tokens: Sequence[str], end: int, factor: Decimal) -> tuple[int, Decimal]:
    """Where a number ends, and its factor: `2 million`."""
    if end < len(tokens) and (scale := numerals.SCALES.get(tokens[end].casefold())):
        return end + 1, factor * scale
    return end, factor


def _half(tokens: Sequence[str], at: int) -> tuple[bool, int]:
    """Whether a half is added there, and where that ends."""
    is_half = [token.casefold() for token in tokens[at : at + 3]] == _HALF
    return is_half, at + 3 if is_half else at


def _is_minus(tokens: Sequence[str], at: int) -> bool:
    return at > 0 and tokens[at - 1].casefold() in _MINUS


def _unit(way: str) -> tuple[str, ...]:
    return _TEMPERATURES.get(way) or units.codes_of(way)


def _currency(way: str) -> tuple[str, ...]:
    codes = units.codes_of(way)
    return codes and tuple(code for code in codes if units.is_money(code))
