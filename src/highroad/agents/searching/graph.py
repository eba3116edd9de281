"""Graph of thoughts: thoughts that branch, are scored, merge and are refined, in a fixed order.

Use it where a problem can be split, and the parts, or several solutions, can be put together again:
sorting, merging documents, counting. Do not use it where parts hang together too closely to be
merged: tree of thoughts keeps one path whole. It uses no tools.

Source: Besta et al., "Graph of Thoughts: Solving Elaborate Problems with Large Language Models"
(2023); the operations are theirs.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from highroad.agents.leg import Leg, Strategy
from highroad.agents.searching.bounds import require_positive
from highroad.agents.searching.judging import scores
from highroad.agents.searching.thoughts import answered, no_thought, proposed

Thoughts: TypeAlias = tuple[str, ...]
"""What one operation hands to the next."""
Operation: TypeAlias = Callable[[Leg, Thoughts], Awaitable[Thoughts]]
"""Makes thoughts of those before it; the first one is given none."""

_GENERATE: Final = "Propose {count} different solutions. {thought}"
_AGGREGATE: Final = "Put the best of these together into one solution:\n\n{thought}"
_REFINE: Final = "Find what is wrong or missing here, and give the better version:\n\n{thought}"


def graph_of_thoughts(*operations: Operation) -> Strategy:
    """Take the operations in order, and answer with what they come to.

    Args:
        *operations: `generate`, `keep`, `aggregate`, `refine`, or functions of their form. Without
            any: three solutions, the best two of which are merged into one, which is refined.
    """
    order = operations or (generate(3), keep(2), aggregate(), refine())

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Take the operations one by one."""
        thoughts: Thoughts = ()
        for operation in order:
            thoughts = await operation(leg, thoughts)
            if not thoughts:
                raise no_thought()
        return await answered(leg, "\n\n".join(thoughts))

    return strategy


def generate(count: int, words: str = _GENERATE) -> Operation:
    """Branch: several thoughts of each one, side by side.

    Args:
        count: Of each.
        words: What is asked; `{thought}` stands for the thought, `{count}` for how many.

    Raises:
        DeclarationError: `count` is less than 1.
    """
    require_positive({"count": count})

    async def operation(leg: Leg, thoughts: Thoughts) -> Thoughts:
        """Let each thought branch."""
        begun = thoughts or ("",)
        lines = [leg.fork("generate") for _ in begun]
        found = await leg.together(
            *(
                proposed(line, _filled(words, thought, count), count)
                for line, thought in zip(lines, begun, strict=True)
            )
        )
        return tuple(each for some in found for each in some)

    return operation


def keep(count: int) -> Operation:
    """Score, and keep the best in the order of their scores.

    Args:
        count: How many.

    Raises:
        DeclarationError: `count` is less than 1.
    """
    require_positive({"count": count})

    async def operation(leg: Leg, thoughts: Thoughts) -> Thoughts:
        """Leave out all but the best."""
        if len(thoughts) <= count:
            return thoughts
        given = await scores(leg, thoughts)
        order = sorted(range(len(thoughts)), key=lambda at: -given[at])
        return tuple(thoughts[at] for at in order[:count])

    return operation


def aggregate(words: str = _AGGREGATE) -> Operation:
    """Merge: one thought of all.

    Args:
        words: What is asked; `{thought}` stands for all of them.
    """

    async def operation(leg: Leg, thoughts: Thoughts) -> Thoughts:
        """Make one of all."""
        if not thoughts:
            return ()
        return (await _asked(leg.fork("aggregate"), _filled(words, "\n\n".join(thoughts))),)

    return operation


def refine(times: int = 1, words: str = _REFINE) -> Operation:
    """Improve each thought, and keep the newer version where its score is higher.

    Args:
        times: How often.
        words: What is asked; `{thought}` stands for the thought.

    Raises:
        DeclarationError: `times` is less than 1.
    """
    require_positive({"times": times})

    async def operation(leg: Leg, thoughts: Thoughts) -> Thoughts:
        """Make each better, as often as was said."""
        for _ in range(times):
            thoughts = await _refined(leg, thoughts, words)
        return thoughts

    return operation


async def _refined(leg: Leg, thoughts: Thoughts, words: str) -> Thoughts:
    lines = [leg.fork("refine") for _ in thoughts]
    newer = await leg.together(
        *(
            _asked(line, _filled(words, thought))
            for line, thought in zip(lines, thoughts, strict=True)
        )
    )
    given = await scores(leg, (*thoughts, *newer))
    before, after = given[: len(thoughts)], given[len(thoughts) :]
    return tuple(
        new if better > was else old
        for old, new, was, better in zip(thoughts, newer, before, after, strict=True)
    )


async def _asked(line: Leg, say: str) -> str:
    return (await line.ask(say=say, tools=(), purpose="think")).text


def _filled(words: str, thought: str, count: int = 1) -> str:
    """The words of a prompt; what stands in a thought is never filled in."""
    return words.replace("{count}", str(count)).replace("{thought}", thought).strip()
