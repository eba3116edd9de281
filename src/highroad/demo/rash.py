"""A model that proposes what it is told to, however wrong: real ones do so once in a while."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import orjson

from highroad.domain.json_value import JsonValue
from highroad.domain.model import (
    Finish,
    ModelCall,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ReplyPart,
    TokenUsage,
    ToolMessage,
)

_NAME: Final = "demo:rash"
_USAGE: Final = TokenUsage(input=1, output=1)


class Rash:
    """Makes one call, and then says that it was done, whatever came of it.

    Args:
        tool: Whose.
        arguments: Of the call.
    """

    def __init__(self, tool: str, arguments: Mapping[str, JsonValue]) -> None:
        self._tool = tool
        self._arguments = orjson.dumps(arguments).decode()
        self.told: str = ""
        """What it was answered."""

    @property
    def name(self) -> str:
        """`provider:model`."""
        return _NAME

    @property
    def shape(self) -> str:
        """The form in which it is offered tools."""
        return "openai"

    @property
    def context_tokens(self) -> int | None:
        """It reads whatever it is given."""
        return None

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """The call, or words where it was answered."""
        answers = [each.content for each in request.messages if isinstance(each, ToolMessage)]
        message = ModelMessage(text="Done.")
        if answers:
            self.told = answers[-1]
        else:
            call = ModelCall(id="rash_1", tool=self._tool, arguments=self._arguments)
            message = ModelMessage(calls=(call,))
        yield ModelReply(
            message=message,
            usage=_USAGE,
            model=_NAME,
            finish=Finish.CALLS if message.calls else Finish.STOP,
            is_estimated=True,
        )

    async def close(self) -> None:
        """Nothing is open."""
