"""The example's shop: what its changes do, and that they hold only while the order allows it."""

import pytest
from examples.retail.rules import is_available
from examples.retail.shop import CANCELLED, MODIFIED, Shop, ShopError
from examples.retail.tools import calculate

from highroad.testing import tool_context

CUSTOMER, ORDER, PAID_BY_CARD = "mia_jackson_2250", "#W1205816", "#W7807323"
CARD, PAYPAL = "gift_card_5715854", "paypal_2031016"


@pytest.fixture(scope="module")
def first():
    shop = Shop.stocked()
    yield shop
    shop.close()


@pytest.fixture
def shop(first):
    copied = first.copied()
    yield copied
    copied.close()


def balance(shop):
    return shop.user(CUSTOMER)["payment_methods"][CARD]["balance"]


def paid(shop, order_id):
    return shop.order(order_id)["payment_history"][-1]


def test_a_cancelled_order_is_paid_back_and_cannot_be_cancelled_again(shop):
    before = paid(shop, ORDER)
    assert shop.cancel(ORDER, key="a")["status"] == CANCELLED
    assert paid(shop, ORDER) == before | {"transaction_type": "refund"}
    with pytest.raises(ShopError):
        shop.cancel(ORDER, key="b")
    assert (shop.has_changed("a"), shop.has_changed("b")) == (True, False)


def test_what_was_paid_with_a_gift_card_goes_back_onto_it(shop):
    had, amount = balance(shop), paid(shop, PAID_BY_CARD)["amount"]
    shop.cancel(PAID_BY_CARD, key="a")
    assert balance(shop) == pytest.approx(had + amount)


def test_a_gift_card_that_has_too_little_leaves_everything_as_it_was(shop):
    before, had = shop.order(ORDER), balance(shop)
    assert before["payment_history"][0]["amount"] > had
    with pytest.raises(ShopError):
        shop.pay_by(ORDER, CARD, key="a")
    assert (shop.order(ORDER), balance(shop), shop.has_changed("a")) == (before, had, False)


def test_items_are_modified_once_and_the_difference_is_paid(shop):
    item = shop.order(ORDER)["items"][0]
    variants = shop.product(item["product_id"])["variants"]
    new = next(each for each in variants.values() if each["item_id"] != item["item_id"])
    changed = shop.modify_items(ORDER, [(item["item_id"], new["item_id"])], PAYPAL, key="a")
    assert changed["status"] == MODIFIED
    assert changed["items"][0]["options"] == new["options"]
    last = changed["payment_history"][-1]
    assert last["amount"] == pytest.approx(abs(new["price"] - item["price"]))
    assert last["transaction_type"] == ("payment" if new["price"] > item["price"] else "refund")
    with pytest.raises(ShopError):
        shop.modify_items(ORDER, [(new["item_id"], item["item_id"])], PAYPAL, key="b")


def test_an_item_id_that_stands_for_nothing_is_told(shop):
    context = tool_context(shop)
    assert "no such item" in is_available({"new_item_ids": ["0000000000"]}, context)


@pytest.mark.parametrize(
    ("expression", "value"), [("2 * (3 + 4) / 7", 2.0), ("-1.5 + 2", 0.5), ("((2))", 2.0)]
)
def test_expressions_are_calculated(expression, value):
    assert calculate(expression) == value


@pytest.mark.parametrize("expression", ["__import__('os')", "1 / 0", "2 **", "True + 1", "9 ** 9"])
def test_anything_else_is_not(expression):
    with pytest.raises(ShopError):
        calculate(expression)
