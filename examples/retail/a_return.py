"""A customer's request, and what becomes of four calls that a model might propose for it.

Run it with `python -m examples.retail.a_return` from the folder above `examples`. It prints:

    Return #W6067464 via credit_card_4190576: Electric Kettle; Wall Clock;
    somebody else's order: denied: There is no such object, or it is not yours to use.
    to another account: denied: A refund goes to the original payment method or a gift card.
    a lamp that is not in it: denied: The order does not hold all of these items.
    what was asked for: held: The effect cannot be undone.
    the customer agrees: completed, the order is now "return requested"
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from examples.retail.shop import Shop
from examples.retail.tools import TOOLS, return_delivered_order_items

from highroad import Completed, Held, Outcome, Principal, Runtime
from highroad.settings import load
from highroad.settings.model import KEYS_FILE

SETTINGS: Final = replace(load(Path(__file__).parent, {}), keys_file=Path(KEYS_FILE).absolute())
"""The shop's policy, and keys beside the ledger that is made here."""
CUSTOMER: Final = Principal("omar_anderson_3203", "shop", authenticated=True)
RIGHT: Final[Mapping[str, Any]] = {
    "order_id": "#W6067464",
    "item_ids": ["9624127908", "8917609800"],
    "payment_method_id": "credit_card_4190576",
}
WRONG: Final[Mapping[str, Mapping[str, Any]]] = {
    "somebody else's order": {**RIGHT, "order_id": "#W6619432"},
    "to another account": {**RIGHT, "payment_method_id": "paypal_6213278"},
    "a lamp that is not in it": {**RIGHT, "item_ids": ["9624127908", "5320792178"]},
}


def told(outcome: Outcome[Any]) -> str:
    """How a call went, in a line."""
    match outcome:
        case Completed(value=order):
            return f'completed, the order is now "{order["status"]}"'
        case Held(reasons=reasons):
            return f"held: {' '.join(reasons)}"
        case other:
            why = [each.expected for each in other.error.problems] or [other.error.message]
            return f"{other.error.code}: {' '.join(why)}"


async def main() -> None:
    """Propose, and agree to what is right."""
    shop = Shop.stocked()
    print("Return #W6067464 via credit_card_4190576: Electric Kettle; Wall Clock;")
    async with Runtime.open(
        "sqlite:///retail.db", tools=TOOLS, deps={Shop: lambda: shop}, settings=SETTINGS
    ) as runtime:
        for what, arguments in WRONG.items():
            outcome = await runtime.call(
                return_delivered_order_items, arguments, principal=CUSTOMER
            )
            print(f"{what}: {told(outcome)}")
        outcome = await runtime.call(return_delivered_order_items, RIGHT, principal=CUSTOMER)
        print(f"what was asked for: {told(outcome)}")
        if isinstance(outcome, Held) and outcome.approval_id is not None:
            await runtime.approvals.approve(outcome.approval_id, by=CUSTOMER)
            print(f"the customer agrees: {told(await runtime.wait(outcome.call_id))}")
    shop.close()


if __name__ == "__main__":
    asyncio.run(main())
