"""What a server answers as the result of a tool, and outcomes as a client is answered them."""

import json

import pytest

from highroad.domain.outcome import Completed
from highroad.domain.part import File, Image, Json, Text
from highroad.gateway.content import answer, result_in

HELLO = "aGVsbG8="
ANY_TYPE = "application/octet-stream"


def resource(uri, **more):
    return {"type": "resource", "resource": {"uri": uri, "blob": HELLO, **more}}


def test_a_text_alone_is_a_text_and_all_else_a_list_of_parts():
    text = {"type": "text", "text": "a"}

    assert result_in({"content": [text]}) == "a"
    assert result_in({"content": [text, text]}) == [Text("a"), Text("a")]
    assert result_in({"content": []}) == []
    assert result_in({}) == []


def test_what_was_promised_is_the_result_and_an_error_stays_one():
    promised = {"content": [{"type": "text", "text": "1"}], "structuredContent": {"n": 1}}

    assert result_in(promised) == {"n": 1}
    assert result_in({**promised, "isError": True}) == {**promised, "isError": True}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image", "data": HELLO, "mimeType": "image/png"}, Image(b"hello", "image/png")),
        ({"type": "image", "data": HELLO}, Image(b"hello", ANY_TYPE)),
        (
            {"type": "audio", "data": HELLO, "mimeType": "audio/wav"},
            File(b"hello", "audio/wav", "audio"),
        ),
        (
            resource("file:///a/b.pdf", mimeType="application/pdf"),
            File(b"hello", "application/pdf", "b.pdf"),
        ),
        (resource("file:///a/b"), File(b"hello", ANY_TYPE, "b")),
    ],
    ids=["image", "image of no type", "audio", "resource", "resource of no type"],
)
def test_bytes_are_parts_of_their_type(block, part):
    assert result_in({"content": [block]}) == [part]


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://u:hush@h/hush/a.pdf?key=hush#hush", "a.pdf"),
        ("https://hush.example.org", "resource"),
        ("https://[hush", "resource"),
        ("", "resource"),
    ],
)
def test_of_an_address_only_the_name_of_its_file_is_kept(uri, name):
    (part,) = result_in({"content": [resource(uri)]})

    assert part.name == name


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "data": "aGVsbG8", "mimeType": "image/png"},
        {"type": "image", "data": "aGV*sbG8=", "mimeType": "image/png"},
        {"type": "audio", "data": "ü", "mimeType": "audio/wav"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "b"}},
        {"type": "hologram"},
        {},
    ],
    ids=["cut", "no base64", "no ascii", "text", "unknown", "empty"],
)
def test_what_cannot_be_read_stays_what_it_is(block):
    assert result_in({"content": [block]}) == [Json(block)]


def completed(result, **how):
    return Completed(call_id="call_1", value=result, json=result, **how)


@pytest.mark.parametrize("has_schema", [True, False])
def test_what_is_promised_comes_as_data_too_and_only_where_it_is(has_schema):
    told = answer(completed({"n": 1}), has_schema=has_schema)

    assert not told["isError"]
    assert told["content"] == [{"type": "text", "text": '{"n":1}'}]
    assert told.get("structuredContent") == ({"n": 1} if has_schema else None)


@pytest.mark.parametrize("how", ["dry_run", "result_invalid"])
@pytest.mark.parametrize("has_schema", [True, False])
def test_what_was_not_done_or_broke_its_promise_is_marked_as_an_error(how, has_schema):
    told = answer(completed({"n": 1}, **{how: True}), has_schema=has_schema)

    assert told["isError"]
    assert "structuredContent" not in told


@pytest.mark.parametrize("has_schema", [True, False])
def test_a_result_of_which_something_is_hidden_is_no_error_unless_it_was_promised(has_schema):
    """Clients hold a promised result to its schema, and what is shown need not fit it any more."""
    told = answer(completed({"n": "a\u200bb"}), has_schema=has_schema)

    assert told["isError"] == has_schema
    assert "structuredContent" not in told
    assert "\u200b" not in str(told)


LINK = {"type": "resource_link", "uri": "file:///a", "name": "a"}
NO_LINK = {"type": "resource_link", "name": "a"}
UNKNOWN = {"type": "hologram", "depth": 3}


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ([LINK], [LINK]),
        ([LINK, {"type": "resource", "resource": {"uri": "file:///b", "text": "b"}}], None),
        ([LINK, UNKNOWN], [LINK, '{"type":"json","value":{"type":"hologram","depth":3}}']),
        ([NO_LINK], ['[{"type":"json","value":{"type":"resource_link","name":"a"}}]']),
    ],
    ids=["a link", "a link and a resource", "a link and what is unknown", "no link"],
)
def test_blocks_that_say_where_something_is_come_as_the_server_had_them(blocks, told):
    outcome = completed([{"type": "json", "value": block} for block in blocks])
    wanted = [
        {"type": "text", "text": each} if isinstance(each, str) else each for each in told or blocks
    ]

    assert answer(outcome, has_schema=False)["content"] == wanted


@pytest.mark.parametrize(
    "result",
    [
        {"part": 7, "stock": 3},
        {"part": True},
        [{"part": 1}],
        {"type": "json", "value": LINK, "more": 1},
        [1, 2],
    ],
)
def test_data_that_only_looks_like_a_part_is_data(result):
    (block,) = answer(completed(result), has_schema=False)["content"]

    assert json.loads(block["text"]) == result
