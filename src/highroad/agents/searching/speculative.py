"""Speculation: several ways at once, of which the best is kept and alone may change anything.

Use it where waiting is dear and requests are not, or where it shows only at the end which way was
the right one. Do not use it where a router can tell beforehand: this pays for every way. Each way
reads; its calls with effects are dry runs: the road says what would happen, and nothing does. The
way that is chosen makes them.

Source: best of several ("self-consistency", Wang et al. 2022) with a judge in place of a vote; that
no effect comes before the choice is ours.
"""

from typing import Any

from highroad.agents.leg import Leg, Strategy
from highroad.agents.searching.dry_line import carried_out, told
from highroad.agents.searching.judging import best, scores
from highroad.agents.strategies.react import reach
from highroad.domain.error import DeclarationError
from highroad.domain.model import Prompt


def speculative(*ways: str) -> Strategy:
    """Go several ways side by side, and let the one that the judge likes best act.

    Args:
        *ways: What each line is told of how to go about the request; two or more.

    Raises:
        DeclarationError: There is nothing to choose from.
    """
    if len(ways) < 2:  # noqa: PLR2004 - what a choice takes
        raise DeclarationError("speculative(...) takes two ways or more; for one, take react")

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Go all ways, choose, and carry out."""
        lines = [_line(leg, way) for way in ways]
        reached = await leg.together(*(reach(line) for line in lines))
        begun = len(leg.messages)
        given = await scores(leg, [told(line.messages[begun:]) for line in lines])
        chosen = best(given)
        return await carried_out(leg, lines[chosen], reached[chosen])

    return strategy


def _line(leg: Leg, way: str) -> Leg:
    line = leg.fork("way", is_dry=True)
    line.messages.append(Prompt(text=f"Go about it in this way: {way}"))
    return line
