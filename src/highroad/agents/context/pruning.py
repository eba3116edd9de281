"""Taking out of a history what a model can do without, in large pieces and seldom."""

from collections.abc import Sequence
from dataclasses import replace

from highroad.agents.context.left_out import LeftOut, noted, stand_in
from highroad.agents.context.step import Step
from highroad.domain.model import Message, ToolMessage


def tokens_of_steps(steps: Sequence[Step]) -> int:
    """Tokens of steps, estimated."""
    return sum(step.tokens for step in steps)


def seen(steps: Sequence[Step]) -> int:
    """How many of the first steps the model was shown before: all but its own last and newer."""
    for at in reversed(range(len(steps))):
        if steps[at].wants_results:
            return at
    return max(0, len(steps) - 1)


def without_large_results(steps: Sequence[Step], most: float, *, large: int) -> list[Step]:
    """Steps with notes in place of large results, oldest first, until `most` tokens are enough.

    What the model has not seen yet stays whole.
    """
    kept, tokens = list(steps), tokens_of_steps(steps)
    for at, step in enumerate(steps[: seen(steps)]):
        if tokens <= most:
            break
        lighter = Step(
            [_lighter(each, large) for each in step.messages],
            is_kept=step.is_kept,
            left_out=step.left_out,
        )
        if lighter.messages != step.messages:
            kept[at] = lighter
            tokens += lighter.tokens - step.tokens
    return kept


def going(steps: Sequence[Step], most: float) -> int:
    """How many of the oldest steps that may go must go, until the rest is at most `most`."""
    tokens, number = tokens_of_steps(steps), 0
    for step in steps[: seen(steps)]:
        if tokens <= most:
            break
        if step.may_go:
            tokens -= step.tokens
            number += 1
    return number


def without_oldest(steps: Sequence[Step], number: int, *, summary: str = "") -> list[Step]:
    """Steps with one that stands in for the oldest of those that may go.

    Args:
        steps: All of them, in order.
        number: Of those that go.
        summary: Of those that go, and of all that had gone before.
    """
    if not number:
        return list(steps)
    gone = [step for step in steps if step.may_go][:number]
    before = next((step.left_out for step in steps if step.left_out), LeftOut())
    left_out = before.joined(len(gone), [call for step in gone for call in step.calls])
    if summary:
        left_out = replace(left_out, summary=summary)
    in_their_place = Step([stand_in(left_out)], left_out=left_out)
    went = set(map(id, gone))
    return [
        in_their_place if step is gone[0] else step
        for step in steps
        if step is gone[0] or (id(step) not in went and step.left_out is None)
    ]


def _lighter(message: Message, large: int) -> Message:
    if isinstance(message, ToolMessage) and len(message.content) > large:
        return noted(message)
    return message
