"""The shop's tools do what they say, called through the runtime by those who may."""

import pytest

from highroad import Completed, Held, Refused
from highroad.demo.people import ALICE, BOB, CAROL, DAVE

ORDER = "ORD-000042"


@pytest.fixture
def call(stage):
    """A call with a second person's agreement where one is asked for."""

    async def made(tool, arguments, *, by=ALICE, agreed_by=BOB):
        outcome = await stage.call(tool, arguments, by=by)
        if isinstance(outcome, Held):
            await stage.runtime.approvals.approve(outcome.approval_id, by=agreed_by)
            outcome = await stage.runtime.wait(outcome.call_id)
        return outcome

    return made


async def test_orders_are_found_in_the_callers_own_organization(call):
    of_acme = (await call("search_orders", {"article": "vase", "limit": 20})).unwrap()
    of_globex = (await call("search_orders", {"article": "vase"}, by=CAROL)).unwrap()

    assert ORDER in {order.id for order in of_acme}
    assert {order.id for order in of_globex}.isdisjoint(order.id for order in of_acme)


async def test_a_customer_is_read_by_their_own_organization_alone(call, stage):
    customer_id = stage.shop.order(ORDER).customer_id

    read = await call("get_customer", {"customer_id": customer_id})
    other = await call("get_customer", {"customer_id": customer_id}, by=CAROL)
    missing = await call("get_customer", {"customer_id": "CUS-9999"})

    assert ORDER in read.unwrap().order_ids
    assert isinstance(other, Refused)
    assert isinstance(missing, Refused)


async def test_an_address_is_changed_without_asking(stage):
    arguments = {"order_id": ORDER, "address": "1 Mill Lane, Exampleton"}

    outcome = await stage.call("update_shipping_address", arguments, by=ALICE)

    assert isinstance(outcome, Completed)
    assert stage.shop.order(ORDER).ship_to == "1 Mill Lane, Exampleton"


async def test_a_cancelled_order_is_cancelled_once_somebody_agreed(call, stage):
    held = await stage.call("cancel_order", {"order_id": "ORD-000002"}, by=ALICE)
    done = await call("cancel_order", {"order_id": "ORD-000002"})

    assert isinstance(held, Held)
    assert isinstance(done, Completed)
    assert stage.shop.order("ORD-000002").status == "cancelled"


async def test_mail_goes_to_customers_only(call, stage):
    mail = {"subject": "Your vase", "body": "It is on its way."}

    sent = await call("send_email", {"to": "dan.hill@customer.example", **mail})
    refused = await call("send_email", {"to": "dan.hill@elsewhere.example", **mail})

    assert isinstance(sent, Completed)
    assert isinstance(refused, Refused)
    assert stage.shop.count("mails") == 1


async def test_support_cannot_even_see_the_privileged_tool(call):
    refused = await call("erase_customer", {"customer_id": "CUS-0013"}, by=ALICE)

    assert refused.error.code == "unknown_tool"


async def test_a_manager_does_not_erase_a_customer_alone(stage):
    held = await stage.call("erase_customer", {"customer_id": "CUS-0013"}, by=BOB)

    assert isinstance(held, Held)
    assert stage.shop.customer("CUS-0013").name != "(erased)"


async def test_an_auditor_reads_and_changes_nothing(call):
    read = await call("get_order", {"order_id": ORDER}, by=DAVE)
    written = await call("add_order_note", {"order_id": ORDER, "text": "Seen."}, by=DAVE)

    assert isinstance(read, Completed)
    assert written.error.code == "unknown_tool"
