"""A desk hands the conversation over to a specialist, who answers in its place.

It prints:

    completed: Your refund was paid on Monday.
    the specialist was told 4 paragraphs
"""

import asyncio

from highroad import Agent, Runtime
from highroad.agents.teams.handoff import hand_off
from highroad.domain.model import UserMessage
from highroad.testing import ScriptedModel, call

specialist = ScriptedModel("Your refund was paid on Monday.")
billing = Agent(name="billing", tools=(), description="Knows all about money.", model=specialist)
desk = Agent(
    name="desk",
    tools=(),
    team=[billing],
    strategy=hand_off(),
    model=ScriptedModel(call("ask_billing", task="The user asks about a refund.")),
)


async def main() -> None:
    """Ask the desk."""
    async with Runtime.open("sqlite:///handoff.db", agents=[desk]) as runtime:
        run = await runtime.run(desk, "Hello.\n\nWhere is my money?")
        print(f"{run.status}: {run.result}")
    told = specialist.requests[0].messages[0]
    if isinstance(told, UserMessage):
        print(f"the specialist was told {len(told.text.split(chr(10) * 2))} paragraphs")


if __name__ == "__main__":
    asyncio.run(main())
