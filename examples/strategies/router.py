"""Several ways, chosen by rules, by the offline model, and by a model where those are unsure.

It prints:

    My bank began a chargeback. -> A clerk is at it. (0 requests of the desk)
    Track my parcel: where is it? -> It is near. (0 requests of the desk)
    Your shop is lovely. -> Let us talk about it. (2 requests of the desk)
"""

import asyncio

from highroad import Agent, Runtime
from highroad.agents.strategies.react import react
from highroad.agents.strategies.router import (
    by_model,
    by_offline,
    by_rules,
    in_turn,
    router,
    to_agent,
)
from highroad.testing import ScriptedModel

WAYS = {
    "refunds": "Refund money of an order to the customer.",
    "shipping": "Track a parcel: where it is and when it arrives.",
    "other": "Anything else.",
}
clerk = Agent(name="clerk", tools=(), model=ScriptedModel.answering(lambda _: "A clerk is at it."))
postman = Agent(name="postman", tools=(), model=ScriptedModel.answering(lambda _: "It is near."))
desk = Agent(
    name="desk",
    tools=(),
    team=[clerk, postman],
    model=ScriptedModel.answering(lambda _: "Let us talk about it."),
    roles={
        "route": ScriptedModel.answering(lambda _: '{"way": "other", "confidence": 0.9}'),
    },
    strategy=router(
        {"refunds": to_agent("clerk"), "shipping": to_agent("postman"), "other": react},
        by=in_turn(
            by_rules(("refunds", lambda request: "chargeback" in request.lower())),
            by_offline(WAYS),
            by_model(WAYS),
            least=0.6,
        ),
        otherwise="other",
    ),
)


async def main() -> None:
    """Ask for each of them."""
    async with Runtime.open(agents=[desk]) as runtime:
        for request in (
            "My bank began a chargeback.",
            "Track my parcel: where is it?",
            "Your shop is lovely.",
        ):
            run = await runtime.run("desk", request)
            print(f"{request} -> {run.result} ({run.steps} requests of the desk)")


asyncio.run(main())
