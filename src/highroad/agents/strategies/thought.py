"""Chain of thought: reason in words first, then answer. No tools.

Use it for sums, logic and rules that the request itself holds. Do not use it with models that
reason by themselves: it costs tokens and helps nothing. What a model says of its reasons need not
be how it came to its answer.

Source: Wei et al., "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models" (2022).
"""

from typing import Any, Final

import orjson

from highroad.agents.leg import Leg
from highroad.domain.json_value import JsonSchema

_INSTRUCTIONS: Final = "First write down your reasoning step by step, then the answer alone."
_SCHEMA: Final[JsonSchema] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["reasoning", "answer"],
    "additionalProperties": False,
}


async def chain_of_thought(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
    """Have the model reason, and take its answer alone.

    An agent with an output type is asked for that form afterwards, with the reasoning in view.
    """
    instructions = f"{leg.instructions}\n\n{_INSTRUCTIONS}".strip()
    reply = await leg.ask(instructions=instructions, tools=(), output=_SCHEMA, purpose="reasoning")
    if leg.output is None:
        return _answer_in(reply.text)
    return await leg.finish(await leg.ask(tools=(), output=leg.output_schema))


def _answer_in(text: str) -> str:
    """The answer; a model that did not keep to the form has answered with all that it said."""
    try:
        return str(orjson.loads(text)["answer"])
    except (ValueError, TypeError, KeyError):
        return text
