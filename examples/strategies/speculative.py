"""Two ways at once; nothing is done before one of them is chosen.

It prints:

    completed Swift has taken it. ['swift']
"""

import asyncio
import json

from highroad import Agent, Runtime, tool
from highroad.agents.searching.speculative import speculative
from highroad.domain.model import ModelRequest
from highroad.testing import ScriptedModel, call
from highroad.testing.models.line import Play

SENT: list[str] = []


@tool(tier="reversible")
def send(carrier: str) -> str:
    """Send the parcel.

    Args:
        carrier: Name of the carrier.
    """
    SENT.append(carrier)
    return f"{carrier} has it"


def model(request: ModelRequest) -> Play:
    """Call the carrier of its way, and tell what came of it."""
    told = str(request.messages)
    if '"result":"swift has it"' in told:
        return "Swift has taken it."
    if "This way was chosen" not in told and "dry_run" in told:
        return "It would be sent."
    return call("send", carrier="swift" if "fast" in told else "snail")


sender = Agent(
    name="sender",
    tools=[send],
    strategy=speculative("as cheap as possible", "as fast as possible"),
    model=ScriptedModel.answering(model),
    roles={"judge": ScriptedModel(json.dumps({"scores": [0.3, 0.8]}))},
)


async def main() -> None:
    """Two carriers are thought of, and one is called."""
    async with Runtime.open(agents=[sender]) as runtime:
        run = await runtime.run("sender", "By swift or by snail: it must be there tomorrow.")
        print(run.status, run.result, SENT)


asyncio.run(main())
