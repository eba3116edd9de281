"""Hand-off: the conversation moves to another agent, whose answer is the run's.

Use it for a desk in front of specialists: who takes over sees all that was said, and answers the
user. Do not use it where the one in front has to judge or join what others find: then it delegates,
and answers itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from highroad.agents.acting import Wanted
from highroad.agents.leg import Leg, Strategy
from highroad.agents.team import delegation_name
from highroad.domain.error import HighroadError
from highroad.domain.model import Message, ModelMessage, ToolMessage, UserMessage
from highroad.domain.outcome import Completed


def hand_off(*to: str) -> Strategy:
    """ReAct, in which handing work to some of the team hands over the conversation.

    It is a call on the road as any other; its task is given all that was said. Where whoever takes
    over comes to nothing, the model is told so and goes on.

    Args:
        *to: Agents of the team that take over; all of it.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of whoever answers
        """Ask and act until somebody answers, here or where the conversation went."""
        takers = _takers(leg, to)
        instructions = f"{leg.instructions}\n\n{_told(takers)}".strip()
        while True:
            reply = await leg.ask(instructions=instructions, output=leg.output_schema)
            if not reply.calls:
                return await leg.finish(reply)
            said = leg.transcript[:-1]  # without the reply that hands over
            calls = tuple(_with_transcript(each, said, takers) for each in reply.calls)
            for acted in await leg.act(replace(reply, calls=calls)):
                if not isinstance(acted.outcome, Completed):
                    continue
                if acted.wanted.tool in {*takers, *leg.ends}:
                    return acted.outcome.json

    return strategy


def _takers(leg: Leg, to: Sequence[str]) -> dict[str, str]:
    """Agents that may take over, by the tool that does it.

    Raises:
        HighroadError: One is not in the team.
    """
    strangers = [name for name in to if name not in leg.team]
    if strangers:
        raise HighroadError(f"hand_off names {strangers[0]!r}: the team has {list(leg.team)}")
    return {delegation_name(name): name for name in to or leg.team}


def _told(takers: dict[str, str]) -> str:
    named = ", ".join(f"{tool} ({agent})" for tool, agent in takers.items())
    return (
        "Some tools hand over the whole conversation: whoever takes over sees all of it and "
        f"answers the user in your place. Call at most one of them. They are: {named}."
    )


def _with_transcript(wanted: Wanted, said: Sequence[Message], takers: dict[str, str]) -> Wanted:
    """The call with all that was said in its task; the road judges one that is malformed."""
    if wanted.tool not in takers:
        return wanted
    arguments: object = wanted.arguments
    if isinstance(arguments, str | bytes):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return wanted
    task = arguments.get("task") if isinstance(arguments, dict) else None
    if not isinstance(arguments, dict) or not isinstance(task, str):
        return wanted
    told = f"{task}\n\nThe conversation so far, which you go on with:\n\n{transcript(said)}"
    return replace(wanted, arguments={**arguments, "task": told})


def transcript(said: Sequence[Message]) -> str:
    """Messages as text, each under whose it is."""
    return "\n\n".join(line for message in said for line in _lines(message))


def _lines(message: Message) -> list[str]:
    match message:
        case UserMessage(text=text):
            return [f"User: {text}"]
        case ModelMessage(text=text, calls=calls):
            called = [f"Assistant called {call.tool}: {call.arguments}" for call in calls]
            return [*([f"Assistant: {text}"] if text else []), *called]
        case ToolMessage(tool=tool, content=content):
            return [f"Result of {tool}: {content}"]
