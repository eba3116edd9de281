"""A result taken apart: its JSON, and the parts that stand beside it, in order.

In the JSON a number stands for each: `"part": 2` is the second that stands beside. An image or a
file that the form does not take has `"not_shown"` and the reason there instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.part import Blob, File, Image, Json, Text
from highroad.tools.shapes.media import Media

Beside: TypeAlias = Text | Image | File

_WITH_BYTES: Final[dict[str, type[Image] | type[File]]] = {Image.kind: Image, File.kind: File}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNote:
    """An image or a file whose bytes the form does not carry; its JSON says so to the model.

    Digest and media type are content, so they are kept where the result is kept and nowhere else
    (P7); what the note shows of itself is safe to log.

    Args:
        digest: SHA-256 of the bytes, in hex.
        media_type: As the tool named it.
        size: Bytes.
        reason: Why.
    """

    digest: str = field(repr=False)
    media_type: str = field(repr=False)
    size: int
    reason: str

    def __str__(self) -> str:
        return f"{self.size} bytes: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A result whose parts were taken out.

    Args:
        json: With numbers in place of what stands beside.
        beside: Part 1, part 2 and so on.
        notes: What is neither there nor here.
        others: References to bytes that the result holds and its JSON does not refer to.
    """

    json: JsonValue
    beside: tuple[Beside, ...] = ()
    notes: tuple[PartNote, ...] = ()
    others: tuple[JsonObject, ...] = ()


def taken_apart(json: JsonValue, blobs: Iterable[Blob], media: Media) -> Apart:
    """A result in one form's terms.

    Text goes beside only where the result is parts and nothing else; in lists and fields it stays
    JSON, among what belongs to it.

    Args:
        json: As `Completed` has it.
        blobs: To which it refers.
        media: What the form takes.
    """
    held = tuple(blobs)
    taking = _Taking(media, {blob.digest: blob for blob in held})
    left = taking.result(json)
    others = tuple(taking.other(blob) for blob in held if blob.digest not in taking.seen)
    return Apart(json=left, beside=tuple(taking.beside), notes=tuple(taking.notes), others=others)


@dataclass(slots=True)
class _Taking:
    media: Media
    blobs: dict[str, Blob]
    beside: list[Beside] = field(default_factory=list)
    notes: list[PartNote] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    told: dict[tuple[str, str, str | None], JsonObject] = field(default_factory=dict)
    """Each image and file is sent once, however often the result refers to it."""
    sent: int = 0

    def result(self, json: JsonValue) -> JsonValue:
        items = json if isinstance(json, list) else [json]
        if not (self.media.has_texts and all(map(self._is_part, items))):
            return self._left(json)
        left = [self._left_of_part(item) for item in items]
        return left if isinstance(json, list) else left[0]

    def other(self, blob: Blob) -> JsonObject:
        """A reference to bytes of which nothing says what they are."""
        part = File(blob.data, "application/octet-stream", blob.digest)
        return self._reference(part.to_json({}), part)

    def _left(self, value: JsonValue) -> JsonValue:
        match value:
            case list():
                return [self._left(item) for item in value]
            case dict() if part := self._part(value):
                return self._reference(value, part)
            case dict():
                return {key: self._left(item) for key, item in value.items()}
            case _:
                return value

    def _left_of_part(self, value: JsonValue) -> JsonValue:
        """A provider may refuse a block of blank text: such text stays in the JSON."""
        text = _text(value)
        if text is None or not text.text.strip():
            return self._left(value)
        return {"type": text.kind, "part": self._placed(text)}

    def _reference(self, form: JsonObject, part: Image | File) -> JsonObject:
        digest = str(form["digest"])
        name = part.name if isinstance(part, File) else None
        key = (digest, part.media_type, name)
        if key not in self.told:
            self.told[key] = self._tell(part, digest)
        return {**form, **self.told[key]}

    def _tell(self, part: Image | File, digest: str) -> JsonObject:
        reason = self.media.refusal(part, self.sent)
        if reason is None:
            self.sent += len(part.data)
            return {"part": self._placed(part)}
        self.notes.append(
            PartNote(digest=digest, media_type=part.media_type, size=len(part.data), reason=reason)
        )
        return {"not_shown": reason}

    def _placed(self, part: Beside) -> int:
        self.beside.append(part)
        return len(self.beside)

    def _part(self, form: JsonObject) -> Image | File | None:
        """The part that a form stands for, if its bytes are there."""
        kind = form.get("type")
        if not (isinstance(kind, str) and kind in _WITH_BYTES):
            return None
        try:
            part = _WITH_BYTES[kind].from_json(form, self.blobs)
        except ValueError:
            return None
        self.seen.add(str(form["digest"]))
        return part

    def _is_part(self, value: JsonValue) -> bool:
        if not isinstance(value, dict):
            return False
        is_json = value.keys() == {"type", "value"} and value["type"] == Json.kind
        return is_json or _text(value) is not None or self._part(value) is not None


def _text(value: JsonValue) -> Text | None:
    if not (isinstance(value, dict) and value.keys() == {"type", "text"}):
        return None
    text = value["text"]
    return Text(text) if value["type"] == Text.kind and isinstance(text, str) else None
