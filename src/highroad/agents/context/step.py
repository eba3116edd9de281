"""Messages that are shown together or not at all (P5)."""

from collections.abc import Sequence

from highroad.agents.context.left_out import LeftOut, LeftOutCall
from highroad.agents.context.tokens import characters_of, most_tokens_of, tokens_of
from highroad.domain.model import Message, ModelMessage, ToolMessage


class Step:
    """What a user said, or what a model said with the results of all its calls.

    Args:
        messages: In order.
        is_kept: It is shown as long as the run lasts.
        left_out: What it stands for, where it stands in for older steps.
    """

    __slots__ = ("_tokens", "characters", "is_kept", "left_out", "messages", "most_tokens")

    def __init__(
        self,
        messages: Sequence[Message],
        *,
        is_kept: bool = False,
        left_out: LeftOut | None = None,
    ) -> None:
        self.messages: tuple[Message, ...] = tuple(messages)
        self.is_kept: bool = is_kept
        self.left_out: LeftOut | None = left_out
        self.most_tokens: int = sum(map(most_tokens_of, self.messages))
        """What `tokens` is at most, known at once."""
        self.characters: int = sum(map(characters_of, self.messages))
        self._tokens: int | None = None

    @property
    def tokens(self) -> int:
        """Estimated when it is first asked for: most runs never come near their bounds."""
        if self._tokens is None:
            self._tokens = sum(map(tokens_of, self.messages))
        return self._tokens

    @property
    def may_go(self) -> bool:
        """Whether others may stand in for it."""
        return not self.is_kept and self.left_out is None

    @property
    def wants_results(self) -> bool:
        """Whether a model said it, and results belong to it."""
        return bool(self.messages) and isinstance(self.messages[0], ModelMessage)

    @property
    def calls(self) -> tuple[LeftOutCall, ...]:
        """The calls of which it has the results."""
        return tuple(
            LeftOutCall(each.call_id, each.tool)
            for each in self.messages
            if isinstance(each, ToolMessage)
        )

    def joined(self, result: ToolMessage) -> "Step":
        """With one result more; what the others take is not counted again."""
        step = Step((result,), is_kept=self.is_kept, left_out=self.left_out)
        step.messages = (*self.messages, result)
        step.most_tokens += self.most_tokens
        step.characters += self.characters
        return step
