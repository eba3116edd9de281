"""What the tools of the ten calls do. It needs nothing, so that any program can offer them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

EFFECTS = "effects.txt"


def effect(what: str) -> None:
    """Something happens in the world, and nothing takes it back."""
    with Path(EFFECTS).open("a", encoding="utf-8") as world:
        world.write(f"{what}\n")


async def note_order(order_id: str, note: str) -> str:
    """Put a note on an order."""
    effect(f"note {order_id} {note}")
    return f"noted on {order_id}"


async def refund(order_id: str, cents: int) -> str:
    """Pay back part of an order."""
    effect(f"refund {order_id} {cents}")
    return f"refunded {cents} cents of {order_id}"


async def find_parcel(order_id: str) -> str:
    """Ask the carrier where the parcel of an order is; today it does not answer."""
    await asyncio.Event().wait()
    return order_id


async def ship_order(order_id: str) -> str:
    """Hand an order to the carrier; the line breaks behind it."""
    effect(f"ship {order_id}")
    raise ConnectionResetError


FUNCTIONS: tuple[Callable[..., Any], ...] = (note_order, refund, find_parcel, ship_order)
