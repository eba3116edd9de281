"""What of a line of messages a model is shown.

It is a function of the messages, of how many of them are older than the run, of what the provider
has counted, and of the summaries that were made: all of that is on record, so a resumed run is
shown the same. The window remembers how far it has come, and so a step costs what it brings.

As long as there is room everything is shown. Where there is none, one pruning takes so much away
that half of the room is left; until the next one, what is shown only grows at its end, and a
provider that keeps what it has read need not read it again.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final

from highroad.agents.context.bounds import Bounds, ContextError
from highroad.agents.context.illustrated import Illustrated
from highroad.agents.context.left_out import shortened
from highroad.agents.context.pruning import (
    going,
    tokens_of_steps,
    without_large_results,
    without_oldest,
)
from highroad.agents.context.step import Step
from highroad.agents.context.summary import Old
from highroad.domain.model import Message, ModelMessage, Prompt, ToolMessage, UserMessage
from highroad.domain.value import value

_LEAST: Final = 0.4
_MOST: Final = 4.0
"""How far a count may be from the estimate; what is farther off is a count of something else."""
_BELIEVED: Final = 0.05
"""Of what a text takes at most, what any text takes: who counts less has not counted all of it."""


@value
class _Count:
    """What a provider has counted."""

    steps: int
    """That the request showed."""
    tokens: int
    most: int
    """What the steps take at most."""


class Window:
    """Shows a model the messages of one line of a run.

    Args:
        bounds: How much.
        standing_tokens: Of instructions and tools, which every request begins with.
        history: How many of the first messages are of earlier runs: they may give way as a whole,
            while what users say in this run stays.
    """

    def __init__(self, bounds: Bounds, *, standing_tokens: int = 0, history: int = 0) -> None:
        self.bounds: Bounds = bounds
        self._standing = standing_tokens
        self._history = history
        self._counts: dict[int, int] = {}
        self._summaries: dict[int, str] = {}
        self._restart()

    def _restart(self) -> None:
        self._seen: list[Message] = []
        self._steps: list[Step] = []
        self._flat: list[Message] = []
        """Their messages, one behind the other."""
        self.has_bytes: bool = False
        """Whether any message that it has seen depends on the form in which a model takes it."""
        self._most = 0
        """What they take at most."""
        self._characters = 0
        """Theirs."""
        self._ratio = 1.0
        """As it was measured before the last pruning."""
        self._counted: _Count | None = None
        """Of the last request since a pruning."""
        self._next: list[Step] | None = None
        """What the next request shows, once that was worked out."""

    # -- what is known -----------------------------------------------------------------------

    def count(self, position: int, tokens: int) -> None:
        """Note the tokens of a request as the provider counted them.

        Args:
            position: Among the messages, of the model's message that it brought; it is not shown
                to the window yet, or will be shown all of them anew.
            tokens: In, cached ones included.
        """
        self._counts[position] = tokens

    def shown(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """What of `messages` the next request shows.

        Args:
            messages: All of the line: those of before, and newer ones behind them.

        Raises:
            ContextError: What must be shown is too much.
        """
        self._follow(messages)
        steps = self._pruned()
        if self._exceeds(steps):
            raise ContextError(self._tokens(steps), self.bounds.tokens)
        return tuple(self._flat if steps is self._steps else _flattened(steps))

    def tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the next request, estimated, with what was counted before as a measure."""
        self._follow(messages)
        return self._tokens(self._pruned())

    def characters(self, messages: Sequence[Message]) -> int:
        """Characters of the texts that the next request shows; nothing is looked at twice."""
        self._follow(messages)
        steps = self._pruned()
        if steps is self._steps:
            return self._characters
        return sum(step.characters for step in steps)

    # -- summaries ---------------------------------------------------------------------------

    def old(self, messages: Sequence[Message]) -> Old | None:
        """The steps that the next request leaves out, for a model to sum up first; mostly none."""
        self._follow(messages)
        position = len(self._seen)
        if position in self._summaries or not self._exceeds(self._steps):
            return None
        lighter, number = self._cut()
        if not number:
            return None
        gone = [step for step in lighter if step.may_go][:number]
        before = [step for step in lighter if step.left_out is not None]
        told = [message for step in (*before, *gone) for message in step.messages]
        return Old(messages=tuple(told), position=position)

    def summarize(self, position: int, summary: str) -> None:
        """Let a summary stand for what had to go; without one, steps go unsummed.

        Args:
            position: How many messages the line had then (`Old.position`).
            summary: As a model has written it.
        """
        self._summaries[position] = summary.strip()
        if position == len(self._seen):
            self._next = None

    # -- following ---------------------------------------------------------------------------

    def _follow(self, messages: Sequence[Message]) -> None:
        known = len(self._seen)
        if len(messages) < known or (known and messages[known - 1] is not self._seen[-1]):
            self._restart()  # another line, or one that somebody changed
            known = 0
        for message in messages[known:]:
            self._take(message)

    def _take(self, message: Message) -> None:
        position = len(self._seen)
        self.has_bytes = self.has_bytes or isinstance(message, Illustrated)
        match message:
            case ToolMessage() if self._has_asked():
                self._join(message)
            case ModelMessage():
                self._settle(position)
                self._add(Step([message]))
            case _:
                self._add(Step([message], is_kept=self._is_kept(position, message)))
        self._seen.append(message)
        self._next = None

    def _is_kept(self, position: int, message: Message) -> bool:
        """Whether it is what a line begins with, or what a user has said in it."""
        is_said = isinstance(message, UserMessage) and not isinstance(message, Prompt)
        return position == self._history or (position > self._history and is_said)

    def _settle(self, position: int) -> None:
        """A request has brought a message: what it showed is what the provider has kept."""
        steps = self._pruned()
        if steps is not self._steps:
            self._ratio = self._measure()
            self._steps, self._flat, self._counted = steps, _flattened(steps), None
            self._most = sum(step.most_tokens for step in steps)
            self._characters = sum(step.characters for step in steps)
        if position in self._counts:
            self._believe(self._counts[position])

    def _believe(self, tokens: int) -> None:
        """Take a count for true, unless nothing can be as short as that."""
        if tokens > _BELIEVED * (self._standing + self._most):
            self._counted = _Count(steps=len(self._steps), tokens=tokens, most=self._most)
        else:
            self._counted, self._ratio = None, 1.0

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        self._flat += step.messages
        self._most += step.most_tokens
        self._characters += step.characters

    def _has_asked(self) -> bool:
        return any(step.wants_results for step in reversed(self._steps))

    def _join(self, result: ToolMessage) -> None:
        """Results stand right behind their calls, whatever was said meanwhile: providers ask so."""
        at = next(at for at in reversed(range(len(self._steps))) if self._steps[at].wants_results)
        step = self._steps[at]
        asked = step.messages[0]
        calls = len(asked.calls) if isinstance(asked, ModelMessage) else 1
        most = self.bounds.newest // max(1, calls)
        result = shortened(result, most=most)
        self._steps[at] = joined = step.joined(result)
        if at == len(self._steps) - 1:
            self._flat.append(result)
        else:
            self._flat = _flattened(self._steps)
        self._most += joined.most_tokens - step.most_tokens
        self._characters += joined.characters - step.characters

    # -- pruning -----------------------------------------------------------------------------

    def _pruned(self) -> list[Step]:
        """The steps that the next request shows; the very list where nothing has to go."""
        if self._next is None:
            self._next = self._steps
            if self._exceeds(self._steps):
                lighter, number = self._cut()
                summary = self._summaries.get(len(self._seen), "")
                self._next = without_oldest(lighter, number, summary=summary)
        return self._next

    def _cut(self) -> tuple[list[Step], int]:
        """The steps without large results, and how many of the oldest have to go besides."""
        most = self.bounds.kept / self._measure() - self._standing
        lighter = without_large_results(self._steps, most, large=self.bounds.large)
        return lighter, going(lighter, most)

    def _exceeds(self, steps: Sequence[Step]) -> bool:
        """Whether steps are too much; what is short beyond doubt is not looked at closely."""
        most = self.bounds.tokens
        return self._quick(steps) > most and self._tokens(steps) > most

    def _quick(self, steps: Sequence[Step]) -> int:
        if steps is not self._steps:
            return self._standing + sum(step.most_tokens for step in steps)
        if self._counted is None:
            return self._standing + self._most
        return self._counted.tokens + self._most - self._counted.most

    def _tokens(self, steps: Sequence[Step]) -> int:
        return self._scaled(tokens_of_steps(steps))

    def _scaled(self, tokens: int) -> int:
        return ceil((self._standing + tokens) * self._measure())

    def _measure(self) -> float:
        """How many tokens this model counts for one that was estimated, by its last count."""
        if self._counted is None:
            return self._ratio
        shown = self._steps[: self._counted.steps]
        estimated = self._standing + tokens_of_steps(shown)
        return min(_MOST, max(_LEAST, self._counted.tokens / max(1, estimated)))


def _flattened(steps: Sequence[Step]) -> list[Message]:
    return [message for step in steps for message in step.messages]
