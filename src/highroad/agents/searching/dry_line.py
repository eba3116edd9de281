"""Lines that are tried before one is chosen: what they would change is told, and not done.

Calls that only read are made. Calls with effects are made dry, so that effects of lines that are
not chosen were never started. The line that is chosen then makes its calls.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from highroad.agents.leg import Leg
from highroad.agents.strategies.react import Reached, react
from highroad.domain.model import Message, ModelMessage, Prompt, ToolMessage, UserMessage

_ACT: Final = (
    "This way was chosen. The calls in it that were dry runs have changed nothing: make those now "
    "that the request needs, then answer it."
)
_GO_ON: Final = "This way was chosen. Go on with it, and answer the request."


async def carried_out(leg: Leg, line: Leg, reached: Reached | None) -> Any:  # noqa: ANN401 - of the agent's output type
    """The result of the line that was chosen.

    Args:
        leg: That began the lines.
        line: The one.
        reached: What it came to; `None` where it was not through.
    """
    has_to_act = has_dry_run(line.messages)
    if reached is not None and not has_to_act and (reached.is_by_tool or leg.output is None):
        return reached.result
    said = Prompt(text=_ACT if has_to_act else _GO_ON)
    chosen = leg.fork("chosen", messages=(*line.messages, said))
    chosen.output = leg.output
    return await react(chosen)


def has_dry_run(messages: Sequence[Message]) -> bool:
    """Whether a call was a dry run."""
    return any(
        orjson.loads(message.content).get("dry_run") is True
        for message in messages
        if isinstance(message, ToolMessage)
    )


def told(messages: Sequence[Message]) -> str:
    """What was said, for a judge."""
    return "\n".join(map(_told, messages))


def _told(message: Message) -> str:
    match message:
        case UserMessage(text=text):
            return f"user: {text}"
        case ModelMessage(text=text, calls=calls):
            return "\n".join(
                [
                    *([f"assistant: {text}"] if text else []),
                    *(f"call: {call.tool} {call.arguments}" for call in calls),
                ]
            )
        case ToolMessage(tool=tool, content=content):
            return f"result of {tool}: {content}"
