"""Thinking in words before the answer: chain of thought, and plan-and-solve. No tools.

Use them for sums, logic and rules that the request itself holds; plan-and-solve where chain of
thought leaves steps out. Do not use them with models that reason by themselves: they cost tokens
and help nothing. What a model says of its reasons need not be how it came to its answer.

Sources: Wei et al., "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models" (2022);
Wang et al., "Plan-and-Solve Prompting" (2023).
"""

from typing import Any, Final

import orjson

from highroad.agents.leg import Leg
from highroad.domain.json_value import JsonSchema

_REASON: Final = "First write down your reasoning step by step, then the answer alone."
_PLAN: Final = (
    "First understand the problem and write down a plan that solves it. Then carry the plan out "
    "step by step, with every intermediate result, and give the answer alone."
)


async def chain_of_thought(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
    """Have the model reason, and take its answer alone.

    An agent with an output type is asked for that form afterwards, with the reasoning in view.
    """
    return await _think(leg, _REASON, "reasoning")


async def plan_and_solve(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
    """Have the model plan, carry its plan out in words, and take its answer alone.

    An agent with an output type is asked for that form afterwards, with all of it in view.
    """
    return await _think(leg, _PLAN, "plan", "solution")


async def _think(leg: Leg, how: str, *parts: str) -> Any:  # noqa: ANN401 - of the agent's output type
    instructions = f"{leg.instructions}\n\n{how}".strip()
    reply = await leg.ask(
        instructions=instructions,
        tools=(),
        output=_in_parts(*parts, "answer"),
        purpose="reasoning",
    )
    if leg.output is None:
        return _answer_in(reply.text)
    return await leg.finish(await leg.ask(tools=(), output=leg.output_schema))


def _in_parts(*names: str) -> JsonSchema:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


def _answer_in(text: str) -> str:
    """The answer; a model that did not keep to the form has answered with all that it said."""
    try:
        return str(orjson.loads(text)["answer"])
    except (ValueError, TypeError, KeyError):
        return text
