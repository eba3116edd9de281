"""The search for tools that an agent with many of them is offered by itself.

It finds what the agent of the run may call, and nothing of others; what it has found is offered
from the next request on (`selection.py`).
"""

from highroad.agents.moving import Moving
from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.declare import tool
from highroad.tools.search.tool import Found, Most, Words


class RunTools:
    """The tools of runs that this process moves.

    Args:
        moving: Knows them.
    """

    def __init__(self, moving: Moving) -> None:
        self._moving = moving

    async def found(self, run_id: str, query: str, most: int) -> tuple[Found, ...]:
        """Those of a run's agent that fit, best first."""
        leg = await self._moving.leg_of(run_id)
        index = None if leg is None else leg.brief.index
        if index is None:
            return ()
        return tuple(
            Found(name=match.name, description=index.descriptions[match.name])
            for match in index.ranked(query, most=most)
        )


@tool(tier="read", timeout_s=30)
async def tool_search(
    query: Words, context: ToolContext[RunTools], limit: Most = 5
) -> tuple[Found, ...]:
    """Find tools by what they do; those found can be called from the next step on.

    Use when no tool at hand fits what is to be done. Not for finding data.

    Args:
        query: What is to be done, in a few words, for example "cancel a subscription".
        limit: Tools to return at most.
        context: Whose run it is.
    """
    return await context.deps.found(context.run_id, query, limit)
