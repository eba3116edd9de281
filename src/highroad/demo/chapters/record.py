"""What the ledger says afterwards: of one call, and of the whole run."""

from collections.abc import AsyncIterator
from typing import Final

from highroad.demo.people import ALICE
from highroad.demo.story import Beat, Chapter, Claim, Stage


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    refunds = stage.shop.count("refunds")
    arguments = {"order_id": "ORD-000042", "cents": 1_200_000}
    refused = await stage.call("refund", arguments, by=ALICE)
    explanation = await stage.runtime.audit.explain(refused.call_id)
    yield Beat(
        tried="Alice refunds 12,000 euros. Then: why was it refused?",
        call=f"highroad explain {refused.call_id}",
        status=refused.status,
        shown=explanation,
        why="Each stage said its word, until one refused; the rule is named with its file and "
        "line, and the stages behind it never saw the call.",
        claims=(
            Claim(
                "The rule is named with file and line.",
                "highroad.toml:" in (explanation.rule or ""),
            ),
            Claim("No money moved.", stage.shop.count("refunds") == refunds),
        ),
    )

    trail = await stage.runtime.audit.trail(explanation.run_id)
    yield Beat(
        tried="What did Alice's run do?",
        call=f"highroad audit trail {explanation.run_id}",
        status="recorded",
        shown=trail,
        why="Every call stands in the ledger, those that were refused too, and each has one end. "
        "Arguments and results are encrypted apart; people are opaque ids.",
        claims=(
            Claim(
                "Every step has its end.",
                all(step.status not in {"running", "held"} for step in trail.steps),
            ),
            Claim(
                "The refused call is in it.", refused.call_id in {s.call_id for s in trail.steps}
            ),
        ),
    )


CHAPTER: Final = Chapter(name="record", title="The record", tell=_tell)
