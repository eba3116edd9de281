"""ReAct: ask, act on what the model calls, show it the results, ask again.

Use it when the next step depends on what the last one found. Do not use it where the steps are
known beforehand: a chain is cheaper, and goes the same way every time.

Source: Yao et al., "ReAct: Synergizing Reasoning and Acting in Language Models" (2022); with tool
calls of the provider in place of text to be parsed.
"""

from collections.abc import Sequence
from typing import Any

from highroad.agents.acting import Acted
from highroad.agents.leg import Leg
from highroad.domain.outcome import Completed
from highroad.domain.value import value


@value
class Reached:
    """What a line of thought came to."""

    result: Any
    is_by_tool: bool = False
    """A tool brought it whose completed call ends the run."""


async def react(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
    """Ask and act until the model answers without a call, or a tool ends the run."""
    return (await reach(leg)).result


async def reach(leg: Leg) -> Reached:
    """The same, for strategies that go on behind it."""
    while True:
        reply = await leg.ask(output=leg.output_schema)
        if not reply.calls:
            return Reached(result=await leg.finish(reply))
        by_tool = ended_by(leg, await leg.act(reply))
        if by_tool is not None:
            return by_tool


def ended_by(leg: Leg, made: Sequence[Acted]) -> Reached | None:
    """What the first completed call brought of those that end the run."""
    for acted in made:
        if acted.wanted.tool in leg.ends and isinstance(acted.outcome, Completed):
            return Reached(result=acted.outcome.json, is_by_tool=True)
    return None
