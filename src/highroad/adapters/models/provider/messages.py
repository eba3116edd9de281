"""What was said so far, in the words of pydantic-ai.

The same messages become the same words whatever comes after them, so that a provider's cache hits.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Final

from pydantic_ai.messages import (
    BinaryContent,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.messages import ModelMessage as Said
from pydantic_ai.messages import ModelRequest as Asked

from highroad.adapters.models.provider.native import restored
from highroad.domain.model import Message, ModelCall, ModelMessage, ToolMessage, UserMessage

MADE_UP: Final = "pyd_ai_"
"""How pydantic-ai begins the ids that it gives to calls of providers which give none."""

_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME: Final = 64
_MARKS_ERRORS: Final = frozenset({"anthropic", "bedrock"})
"""Providers that mark a result as an error. To others its content says so, which the library would
put into a text of its own."""


def said(messages: Sequence[Message], *, provider: str, id_length: int | None = None) -> list[Said]:
    """The messages in pydantic-ai's words.

    Args:
        messages: From the beginning.
        provider: Whose own words (`ModelMessage.native`) are handed back; others' are left out.
        id_length: How long ids of calls must be, where the provider says so.
    """
    has_mark = provider in _MARKS_ERRORS
    ids = CallIds(id_length)
    found: list[Said] = []
    for is_reply, group in groupby(messages, lambda message: isinstance(message, ModelMessage)):
        if is_reply:
            found += [_reply(m, provider, ids) for m in group if isinstance(m, ModelMessage)]
        else:
            found.append(Asked(parts=[_part(m, ids, has_mark=has_mark) for m in group]))
    return found


class CallIds:
    """Ids that providers take back: every one there, legal, and there once.

    A model may leave an id out, or give it twice, and a provider that wrote such a thing refuses it
    in the next request. A call keeps its own wherever that will do. Results find their calls by
    their order.
    """

    def __init__(self, length: int | None = None) -> None:
        self._length = length
        self._taken: set[str] = set()
        self._waiting: dict[str, deque[str]] = defaultdict(deque)

    def of_calls(self, calls: Sequence[ModelCall]) -> list[str]:
        """An id for each call of a reply, whose results come next."""
        self._waiting.clear()
        return [self._of_call(call) for call in calls]

    def of_result(self, given: str) -> str:
        """The id of the call that this is the result of."""
        waiting = self._waiting.get(given)
        return waiting.popleft() if waiting else self._fitting(given or MADE_UP)

    def _of_call(self, call: ModelCall) -> str:
        found = next(id_ for id_ in self._candidates(call.id) if id_ not in self._taken)
        self._taken.add(found)
        self._waiting[call.id].append(found)
        return found

    def _candidates(self, given: str) -> Iterator[str]:
        if given:
            yield self._fitting(given)
        start, number = given or MADE_UP, len(self._taken)
        while True:
            yield self._fitting(f"{start}_{number}")
            number += 1

    def _fitting(self, id_: str) -> str:
        if self._length is None and len(id_) <= _LONGEST_NAME and not _ILLEGAL.search(id_):
            return id_
        if self._length is not None and len(id_) == self._length and id_.isalnum():
            return id_
        return blake2b(id_.encode(errors="replace")).hexdigest()[: self._length or 32]


def _reply(message: ModelMessage, provider: str, ids: CallIds) -> ModelResponse:
    call_ids = ids.of_calls(message.calls)
    own = restored(message, provider)
    if own is None:
        return ModelResponse(parts=_plain(message, call_ids))
    following = iter(call_ids)
    for part in own.parts:
        if isinstance(part, ToolCallPart):
            part.tool_call_id = next(following)
            part.tool_name = legal(part.tool_name)
    return own


def _plain(message: ModelMessage, call_ids: Sequence[str]) -> list[ModelResponsePart]:
    parts: list[ModelResponsePart] = [TextPart(content=message.text)] if message.text else []
    parts += [
        ToolCallPart(tool_name=legal(call.tool), args=call.arguments, tool_call_id=call_id)
        for call, call_id in zip(message.calls, call_ids, strict=True)
    ]
    return parts


def _part(message: Message, ids: CallIds, *, has_mark: bool) -> ModelRequestPart:
    match message:
        case UserMessage():
            return UserPromptPart(content=message.text)
        case ToolMessage():
            return ToolReturnPart(
                tool_name=legal(message.tool),
                content=_content(message),
                tool_call_id=ids.of_result(message.id),
                outcome="failed" if message.is_error and has_mark else "success",
            )
        case ModelMessage():  # pragma: no cover - a group of its own
            raise TypeError("a reply is no part of a request")


def _content(message: ToolMessage) -> str | list[str | BinaryContent]:
    """The JSON, with the bytes of what goes along behind it."""
    if not message.parts:
        return message.content
    return [
        message.content,
        *(BinaryContent(data=each.data, media_type=each.media_type) for each in message.parts),
    ]


def legal(tool: str) -> str:
    """A name that every provider takes back; what was invented may not be one."""
    return _ILLEGAL.sub("_", tool)[:_LONGEST_NAME] or "_"
