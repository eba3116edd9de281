"""Who acts in a run of the host, in which of ours, and what its user said."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextContent,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)

from highroad.domain.acting import Acting
from highroad.domain.verification import UserTurn

_RUNS: Final = 256
"""Of the host, of which it is known how far their messages were read."""


@dataclass(frozen=True, slots=True)
class _Read:
    """How far the messages of a run were read, and what users said in them."""

    count: int = 0
    last: ModelMessage | None = None
    said: tuple[UserTurn, ...] = ()

    def leads_to(self, messages: Sequence[ModelMessage]) -> bool:
        """Whether these are the messages that were read, and perhaps more."""
        return not self.count or (
            len(messages) >= self.count and messages[self.count - 1] is self.last
        )

    def on(self, messages: Sequence[ModelMessage]) -> "_Read":
        """Read what has come since."""
        said, before = list(self.said), self.last
        for message in messages[self.count :]:
            if isinstance(message, ModelRequest) and _begins_run(message, before):
                for part in message.parts:
                    if isinstance(part, UserPromptPart) and (text := text_of(part.content)):
                        said.append(UserTurn(source=f"message-{len(said) + 1}", text=text))
            before = message
        return _Read(len(messages), before, tuple(said))


class HostWords:
    """What users said in runs of the host: prompts with which a run began.

    What tools return beside their result, and what code puts into a run that is under way, are
    user prompts to the host as well. Nobody can tell there who wrote them, so they are no words of
    a user here.

    Each message is read once, so that a call of a long run costs what one of a short run does.
    """

    def __init__(self) -> None:
        self._read: OrderedDict[str, _Read] = OrderedDict()

    def of(self, ctx: RunContext[Any]) -> tuple[UserTurn, ...]:
        """Words of users so far, in order."""
        run = ctx.run_id or ""
        known = self._read.pop(run, None)
        if known is None or not known.leads_to(ctx.messages):
            known = _Read()
        read = known.on(ctx.messages)
        if run:
            self._read[run] = read
        if len(self._read) > _RUNS:
            self._read.popitem(last=False)
        return _with_prompt(read.said, ctx)


def acting_of(ctx: RunContext[Any], words: HostWords) -> Acting:
    """What the host itself knows: its conversation, and what its users wrote in it.

    Runs of the host that share a conversation are one run of ours, so that what is asked for again
    in it is answered by what was done.
    """
    return Acting(
        run=ctx.conversation_id or ctx.run_id,
        conversation=ctx.conversation_id,
        said=words.of(ctx),
    )


def text_of(content: str | Sequence[UserContent]) -> str:
    """What of a prompt is text."""
    if isinstance(content, str):
        return content
    texts = [
        each.content if isinstance(each, TextContent) else each
        for each in content
        if isinstance(each, str | TextContent)
    ]
    return "\n".join(texts)


def _with_prompt(said: tuple[UserTurn, ...], ctx: RunContext[Any]) -> tuple[UserTurn, ...]:
    """With the prompt of this run, which may stand beside results of tools."""
    prompt = "" if ctx.prompt is None else text_of(ctx.prompt)
    if not prompt or any(turn.text == prompt for turn in said):
        return said
    return (*said, UserTurn(source=f"message-{len(said) + 1}", text=prompt))


def _begins_run(request: ModelRequest, before: ModelMessage | None) -> bool:
    if any(isinstance(part, ToolReturnPart) for part in request.parts):
        return False
    if isinstance(before, ModelResponse) and before.tool_calls:
        return False
    return before is None or request.run_id is None or request.run_id != before.run_id
