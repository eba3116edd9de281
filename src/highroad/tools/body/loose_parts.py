"""Parts where no type names them: in a result of `Any`, or of `dict[str, Any]`."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from pydantic import TypeAdapter

from highroad.domain.part import Blob, File, Image, Json, Text

_WITH_BYTES: Final[dict[str, type[Image] | type[File]]] = {"image": Image, "file": File}

# Where no type says how to write a value, pydantic asks the value itself, by this name. Without it
# a part would be written as any other dataclass: with its bytes.
for _kind in (Text, Json, Image, File):
    setattr(_kind, "__pydantic_serializer__", TypeAdapter[Any](_kind).serializer)  # noqa: B010 - no attribute that the class declares


def put_back(value: Any, blobs: Mapping[str, Blob]) -> Any:  # noqa: ANN401 - whatever a body returned
    """The value with the parts whose bytes are in `blobs`; parts without bytes stay JSON."""
    if isinstance(value, list):
        return [put_back(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if isinstance(kind, str) and kind in _WITH_BYTES and _refers_to(value, blobs):
        with suppress(ValueError):  # somebody else's JSON that looks like a part
            return _WITH_BYTES[kind].from_json(value, blobs)
    return {key: put_back(item, blobs) for key, item in value.items()}


def _refers_to(value: Mapping[str, Any], blobs: Mapping[str, Blob]) -> bool:
    digest = value.get("digest")
    return isinstance(digest, str) and digest in blobs
