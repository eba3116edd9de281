"""A refund that waits for a second person, and is made once though it is asked for twice.

It prints:

    held: The rule `args.cents > 5000` asks.
    the bank has []
    approved by bob
    completed: 6000 cents of ORD-000042
    completed: 6000 cents of ORD-000042 (repeated)
    the bank has [6000]
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from highroad import Completed, Held, Outcome, Principal, Runtime, ToolContext, tool


class Bank:
    """Stands in for a payment service that honours idempotency keys."""

    def __init__(self) -> None:
        self.payments: dict[str, int] = {}

    def pay(self, cents: int, *, key: str) -> None:
        """Pay once for each key."""
        self.payments.setdefault(key, cents)


@tool(tier="irreversible", effect="idempotent", ask="args.cents > 5000")
async def refund(
    order_id: Annotated[str, Field(pattern=r"^ORD-\d{6}$")],
    cents: Annotated[int, Field(gt=0, le=50_000)],
    context: ToolContext[Bank],
) -> str:
    """Pay back part of an order. Use after get_order. Not for cancelling an order.

    Args:
        order_id: Order id, for example "ORD-000042".
        cents: Amount in euro cents.
        context: Of this call; a model never sees it.
    """
    context.deps.pay(cents, key=context.idempotency_key or context.call_id)
    return f"{cents} cents of {order_id}"


ALICE = Principal("alice", name="Alice")
BOB = Principal("bob", name="Bob")
REFUND: Mapping[str, object] = {"order_id": "ORD-000042", "cents": 6_000}


def tell(outcome: Outcome[Any]) -> None:
    """Print how a call went."""
    match outcome:
        case Completed(value=value, is_repeated=is_repeated):
            print(f"completed: {value}{' (repeated)' if is_repeated else ''}")
        case Held(reasons=reasons):
            print("held:", *reasons)
        case other:
            print(f"{other.status}: {other.error.code}: {other.error.message}")


async def main() -> None:
    """Ask, approve, go on, and ask again."""
    bank = Bank()
    async with Runtime.open(tools=[refund], deps={Bank: lambda: bank}) as runtime:
        outcome = await runtime.call(refund, REFUND, principal=ALICE, run="ticket-17")
        tell(outcome)
        print("the bank has", list(bank.payments.values()))

        # Bob may sit at another terminal: `highroad approvals approve ID` does the same.
        if isinstance(outcome, Held) and outcome.approval_id is not None:
            await runtime.approvals.approve(outcome.approval_id, by=BOB, reason="broken vase")
            print("approved by", BOB.id)

        tell(await runtime.wait(outcome.call_id))
        tell(await runtime.call(refund, REFUND, principal=ALICE, run="ticket-17"))
        print("the bank has", list(bank.payments.values()))


asyncio.run(main())
