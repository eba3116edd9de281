"""The shop's support agent."""

from typing import Final

from highroad import Agent
from highroad.demo import tools

SUPPORT: Final = Agent(
    name="support",
    description="Looks after orders: finds them, refunds, cancels, writes to customers.",
    instructions=(
        "You look after the orders of a shop. Read an order before you change anything about it. "
        "Do what the user asks for and no more, and say in one or two sentences what you did. Ask "
        "where something is missing; never make up an id, an amount or an address."
    ),
    tools=[
        tool.__name__
        for tool in (
            tools.get_order,
            tools.search_orders,
            tools.get_customer,
            tools.get_payments,
            tools.add_order_note,
            tools.update_shipping_address,
            tools.refund,
            tools.cancel_order,
            tools.send_email,
        )
    ],
)
