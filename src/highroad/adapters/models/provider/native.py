"""What a provider wants back unchanged, as bytes that a ledger can keep."""

from typing import Final

from pydantic_ai.messages import (
    ModelMessagesTypeAdapter,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
)
from pydantic_core import ValidationError

from highroad.domain.model import ModelMessage

_HEAD: Final = b"pydantic-ai 2 "
"""And the provider, and a line end: whoever finds another beginning leaves it alone."""


def native_of(response: ModelResponse, provider: str) -> bytes:
    """What text and calls do not say of a reply; nothing where they say it all."""
    if not any(map(_is_more, response.parts)):
        return b""
    kept = ModelResponse(
        parts=response.parts,
        timestamp=response.timestamp,
        model_name=response.model_name,
        provider_name=response.provider_name,
        provider_url=response.provider_url,
        canonical_system=response.canonical_system,
    )
    return _head(provider) + ModelMessagesTypeAdapter.dump_json([kept])


def restored(message: ModelMessage, provider: str) -> ModelResponse | None:
    """The reply as its provider wrote it; `None` where that is another's, or says nothing more."""
    head = _head(provider)
    if not message.native.startswith(head):
        return None
    try:
        (response,) = ModelMessagesTypeAdapter.validate_json(message.native.removeprefix(head))
    except (ValidationError, ValueError):
        return None
    if not isinstance(response, ModelResponse) or not _is_of(response, message):
        return None
    return response


def _head(provider: str) -> bytes:
    return _HEAD + provider.encode() + b"\n"


def _is_more(part: ModelResponsePart) -> bool:
    """Whether there is something besides text, or the name and arguments of a call."""
    return not isinstance(part, TextPart | ToolCallPart) or bool(part.provider_details)


def _is_of(response: ModelResponse, message: ModelMessage) -> bool:
    """Whether it has the calls of the message: somebody may have left one out since."""
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    return len(calls) == len(message.calls)
