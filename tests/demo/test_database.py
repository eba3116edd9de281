"""The shop's database keeps its own promises, without the road."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from highroad.demo import stock
from highroad.demo.database import Shop, ShopError


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop.db")
    shop.restock()
    return shop


def test_order_42_is_paid_and_holds_a_vase(shop):
    order = shop.order("ORD-000042")

    assert order.status == "paid"
    assert [line.article for line in order.lines] == ["vase"]
    assert order.total_cents == 8_400
    assert shop.order_organization("ORD-000042") == "acme"


def test_every_shop_starts_the_same(tmp_path):
    one, other = Shop(tmp_path / "one.db"), Shop(tmp_path / "other.db")
    one.restock()
    other.restock()

    orders = [order.id for order in stock.orders()]
    assert [one.order(order) for order in orders] == [other.order(order) for order in orders]


def test_every_order_is_of_the_organization_of_its_customer():
    organizations = {customer.id: customer.organization for customer in stock.customers()}

    assert {order.organization for order in stock.orders()} == {"acme", "globex"}
    assert all(organizations[o.customer_id] == o.organization for o in stock.orders())


def test_restocking_undoes_everything(shop):
    before = shop.order("ORD-000042")
    shop.refund("ORD-000042", 500, key="k1")
    shop.add_note("ORD-000042", "broken", key="k2")

    shop.restock()

    assert shop.order("ORD-000042") == before
    assert shop.count("refunds") == 0


def test_a_refund_is_made_once_for_each_key(shop):
    first = shop.refund("ORD-000042", 500, key="k1")
    again = shop.refund("ORD-000042", 500, key="k1")

    assert again == first
    assert first.left_cents == 7_900
    assert shop.count("refunds") == 1


def test_a_refund_under_one_key_is_made_once_by_many_threads(shop):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: shop.refund("ORD-000042", 100, key="k1"), range(16)))

    assert len({refund.payment_id for refund in made}) == 1
    assert shop.count("refunds") == 1


def test_no_more_goes_back_than_was_paid_and_nothing_is_applied(shop):
    shop.refund("ORD-000042", 8_000, key="k1")

    with pytest.raises(ShopError) as refusal:
        shop.refund("ORD-000042", 500, key="k2")

    assert refusal.value.applied is False
    assert shop.count("refunds") == 1


def test_a_note_is_written_once_for_each_key(shop):
    first = shop.add_note("ORD-000042", "broken", key="k1")

    assert shop.add_note("ORD-000042", "broken", key="k1") == first
    assert shop.order("ORD-000042").notes == ("broken",)


def test_a_change_can_be_asked_for_by_its_key(shop):
    shipment = shop.ship_to("ORD-000042", "1 Mill Lane, Exampleton", key="k1")

    assert shop.has_changed("k1")
    assert not shop.has_changed("k2")
    assert shipment.before != shipment.ship_to == shop.order("ORD-000042").ship_to


def test_a_cancelled_order_cannot_be_changed(shop):
    shop.cancel("ORD-000042", key="k1")

    with pytest.raises(ShopError, match="cancelled"):
        shop.ship_to("ORD-000042", "1 Mill Lane, Exampleton", key="k2")
    assert not shop.has_changed("k2")


def test_orders_are_found_by_article_and_status_in_one_organization(shop):
    found = shop.orders("acme", article="vase", status="paid", limit=50)

    assert "ORD-000042" in {order.id for order in found}
    assert "ORD-000077" not in {order.id for order in found}
    assert all(order.status == "paid" for order in found)
    assert [order.placed_on for order in found] == sorted(
        (o.placed_on for o in found), reverse=True
    )


def test_the_total_of_a_found_order_counts_all_its_lines(shop):
    found = shop.orders("globex", article="vase", status=None, limit=50)

    assert {o.id: o.total_cents for o in found} == {
        o.id: shop.order(o.id).total_cents for o in found
    }


def test_a_payment_service_that_is_down_does_nothing_until_it_is_back(shop):
    shop.stop_payments()
    for ask in (
        lambda: shop.payments("ORD-000042"),
        lambda: shop.refund("ORD-000042", 500, key="k1"),
    ):
        with pytest.raises(ConnectionRefusedError):
            ask()
    assert shop.count("refunds") == 0
    assert shop.order("ORD-000042").refunded_cents == 0

    shop.start_payments()

    shop.refund("ORD-000042", 500, key="k1")
    found = [(payment.kind, payment.cents) for payment in shop.payments("ORD-000042")]
    assert found == [("charge", 8_400), ("refund", 500)]


def test_restocking_brings_the_payment_service_back(shop):
    shop.stop_payments()

    shop.restock()

    assert shop.payments("ORD-000042")


def test_mail_asked_for_twice_is_sent_twice(shop):
    for _ in range(2):
        shop.send("ada.hill@customer.example", "Your vase", "It is on its way.")

    assert shop.count("mails") == 2


def test_an_erased_customer_keeps_nothing_but_the_orders(shop):
    customer_id = shop.order("ORD-000042").customer_id

    erasure = shop.erase(customer_id)

    customer = shop.customer(customer_id)
    assert (customer.name, customer.email) == ("(erased)", "")
    assert shop.order("ORD-000042").ship_to == "(erased)"
    assert erasure.orders_kept == len(customer.order_ids) > 0


@pytest.mark.parametrize("question", ["order", "customer"])
def test_what_is_not_there_is_a_refusal_with_a_hint(shop, question):
    with pytest.raises(ShopError) as refusal:
        getattr(shop, question)("nobody's")

    assert refusal.value.hint
