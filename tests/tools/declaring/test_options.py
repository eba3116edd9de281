"""Whatever is given to an option, it is taken or refused where it stands, never at a call."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from highroad.domain.error import DeclarationError
from highroad.tools.body.cost import Cost
from highroad.tools.declaring.declare import tool
from highroad.tools.declaring.from_model import tool_from_model
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.kinds import contracts_of
from highroad.tools.declaring.options import ToolOptions

wrong = st.recursive(
    st.builds(object) | st.none() | st.binary() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.lists(inner, min_size=1, max_size=2).map(tuple)
        | st.dictionaries(st.integers(), inner, min_size=1, max_size=2)
    ),
    max_leaves=3,
)
"""What no option is."""
OPTIONS = sorted(ToolOptions.__annotations__)
SAID = {"health": "health check"}
"""How an error names what it does not call as the option is called."""


class Order(BaseModel):
    number: int


def act(number: int) -> str:
    return str(number)


def another_act():
    def one(number: int) -> str:
        return act(number)

    return one


def by_function(options):
    return tool(**options)(another_act())


def by_model(options):
    return tool_from_model(
        lambda given: act(given.number), model=Order, **{"name": "act"} | options
    )


def by_schema(options):
    return tool_from_schema(lambda given: act(**given), parameters={}, **{"name": "act"} | options)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("declare", [by_function, by_model, by_schema])
def test_an_option_of_no_kind_is_refused_by_its_name(declare, option):
    with pytest.raises(DeclarationError) as refused:
        declare({option: object()})
    assert SAID.get(option, option) in str(refused.value)


@given(option=st.sampled_from(OPTIONS), value=wrong)
@example(option="examples", value=b"")
@example(option="examples", value=[{0: None}])
@example(option="checks", value=b"")
def test_what_no_option_is_refused_where_it_is_declared(option, value):
    with pytest.raises(DeclarationError):
        by_schema({option: value})


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("transient", [OSError], "transient=(ConnectionError, TimeoutError)"),
        ("transient", OSError, "a tuple of classes of exceptions"),
        ("transient", (OSError("one"),), "a tuple of classes of exceptions"),
        ("not_applied", {OSError}, "not_applied=(ConnectionError, TimeoutError)"),
        ("not_applied", (BaseException,), "a tuple of classes of exceptions"),
        ("checks", act, "several functions, for example checks="),
        ("data_checks", ["check"], "several functions, for example data_checks="),
        ("resources", [Order], "resources={Connection: connect}"),
        ("resources", {"Order": Order}, "resources={Connection: connect}"),
        ("strict", "yes", "strict is True or False, not str"),
        ("cost", True, "US dollars, zero or more"),
        ("examples", 3, "several objects of arguments"),
        ("examples", [{0: None}], "example 0 is no JSON object"),
    ],
)
def test_what_is_almost_right_is_refused_with_what_to_write(option, value, says):
    with pytest.raises(DeclarationError) as refused:
        tool(**{option: value})(act)
    assert says in str(refused.value)


@pytest.mark.parametrize("part", ["estimate", "actual"])
def test_a_cost_is_worked_out_by_functions(part):
    with pytest.raises(ValueError, match=part):
        Cost(1.0, **{part: 0.5})


@pytest.mark.parametrize(
    ("contracts", "says"),
    [
        (["search"], "contracts are options by name of the tool"),
        ({"search": "read"}, "'search': its contract is options"),
        ({"search": {"tags": "web"}}, "'search': tags is several texts"),
        ({"search": {"not_applied": [OSError]}}, "'search': not_applied is a tuple"),
        ({"search": {"teir": "read"}}, "'search': there is no option 'teir'"),
    ],
)
def test_contracts_beside_tools_are_judged_as_options_are(contracts, says):
    def guard():
        return contracts_of(contracts)

    with pytest.raises(DeclarationError) as refused:
        guard()
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"{__file__}:")
