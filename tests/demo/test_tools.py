"""The shop's tools say what a model, a policy and a person need to know."""

import pytest

from highroad import Tier, tool_definition
from highroad.demo.database import Shop, ShopError
from highroad.demo.tools import TOOLS
from highroad.domain.tool import Effect

DEFINITIONS = [tool_definition(tool) for tool in TOOLS]
BY_NAME = {tool.name: tool for tool in DEFINITIONS}
NOWHERE, SHIPPED = "ORD-999999", "ORD-000003"
each_tool = pytest.mark.parametrize("tool", DEFINITIONS, ids=lambda tool: tool.name)


def test_all_tiers_and_all_effect_classes_are_there():
    assert {tool.tier for tool in DEFINITIONS} == set(Tier)
    assert {tool.effect for tool in DEFINITIONS} == set(Effect)


@each_tool
def test_a_description_says_when_to_use_a_tool_and_when_not(tool):
    assert "\nUse " in tool.description
    assert "Not for " in tool.description


@each_tool
def test_every_argument_is_described_with_an_example_or_a_bound(tool):
    for argument in tool.input_schema["properties"].values():
        assert argument["description"]


@each_tool
def test_every_tool_has_a_permission_and_a_timeout_of_its_own(tool):
    assert tool.permissions
    assert tool.timeout_s < 30


@each_tool
def test_whoever_names_an_order_or_a_customer_must_own_it(tool):
    named = {name for name in tool.input_schema["properties"] if name.endswith("_id")}

    assert named == set(tool.contract.owned)


@each_tool
def test_the_result_is_typed(tool):
    assert tool.output_schema


@pytest.mark.parametrize(
    ("tool", "code", "refused"),
    [
        ("get_order", "no_such_order", lambda shop: shop.order(NOWHERE)),
        ("get_payments", "no_such_order", lambda shop: shop.payments(NOWHERE)),
        ("get_customer", "no_such_customer", lambda shop: shop.customer(NOWHERE)),
        ("add_order_note", "no_such_order", lambda shop: shop.add_note(NOWHERE, "", key="k")),
        (
            "update_shipping_address",
            "no_such_order",
            lambda shop: shop.ship_to(NOWHERE, "", key=""),
        ),
        ("update_shipping_address", "too_late", lambda shop: shop.ship_to(SHIPPED, "", key="k")),
        ("refund", "no_such_order", lambda shop: shop.refund(NOWHERE, 1, key="k")),
        ("refund", "too_much", lambda shop: shop.refund(SHIPPED, 1_000_000, key="k")),
        ("cancel_order", "no_such_order", lambda shop: shop.cancel(NOWHERE, key="k")),
        ("cancel_order", "too_late", lambda shop: shop.cancel(SHIPPED, key="k")),
        ("erase_customer", "no_such_customer", lambda shop: shop.erase(NOWHERE)),
    ],
)
def test_what_the_shop_refuses_its_tool_has_declared(tool, code, refused, tmp_path):
    shop = Shop(tmp_path / "shop.db")
    shop.restock()

    with pytest.raises(ShopError) as refusal:
        refused(shop)
    assert refusal.value.code == code
    assert code in BY_NAME[tool].errors
