"""ReAct: ask, act on what the model calls, show it the results, ask again.

Use it when the next step depends on what the last one found. Do not use it where the steps are
known beforehand: a chain is cheaper, and goes the same way every time.

Source: Yao et al., "ReAct: Synergizing Reasoning and Acting in Language Models" (2022); with tool
calls of the provider in place of text to be parsed.
"""

from typing import Any

from highroad.agents.leg import Leg
from highroad.domain.outcome import Completed


async def react(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
    """Ask and act until the model answers without a call, or a tool ends the run."""
    while True:
        reply = await leg.ask(output=leg.output_schema)
        if not reply.calls:
            return await leg.finish(reply)
        for acted in await leg.act(reply):
            outcome = acted.outcome
            if acted.wanted.tool in leg.ends and isinstance(outcome, Completed):
                return outcome.json
