"""One call of one tool, with arguments from the model, and its result is the answer.

Use it where it is known which tool serves the request, and only its arguments must be read out of
words. Do not use it where the arguments are known as well: call the tool from code.
"""

from typing import Any

from highroad.agents.leg import Leg, Strategy
from highroad.agents.stopping import RunStopped
from highroad.domain.outcome import Completed
from highroad.domain.run import RunStatus


def single_tool(tool: str, *, attempts: int = 2) -> Strategy:
    """Have the model call one tool, once it fits.

    Args:
        tool: Its name.
        attempts: Requests until a call of it is completed; a call that was refused is shown to the
            model, which may mend it.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - whatever the tool returns
        """Ask for the call, and make it."""
        for _ in range(attempts):
            reply = await leg.ask(tools=(tool,), choice=tool)
            for acted in await leg.act(reply):
                if acted.wanted.tool == tool and isinstance(acted.outcome, Completed):
                    return acted.outcome.json
        raise RunStopped(
            RunStatus.FAILED, "no_call", f"No call of {tool} was completed in {attempts} attempts."
        )

    return strategy
