"""`@tool` returns the very function, and what it was declared to be stands beside it."""

import asyncio
import functools
import gc
import pickle
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import pytest
from pydantic import Field

from highroad.domain.error import DeclarationError
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.ports.policy import Owner
from highroad.tools.body.context import ToolContext
from highroad.tools.body.cost import Cost
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.contract import Content, Owned, Secret
from highroad.tools.declaring.declare import tool, tool_definition


@tool(tier="read")
def get_order(order_id: str) -> dict[str, str]:
    """Look up one order.

    Args:
        order_id: For example "ORD-000042".
    """
    return {"id": order_id}


class Shop:
    """A dependency."""


class Connection:
    """A resource."""


@contextmanager
def connect() -> Iterator[Connection]:
    yield Connection()


def test_the_decorator_returns_the_very_function_with_and_without_options():
    def bare(text: str) -> str:
        return text

    assert tool(bare) is bare
    assert tool(name="other")(bare) is bare
    assert bare.__dict__ == {}
    assert bare("x") == "x"


def test_a_declared_function_pickles():
    assert pickle.loads(pickle.dumps(get_order)) is get_order  # noqa: S301 - our own bytes


def test_an_async_function_stays_one():
    @tool
    async def echo(text: str) -> str:
        return text

    assert asyncio.iscoroutinefunction(echo)
    assert compile_tool(echo).is_async
    assert asyncio.run(echo("x")) == "x"


def test_a_wrapper_does_not_inherit_what_it_may_not_keep():
    @functools.wraps(get_order)
    def wrapper(order_id: str) -> dict[str, str]:
        raise AssertionError(order_id)

    with pytest.raises(DeclarationError, match="put `@tool` above it"):
        tool_definition(wrapper)


def test_a_declaration_does_not_keep_its_function_alive():
    @tool
    def short_lived(text: str) -> str:
        return text

    seen = weakref.ref(short_lived)
    del short_lived
    gc.collect()
    assert seen() is None


def test_undeclared_is_irreversible_and_unprotected():
    @tool
    def act(text: str) -> str:
        return text

    definition = tool_definition(act)
    assert definition.tier is Tier.IRREVERSIBLE
    assert definition.effect is Effect.UNPROTECTED
    assert definition.has_effects
    assert definition.contract.argument("text").role is ArgumentRole.CONTROL


def test_a_plain_function_gets_the_same_closed_defaults():
    def act(text: str) -> str:
        return text

    plain, declared = compile_tool(act).definition, None
    declared = tool_definition(tool(act))
    assert plain.digest == declared.digest


def test_a_read_is_repeatable():
    assert tool_definition(get_order).effect is Effect.REPEATABLE
    assert not tool_definition(get_order).has_effects


def test_every_option_reaches_the_definition():
    @tool(
        name="shop.refund",
        description="Refund.",
        tier="privileged",
        effect="checkable",
        key=["order_id"],
        permissions={"refunds:write"},
        timeout_s=5,
        attempts=2,
        cost=0.01,
        ask="args.cents > 5000",
        probe=lambda key: None,
        honoured_s=60,
        settle_after_s=3,
        max_per_run=2,
        per_minute=10,
        strict=True,
        version="2",
        tags=["money"],
    )
    def refund(order_id: str, cents: int) -> str:
        return f"{order_id} {cents}"

    definition = tool_definition(refund)
    assert (definition.name, definition.description) == ("shop.refund", "Refund.")
    assert (definition.tier, definition.effect) == (Tier.PRIVILEGED, Effect.CHECKABLE)
    assert definition.key == ("order_id",)
    assert definition.permissions == {"refunds:write"}
    assert (definition.timeout_s, definition.attempts, definition.cost_usd) == (5, 2, 0.01)
    assert definition.ask == "args.cents > 5000"
    assert (definition.honoured_s, definition.settle_after_s) == (60, 3)
    assert (definition.max_per_run, definition.per_minute) == (2, 10)
    assert definition.strict
    assert (definition.version, definition.tags) == ("2", {"money"})


def test_context_and_resources_never_reach_the_schema():
    @tool(resources={Connection: connect})
    def act(text: str, database: Connection, context: ToolContext[Shop]) -> str:
        return f"{text} {database} {context}"

    ready = compile_tool(act)
    assert list(ready.definition.input_schema["properties"]) == ["text"]
    assert ready.context_parameter == "context"
    assert ready.deps is Shop
    (need,) = ready.resources
    assert (need.parameter, need.kind, need.factory) == ("database", Connection, connect)


def test_the_body_gets_arguments_context_and_resources():
    @tool(resources={Connection: connect})
    def act(text: str, database: Connection, context: ToolContext[None]) -> Any:
        return text, database, context

    opened, context = Connection(), object()
    started = compile_tool(act).start(
        {"text": "x"}, context=context, resources={"database": opened}
    )
    assert started == ("x", opened, context)


def test_markers_say_what_an_argument_decides():
    def whose(order_id):
        return Owner("acme", order_id)

    @tool
    def send(
        order_id: Annotated[str, Owned(whose)],
        body: Annotated[str, Content(), Field(max_length=10)],
        token: Annotated[str, Secret()],
        to: str,
    ) -> str:
        return f"{order_id} {body} {token} {to}"

    definition = tool_definition(send)
    roles = {
        name: definition.contract.argument(name).role.value for name in ("body", "token", "to")
    }
    assert roles == {"body": "content", "token": "secret", "to": "control"}
    assert definition.contract.owned == ("order_id",)
    assert definition.input_schema["properties"]["body"] == {"type": "string", "maxLength": 10}


@pytest.mark.anyio
async def test_an_owner_is_looked_up_by_the_argument_or_by_its_default():
    async def whose(order_id, context):
        return Owner("acme", f"{order_id} {context}")

    @tool
    def act(order_id: Annotated[str, Owned(whose)] = "ORD-1") -> str:
        return order_id

    (lookup,) = compile_tool(act).owner_lookups
    assert lookup.named({"order_id": "ORD-2"}) == "ORD-2"
    assert lookup.named({}) == "ORD-1"
    assert await lookup.lookup("ORD-2", "context") == Owner("acme", "ORD-2 context")


def test_types_that_are_local_are_found_behind_postponed_annotations():
    class Local(str):
        __slots__ = ()

    def act(text: "Annotated[str, 'local', Local]") -> str:
        return text

    assert tool_definition(tool(act)).input_schema["properties"]["text"] == {"type": "string"}


def test_local_names_mean_nothing_to_a_function_of_another_module():
    class Order(str):
        __slots__ = ()

    assert Order("local")
    elsewhere: dict[str, Any] = {"Order": int}
    exec("def act(order: 'Order') -> None: ...", elsewhere)  # noqa: S102 - another module's function
    assert tool_definition(tool(elsewhere["act"])).input_schema["properties"]["order"] == {
        "type": "integer"
    }


def test_what_names_an_object_is_control_whatever_else_it_is_called():
    @tool
    def act(order_id: Annotated[str, Content(), Owned(lambda order_id: None)]) -> str:
        return order_id

    assert tool_definition(act).contract.argument("order_id").role is ArgumentRole.CONTROL


def test_a_cost_reserves_no_more_than_its_ceiling_and_settles_what_it_was():
    cost = Cost(
        at_most=0.05, estimate=lambda args: args["pages"] * 0.01, actual=lambda args, pages: pages
    )
    assert cost.reserve({"pages": 2}) == pytest.approx(0.02)
    assert cost.reserve({"pages": 900}) == pytest.approx(0.05)
    assert cost.settle({"pages": 2}, 0.03) == pytest.approx(0.03)
    assert cost.settle({"pages": 2}, float("nan")) == pytest.approx(0.05)
    assert Cost(0.01).settle({}, None) == pytest.approx(0.01)
