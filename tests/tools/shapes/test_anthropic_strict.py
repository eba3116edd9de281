"""Anthropic's strict mode: what it cannot say stands in words, and a request takes only so much."""

import pytest

from highroad.tools.shapes import NoteCode, ToolSpec, offer, read_tools
from highroad.tools.shapes.same import is_same

TEXT = {"type": "string"}


def of(members, *required, **more):
    schema = {
        "type": "object",
        "properties": members,
        "additionalProperties": False,
        **more,
    }
    return {**schema, "required": list(required)} if required else schema


def offered(*schemas):
    specs = [ToolSpec(name=f"f{at:02}", input_schema=each) for at, each in enumerate(schemas)]
    return offer(specs, "anthropic-strict")


def rendered(schema):
    return offered(schema).rendered["f00"]


def test_a_member_that_may_be_left_out_stays_one():
    schema = of({"a": TEXT, "b": {"type": "integer", "default": 5}}, "a")
    found = rendered(schema)
    assert found.is_strict
    assert found.form == {"name": "f00", "input_schema": schema, "strict": True}
    assert found.notes == ()
    assert offered(schema).called("f00", {"a": "x"}) == ("f00", {"a": "x"})


def test_it_is_read_back():
    schema = of({"a": {"$ref": "#/$defs/A", "description": "One."}}, "a", **{"$defs": {"A": TEXT}})
    (back,) = read_tools(offered(schema).tools).tools
    assert rendered(schema).is_strict
    assert is_same(back.spec.input_schema, schema)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({**TEXT, "minLength": 2}, "a string of at least 2 characters"),
        ({**TEXT, "pattern": "^a"}, "a string that matches the pattern ^a"),
        ({**TEXT, "format": "regex"}, "a string"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "an integer from 1 to 9"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
        ({"type": "integer", "multipleOf": 5}, "an integer that is a multiple of 5"),
        (
            {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 3},
            "an array with at least 2 items, with at most 3 items",
        ),
    ],
    ids=str,
)
def test_what_it_has_no_keyword_for_stands_in_words(member, words):
    found = rendered(of({"a": member}, "a"))
    assert found.is_strict
    assert {note.code for note in found.notes} == {NoteCode.IN_WORDS}
    made = found.form["input_schema"]["properties"]["a"]
    assert made["description"] == f"Form: {words}."
    assert made.keys() <= {"type", "items", "description"}


@pytest.mark.parametrize(
    "member",
    [
        {**TEXT, "format": "uri"},
        {**TEXT, "format": "date"},
        {"type": "array", "items": TEXT, "minItems": 1},
        {"enum": ["a", None], "type": ["string", "null"]},
        {"anyOf": [TEXT, {"type": "integer"}]},
        {"const": "a"},
        {**TEXT, "default": "a", "title": "A"},
    ],
    ids=str,
)
def test_what_it_has_a_keyword_for_stays(member):
    found = rendered(of({"a": member}))
    assert found.is_strict
    assert found.form["input_schema"] == of({"a": member})


def test_openai_keeps_bounds_that_anthropic_says_in_words():
    schema = of({"a": {"type": "array", "items": TEXT, "minItems": 2}}, "a")
    form = offer([ToolSpec(name="f", input_schema=schema)], "openai-strict").rendered["f"].form
    assert form["function"]["parameters"] == schema


NODE = {"$ref": "#/$defs/Node"}
LEAF = {"$ref": "#/$defs/Leaf"}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (of({"a": NODE}, **{"$defs": {"Node": of({"next": NODE})}}), "refers to itself"),
        (
            of({"a": NODE}, **{"$defs": {"Node": of({"a": LEAF}), "Leaf": of({"b": NODE})}}),
            "refers to itself",
        ),
        (of({"a": {"$ref": "#"}}), "refers to itself"),
        (of({"a": {"enum": [{"b": 1}]}}), "no object or array in an enum"),
        (of({"a": {"type": "object"}}), "an object must be closed"),
        (of({"a": {}}), "it takes every value"),
        (of({"a": {"allOf": [TEXT]}}), "no `allOf`"),
    ],
    ids=["itself", "in turn", "root", "enum", "open", "anything", "composed"],
)
def test_what_it_cannot_say_is_offered_without_it(schema, reason):
    found = rendered(schema)
    assert not found.is_strict
    assert found.form == {"name": "f00", "input_schema": schema}
    assert found.notes[-1].code is NoteCode.NOT_STRICT
    assert any(reason in note.reason for note in found.notes)


def test_definitions_that_build_on_each_other_do_not_refer_to_themselves():
    schema = of({"a": NODE}, **{"$defs": {"Leaf": TEXT, "Node": of({"a": LEAF, "b": LEAF})}})
    assert rendered(schema).is_strict


def strict_of(offer):
    return [each.is_strict for each in offer.rendered.values()]


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        (of({"a": TEXT}, "a"), 20),
        (of({"a": TEXT, "b": TEXT, "c": TEXT, "d": TEXT}, "a"), 8),
        (of({"a": of({"b": TEXT, "c": TEXT}), "d": TEXT}, "a", "d"), 12),
        (of({"a": {"type": ["string", "null"]}, "b": {"anyOf": [TEXT]}}, "a", "b"), 8),
    ],
    ids=["tools", "optional", "optional below", "choices"],
)
def test_a_request_takes_so_much_and_the_rest_without_strict_mode(schema, most):
    found = offered(*[schema] * (most + 1))
    assert strict_of(found) == [True] * most + [False]
    last = [*found.rendered.values()][-1]
    assert "strict" not in last.form
    assert last.notes[-1].code is NoteCode.NOT_STRICT
    assert "offer fewer tools" in last.notes[-1].reason
    assert last.reads_back


def test_a_tool_for_which_there_is_no_room_leaves_it_to_others():
    wide = of({f"m{at}": TEXT for at in range(25)})
    assert strict_of(offered(wide, of({"a": TEXT}))) == [False, True]


def test_a_tool_that_cannot_be_strict_takes_no_room():
    loose = of({"a": {}})
    assert strict_of(offered(*[loose] * 5, *[of({})] * 20)) == [False] * 5 + [True] * 20
