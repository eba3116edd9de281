"""Attempt, evaluate by plain code, reflect, attempt again.

It prints:

    judged: Vases for all of your flowers
    judged: Vases, forever fresh
    completed Vases, forever fresh (3 requests)
"""

import asyncio

from highroad import Agent, Runtime
from highroad.agents.searching.reflexion import by_check, reflexion
from highroad.testing import ScriptedModel

MOST_WORDS = 3


def fault_of(slogan: str) -> str | None:
    """Say what is wrong with a slogan."""
    print("judged:", slogan)
    words = len(slogan.split())
    return None if words <= MOST_WORDS else f"It has {words} words; it may have {MOST_WORDS}."


writer = Agent(
    name="writer",
    tools=(),
    strategy=reflexion(evaluate=by_check(fault_of)),
    model=ScriptedModel(
        "Vases for all of your flowers",
        "I wrote a sentence; I will leave out everything but the noun and its praise.",
        "Vases, forever fresh",
    ),
)


async def main() -> None:
    """Ask for something that code can check."""
    async with Runtime.open(agents=[writer]) as runtime:
        run = await runtime.run("writer", "A slogan of at most three words for our vases.")
        print(run.status, run.result, f"({run.steps} requests)")


asyncio.run(main())
