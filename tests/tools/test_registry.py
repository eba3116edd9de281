"""Tools by name: none twice, near names only of what may be seen, one digest per definition."""

from typing import Annotated

import pytest

from highroad.domain.error import DeclarationError
from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.contract import Content
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.near import near_names
from highroad.tools.registry import Registry


@tool(tier="read")
def get_order(order_id: str) -> str:
    """Look up one order."""
    return order_id


def cancel_order(order_id: str) -> str:
    """Cancel one order."""
    return order_id


def test_a_tool_is_found_by_name_and_by_function():
    registry = Registry([get_order, cancel_order])
    assert registry.find("get_order") is registry.find(get_order)
    assert registry.find("get_orders") is None
    assert [tool.name for tool in registry] == ["cancel_order", "get_order"]
    assert [each.name for each in registry.definitions()] == ["cancel_order", "get_order"]
    assert len(registry) == 2
    assert "get_order" in registry


def test_the_same_function_again_changes_nothing():
    registry = Registry([get_order])
    assert registry.add(get_order) is registry.find(get_order)
    assert len(registry) == 1


def test_two_tools_of_one_name_are_refused():
    @tool(name="get_order")
    def other(order_id: str) -> str:
        return order_id

    with pytest.raises(DeclarationError, match=r"'get_order' is taken by the tool at .*\.py:\d+"):
        Registry([get_order, other])


def test_a_fake_takes_the_body_and_nothing_else():
    async def fake(order_id):
        return order_id

    registry = Registry([get_order])
    before = registry.find(get_order)
    registry.replace("get_order", fake)
    after = registry.find(get_order)
    assert after is registry.find("get_order")
    assert after.definition is before.definition
    assert (after.function, after.is_async, before.is_async) == (fake, True, False)
    with pytest.raises(KeyError):
        registry.replace("other", fake)


def test_near_names_are_told_only_of_what_may_be_seen():
    registry = Registry([get_order, cancel_order])
    assert registry.near("getOrder", ["get_order", "cancel_order"]) == ("get_order",)
    assert registry.near("getOrder", ["cancel_order", "get_order_secretly"]) == ()
    assert registry.near("cancel-orders", ["cancel_order"]) == ("cancel_order",)


def test_near_names_are_the_same_every_time_and_bounded():
    names = [f"tool_{at}" for at in range(500)]
    assert near_names("tool_x", names) == near_names("tool_x", reversed(names))
    assert len(near_names("tool_x", names)) <= 3
    assert near_names("x" * 1_000_000, names) == ()


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Look up any order."},
        {"tier": "reversible"},
        {"effect": "repeatable", "tier": "irreversible"},
        {"permissions": {"orders:read"}},
        {"ask": "true"},
        {"timeout_s": 3},
        {"strict": True},
        {"tags": {"shop"}},
        {"key": ["order_id"]},
        {"version": "2"},
    ],
)
def test_the_digest_covers_what_was_declared(changes):
    def declared(**options) -> ToolDefinition:
        @tool(**{"tier": "read", **options})
        def look_up(order_id: str) -> str:
            return order_id

        return tool_definition(look_up)

    assert declared().digest == declared().digest
    assert declared(**changes).digest != declared().digest


@pytest.mark.promise("P8")
def test_sets_stand_in_order_so_that_every_process_makes_the_same_digest():
    @tool(permissions={"c", "a", "b"}, tags=["z", "y"])
    def act(text: str) -> str:
        return text

    fields = pinned_fields(tool_definition(act))
    assert (fields["permissions"], fields["tags"]) == (["a", "b", "c"], ["y", "z"])


@pytest.mark.promise("P8")
def test_the_digest_covers_schemas_and_contract():
    def digest(argument, result):
        @tool
        def act(value: argument) -> result:
            return value

        return tool_definition(act).digest

    digests = {
        digest(str, str),
        digest(int, str),
        digest(str, int),
        digest(Annotated[str, Content()], str),
    }
    assert len(digests) == 4
