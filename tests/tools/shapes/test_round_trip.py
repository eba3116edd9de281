"""A tool goes out in a form and comes back as it was, or the notes say why; so do its calls."""

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import BaseModel, Field

from highroad import tool, tool_definition
from highroad.domain.error import DeclarationError
from highroad.tools.semantic import Iban, Phone
from highroad.tools.shapes import SHAPES, NoteCode, ToolSpec, offer, read_tools, spec_of
from highroad.tools.shapes.same import is_same

SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "description": "Words."},
        {"type": "string", "minLength": 1},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "uri"},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "boolean", "default": True},
        {"type": ["string", "null"]},
        {"type": ["integer", "null"], "enum": [1, 2, None]},
        {"const": "fixed"},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        {"$ref": "#/$defs/Point"},
        {"$ref": "#/$defs/Point", "description": "Where to."},
        {"anyOf": [{"$ref": "#/$defs/Point"}, {"$ref": "#/$defs/Node"}]},
        {"$ref": "#/$defs/Node"},
        {},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ]
)
DEFS = {
    "Point": {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "label": {"type": "string"}},
        "required": ["x"],
        "additionalProperties": False,
    },
    "Node": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "next": {"$ref": "#/$defs/Node"},
            "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        },
        "required": ["name"],
        "additionalProperties": False,
    },
}


def closed(members, required):
    schema = {"type": "object", "properties": members, "additionalProperties": False}
    needed = sorted(required & members.keys())
    return {**schema, "required": needed} if needed else schema


MEMBERS = st.sampled_from(["a", "b", "c"])
PARTS = st.recursive(
    SCALARS,
    lambda parts: (
        st.builds(closed, st.dictionaries(MEMBERS, parts, max_size=3), st.sets(MEMBERS))
        | st.builds(lambda items: {"type": "array", "items": items}, parts)
    ),
    max_leaves=5,
)
SCHEMAS = st.builds(
    lambda root: {**root, "$defs": DEFS},
    st.builds(closed, st.dictionaries(MEMBERS, PARTS, max_size=3), st.sets(MEMBERS)),
)


def values_of(part, depth=3):
    """Values that a part accepts; null for what may be null, and members left out."""
    if "$ref" in part:
        return values_of(DEFS[part["$ref"].rpartition("/")[2]], depth - 1)
    if "anyOf" in part:
        return st.one_of([values_of(each, depth) for each in part["anyOf"]])
    if "enum" in part or "const" in part:
        return st.sampled_from(part.get("enum") or [part["const"]])
    kinds = part.get("type", "integer")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return st.one_of([of_kind(kind, part, depth) for kind in kinds])


SIMPLE = {
    "integer": st.integers(0, 9),
    "number": st.just(0.5),
    "boolean": st.booleans(),
    "null": st.none(),
}


def of_kind(kind, part, depth):
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "string":
        return st.just("2026-01-31" if part.get("format") == "date" else "a:b")
    if kind == "array":
        return st.lists(values_of(part["items"], depth), max_size=2)
    members = part.get("properties", {})
    needed = {name: values_of(members[name], depth) for name in part.get("required", ())}
    free = {name: each for name, each in members.items() if name not in needed and depth > 0}
    others = {name: values_of(each, depth) for name, each in free.items()}
    return st.fixed_dictionaries(needed, optional=others)


def takes(part, value):
    return Draft202012Validator({"allOf": [part], "$defs": DEFS}).is_valid(value)


def filled(value, part, *, only=lambda member: True):
    """The same call as strict mode sends it: null for every member that was left out."""
    if "$ref" in part:
        return filled(value, DEFS[part["$ref"].rpartition("/")[2]], only=only)
    for branch in part.get("anyOf", ()):
        if takes(branch, value):
            return filled(value, branch, only=only)
    if isinstance(value, list):
        return [filled(each, part.get("items", {}), only=only) for each in value]
    if isinstance(value, dict) and "properties" in part:
        return {
            name: filled(value[name], member, only=only) if name in value else None
            for name, member in part["properties"].items()
            if name in value or only(member)
        }
    return value


def meant(value, part):
    """The same call with null for members of which null is a value: it cannot be told apart."""
    return filled(value, part, only=lambda member: takes(member, None))


@pytest.mark.parametrize("shape", SHAPES)
@given(schema=SCHEMAS, words=st.text(max_size=20), examples=st.booleans())
def test_reading_what_was_rendered_gives_the_tool_back_or_the_notes_say_why(
    shape, schema, words, examples
):
    spec = ToolSpec(
        name="look.up",
        description=words,
        input_schema=schema,
        examples=({"a": "x"}, {}) if examples else (),
    )
    offered = offer([spec], shape)
    (back,) = read_tools(json.loads(json.dumps(offered.tools))).tools
    assert offered.names.own_name(back.spec.name) == "look.up"
    assert back.shape in {shape, shape.removesuffix("-strict"), "openai"} | {"gemini", "functions"}
    if offered.rendered["look.up"].reads_back:
        assert is_same(back.spec.input_schema, schema)
        assert back.spec.description == words
        assert back.spec.examples == spec.examples


@given(data=st.data(), schema=SCHEMAS)
def test_a_call_in_strict_mode_is_the_call_that_was_meant(data, schema):
    spec = ToolSpec(name="f", input_schema=schema)
    offered = offer([spec], "openai-strict")
    if not offered.rendered["f"].is_strict:
        return
    call = data.draw(values_of(schema))
    sent = filled(call, schema)
    assert Draft202012Validator(schema).is_valid(call)
    rendered = offered.rendered["f"].form["function"]["parameters"]
    assert Draft202012Validator(rendered).is_valid(sent)
    assert offered.called("f", sent) == ("f", meant(call, schema))
    assert offered.called("f", json.dumps(sent)) == ("f", meant(call, schema))


@given(schema=SCHEMAS)
def test_what_is_called_strict_is_of_the_subset(schema):
    offered = offer([ToolSpec(name="f", input_schema=schema)], "openai-strict")
    rendered = offered.rendered["f"]
    if not rendered.is_strict:
        assert any(note.code is NoteCode.NOT_STRICT for note in rendered.notes)
        assert rendered.form["function"]["parameters"] == schema
        return
    waiting = [rendered.form["function"]["parameters"]]
    while waiting:
        part = waiting.pop()
        assert part.keys() & {"type", "anyOf", "$ref", "const", "enum"}
        assert "$ref" not in part or len(part) == 1
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert sorted(part["required"]) == sorted(part["properties"])
        assert not part.keys() & {"minLength", "default", "oneOf", "allOf", "uniqueItems"}
        waiting += [*part.get("properties", {}).values(), *part.get("$defs", {}).values()]
        waiting += [*part.get("anyOf", ()), *([part["items"]] if "items" in part else [])]


class Parcel(BaseModel):
    weight: float = Field(gt=0, description="In kilograms.")
    label: str | None = None


@tool(tier="read")
def quote(parcels: list[Parcel], to: str, via: Parcel, express: bool | None = None) -> float:
    """Quote a price. Use before sending.

    Args:
        parcels: What is sent.
        to: Where to.
        via: By which parcel.
        express: Whether it hurries.
    """


def pay(
    to: Annotated[str, Iban(countries=["DE", "FR"])],
    told: Annotated[str | None, Phone()] = None,
) -> str:
    """Pay somebody, and ring them."""
    raise AssertionError(to, told)


@pytest.mark.parametrize("shape", ["openai", "openai-responses", "anthropic", "gemini", "mcp"])
def test_what_semantic_types_tell_comes_back_whole(shape):
    spec = spec_of(tool_definition(tool(pay)))
    (back,) = read_tools(offer([spec], shape).tools).tools
    assert back.repairs == ()
    assert is_same(back.spec.input_schema, spec.input_schema)


@pytest.mark.parametrize("shape", ["openai", "openai-responses", "anthropic", "gemini"])
def test_a_tool_of_python_comes_back_whole(shape):
    spec = spec_of(tool_definition(quote))
    (back,) = read_tools(offer([tool_definition(quote)], shape).tools).tools
    assert back.repairs == ()
    assert back.spec.name == spec.name
    assert is_same(back.spec.input_schema, spec.input_schema)


def test_a_tool_of_python_goes_into_strict_mode_and_its_calls_come_back():
    offered = offer([tool_definition(quote)], "openai-strict")
    assert offered.rendered["quote"].is_strict
    sent = {
        "parcels": [{"weight": 1.5, "label": None}],
        "to": "Graz",
        "via": {"weight": 2.0, "label": "x"},
        "express": None,
    }
    name, arguments = offered.called("quote", sent)
    assert name == "quote"
    # Null is a value of both, so both stay: what they mean is the tool's to say.
    assert arguments == sent


STRICT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Which."},
        "note": {"type": "string", "description": "Why.", "minLength": 3},
        "tag": {"type": ["string", "null"]},
        "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
    },
    "required": ["id"],
    "additionalProperties": False,
}


def strict_form():
    rendered = offer([ToolSpec(name="f", input_schema=STRICT)], "openai-strict").rendered["f"]
    return rendered, rendered.form["function"]["parameters"]


def test_strict_mode_requires_every_member_and_lets_null_leave_one_out():
    rendered, form = strict_form()
    assert rendered.is_strict
    assert rendered.form["function"]["strict"] is True
    assert form["required"] == ["id", "note", "tag", "kind"]
    assert form["properties"] == {
        "id": {"type": "string", "description": "Which."},
        "note": {
            "type": ["string", "null"],
            "description": "Why. Form: a string of at least 3 characters. "
            "Optional: null leaves it out.",
        },
        "tag": {"type": ["string", "null"], "description": "Optional; null is a value."},
        "kind": {
            "type": ["string", "null"],
            "enum": ["a", "b", None],
            "description": 'Default: "a". Optional: null leaves it out.',
        },
    }


def test_notes_say_what_strict_mode_made_of_a_tool():
    rendered, _ = strict_form()
    assert [(note.pointer, str(note.code)) for note in rendered.notes] == [
        ("/input_schema/properties/note/minLength", "in_words"),
        ("/input_schema/properties/kind/default", "in_words"),
        ("/input_schema/properties/note", "optional_as_null"),
        ("/input_schema/properties/tag", "optional_as_null"),
        ("/input_schema/properties/kind", "optional_as_null"),
    ]
    assert not rendered.reads_back


def test_only_nulls_that_mean_nothing_are_taken_out_of_a_call():
    offered = offer([ToolSpec(name="f", input_schema=STRICT)], "openai-strict")
    sent = {"id": None, "note": None, "tag": None, "kind": "b"}
    assert offered.called("f", sent) == ("f", {"id": None, "tag": None, "kind": "b"})


def test_a_call_of_a_tool_that_is_not_strict_is_left_alone():
    offered = offer([ToolSpec(name="f.g", input_schema=STRICT)], "openai")
    name = offered.names.legal_name("f.g")
    assert offered.called(name, {"id": "x", "note": None}) == ("f.g", {"id": "x", "note": None})


@pytest.mark.parametrize("raw", ['{"id": 1, "id": 2}', "[1]", '{"id":', b"\xff"])
def test_arguments_that_are_no_object_reach_the_road_as_they_came(raw):
    offered = offer([ToolSpec(name="f", input_schema=STRICT)], "openai-strict")
    assert offered.called("f", raw) == ("f", raw)


def test_a_name_that_no_tool_has_reaches_the_road_as_it_came():
    offered = offer([ToolSpec(name="f", input_schema=STRICT)], "openai-strict")
    assert offered.called("g", {"note": None}) == ("g", {"note": None})


def test_the_list_is_the_same_whatever_the_order_of_the_tools():
    specs = [ToolSpec(name=name, input_schema=STRICT) for name in ("b", "a.a", "c")]
    for shape in SHAPES:
        assert json.dumps(offer(specs, shape).tools) == json.dumps(offer(specs[::-1], shape).tools)


def test_two_tools_of_one_name_are_not_offered():
    with pytest.raises(DeclarationError, match="'f'"):
        offer([ToolSpec(name="f"), ToolSpec(name="f")], "openai")


def test_a_shape_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(DeclarationError, match="anthropic"):
        offer([], "openia")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({}, "every value"),
        ({"type": "object"}, "closed"),
        ({"type": "object", "properties": {}, "additionalProperties": True}, "closed"),
        ({"type": "array"}, "items"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "prefixItems"),
        ({"type": ["string", "integer"]}, "list of types"),
        ({"type": "string", "not": {"const": "x"}}, "not"),
        ({"allOf": [{"type": "string"}]}, "allOf"),
        ({"type": "string", "enum": [str(number) for number in range(1_001)]}, "values"),
        (
            {"type": "string", "enum": ["x" * 60 + str(number) for number in range(260)]},
            "characters",
        ),
    ],
)
def test_what_strict_mode_cannot_say_is_told_and_the_tool_is_offered_without_it(member, words):
    schema = {
        "type": "object",
        "properties": {"a": member},
        "required": ["a"],
        "additionalProperties": False,
    }
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "openai-strict").rendered["f"]
    assert not rendered.is_strict
    assert rendered.form["function"]["strict"] is False
    assert rendered.form["function"]["parameters"] == schema
    assert any(words in note.reason for note in rendered.notes)


def test_a_schema_beyond_the_levels_of_strict_mode_is_offered_without_it():
    schema = {"type": "string"}
    for _ in range(11):
        schema = {
            "type": "object",
            "properties": {"a": schema},
            "required": ["a"],
            "additionalProperties": False,
        }
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "openai-strict").rendered["f"]
    assert [note.reason for note in rendered.notes] == ["it has more than 10 levels"]


FULL = ToolSpec(
    name="f",
    description="Do it.",
    input_schema=STRICT,
    output_schema={"type": "object", "properties": {"ok": {"type": "boolean"}}},
    examples=({"id": "x"},),
    annotations={"readOnlyHint": True},
    title="The f",
)


@pytest.mark.parametrize(
    ("shape", "lost"),
    [
        ("openai", ["/annotations", "/output_schema", "/title"]),
        ("openai-responses", ["/annotations", "/title"]),
        ("anthropic", ["/annotations", "/output_schema", "/title"]),
        ("gemini", ["/annotations", "/title"]),
        ("mcp", []),
    ],
)
def test_each_shape_says_which_fields_it_has_no_place_for(shape, lost):
    rendered = offer([FULL], shape).rendered["f"]
    assert sorted(n.pointer for n in rendered.notes if n.code is NoteCode.LEFT_OUT) == lost
    (back,) = read_tools(offer([FULL], shape).tools).tools
    assert back.spec.examples == FULL.examples
    assert back.spec.description == FULL.description
    if not lost:
        assert back.spec == FULL


def test_anthropic_has_a_field_for_examples_and_the_others_say_them_in_words():
    assert offer([FULL], "anthropic").rendered["f"].form["input_examples"] == [{"id": "x"}]
    description = offer([FULL], "mcp").rendered["f"].form["description"]
    assert description == 'Do it.\n\nExamples of arguments:\n{"id":"x"}'


def test_a_description_that_looks_like_examples_is_said_to_be_read_as_such():
    spec = ToolSpec(name="f", description="Examples of arguments:\n{}", input_schema=STRICT)
    assert not offer([spec], "mcp").rendered["f"].reads_back


def test_a_result_that_is_no_object_has_no_place_in_mcp():
    spec = ToolSpec(name="f", output_schema={"type": "string"})
    rendered = offer([spec], "mcp").rendered["f"]
    assert "outputSchema" not in rendered.form
    assert [note.pointer for note in rendered.notes] == ["/output_schema"]


def test_a_choice_at_the_root_is_left_to_our_own_check():
    schema = {**STRICT, "anyOf": [{"required": ["note"]}, {"required": ["tag"]}]}
    for shape in ("openai", "anthropic"):
        rendered = offer([ToolSpec(name="f", input_schema=schema)], shape).rendered["f"]
        assert [note.pointer for note in rendered.notes] == ["/input_schema/anyOf"]
    assert (
        offer([ToolSpec(name="f", input_schema=schema)], "openai-strict").rendered["f"].is_strict
        is False
    )


def test_gemini_writes_types_in_capitals_and_null_as_a_property():
    rendered = offer([ToolSpec(name="f", input_schema=STRICT)], "gemini-openapi").rendered["f"]
    assert rendered.form["parameters"] == {
        "type": "OBJECT",
        "properties": {
            "id": {"type": "STRING", "description": "Which."},
            "note": {"type": "STRING", "description": "Why.", "minLength": 3},
            "tag": {"type": "STRING", "nullable": True},
            "kind": {"type": "STRING", "enum": ["a", "b"], "default": "a"},
        },
        "required": ["id"],
    }
    assert rendered.reads_back


def test_gemini_takes_no_empty_parameters_and_wraps_its_declarations():
    offered = offer(
        [
            ToolSpec(
                name="f",
                input_schema={"type": "object", "properties": {}, "additionalProperties": False},
            )
        ],
        "gemini-openapi",
    )
    assert offered.tools == [{"functionDeclarations": [{"name": "f"}]}]
    (back,) = read_tools(offered.tools).tools
    assert back.spec.input_schema["additionalProperties"] is False


def test_definitions_that_multiply_are_not_written_out_without_end():
    definitions = {
        f"D{at}": {
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/D{at + 1}"} for name in ("a", "b")},
            "additionalProperties": False,
        }
        for at in range(30)
    }
    last = {"type": "object", "properties": {}, "additionalProperties": False}
    schema = {**definitions["D0"], "$defs": {**definitions, "D30": last}}
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "gemini-openapi").rendered["f"]
    assert len(json.dumps(rendered.form)) < 200_000


def test_gemini_says_what_its_own_schemas_cannot():
    schema = {
        "type": "object",
        "properties": {
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "node": {"$ref": "#/$defs/Node"},
            "step": {"type": "integer", "multipleOf": 5},
        },
        "additionalProperties": False,
        "$defs": DEFS,
    }
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "gemini-openapi").rendered["f"]
    told = {(note.pointer, str(note.code)) for note in rendered.notes}
    assert ("/input_schema/properties/map/additionalProperties", "left_out") in told
    assert ("/input_schema/properties/step/multipleOf", "in_words") in told
    assert any(
        code == "left_out" and pointer.startswith("/input_schema/properties/node")
        for pointer, code in told
    )
    step = rendered.form["parameters"]["properties"]["step"]
    assert step["description"] == "Form: an integer that is a multiple of 5."


def one(member, *, is_required):
    schema = closed({"a": member, "b": {"type": "string"}}, {"a", "b"} if is_required else {"b"})
    return {**schema, "$defs": DEFS}


@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize(
    "member",
    [
        {"type": "string"},
        {"type": "string", "description": "Words."},
        {"type": "string", "enum": ["a", "b"]},
        {"type": ["string", "null"]},
        {"const": "fixed"},
        {"$ref": "#/$defs/Point"},
        {"$ref": "#/$defs/Point", "description": "Where to."},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"anyOf": [{"$ref": "#/$defs/Point"}, {"$ref": "#/$defs/Node"}]},
        {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    ],
    ids=str,
)
def test_strict_mode_undoes_all_that_it_did_to_what_it_can_say(member, is_required):
    spec = ToolSpec(name="f", input_schema=one(member, is_required=is_required))
    offered = offer([spec], "openai-strict")
    assert offered.rendered["f"].is_strict
    assert offered.rendered["f"].reads_back
    (back,) = read_tools(json.loads(json.dumps(offered.tools))).tools
    assert is_same(back.spec.input_schema, spec.input_schema)
    assert back.repairs == ()


def test_a_reference_of_strict_mode_has_nothing_beside_it():
    member = {"$ref": "#/$defs/Point", "description": "Where to."}
    spec = ToolSpec(name="f", input_schema=one(member, is_required=True))
    form = offer([spec], "openai-strict").rendered["f"].form["function"]["parameters"]
    assert form["properties"]["a"] == {
        "anyOf": [{"$ref": "#/$defs/Point"}],
        "description": "Where to.",
    }


def test_a_root_in_parts_is_offered_without_what_would_then_refuse_everything():
    schema = {
        "type": "object",
        "allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {}}}],
        "unevaluatedProperties": False,
    }
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "anthropic").rendered["f"]
    assert rendered.form["input_schema"] == {"type": "object"}
    assert [note.code for note in rendered.notes] == ["left_out", "left_out"]


def test_words_on_examples_within_a_sentence_are_no_examples():
    spec = ToolSpec(name="f", description="See Examples of arguments:\n{}", input_schema=STRICT)
    rendered = offer([spec], "mcp")
    (back,) = read_tools(rendered.tools).tools
    assert rendered.rendered["f"].reads_back
    assert back.spec.description == spec.description
    assert back.spec.examples == ()


def test_a_schema_of_more_members_than_strict_mode_takes_is_offered_without_it():
    schema = closed({f"m{at}": {"type": "string"} for at in range(5_001)}, set())
    rendered = offer([ToolSpec(name="f", input_schema=schema)], "openai-strict").rendered["f"]
    assert [note.reason for note in rendered.notes] == ["it has more than 5000 members"]
