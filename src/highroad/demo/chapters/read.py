"""A read, with everything in order."""

from collections.abc import AsyncIterator
from typing import Final

from highroad import Completed
from highroad.demo.people import ALICE
from highroad.demo.story import Beat, Chapter, Claim, Stage, line, result


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    arguments = {"order_id": "ORD-000042"}
    outcome = await stage.call("get_order", arguments, by=ALICE)
    yield Beat(
        tried="Alice, in support at acme, reads an order of her organization.",
        call=line("get_order", arguments),
        status=outcome.status,
        shown=result(outcome),
        why="A read changes nothing, so nobody is asked. It still took the whole road: its "
        "arguments, Alice's permissions and the owner of the order were checked.",
        claims=(
            Claim(
                "The answer is the order as the shop's database has it.",
                isinstance(outcome, Completed) and outcome.value == stage.shop.order("ORD-000042"),
            ),
        ),
    )


CHAPTER: Final = Chapter(name="read", title="A good read", tell=_tell)
