"""Made values in every notation of people are found; what nearly is one of them is not."""

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from highroad.domain.evidence import EvidenceKind, Source
from highroad.domain.tool import Contract
from highroad.evidence.index import Index
from highroad.evidence.plan import ground, plan

pytestmark = pytest.mark.promise("P9")

FEWER = settings(max_examples=settings().max_examples // 4)
"""Each example is sought many times over."""
FRAMES = (
    "{}",
    "Please make it {}.",
    "I said {}, not the other one",
    "(that is: {})",
    "Hello, we spoke before. {} is what I want!",
)
ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
CURRENCIES = {
    "EUR": ("€{}", "{} €", "{} EUR", "EUR {}", "{} euros", "{}EUR"),
    "USD": ("${}", "US${}", "{} USD", "USD {}", "{} dollars", "{} bucks"),
    "GBP": ("£{}", "{} GBP", "GBP {}", "{} pounds", "{} quid"),
    "CHF": ("CHF {}", "{} CHF", "{} Franken"),
}
UNITS = {
    "kg": ("kg", "kilos", "kilograms"),
    "g": ("g", "grams"),
    "mg": ("mg", "milligrams"),
    "km": ("km", "kilometers"),
    "cm": ("cm", "centimetres"),
    "minutes": ("min", "minutes", "mins"),
    "hours": ("h", "hours", "hrs"),
    "days": ("days",),
    "gb": ("GB", "gigabytes"),
    "percent": ("%", "percent"),
}
SAME = {
    ("kg", "g"): 1_000,
    ("g", "mg"): 1_000,
    ("km", "cm"): 100_000,
    ("hours", "minutes"): 60,
    ("days", "hours"): 24,
}
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
WHOLE = st.integers(2, 9_999)
MONEY = st.decimals(Decimal("1.01"), Decimal("99999.99"), places=2)
CLOCK = st.times(time(0), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))


def in_words(number):
    """A number as people say it."""
    for size, name in ((1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            joint = " and " if size == 100 else " "
            return f"{in_words(number // size)} {name}" + (joint + in_words(rest) if rest else "")
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


def has(name, value, text, type_=None):
    """Whether a value of an argument is found in what a user said and in what a record says."""
    schema = {"type": type_ or ("string" if isinstance(value, str) else "number")}
    compiled = plan({"type": "object", "properties": {name: schema}}, Contract())
    said, recorded = Index(), Index()
    said.add_text(Source("said", EvidenceKind.REQUEST), text)
    recorded.add_value(Source("record", EvidenceKind.RESULT), {"notes": [text]})
    found = {not ground(compiled, {name: value}, each).ungrounded for each in (said, recorded)}
    assert len(found) == 1
    return found.pop()


def money_notations(amount):
    whole = amount == int(amount)
    grouped = f"{amount:,.2f}"
    yield from (f"{amount:.2f}", grouped, grouped.translate(str.maketrans(",.", ".,")))
    yield grouped.replace(",", "'")
    if whole:
        yield from (f"{amount:.0f}", f"{amount:,.0f}")


@FEWER
@given(MONEY, st.sampled_from(sorted(CURRENCIES)), st.sampled_from(FRAMES), st.data())
def test_money_is_found_in_every_notation(amount, currency, frame, data):
    notation = data.draw(st.sampled_from(CURRENCIES[currency]))
    text = frame.format(notation.format(data.draw(st.sampled_from([*money_notations(amount)]))))
    assert has("amount", float(amount), text), text
    assert has("cents", int(amount * 100), text, "integer"), text
    assert has("currency", currency, text), text
    assert has(f"amount_{currency.lower()}", float(amount), text), text
    for way in CURRENCIES[currency]:
        assert has("price", way.format(amount), text), (way, text)


@FEWER
@given(MONEY, st.sampled_from(sorted(CURRENCIES)), st.sampled_from(FRAMES), st.data())
def test_money_of_another_digit_or_currency_is_not_found(amount, currency, frame, data):
    notation = data.draw(st.sampled_from(CURRENCIES[currency]))
    text = frame.format(notation.format(data.draw(st.sampled_from([*money_notations(amount)]))))
    other = data.draw(st.sampled_from(sorted(set(CURRENCIES) - {currency})))
    assert not has("currency", other, text), text
    assert not has(f"amount_{other.lower()}", float(amount), text), text
    for way in CURRENCIES[other]:
        assert not has("price", way.format(amount), text), (way, text)
    digits = f"{amount:.2f}"
    at = data.draw(st.sampled_from([n for n, each in enumerate(digits) if each.isdigit()]))
    wrong = Decimal(digits[:at] + str((int(digits[at]) + 1) % 10) + digits[at + 1 :])
    for factor in (wrong / amount, 10, Decimal("0.1"), 100):
        assert not has("amount", float(amount * factor), text), text
        assert not has("price", f"{currency} {amount * factor:.4f}", text), text
    assert not has("cents", int(wrong * 100), text, "integer"), text


@FEWER
@given(WHOLE, st.sampled_from(sorted(UNITS)), st.sampled_from(FRAMES), st.data())
def test_a_measure_is_found_in_every_notation_and_in_the_same_of_another_unit(
    number, unit, frame, data
):
    way = data.draw(st.sampled_from(UNITS[unit]))
    notation = data.draw(st.sampled_from(["{} {}", "{}{}", "{:,} {}"]))
    words = f"{in_words(number)} {way}"
    text = frame.format(data.draw(st.sampled_from([notation.format(number, way), words])))
    assume(way != "%" or words not in text)
    assert has(f"size_{unit}", number, text), text
    for each in UNITS[unit]:
        assert has("size", f"{number}{each}", text), (each, text)
        assert has("size", f"{number} {each}", text), (each, text)
    for (large, small), factor in SAME.items():
        if small == unit:
            assert has(f"size_{large}", number / factor, text) or number % factor, text
        if large == unit:
            assert has(f"size_{small}", number * factor, text), text
            assert has("size", f"{number * factor} {small}", text), text


@FEWER
@given(WHOLE, st.sampled_from(sorted(UNITS)), st.sampled_from(FRAMES), st.data())
def test_a_measure_of_another_unit_or_digit_is_not_found(number, unit, frame, data):
    text = frame.format(f"{number} {data.draw(st.sampled_from(UNITS[unit]))}")
    for other in sorted(set(UNITS) - {unit}):
        assert not has(f"size_{other}", number, text), (other, text)
        for each in UNITS[other]:
            assert not has("size", f"{number}{each}", text), (each, text)
    for wrong in (number + 1, number * 10, -number):
        assert not has(f"size_{unit}", wrong, text), text
        assert not has("size", f"{wrong} {unit}", text), text


def day_notations(day):
    end = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in {11, 12, 13} else 0, "th")
    month = MONTHS[day.month - 1]
    yield from (
        day.isoformat(),
        f"{month} {day.day}, {day.year}",
        f"{month} {day.day}{end}, {day.year}",
        f"{month[:3]} {day.day} {day.year}",
        f"{day.day}{end} {month} {day.year}",
        f"the {day.day}{end} of {month}, {day.year}",
        f"{day.day} {month[:3]}. {day.year}",
        f"{day.year}/{day.month:02}/{day.day:02}",
    )


@FEWER
@given(st.dates(date(2000, 1, 1), date(2059, 12, 31)), CLOCK, st.sampled_from(FRAMES), st.data())
def test_a_day_is_found_and_swapped_or_next_to_it_is_not(day, clock, frame, data):
    at = f"{clock.hour % 12 or 12}:{clock.minute:02} {'am' if clock.hour < 12 else 'pm'}"
    text = frame.format(f"{data.draw(st.sampled_from([*day_notations(day)]))} at {at}")
    moment = f"{day.isoformat()}T{clock.isoformat('minutes')}"
    assert has("day", day.isoformat(), text), text
    assert has("start_at", moment, text), text
    assert has("time", clock.isoformat("minutes"), text), text
    others = [
        day.replace(year=day.year + 1, day=min(day.day, 28)),
        day.replace(day=day.day % 28 + 1),
    ]
    if day.day <= 12:
        others.append(day.replace(month=day.day, day=day.month))
    for other in others:
        assert other == day or not has("day", other.isoformat(), text), (other, text)
    for hours in (1, 12):
        late = clock.replace(hour=(clock.hour + hours) % 24).isoformat("minutes")
        assert not has("time", late, text), (late, text)
        assert not has("start_at", f"{day.isoformat()}T{late}", text), (late, text)


def spoken(clock):
    """A time of day as people say it, without its half of the day."""
    hour, following = clock.hour % 12 or 12, (clock.hour + 1) % 12 or 12
    match clock.minute:
        case 0:
            return [f"at {hour}", f"at {hour} o'clock", f"at {ONES[hour]}"]
        case 15:
            return [f"quarter past {hour}", f"quarter past {ONES[hour]}"]
        case 30:
            return [f"half past {hour}", f"half past {ONES[hour]}"]
        case 45:
            return [f"quarter to {following}", f"quarter to {ONES[following]}"]
    raise ValueError(clock)


@FEWER
@given(st.integers(0, 23), st.sampled_from([0, 15, 30, 45]), st.sampled_from(FRAMES), st.data())
def test_a_time_in_words_is_found_and_closed_by_its_half_of_the_day(hour, minute, frame, data):
    clock = time(hour, minute)
    assume(hour % 12 not in {0, 11})  # at noon and at midnight both halves meet
    open_text = frame.format(data.draw(st.sampled_from(spoken(clock))))
    half = "in the morning" if hour < 12 else "in the afternoon"
    closed = frame.format(f"{data.draw(st.sampled_from(spoken(clock)))} {half}")
    other = clock.replace(hour=(hour + 12) % 24)
    assert has("time", clock.isoformat("minutes"), open_text), open_text
    assert has("time", other.isoformat("minutes"), open_text), open_text
    assert has("time", clock.isoformat("minutes"), closed), closed
    assert not has("time", other.isoformat("minutes"), closed), closed
    wrong = clock.replace(minute=(minute + 15) % 60)
    assert not has("time", wrong.isoformat("minutes"), closed), closed


@FEWER
@given(st.from_regex(r"[1-9]\d{9}", fullmatch=True), st.sampled_from(FRAMES), st.data())
def test_a_phone_number_is_found_however_it_is_grouped(digits, frame, data):
    notations = ["{0}{1}{2}", "({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "{0} {1} {2}"]
    parts = (digits[:3], digits[3:6], digits[6:])
    text = frame.format(data.draw(st.sampled_from(notations)).format(*parts))
    assert all(has("phone", each.format(*parts), text) for each in notations), text
    at = data.draw(st.integers(0, 9))
    wrong = digits[:at] + str((int(digits[at]) + 1) % 10) + digits[at + 1 :]
    assert not has("phone", wrong, text), text
    assert not has("phone", f"+1{digits}", text), text
