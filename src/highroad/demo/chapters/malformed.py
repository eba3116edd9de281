"""A call that no tool could run, and the answer that lets a model mend it."""

from collections.abc import AsyncIterator
from typing import Final

from highroad.demo.people import ALICE
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line, result
from highroad.domain.error import Code


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    refunds = stage.shop.count("refunds")
    wrong = {"order": "ORD-000042", "cents": "five euros"}
    refused = await stage.call("refund", wrong, by=ALICE)
    told = answer(refused, "call_id")
    yield Beat(
        tried="A model proposes a refund with a wrong name and a wrong type.",
        call=line("refund", wrong),
        status=refused.status,
        shown=told,
        why="This is what the model is told: every mistake at once, where it is, and the form "
        "that would be right. Values are not repeated, because errors end up in logs.",
        claims=(
            Claim("The answer names its code.", told.get("code") == Code.INVALID_ARGUMENTS),
            Claim("The wrong value stands nowhere in it.", "five euros" not in str(told)),
            Claim("No money moved.", stage.shop.count("refunds") == refunds),
        ),
    )

    right = {"order_id": "ORD-000042", "cents": 500}
    refunded = await stage.call("refund", right, by=ALICE)
    yield Beat(
        tried="The model calls again, corrected.",
        call=line("refund", right),
        status=refunded.status,
        shown=result(refunded),
        why="Refunds cannot be undone, and so ask a person. The tool's own rule "
        "(args.cents > 5000) lets 5 euros pass without.",
        claims=(Claim("One refund was made.", stage.shop.count("refunds") == refunds + 1),),
    )


CHAPTER: Final = Chapter(name="malformed", title="A malformed call, and its repair", tell=_tell)
