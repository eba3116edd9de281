"""Telephone numbers: one in the form of E.164, of the countries that were named."""

import re
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.evidence import ValueKind
from highroad.evidence.outline import outlined
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.derivation.leaf import LeafKind, leaf_of
from highroad.tools.schemas.example import example_of
from highroad.tools.semantic import Phone
from highroad.tools.validate import Validated, check_arguments

BERLIN = "+493012345678"
NEW_YORK = "+12125550123"
DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=20)
DIALS_ON = st.sampled_from([*",;*#pPwWxtTABCD!/@&= \t\n\r\x00\u200b\u202e\u0660\uff10", ";ext=1"])


@given(DIGITS)
def test_what_passes_is_a_plus_and_seven_to_fifteen_digits(digits):
    if Phone().objection(f"+{digits}") is None:
        assert 7 <= len(digits) <= 15
        assert digits[0] != "0"
        assert re.search(Phone().schema()["pattern"], f"+{digits}")


@given(st.integers(0, len(BERLIN)), DIALS_ON)
def test_no_sign_that_dials_on_or_hides_may_stand_anywhere(at, sign):
    assert Phone().objection(BERLIN[:at] + sign + BERLIN[at:]) is not None


@given(st.text())
def test_what_passes_is_ascii(text):
    for each in (text, f"+{text}", BERLIN[:8] + text):
        if Phone().objection(each) is None:
            assert each.isascii()
            assert each[1:].isdecimal()


@pytest.mark.parametrize("number", ["+19002345678", "+12129761234", "+491371234567", "+3389912345"])
def test_a_number_that_is_paid_by_the_call_is_refused(number):
    assert "paid by the call" in Phone().objection(number)


@pytest.mark.parametrize("number", ["+35290012", "+35315123456", "+96191234", "+9609001234"])
def test_one_of_a_place_that_only_begins_alike_is_not(number):
    assert (Phone().objection(number) is None) is (len(number) < 13)


@pytest.mark.parametrize("code", ["800", "808", "870", "881", "882", "883", "888", "979", "999"])
def test_a_number_of_no_country_is_refused(code):
    assert Phone().objection(f"+{code}12345678") is not None


def test_other_countries_are_refused_and_the_right_ones_named():
    phone = Phone(countries=["+49", "+1212"])
    assert phone.objection(BERLIN) is phone.objection(NEW_YORK) is None
    assert phone.objection("+18762101234") == "a phone number that begins with +1212 or +49"


@pytest.mark.parametrize("country", ["", "+", "49", "DE", "+4", "+0", "+979", "+49 30", "+4٩"])
def test_a_country_is_told_by_its_code(country):
    with pytest.raises(ValueError, match="begins no number of a country"):
        Phone(countries=[country])


def test_countries_are_several():
    with pytest.raises(TypeError, match="countries are several"):
        Phone(countries="+49")


def ring(
    whom: Annotated[str, Phone(countries=["+49"])],
    others: list[Annotated[str, Phone()]],
) -> None:
    """Ring somebody.

    Args:
        whom: First.
    """
    raise AssertionError(whom, others)


RING = compile_tool(tool(ring))


def test_the_schema_tells_a_model_what_is_taken():
    told = RING.definition.input_schema["properties"]["whom"]
    assert told["format"] == "phone"
    assert told["pattern"] == r"^\+[1-9][0-9]{6,14}$"
    assert told["description"] == "First. Only a phone number that begins with +49."
    assert Phone().objection(example_of(told)) is None


def test_an_argument_of_it_is_traced_as_a_phone_number():
    schema = RING.definition.input_schema
    assert outlined("", schema, schema).members["whom"].text is ValueKind.PHONE


def test_they_are_judged_wherever_they_stand():
    wrong = check_arguments(RING, {"whom": NEW_YORK, "others": [BERLIN, "+19002345678"]})
    assert isinstance(wrong, Invalid)
    assert {(each.pointer, each.code) for each in wrong.problems} == {
        ("/whom", "phone"),
        ("/others/1", "phone"),
    }
    assert isinstance(check_arguments(RING, {"whom": BERLIN, "others": []}), Validated)


@pytest.mark.parametrize("form", ["phone", "tel"])
def test_a_leaf_of_its_format_is_where_a_party_is_reached(form):
    part = {"type": "string", "format": form}
    assert leaf_of("value", part, frozenset({"string"})).kind is LeafKind.ADDRESS
