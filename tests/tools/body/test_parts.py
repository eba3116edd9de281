"""Typed parts of results: bytes stand apart, JSON refers to them, and the type comes back."""

import hashlib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from highroad.domain.part import File, Image, Json, Part, Text
from highroad.tools.body.result import ResultCodec
from highroad.tools.declaring.declare import tool, tool_definition

PIXEL = Image(b"\x89PNG\xff", "image/png")
REPORT = File(b"\x00%PDF", "application/pdf", "report.pdf")


class Page(BaseModel):
    title: str
    shots: list[Image] = []


@dataclass
class Answer:
    text: Text
    chart: Image | None = None


def codec(kind: Any) -> ResultCodec[Any]:
    return ResultCodec(TypeAdapter(kind))


def stored(encoded):
    return {blob.digest: blob for blob in encoded.blobs}


@pytest.mark.parametrize(
    ("kind", "value", "blobs"),
    [
        (Text, Text("a"), 0),
        (Json, Json({"a": [1, None]}), 0),
        (Image, PIXEL, 1),
        (File, REPORT, 1),
        (list[Part], [Text("a"), PIXEL, REPORT, Json(1)], 2),
        (Page, Page(title="a", shots=[PIXEL, PIXEL]), 1),
        (Answer, Answer(Text("a"), PIXEL), 1),
        (dict[str, Image], {"a": PIXEL}, 1),
        (str | Image, PIXEL, 1),
        (Any, PIXEL, 1),
        (Any, {"a": [PIXEL, {"b": REPORT}]}, 2),
        (dict[str, Any], {"a": PIXEL}, 1),
        (list, [REPORT], 1),
    ],
    ids=str,
)
def test_parts_come_back_as_their_type(kind, value, blobs):
    encoded = codec(kind).encode(value)
    assert encoded.problems == ()
    assert len(encoded.blobs) == blobs
    assert encoded.value == value
    assert codec(kind).read(encoded.data, stored(encoded)) == value


def test_json_refers_to_bytes_and_holds_none():
    encoded = codec(File).encode(REPORT)
    assert encoded.json == {
        "type": "file",
        "digest": hashlib.sha256(REPORT.data).hexdigest(),
        "media_type": "application/pdf",
        "size": 5,
        "name": "report.pdf",
    }
    assert encoded.blobs[0].data == REPORT.data
    assert "PDF" not in repr(encoded.blobs[0]) + repr(REPORT)


@given(data=st.binary(max_size=50), name=st.text(st.characters(codec="utf-8"), max_size=5))
def test_any_bytes_come_back(data, name):
    file = File(data, "application/octet-stream", name)
    encoded = codec(Any).encode([file])
    assert encoded.problems == ()
    assert codec(Any).read(encoded.data, stored(encoded)) == [file]


def test_without_its_bytes_a_part_cannot_be_read():
    encoded = codec(Image).encode(PIXEL)
    with pytest.raises(ValidationError, match="the bytes that a part refers to are not there"):
        codec(Image).read(encoded.data)


@pytest.mark.parametrize(
    "form",
    [
        {"type": "text", "text": "a"},
        {"type": "image"},
        {"type": "image", "digest": "0" * 64, "media_type": "image/png", "size": 1},
        "image",
        None,
    ],
    ids=str,
)
def test_what_is_no_such_part_is_refused(form):
    encoded = codec(Any).encode(form)
    with pytest.raises(ValidationError):
        codec(Image).read(encoded.data)


def test_a_result_of_another_type_is_marked():
    assert codec(Image).encode(Text("a")).problems
    assert codec(list[Text]).encode([PIXEL]).problems


def test_the_schema_says_what_stands_for_the_bytes():
    @tool(tier="read")
    def draw(width: int) -> list[Image]:
        raise AssertionError(width)

    item = tool_definition(draw).output_schema["items"]
    assert set(item["required"]) == {"type", "digest", "media_type", "size"}
    assert item["properties"]["type"] == {"const": "image"}
