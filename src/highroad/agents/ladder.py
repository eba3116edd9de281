"""A ladder of models: the cheap one answers where it is sure, and the strong one all the rest.

Use it where most requests are easy, and a cheap model knows which. Do not use it where it is sure
of what is wrong: every answer below the top is one that the strong model never saw, so measure on
your own requests how often the first rung is right when it says that it is.

The rungs are models of the agent's `roles`; the top is its own. What stands below the top may only
read: effects are for the model that was chosen for them.

Source: Chen et al., "FrugalGPT" (2023), for the cascade.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import orjson

from highroad.agents.leg import Leg, Reply, Strategy
from highroad.agents.output import Output
from highroad.agents.strategies.react import react
from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonSchema, JsonValue
from highroad.domain.outcome import Completed
from highroad.domain.value import value

_TURNS: Final = 4
"""Replies of one rung: what is not known by then is not easy."""
_INSTRUCTIONS: Final = (
    "Say how sure you are that your answer is right and complete, from 0 to 1. Where you cannot "
    "answer, or should do something that you have no tool for, say 0: somebody else takes over."
)


@value(kw_only=False)
class Said:
    """An answer, and how sure whoever gives it is."""

    answer: JsonValue
    confidence: float


Gauge: TypeAlias = Callable[[Leg, str, JsonSchema | None], Awaitable[Said | None]]
"""Has a role answer in a line of its own, in the form that is given; `None` is no answer."""


async def stated(line: Leg, role: str, form: JsonSchema | None) -> Said | None:
    """Have a model say itself how sure it is, beside its answer."""
    instructions = f"{line.instructions}\n\n{_INSTRUCTIONS}".strip()
    schema = _with_confidence(form)
    for _ in range(_TURNS):
        reply = await line.ask(
            instructions=instructions, tools=_reads(line), output=schema, purpose=role
        )
        if not reply.calls:
            return _stated_in(reply)
        if not _only_reads(line, reply):
            return None
        await line.act(reply)
    return None


async def measured(line: Leg, role: str, form: JsonSchema | None) -> Said | None:
    """Take what a model such as `offline:` tells of each step; the least sure one counts.

    What it says without having read anything is a question, and no answer.
    """
    del form
    least, has_read = 1.0, False
    for _ in range(_TURNS):
        reply = await line.ask(tools=_reads(line), purpose=role)
        least = min(least, _measured_in(reply))
        if not reply.calls:
            return Said(reply.text, least) if has_read else None
        if not _only_reads(line, reply):
            return None
        acted = await line.act(reply)
        has_read = all(isinstance(each.outcome, Completed) for each in acted)
    return None


@value(kw_only=False)
class Rung:
    """A model below the top.

    Args:
        role: Of the agent's `roles`.
        least: Confidence with which its answer is taken.
        gauge: How that is found: `stated` or `measured`.
    """

    role: str
    least: float = 0.7
    gauge: Gauge = stated


def ladder(*rungs: Rung | str, top: Strategy = react) -> Strategy:
    """Ask from the cheapest up, and take the first answer that is sure enough.

    Args:
        *rungs: From the cheapest on; a name is the rung of that role.
        top: What the agent's own model does where nobody was sure.
    """
    steps = [Rung(each) if isinstance(each, str) else each for each in rungs]

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Go up until somebody is sure."""
        for rung in steps:
            if rung.role not in leg.roles:
                raise HighroadError(f"a rung is {rung.role!r}: name its model in the agent's roles")
            said = await rung.gauge(leg.fork(rung.role), rung.role, leg.output_schema)
            if said is None or said.confidence < rung.least:
                continue
            try:
                return _as_declared(leg.output, said.answer)
            except ValueError:
                continue  # of another form than was asked for: not so sure after all
        return await top(leg)

    return strategy


def by_role(role: str) -> Strategy:
    """ReAct by the model of a role: a way of a `router` that is cheaper, or better, than others."""

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Ask and act by that model."""
        while True:
            reply = await leg.ask(output=leg.output_schema, purpose=role)
            if not reply.calls:
                return await leg.finish(reply)
            for acted in await leg.act(reply):
                if acted.wanted.tool in leg.ends and isinstance(acted.outcome, Completed):
                    return acted.outcome.json

    return strategy


def _reads(line: Leg) -> tuple[str, ...]:
    return tuple(tool.name for tool in line.tools if not tool.has_effects)


def _only_reads(line: Leg, reply: Reply) -> bool:
    """Whether it calls nothing but what it was offered; models are known to do otherwise."""
    return {call.tool for call in reply.calls} <= set(_reads(line))


def _as_declared(output: Output | None, answer: JsonValue) -> Any:  # noqa: ANN401 - of the agent's output type
    """The answer in the form that the agent declares.

    Raises:
        ValueError: It is of another.
    """
    if output is not None:
        return output.restored(orjson.dumps(answer))
    return answer if isinstance(answer, str) else orjson.dumps(answer).decode()


def _with_confidence(form: JsonSchema | None) -> JsonSchema:
    """The form of an answer with a confidence beside it; definitions stay where `$ref` looks."""
    answer: dict[str, Any] = {"type": "string"} if form is None else dict(form)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "answer": answer,
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["answer", "confidence"],
        "additionalProperties": False,
    }
    if "$defs" in answer:
        schema["$defs"] = answer.pop("$defs")
    return schema


def _stated_in(reply: Reply) -> Said | None:
    try:
        said = orjson.loads(reply.text)
        return Said(said["answer"], min(1.0, max(0.0, float(said["confidence"]))))
    except (ValueError, TypeError, KeyError):
        return None


def _measured_in(reply: Reply) -> float:
    """What stands in the part of a message that is for its own model; without it, nothing."""
    try:
        return float(orjson.loads(reply.message.native)["confidence"])
    except (ValueError, TypeError, KeyError):
        return 0.0
