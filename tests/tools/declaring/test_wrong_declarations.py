"""A wrong declaration is refused where it is written: function, file, line, and what to do."""

import inspect
from typing import TYPE_CHECKING, Annotated

import pytest

from highroad.domain.error import DeclarationError
from highroad.tools.body.context import ToolContext
from highroad.tools.body.cost import Cost
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.contract import Owned
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import Email

if TYPE_CHECKING:
    from decimal import Decimal as Unseen


def act(order_id: str = "") -> str:
    return order_id


class Resource:
    pass


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tier": "read", "effect": "unprotected"}, "leave effect out, or raise the tier"),
        ({"tier": "harmless"}, "there is no tier 'harmless'; there are 'read'"),
        ({"effect": "safe"}, "there is no effect 'safe'; there are 'repeatable'"),
        ({"effect": "checkable"}, "needs probe="),
        ({"effect": "idempotent", "probe": lambda key: None}, "checkable tools only"),
        (
            {"effect": "checkable", "probe": lambda: None},
            "the probe cannot be called: it takes one",
        ),
        ({"tier": "reversible", "cache_s": 5}, "which only a read permits"),
        ({"tier": "read", "cache_stale_s": 5}, "and none are: give cache_s"),
        ({"tier": "read", "cache_public": True}, "and none are: give cache_s"),
        ({"tier": "reversible", "cache_tags": ["a"]}, "and none are: give cache_s"),
        ({"tier": "read", "cache_s": 5, "cache_stale_s": 0}, "cache_stale_s is a number above 0"),
        ({"tier": "read", "cache_s": 5, "cache_public": 1}, "True or False, not int"),
        ({"tier": "read", "transform": "yes"}, "transform is True or False, not str"),
        ({"tier": "reversible", "transform": True}, "works its result out of its arguments"),
        ({"tier": "read", "cache_s": 5, "cache_tags": "order"}, "cache_tags is several texts"),
        ({"tier": "read", "cache_s": 5, "ask": "true"}, "would answer the next one without"),
        ({"tier": "read", "invalidates": ["order"]}, "nothing that it invalidates"),
        ({"invalidates": ["order:{cents}"]}, "'cents' is no argument that every call has"),
        ({"invalidates": ["order:{order_id"]}, "which cannot be read"),
        ({"invalidates": ["order:{order_id!r}"]}, "which cannot be read"),
        ({"invalidates": ["order:{order_id.size}"]}, "which cannot be read"),
        ({"invalidates": ["order:{}"]}, "which cannot be read"),
        ({"ask": 3}, "ask is text, not int"),
        ({"key": ["cents"]}, "key names 'cents', which is no argument; there are: order_id"),
        ({"key": "order_id"}, "key is several texts"),
        ({"permissions": "refunds:write"}, "permissions is several texts"),
        ({"name": "no name"}, "is no name for a tool"),
        ({"timeout_s": 0}, "timeout_s is a number above 0"),
        ({"timeout_s": float("inf")}, "timeout_s is a number above 0"),
        ({"attempts": 0}, "attempts is a whole number of at least 1"),
        ({"attempts": True}, "attempts is a whole number of at least 1"),
        ({"max_per_run": -1}, "max_per_run is a whole number of at least 0"),
        ({"cost": -1}, "cost is US dollars"),
        ({"cost": "free"}, "cost is US dollars"),
        ({"data_checks": [lambda: None]}, "a data check cannot be called"),
        ({"health": lambda one, two: None}, "the health check cannot be called: it takes nothing"),
        ({"health": lambda *, one: None}, "the health check cannot be called: it takes nothing"),
        ({"health": 5}, "the health check cannot be called: 5 is not a callable"),
        ({"resources": {Resource: Resource}}, "no parameter takes the resource Resource"),
        ({"examples": [{0: "a"}]}, "example 0 is no JSON object of arguments"),
        ({"teir": "read"}, "there is no option 'teir'"),
    ],
)
def test_options_that_make_no_sense_are_named(options, says):
    with pytest.raises(DeclarationError) as caught:
        tool(**options)(act)
    assert says in str(caught.value)
    line = inspect.getsourcelines(act)[1]
    assert str(caught.value).startswith(f"{__file__}:{line}: tool 'act': ")


def unannotated(order_id) -> str:
    return order_id


def positional(order_id: str, /) -> str:
    return order_id


def many(*order_ids: str) -> str:
    return "".join(order_ids)


def anything(**orders: str) -> str:
    return "".join(orders)


def unknown_type(order_id: "Unseen") -> str:
    return str(order_id)


def no_json(order_id: Resource) -> str:
    return str(order_id)


def no_json_result(order_id: str) -> Resource:
    raise AssertionError(order_id)


def two_contexts(one: ToolContext[None], two: ToolContext[None]) -> str:
    return f"{one} {two}"


def nested_marker(order_ids: list[Annotated[str, Owned(lambda order_id: None)]]) -> str:
    return "".join(order_ids)


def generator(order_id: str):
    yield order_id


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (unannotated, "parameter 'order_id' has no type; annotate it"),
        (positional, "is positional-only; models name every argument"),
        (many, "take one list instead"),
        (anything, "write out the names, or take one dict"),
        (unknown_type, "outside `if TYPE_CHECKING`"),
        (no_json, "an argument has a type that cannot be read"),
        (no_json_result, "the result has a type that cannot be read"),
        (two_contexts, "two contexts"),
        (nested_marker, "Owned marks an argument as a whole"),
        (generator, "collect what it yields"),
        (lambda: None, "is no name for a tool"),
    ],
)
def test_functions_that_no_model_could_call_are_named(function, says):
    with pytest.raises(DeclarationError) as caught:
        tool(function)
    assert says in str(caught.value)
    assert __file__ in str(caught.value)


def test_what_is_no_function_is_no_tool():
    with pytest.raises(DeclarationError, match="a tool is a function"):
        tool(Resource)


def test_a_schema_that_refers_elsewhere_is_refused_and_nothing_is_fetched():
    class Remote(Email):
        def schema(self):
            return {"$ref": "https://example.com/schema.json"}

    @tool
    def send(to: Annotated[str, Remote()]) -> str:
        return to

    with pytest.raises(DeclarationError, match="references must point into it"):
        compile_tool(send)


@pytest.mark.parametrize("ceiling", [-0.01, float("nan"), float("inf")])
def test_a_cost_without_a_ceiling_is_refused(ceiling):
    with pytest.raises(ValueError, match="needs a ceiling"):
        Cost(ceiling)
