"""A number is found with what stands at it: another unit or currency makes another quantity."""

import pytest

from highroad.domain.evidence import EvidenceKind, Source
from highroad.domain.tool import Contract
from highroad.evidence.index import Index
from highroad.evidence.plan import ground, plan

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
WHOLE = {"type": "integer"}

SAID = [
    # a text with its unit
    ("dose", TEXT, "500mg", "take 500 mg"),
    ("dose", TEXT, "500 mg", "take 500mg"),
    ("dose", TEXT, "0.5 g", "take 500 mg"),
    ("dose", TEXT, "500 mg", "half a gram"),
    ("memory", TEXT, "512MB", "512 MB of memory"),
    ("memory", TEXT, "512MB", "512 megabytes"),
    ("timeout", TEXT, "5h", "wait 5 hours"),
    ("timeout", TEXT, "300s", "wait five minutes"),
    ("discount", TEXT, "50%", "50 percent off"),
    ("amount", TEXT, "£84.00", "£84"),
    ("amount", TEXT, "84 GBP", "84 pounds"),
    ("amount", TEXT, "$84.00", "84 dollars"),
    ("amount", TEXT, "84 euros", "EUR 84.00"),
    ("amount", TEXT, "84.00", "$84"),
    ("limit", TEXT, "5M", "5 million"),
    ("temperature", TEXT, "-18 °C", "at -18 degrees Celsius"),
    ("temperature", TEXT, "-18 °C", "minus 18 degrees celsius"),
    ("temperature", TEXT, "39 °F", "at 39F"),
    ("temperature", TEXT, "21.5°C", "21.5 C"),
    ("amount", TEXT, "84", "$84"),
    ("cents", TEXT, "8400", "$84"),
    ("amount", TEXT, "84", "$84.-"),
    ("price", NUMBER, 9.99, "$9.99/month"),
    # numbers whose name tells the unit
    ("duration_minutes", WHOLE, 75, "1h 15m"),
    ("duration_minutes", WHOLE, 75, "1 h 15"),
    ("days", WHOLE, 14, "a fortnight"),
    ("weight_kg", NUMBER, 0.85, "850 grams"),
    ("weight_kg", NUMBER, 84, "84.00"),
    ("weight_kg", NUMBER, 3, "3 of them"),
    ("duration_minutes", WHOLE, 150, "2 hours 30 minutes"),
    ("duration_minutes", WHOLE, 150, "two and a half hours"),
    ("duration_minutes", WHOLE, 90, "an hour and a half"),
    ("duration_minutes", WHOLE, 90, "1h30"),
    ("duration_minutes", WHOLE, 60, "for an hour"),
    ("duration_minutes", WHOLE, 45, "three quarters of an hour"),
    ("duration_minutes", WHOLE, 120, "a couple of hours"),
    ("minutes", WHOLE, 30, "2 hours 30 minutes"),
    ("hours", WHOLE, 2, "2 hours 30 minutes"),
    ("days", WHOLE, 5, "a 5-night stay"),
    ("months", WHOLE, 24, "for two years"),
    ("price_min", WHOLE, 50, "from $50"),
    ("amount_usd", NUMBER, 84, "$84"),
    ("amount_usd", NUMBER, 84, "84.00"),
    # numbers in words
    ("amount", NUMBER, 84, "eighty-four dollars"),
    ("cents", WHOLE, 8_400, "eighty-four dollars"),
    ("cents", WHOLE, 99, "ninety-nine cents"),
    ("cents", WHOLE, 950, "9 euros 50"),
    ("cents", WHOLE, 950, "nine euros and fifty cents"),
    ("tickets", WHOLE, 2, "two tickets"),
    ("tickets", WHOLE, 2, "a couple of tickets"),
    ("amount", NUMBER, 3_500, "3.5k"),
    ("amount", NUMBER, 1_500, "1.5k euros"),
    ("amount", NUMBER, 2_500_000, "$2.5m"),
    ("amount", NUMBER, 250_000, "a quarter of a million"),
    ("amount", NUMBER, 1_500_000, "a million and a half"),
    ("amount", NUMBER, 2.5, "two point five"),
    ("amount", NUMBER, 500, "five hundred bucks"),
    ("amount", NUMBER, 1_200.0, "1 200,00 EUR"),
    ("amount", NUMBER, 1_200.0, "1\u202f200 €"),
    ("amount", NUMBER, 1_200.0, "1\u00a0200,00 €"),
    ("count", WHOLE, 120, "a hundred and twenty"),
    ("count", WHOLE, -5, "minus five"),
    ("cents", WHOLE, 250, "two dollars fifty"),
    # units
    ("currency", TEXT, "GBP", "seven hundred and fifty pounds"),
    ("currency", TEXT, "USD", "500 bucks"),
    ("currency", TEXT, "CAD", "C$84"),
]

NOT_SAID = [
    ("dose", TEXT, "500g", "take 500 mg"),
    ("dose", TEXT, "500 g", "take 500 mg"),
    ("dose", TEXT, "500g", "take 500"),
    ("memory", TEXT, "512GB", "512MB"),
    ("size", TEXT, "5TB", "five replicas"),
    ("timeout", TEXT, "5h", "retry 5 times"),
    ("limit", TEXT, "5M", "5 of them"),
    ("limit", TEXT, "5k", "5 of them"),
    ("discount", TEXT, "50%", "$50"),
    ("discount", TEXT, "50%", "50 of them"),
    ("amount", TEXT, "£84.00", "$84.00"),
    ("amount", TEXT, "£84.00", "84.00"),
    ("amount", TEXT, "84 EUR", "84 of them, not in EUR"),
    ("amount", TEXT, "$84*", "$84"),
    ("temperature", TEXT, "4°F", "at 4 °C"),
    ("temperature", TEXT, "18 °C", "-18 °C"),
    ("weight_kg", NUMBER, 850, "850 grams"),
    ("weight_kg", NUMBER, 84, "$84"),
    ("weight_kg", NUMBER, 80, "80%"),
    ("duration_minutes", WHOLE, 2, "2 hours"),
    ("duration_minutes", WHOLE, 120, "2 hours 30 minutes"),
    ("duration_minutes", WHOLE, 60, "an hour and a half"),
    ("cents", WHOLE, 900, "9 euros 50"),
    ("cents", TEXT, "84", "$84"),
    ("amount", TEXT, "8400", "$84"),
    ("count", WHOLE, 3, "half past 3"),
    ("count", WHOLE, 4, "at 4 pm"),
    ("weight_kg", NUMBER, 5, "5 pounds"),
    ("temperature_celsius", NUMBER, 39, "39 degrees Fahrenheit"),
    ("cents", WHOLE, 500, "take 500 mg"),
    ("amount", NUMBER, 1.5, "1.5k euros"),
    ("amount", NUMBER, 1_000_000, "a quarter of a million"),
    ("amount", NUMBER, 5, "two point five"),
    ("amount_usd", NUMBER, 84, "€84"),
    ("amount", NUMBER, 200.0, "1 200,00 EUR"),
    ("amount", NUMBER, 200, "1\u202f200 €"),
    ("count", WHOLE, 1, "for a day"),
    ("count", WHOLE, 5, "minus five"),
    ("currency", TEXT, "USD", "C$84"),
    ("currency", TEXT, "USD", "750 pounds"),
]

RECORDED = [
    ("dose", TEXT, "500 mg", {"dose_mg": 500}),
    ("dose", TEXT, "0.5g", {"dose_mg": "500"}),
    ("amount", TEXT, "£84.00", {"total": 84.0, "currency": "GBP"}),
    ("price", TEXT, "£84", {"price": {"amount": "84.00", "currency": "GBP"}}),
    ("timeout_hours", NUMBER, 1.5, {"timeout": {"value": 90, "unit": "min"}}),
    ("amount", TEXT, "84 GBP", {"total_cents": 8_400, "currency": "GBP"}),
    ("amount", TEXT, "$84", {"price_usd": 84}),
    ("weight", TEXT, "5 kg", {"weight": {"value": 5, "unit": "kg"}}),
    ("discount", TEXT, "50%", {"discount_percent": 50}),
    ("cents", WHOLE, 8_400, {"price_usd": 84}),
    ("amount_usd", NUMBER, 84, {"amount": 84.0}),
    ("amount", WHOLE, 8_400, {"price_cents": 8_400}),
    ("quantity", WHOLE, 30, {"minutes": 30}),
    # what a bank took may be named without its minus
    ("amount", NUMBER, 84.0, {"amount": -84.0}),
    ("amount", NUMBER, 84.0, {"amount": "-84.00"}),
    ("cents", WHOLE, 8_400, {"amount": -84.0}),
    ("cents", WHOLE, 8_400, {"amount_cents": -8_400}),
    ("amount", NUMBER, -84.0, {"amount": -84.0}),
]

NOT_RECORDED = [
    ("dose", TEXT, "500g", {"dose_mg": 500}),
    ("dose_g", WHOLE, 500, {"dose_mg": 500}),
    ("size", TEXT, "5TB", {"replicas": 5}),
    ("amount", TEXT, "£84.00", {"total": 84.0, "currency": "USD"}),
    ("price", TEXT, "$84", {"price": {"amount": "84.00", "currency": "GBP"}}),
    ("amount", TEXT, "£84.00", {"order": {"total": 84.0}, "currency": "GBP"}),
    ("amount", TEXT, "$84", {"price_eur": 84}),
    ("amount", NUMBER, 8_400, {"price_cents": 8_400}),
    ("amount_usd", WHOLE, 8_400, {"price_cents": 8_400}),
    ("cents", WHOLE, 84, {"price_usd": 84}),
    ("amount", NUMBER, -84.0, {"amount": 84.0}),
    ("amount", NUMBER, 84.0, {"temperature": -84.0}),
    ("count", WHOLE, 84, {"amount": -84}),
]


def is_grounded(name, schema, value, index):
    schema = {"type": "object", "properties": {name: schema}}
    return not ground(plan(schema, Contract()), {name: value}, index).ungrounded


def said(text):
    index = Index()
    index.add_text(Source("said", EvidenceKind.REQUEST), text)
    return index


def recorded(record):
    index = Index()
    index.add_value(Source("record", EvidenceKind.RESULT), record)
    return index


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("name", "schema", "value", "text"), SAID)
def test_a_quantity_is_found_as_people_say_it(name, schema, value, text):
    assert is_grounded(name, schema, value, said(text))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("name", "schema", "value", "text"), NOT_SAID)
def test_a_number_with_another_unit_is_not_found(name, schema, value, text):
    assert not is_grounded(name, schema, value, said(text))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("name", "schema", "value", "record"), RECORDED)
def test_the_name_of_a_field_and_the_member_beside_it_tell_the_unit(name, schema, value, record):
    assert is_grounded(name, schema, value, recorded(record))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("name", "schema", "value", "record"), NOT_RECORDED)
def test_a_record_is_of_the_unit_that_it_tells_and_of_no_other(name, schema, value, record):
    assert not is_grounded(name, schema, value, recorded(record))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("given", "result", "name", "value"),
    [
        ({"minutes": 60}, "1 hour", "duration", "1 hour"),
        ({"dose": "500 mg"}, {"dose_g": 0.5}, "dose", "0.5 g"),
        ({"price": 84}, {"price_usd": 84}, "amount", "$84"),
        ({"price": "$84"}, {"total": 84.0, "currency": "USD"}, "amount", "$84.00"),
        ({"price": -84}, {"amount": -84.0}, "amount", 84.0),
    ],
)
def test_a_quantity_that_a_result_repeats_is_no_evidence(given, result, name, value):
    index = Index()
    index.add_result(Source("call", EvidenceKind.RESULT), result, arguments=given)
    assert not is_grounded(name, TEXT if isinstance(value, str) else NUMBER, value, index)
