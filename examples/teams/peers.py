"""Two agents write to each other until they agree; who wrote what is kept in the run above.

It prints:

    completed: Nine days.
"""

import asyncio
import json

from highroad import Agent, Runtime
from highroad.agents.teams.peers import Turn, peers
from highroad.domain.model import ModelRequest, UserMessage
from highroad.testing import ScriptedModel


def turn(answer: str, **letters: str) -> str:
    """What a peer says."""
    written = [{"to": name, "text": text} for name, text in letters.items()]
    return json.dumps({"answer": answer, "letters": written})


def heard(request: ModelRequest, words: str) -> bool:
    """Whether these words were said to it."""
    return any(isinstance(each, UserMessage) and words in each.text for each in request.messages)


def builder(request: ModelRequest) -> str:
    """Say four days, until the tester objects."""
    if heard(request, "five for tests"):
        return turn("Nine days.")
    return turn("Four days.", tester="I say four days.")


def tester(request: ModelRequest) -> str:
    """Object, once there is an estimate."""
    if heard(request, "I say four days."):
        return turn("Nine days.", builder="And five for tests.")
    return turn("I wait for the estimate.")


team = [
    Agent(name="builder", tools=(), output=Turn, model=ScriptedModel.answering(builder)),
    Agent(name="tester", tools=(), output=Turn, model=ScriptedModel.answering(tester)),
]
lead = Agent(
    name="lead",
    tools=(),
    team=team,
    strategy=peers(rounds=4, answer_by="builder"),
    model=ScriptedModel(),
)


async def main() -> None:
    """Let them estimate."""
    async with Runtime.open("sqlite:///peers.db", agents=[lead]) as runtime:
        run = await runtime.run(lead, "How long will it take?")
        print(f"{run.status}: {run.result}")


if __name__ == "__main__":
    asyncio.run(main())
