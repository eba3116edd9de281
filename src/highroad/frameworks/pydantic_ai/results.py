"""Results: what a tool of the host returned, and what the host's model is told of it."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic_ai.messages import BinaryContent, ToolReturn

from highroad.domain.outcome import Completed
from highroad.domain.part import File, Image

_IMAGE: Final = "image/"


def jsonable(result: object) -> object:
    """What a tool of the host returned, in a form that the road records: bytes are parts of it."""
    try:
        return _jsonable(result)
    except RecursionError:
        return result  # it has no form, and the road says so


def _jsonable(result: object) -> object:
    match result:
        case ToolReturn(content=None):
            return _jsonable(result.return_value)
        case ToolReturn():
            content = result.content
            said = [content] if isinstance(content, str) else list(content or ())
            return {"value": _jsonable(result.return_value), "content": _jsonable(said)}
        case BinaryContent():
            return _part(result)
        case dict():
            return {key: _jsonable(each) for key, each in result.items()}
        case list() | tuple():
            return [_jsonable(each) for each in result]
        case _:
            return result


def _part(content: BinaryContent) -> Image | File:
    if content.media_type.startswith(_IMAGE):
        return Image(content.data, content.media_type)
    return File(content.data, content.media_type, content.identifier)


def told(outcome: Completed[Any], returned: ToolReturn[Any] | None) -> Any:  # noqa: ANN401 - what the host takes for a result
    """A result for the host's model, and beside it what is for the host's program alone.

    Args:
        outcome: Of the call.
        returned: What the tool returned to the host, where it ran for this very call: data that no
            model is shown, and names of tools, are in no record, and so not there a second time.
    """
    told = outcome.for_model()
    media = list(_media(outcome.value)) if outcome.blobs else []
    value = [told, *media] if media else told
    if returned is None:
        return value
    return ToolReturn(return_value=value, metadata=returned.metadata, tools=returned.tools)


def _media(value: object) -> Iterator[BinaryContent]:
    """Images and files in a result, as the host hands them to its model."""
    if isinstance(value, Image | File):
        yield BinaryContent(data=value.data, media_type=value.media_type)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _media(each)
    elif isinstance(value, list):
        for each in value:
            yield from _media(each)
