"""Thoughts: pieces of text on the way to an answer, asked for without tools."""

from typing import Any, Final

import orjson

from highroad.agents.leg import Leg
from highroad.agents.stopping import RunStopped
from highroad.domain.json_value import JsonSchema
from highroad.domain.run import RunStatus

_THOUGHTS: Final[JsonSchema] = {
    "type": "object",
    "properties": {"thoughts": {"type": "array", "items": {"type": "string"}}},
    "required": ["thoughts"],
    "additionalProperties": False,
}


async def proposed(line: Leg, say: str, count: int) -> tuple[str, ...]:
    """Different thoughts, in one request; none where the model said nothing that can be read."""
    reply = await line.ask(say=say, tools=(), output=_THOUGHTS, purpose="propose")
    try:
        thoughts = [str(thought) for thought in orjson.loads(reply.text)["thoughts"]]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(dict.fromkeys(thoughts))[:count]


async def answered(leg: Leg, thought: str) -> Any:  # noqa: ANN401 - of the agent's output type
    """The answer that is made of the thought which was kept."""
    reply = await leg.ask(
        say=f"This was thought so far:\n\n{thought}\n\nAnswer the request with it.",
        tools=(),
        output=leg.output_schema,
        purpose="answer",
    )
    return await leg.finish(reply)


def no_thought() -> RunStopped:
    """The end of a run whose model has nothing to go on with."""
    return RunStopped(
        RunStatus.FAILED, "no_thought", "The model proposed no thought that can be read."
    )
