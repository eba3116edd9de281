"""One of several ways, chosen by the request.

Use it where requests fall into kinds that are served differently, by a cheaper model, other tools,
another agent or plain code. Do not use it for two kinds that one prompt serves as well.

Source: "routing" in Anthropic, "Building effective agents" (2024); in turn and by confidence as in
Chen et al., "FrugalGPT" (2023).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from highroad.agents.leg import Leg, Strategy
from highroad.agents.offline.model import Offline
from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonSchema
from highroad.domain.model import ModelRequest, OfferedTool, UserMessage
from highroad.domain.value import value


@value(kw_only=False)
class Chosen:
    """A way, and how sure it is."""

    way: str
    confidence: float = 1.0


Chooser: TypeAlias = Callable[[Leg, Sequence[str]], Awaitable[Chosen]]
"""Chooses one of the ways."""


def router(
    ways: Mapping[str, Strategy],
    *,
    by: Chooser,
    least: float = 0.0,
    otherwise: str | None = None,
) -> Strategy:
    """Choose a way by the request, and go it.

    Args:
        ways: Strategies by name.
        by: Who chooses: `by_rules`, `by_offline`, `by_model`, several of them `in_turn`, or any
            function of that form.
        least: Confidence below which `otherwise` is gone.
        otherwise: Where the chooser is not so sure, or names no way; without it the way that was
            chosen is gone all the same.

    Raises:
        HighroadError: `otherwise` is no way.
    """
    if otherwise is not None and otherwise not in ways:
        raise HighroadError(f"otherwise={otherwise!r} is none of the ways {', '.join(ways)}")

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the way
        """Choose, and go."""
        chosen = await by(leg, tuple(ways))
        way = chosen.way
        if otherwise is not None and (chosen.confidence < least or way not in ways):
            way = otherwise
        if way not in ways:
            raise HighroadError(f"{way!r} is none of the ways {', '.join(ways)}")
        return await ways[way](leg)

    return strategy


def by_rules(*rules: tuple[str, Callable[[str], bool]]) -> Chooser:
    """Choose the first way whose rule holds for the words of the request.

    Args:
        *rules: A way, and whether a request is of its kind.
    """

    async def choose(leg: Leg, ways: Sequence[str]) -> Chosen:
        """Take the first rule that holds."""
        del ways
        for way, holds in rules:
            if holds(leg.request):
                return Chosen(way)
        return Chosen("", 0.0)

    return choose


def by_model(description: Mapping[str, str]) -> Chooser:
    """Let the model that has the role `route` choose, in a line of its own.

    Args:
        description: What each way is for, told to the model.
    """

    async def choose(leg: Leg, ways: Sequence[str]) -> Chosen:
        """Ask the model."""
        told = "\n".join(f"- {way}: {description.get(way, '')}" for way in ways)
        reply = await leg.fork("route").ask(
            instructions=f"Say which way serves the request, and how sure you are.\n{told}",
            tools=(),
            output=_schema(ways),
            purpose="route",
        )
        return _read(reply.text)

    return choose


def by_offline(description: Mapping[str, str]) -> Chooser:
    """Let the rules of the offline model choose, by the words that a way and the request share.

    It asks no model, costs nothing, and says of the same request the same.

    Args:
        description: What each way is for, in words that requests use.
    """
    model = Offline()

    async def choose(leg: Leg, ways: Sequence[str]) -> Chosen:
        """Compare words."""
        routed = model.route(
            ModelRequest(
                messages=(UserMessage(text=leg.request),),
                tools=[_offered(way, description.get(way, "")) for way in ways],
            )
        )
        return Chosen("", 0.0) if routed.tool is None else Chosen(routed.tool, routed.confidence)

    return choose


def in_turn(*choosers: Chooser, least: float) -> Chooser:
    """Let the first chooser choose that is sure enough: cheap ones first.

    Args:
        *choosers: In order; where none is sure enough, the last one's choice stands.
        least: Confidence that is enough.
    """

    async def choose(leg: Leg, ways: Sequence[str]) -> Chosen:
        """Ask one after the other."""
        chosen = Chosen("", 0.0)
        for chooser in choosers:
            chosen = await chooser(leg, ways)
            if chosen.way in ways and chosen.confidence >= least:
                break
        return chosen

    return choose


def to_agent(name: str) -> Strategy:
    """A way that hands the request to an agent of the team, whose result is the answer.

    Args:
        name: Of that agent.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of that agent
        """Hand the request on."""
        outcome = await leg.delegate(name, leg.request)
        return outcome.unwrap()

    return strategy


def _offered(way: str, description: str) -> OfferedTool:
    """A way in the form in which the offline model chooses among tools."""
    return OfferedTool(
        name=way, description=description, input_schema={"type": "object", "properties": {}}
    )


def _schema(ways: Sequence[str]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {
            "way": {"type": "string", "enum": list(ways)},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["way", "confidence"],
        "additionalProperties": False,
    }


def _read(text: str) -> Chosen:
    """What the model said; nothing that can be read is no way, and no confidence."""
    try:
        said = orjson.loads(text)
        return Chosen(str(said["way"]), min(1.0, max(0.0, float(said["confidence"]))))
    except (ValueError, TypeError, KeyError):
        return Chosen("", 0.0)
