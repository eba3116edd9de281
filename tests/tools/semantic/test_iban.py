"""Account numbers: one IBAN that its check digits confirm, of the countries that were named."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.evidence import ValueKind
from highroad.domain.iban import IBAN_LENGTHS, is_iban, is_mod97
from highroad.evidence.outline import outlined
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.derivation.leaf import LeafKind, leaf_of
from highroad.tools.schemas.example import example_of
from highroad.tools.semantic import Iban
from highroad.tools.validate import Validated, check_arguments

GERMAN = "DE89370400440532013000"
FRENCH = "FR1420041010050500013M02606"
BRITISH = "GB29NWBK60161331926819"
SIGNS = st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def with_check_digits(country, account):
    """ISO 13616-1, 6.2: what is missing from 98."""
    value = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00")) % 97
    return f"{country}{98 - value:02d}{account}"


@st.composite
def accounts(draw):
    country = draw(st.sampled_from(sorted(IBAN_LENGTHS)))
    length = IBAN_LENGTHS[country] - 4
    return with_check_digits(
        country, draw(st.text(alphabet=SIGNS, min_size=length, max_size=length))
    )


@given(accounts())
def test_what_has_the_length_of_its_country_and_right_check_digits_passes(account):
    assert Iban().objection(account) is None
    assert Iban(countries=[account[:2]]).objection(account) is None


@given(accounts(), st.data())
def test_no_single_sign_can_be_changed(account, data):
    """ISO/IEC 7064 MOD 97-10 finds every single substitution."""
    at = data.draw(st.integers(0, len(account) - 1))
    sign = data.draw(SIGNS.filter(lambda each: each != account[at]))
    assert Iban().objection(account[:at] + sign + account[at + 1 :]) is not None


@given(accounts())
def test_an_account_has_one_spelling(account):
    others = (f"{account[:2]}{digits:02d}{account[4:]}" for digits in range(100))
    assert [each for each in others if Iban().objection(each) is None] == [account]


@given(st.text() | accounts().map(lambda each: f"{each} ") | accounts().map(str.lower))
def test_what_passes_is_capitals_and_ascii_digits_alone(text):
    if Iban().objection(text) is None:
        assert text.isascii()
        assert text.isalnum()
        assert text == text.upper()


def test_a_second_spelling_that_leaves_the_same_remainder_is_refused():
    account = with_check_digits("NO", "86011110019")
    while account[2:4] not in {"97", "98"}:
        account = with_check_digits("NO", f"{int(account[4:]) + 1:011d}")
    second = f"NO{int(account[2:4]) - 97:02d}{account[4:]}"
    assert is_mod97(second)
    assert is_iban(second)
    assert Iban().objection(account) is None
    assert Iban().objection(second) is not None


def test_other_countries_are_refused_and_the_right_ones_named():
    iban = Iban(countries=["fr", "DE"])
    assert iban.objection(GERMAN) is iban.objection(FRENCH) is None
    assert iban.objection(BRITISH) == "an IBAN of DE or FR"


@pytest.mark.parametrize("country", ["", "US", "DEU", "D", "Germany", "de "])
def test_a_country_is_one_that_has_ibans(country):
    with pytest.raises(ValueError, match="no country of IBANs"):
        Iban(countries=[country])


def test_countries_are_several():
    with pytest.raises(TypeError, match="countries are several"):
        Iban(countries="DE")


def pay(
    creditor: Annotated[str, Iban(countries=["DE", "FR"])],
    debtor: Annotated[str | None, Iban()] = None,
) -> None:
    """Pay somebody.

    Args:
        creditor: Who gets it.
    """
    raise AssertionError(creditor, debtor)


PAY = compile_tool(tool(pay))


def test_the_schema_tells_a_model_what_is_taken():
    told = PAY.definition.input_schema["properties"]["creditor"]
    assert told["format"] == "iban"
    assert told["pattern"] == "^(?:DE|FR)[0-9]{2}[A-Z0-9]{11,30}$"
    assert told["description"] == "Who gets it. Only an IBAN of DE or FR."
    assert Iban().objection(example_of(told)) is None


def test_an_argument_of_it_is_traced_as_an_id():
    schema = PAY.definition.input_schema
    assert outlined("", schema, schema).members["creditor"].text is ValueKind.ID


def test_a_call_is_refused_in_words_that_quote_nothing():
    wrong = check_arguments(PAY, {"creditor": GERMAN[:-1] + "1"})
    assert isinstance(wrong, Invalid)
    (problem,) = wrong.problems
    assert (problem.pointer, problem.code) == ("/creditor", "iban")
    assert GERMAN[:-1] + "1" not in problem.expected
    assert isinstance(check_arguments(PAY, {"creditor": GERMAN, "debtor": None}), Validated)


@pytest.mark.parametrize("form", ["iban"])
def test_a_leaf_of_its_format_is_where_a_party_is_reached(form):
    part = {"type": "string", "format": form}
    assert leaf_of("value", part, frozenset({"string"})).kind is LeafKind.ADDRESS
