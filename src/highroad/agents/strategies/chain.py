"""Steps one behind the other, known beforehand.

Use it where the steps are the same for every request, and models only fill them: it is cheaper
than an agent that decides, and goes the same way every time. Do not use it where the next step
depends on what the last one found.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from highroad.agents.leg import Leg, Strategy

Step: TypeAlias = Callable[[Leg, Any], Awaitable[Any]]
"""What comes of the leg and of what the step before brought."""


def chain(*steps: Step) -> Strategy:
    """Take each step with what the one before it brought; the first with the request.

    The run's result is what the last step brings.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the last step
        """Take the steps one by one."""
        found: Any = leg.request
        for step in steps:
            found = await step(leg, found)
        return found

    return strategy


def prompt(words: str) -> Step:
    """A step that asks the model, without tools and without what was said before.

    Args:
        words: What it is asked; `{before}` stands for what the last step brought.
    """

    async def step(leg: Leg, before: Any) -> str:  # noqa: ANN401 - of the step before
        """Ask the model."""
        line = leg.fork("prompt", messages=())
        reply = await line.ask(say=words.replace("{before}", str(before)), tools=())
        return reply.text

    return step


def use(tool: str, arguments: Callable[[Any], Mapping[str, object]]) -> Step:
    """A step that calls a tool.

    Args:
        tool: Its name.
        arguments: Makes them of what the last step brought.
    """

    async def step(leg: Leg, before: Any) -> Any:  # noqa: ANN401 - of the tool
        """Call the tool."""
        outcome = await leg.call(tool, arguments(before))
        return outcome.unwrap()

    return step
