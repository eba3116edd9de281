"""Typed parts of a result: text, JSON, an image, a file.

A result is a part, or holds parts in its lists and fields. In JSON the bytes of a part are left out
and stand apart, as blobs, to which a digest refers: a result is searched, shown and stored by what
can be read of it, and bytes go where payloads go.

Pydantic is told of parts in its own terms, which are plain dictionaries, so that values of the
domain need no library to say what they are.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, TypeAlias

from highroad.domain.json_value import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that stand apart from the JSON that refers to them, which says what they are.

    Args:
        digest: SHA-256 in hex. It stands beside the result, in what is encrypted: a digest of
            content in plain would let anybody test a guess (P7).
        data: The bytes.
    """

    digest: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The blob of these bytes."""
        return cls(digest=hashlib.sha256(data).hexdigest(), data=data)


class _Info(Protocol):
    """What pydantic hands on while it writes or reads: where the blobs are."""

    @property
    def context(self) -> Any:  # noqa: ANN401 - pydantic's own type
        """A dictionary of blobs by digest, to which writing adds."""
        ...


class _Part(ABC):
    """How pydantic writes and reads a part."""

    __slots__ = ()
    kind: ClassVar[str]
    """`type` of its JSON form."""

    @abstractmethod
    def to_json(self, blobs: dict[str, Blob]) -> JsonObject:
        """Its JSON form; its bytes are added to `blobs`."""

    @classmethod
    @abstractmethod
    def from_json(cls, form: JsonObject, blobs: Mapping[str, Blob]) -> Self:
        """The part of a JSON form.

        Raises:
            ValueError: It is the form of something else, or refers to a blob that is not there.
        """

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> dict[str, Any]:
        """A core schema, as `pydantic_core.core_schema` would build it."""
        return {
            "type": "function-plain",
            "function": {"type": "with-info", "function": cls._read},
            "serialization": {
                "type": "function-plain",
                "function": _write,
                "info_arg": True,
                "when_used": "json",
            },
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: object) -> JsonObject:
        """Its JSON form."""
        members: JsonObject = {"type": {"const": cls.kind}, **_MEMBERS[cls.kind]}
        return {"type": "object", "properties": members, "required": [*members]}

    @classmethod
    def _read(cls, value: object, info: _Info) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict) or value.get("type") != cls.kind:
            raise ValueError(f"no part of type {cls.kind}")
        return cls.from_json(value, info.context or {})


@dataclass(frozen=True, slots=True)
class Text(_Part):
    """Text to read."""

    kind: ClassVar[str] = "text"
    text: str

    def to_json(self, blobs: dict[str, Blob]) -> JsonObject:  # noqa: ARG002 - it has no bytes
        """Its JSON form."""
        return {"type": self.kind, "text": self.text}

    @classmethod
    def from_json(cls, form: JsonObject, blobs: Mapping[str, Blob]) -> Self:  # noqa: ARG003 - it has no bytes
        """The part of a JSON form.

        Raises:
            ValueError: It has no text.
        """
        return cls(_text(form, "text"))


@dataclass(frozen=True, slots=True)
class Json(_Part):
    """A JSON value, for programs rather than readers."""

    kind: ClassVar[str] = "json"
    value: JsonValue

    def to_json(self, blobs: dict[str, Blob]) -> JsonObject:  # noqa: ARG002 - it has no bytes
        """Its JSON form."""
        return {"type": self.kind, "value": self.value}

    @classmethod
    def from_json(cls, form: JsonObject, blobs: Mapping[str, Blob]) -> Self:  # noqa: ARG003 - it has no bytes
        """The part of a JSON form.

        Raises:
            ValueError: It has no value.
        """
        if "value" not in form:
            raise ValueError("a part of type json has a value")
        return cls(form["value"])


@dataclass(frozen=True, slots=True)
class Image(_Part):
    """An image.

    Args:
        data: As it is encoded.
        media_type: For example `image/png`.
    """

    kind: ClassVar[str] = "image"
    data: bytes = field(repr=False)
    media_type: str

    def to_json(self, blobs: dict[str, Blob]) -> JsonObject:
        """Its JSON form; its bytes are added to `blobs`."""
        return {"type": self.kind, **_set_apart(self.data, self.media_type, blobs)}

    @classmethod
    def from_json(cls, form: JsonObject, blobs: Mapping[str, Blob]) -> Self:
        """The part of a JSON form.

        Raises:
            ValueError: Its blob is not there.
        """
        return cls(_blob(form, blobs).data, _text(form, "media_type"))


@dataclass(frozen=True, slots=True)
class File(_Part):
    """A file.

    Args:
        data: Its bytes.
        media_type: For example `application/pdf`.
        name: As a person would save it.
    """

    kind: ClassVar[str] = "file"
    data: bytes = field(repr=False)
    media_type: str
    name: str

    def to_json(self, blobs: dict[str, Blob]) -> JsonObject:
        """Its JSON form; its bytes are added to `blobs`."""
        apart = _set_apart(self.data, self.media_type, blobs)
        return {"type": self.kind, **apart, "name": self.name}

    @classmethod
    def from_json(cls, form: JsonObject, blobs: Mapping[str, Blob]) -> Self:
        """The part of a JSON form.

        Raises:
            ValueError: Its blob is not there.
        """
        return cls(_blob(form, blobs).data, _text(form, "media_type"), _text(form, "name"))


Part: TypeAlias = Text | Json | Image | File

_STRING: JsonObject = {"type": "string"}
_REFERENCE: JsonObject = {
    "digest": {"type": "string", "description": "SHA-256 of the bytes, in hex."},
    "media_type": _STRING,
    "size": {"type": "integer", "description": "Bytes."},
}
_MEMBERS: dict[str, JsonObject] = {
    "text": {"text": _STRING},
    "json": {"value": {}},
    "image": _REFERENCE,
    "file": {**_REFERENCE, "name": _STRING},
}


def _write(part: _Part, info: _Info) -> JsonObject:
    # Without a place for them, as where only the JSON is wanted, the bytes are let go.
    return part.to_json({} if info.context is None else info.context)


def _set_apart(data: bytes, media_type: str, blobs: dict[str, Blob]) -> JsonObject:
    blob = Blob.of(data)
    blobs[blob.digest] = blob
    return {"digest": blob.digest, "media_type": media_type, "size": len(data)}


def _blob(form: JsonObject, blobs: Mapping[str, Blob]) -> Blob:
    digest = _text(form, "digest")
    if digest not in blobs:
        raise ValueError("the bytes that a part refers to are not there")
    return blobs[digest]


def _text(form: JsonObject, name: str) -> str:
    found = form.get(name)
    if not isinstance(found, str):
        raise ValueError(f"{name} of a part is text")  # noqa: TRY004 - pydantic reads a ValueError as a refusal
    return found
