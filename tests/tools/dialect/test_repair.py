"""Each word, keyword and form of another dialect has one meaning here, and each change is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.tools.dialect import Repair, RepairCode, repair_arguments, repair_result
from highroad.tools.dialect.clean import is_clean_object, is_clean_part
from highroad.tools.dialect.report import LOSSES, WIDENING


def repaired(member):
    """One argument, repaired, and the codes of what was said of it."""
    found = repair_arguments(
        {"type": "object", "properties": {"a": member}, "additionalProperties": False}
    )
    Draft202012Validator(found.schema, validate_formats=True)
    return found.schema["properties"]["a"], [str(repair.code) for repair in found.repairs]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *((word, "object") for word in ("dict", "map", "HashMap", "Object", "OBJECT", "record")),
        *((word, "number") for word in ("float", "double", "Decimal", "NUMBER")),
        *((word, "integer") for word in ("int", "long", "Integer", "BigInteger", "int64")),
        *((word, "string") for word in ("str", "String", "text", "STRING")),
        *((word, "boolean") for word in ("bool", "Boolean")),
        *((word, "null") for word in ("None", "NoneType", "void")),
    ],
)
def test_words_of_other_languages_name_the_types_of_json(word, kind):
    assert repaired({"type": word}) == ({"type": kind}, ["type"])


STRINGS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("said", "schema"),
    [
        *(
            (said, STRINGS)
            for said in ("List[str]", "list[str]", "typing.List[str]", "ArrayList<String>")
        ),
        *((said, STRINGS) for said in ("string[]", "Array<string>", "tuple[str, ...]")),
        ("List[Any]", {"type": "array", "items": {}}),
        ("int[][]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        ("Array<string[]>", {"type": "array", "items": STRINGS}),
        ("Set[str]", {"type": "array", "uniqueItems": True, "items": {"type": "string"}}),
        ("Dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("HashMap<String, List<String>>", {"type": "object", "additionalProperties": STRINGS}),
        (
            "tuple[int]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}],
                "items": False,
                "minItems": 1,
            },
        ),
        (
            "Tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "items": False,
                "minItems": 2,
            },
        ),
        *((said, {"type": ["string", "null"]}) for said in ("Optional[str]", "str | None")),
        *((said, {"type": ["string", "null"]}) for said in ("string?", "Optional[str | None]")),
        ("Union[int, str]", {"type": ["integer", "string"]}),
        ("int | float", {"type": ["integer", "number"]}),
        ("str | List[str]", {"type": ["string", "array"], "items": {"type": "string"}}),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Optional[Literal['a']]", {"type": ["string", "null"], "enum": ["a", None]}),
        ("None | None", {"type": "null"}),
    ],
)
def test_types_with_parameters_keep_what_they_say(said, schema):
    assert repaired({"type": said})[0] == schema
    assert repaired(said)[0] == schema


@pytest.mark.parametrize(
    "said",
    [
        *("List[Widget]", "List[str, int]", "Dict[int, str]", "Dict[str]", "Optional[str, int]"),
        *(
            "Union[Widget, int]",
            "List[str] | List[int]",
            "Literal['a'] | int",
            "byte | int",
            "byte | float",
            "Tuple[int, 5]",
        ),
        *("Literal[1.5]", "Tuple[Widget]", "str | Any", "List[", "f(x)", "int + str", "1or 2"),
        *("Literal['\\d']", "List[" * 50 + "str" + "]" * 50, "\x00", "()", "x.y[z].w[str]"),
    ],
)
def test_types_that_no_schema_says_are_unknown(said):
    assert repaired({"type": said}) == ({}, ["type_unknown"])


def test_no_text_for_a_type_makes_the_parser_warn(recwarn):
    assert repaired({"type": "1or 2"}) == ({}, ["type_unknown"])
    assert not recwarn.list


def test_several_types_with_parameters_stand_together():
    member = {"type": ["List[str]", "null"]}
    assert repaired(member)[0] == {"type": ["array", "null"], "items": {"type": "string"}}


def test_what_a_member_says_itself_stands_before_what_its_type_says():
    member = {"type": "List[str]", "items": {"type": "integer"}}
    assert repaired(member)[0] == {"type": "array", "items": {"type": "integer"}}


@given(said=st.text(alphabet="LilsttrDdict[]<>|,?.'\" -01_ora\\\x00", max_size=30))
def test_any_text_for_a_type_is_read_or_unknown(said):
    schema, _ = repaired({"type": said})
    Draft202012Validator(schema)


@pytest.mark.parametrize("word", ["list", "ArrayList", "Array", "tuple", "ARRAY"])
def test_arrays_of_other_languages_keep_their_items(word):
    member = {"type": word, "items": {"type": "str"}}
    assert repaired(member) == ({"type": "array", "items": {"type": "string"}}, ["type", "type"])


@pytest.mark.parametrize(
    ("member", "schema", "codes"),
    [
        ({"type": "char"}, {"type": "string", "minLength": 1, "maxLength": 1}, ["type"]),
        ({"type": "date"}, {"type": "string", "format": "date"}, ["type"]),
        ({"type": ["str", "None"]}, {"type": ["string", "null"]}, ["type"]),
        ({"type": "any"}, {}, ["any"]),
        ({"type": ["str", "any"]}, {}, ["any"]),
        ({"type": "Widget"}, {}, ["type_unknown"]),
        ({"type": 5}, {}, ["type_unknown"]),
        ({"type": "Widget", "enum": ["a"]}, {"type": "string", "enum": ["a"]}, ["type"]),
        ("string", {"type": "string"}, ["schema_form"]),
        (None, {}, ["any"]),
        (7, {}, ["type_unknown"]),
        (
            {"items": {"type": "string"}},
            {"type": "array", "items": {"type": "string"}},
            ["type_added"],
        ),
        ({"type": "array"}, {"type": "array", "items": {}}, ["items"]),
        (
            {"type": "array", "items": [{"type": "int"}], "additionalItems": False},
            {"type": "array", "prefixItems": [{"type": "integer"}], "items": False},
            ["items", "type"],
        ),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}, ["null"]),
        ({"type": "string", "nullable": False}, {"type": "string"}, ["null"]),
        ({"type": ["null"], "nullable": True}, {"type": ["null"]}, ["null"]),
        ({"type": ["string", "string"]}, {"type": "string"}, ["type"]),
        (
            {"type": "string", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
            ["null"],
        ),
        ({"type": "integer", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}, ["enum"]),
        (
            {"type": "string", "enum": [1, True]},
            {"type": "string", "enum": ["1", "true"]},
            ["enum"],
        ),
        (
            {"type": "boolean", "enum": ["True", "False", "either"]},
            {"type": ["boolean", "string"], "enum": [True, False, "either"]},
            ["enum", "enum_type"],
        ),
        ({"type": "string", "enum": ["a", "a"]}, {"type": "string", "enum": ["a"]}, ["enum"]),
        ({"type": "string", "enum": []}, {"type": "string"}, ["enum_lost"]),
        ({"type": "string", "enum": "a"}, {"type": "string"}, ["enum_lost"]),
        (
            {"type": "array", "items": {"type": "string"}, "enum": ["a"]},
            {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            ["enum"],
        ),
        ({"type": "integer", "default": "5"}, {"type": "integer", "default": 5}, ["default"]),
        (
            {"type": "boolean", "default": "False"},
            {"type": "boolean", "default": False},
            ["default"],
        ),
        ({"type": "integer", "default": "all"}, {"type": "integer"}, ["default_lost"]),
        ({"type": "string", "default": None}, {"type": "string"}, ["default_lost"]),
        (
            {"type": "string", "enum": ["a"], "default": "b"},
            {"type": "string", "enum": ["a"]},
            ["default_lost"],
        ),
        (
            {"type": "integer", "minimum": 3, "default": 1},
            {"type": "integer", "minimum": 3},
            ["default_lost"],
        ),
        ({"type": "integer", "default": 1.5}, {"type": "integer"}, ["default_lost"]),
        (
            {"type": "string", "examples": ["a", 1]},
            {"type": "string", "examples": ["a"]},
            ["default_lost"],
        ),
        (
            {"type": "string", "example": "a"},
            {"type": "string", "examples": ["a"]},
            ["keyword_form"],
        ),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            {"type": "number", "exclusiveMinimum": 0},
            ["bound"],
        ),
        (
            {"type": "number", "maximum": 0, "exclusiveMaximum": False},
            {"type": "number", "maximum": 0},
            ["bound"],
        ),
        ({"type": "integer", "minimum": "3"}, {"type": "integer", "minimum": 3}, ["bound"]),
        ({"type": "integer", "minimum": "low"}, {"type": "integer"}, ["keyword_lost"]),
        (
            {"type": "integer", "maximum": 2**63 - 1},
            {"type": "integer", "maximum": MAX_SAFE_INTEGER},
            ["bound"],
        ),
        ({"type": "string", "maxLength": -1}, {"type": "string"}, ["keyword_lost"]),
        (
            {"type": "array", "items": {}, "uniqueItems": "yes"},
            {"type": "array", "items": {}},
            ["keyword_lost"],
        ),
        ({"type": "string", "description": ["a"]}, {"type": "string"}, ["keyword_lost"]),
        (
            {"type": "string", "format": "YYYY-MM-DD", "description": "A day."},
            {"type": "string", "description": "A day. Format: YYYY-MM-DD."},
            ["format_lost"],
        ),
        ({"type": "integer", "format": "int32"}, {"type": "integer"}, ["format_lost"]),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, []),
        ({"type": "string", "optinal": True}, {"type": "string"}, ["keyword_unknown"]),
        ({"type": "string", "x-order": 1}, {"type": "string", "x-order": 1}, []),
        ({"anyOf": "string"}, {}, ["keyword_lost"]),
        (True, True, []),
    ],
    ids=str,
)
def test_a_schema_of_another_dialect_is_told_in_ours(member, schema, codes):
    assert repaired(member) == (schema, codes)


@pytest.mark.parametrize(
    ("parameters", "required", "codes"),
    [
        ({"properties": {"a": {"type": "string", "required": True}}}, ["a"], ["required"]),
        ({"properties": {"a": {"type": "string", "optional": False}}}, ["a"], ["required"]),
        ({"properties": {"a": {"type": "string", "required": False}}}, None, ["required"]),
        (
            {"properties": {"a": {"type": "string", "optional": True}}, "required": ["a"]},
            None,
            ["required"],
        ),
        ({"properties": {"a": {"type": "string"}}, "optional": ["a"]}, None, ["required"]),
        ({"properties": {"a": {"type": "string"}}, "required": "a"}, ["a"], ["required"]),
        ({"properties": {"a": {"type": "string"}}, "required": ["a", "a"]}, ["a"], ["required"]),
        (
            {"properties": {"a": {"type": "string"}}, "required": ["a", "b"]},
            ["a"],
            ["required_unknown"],
        ),
        (
            {"properties": [{"name": "a", "type": "str", "required": True}]},
            ["a"],
            ["schema_form", "required", "type"],
        ),
    ],
    ids=str,
)
def test_required_members_are_found_wherever_they_are_told(parameters, required, codes):
    found = repair_arguments({"type": "object", **parameters})
    assert found.schema["properties"] == {"a": {"type": "string"}}
    assert found.schema.get("required") == required
    assert [repair.code for repair in found.repairs] == [*codes, "closed"]


def test_a_member_may_be_called_like_a_keyword():
    names = ["type", "properties", "required", "enum", "items", "default", "$ref", "nullable"]
    members = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": members, "additionalProperties": False}
    assert repair_arguments(schema).schema == schema
    assert repair_arguments(schema).repairs == ()


@pytest.mark.parametrize(
    "nothing", [None, {}, [], {"type": "object"}, {"type": "dict", "properties": None}]
)
def test_a_tool_without_parameters_takes_no_arguments(nothing):
    schema = repair_arguments(nothing).schema
    assert schema == {"type": "object", "properties": {}, "additionalProperties": False}


def test_a_list_of_named_parameters_is_an_object():
    found = repair_arguments([{"name": "a", "type": "int", "required": True}, "no parameter"])
    assert found.schema == {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert found.repairs[0].code is RepairCode.SCHEMA_FORM
    assert found.repairs[0].pointer == ""


def test_objects_are_closed_at_every_depth_but_where_they_say_otherwise():
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    found = repair_arguments(
        {
            "type": "object",
            "properties": {
                "closed": inner,
                "listed": {"type": "array", "items": inner},
                "either": {"anyOf": [inner, {"type": "null"}]},
                "open": {**inner, "additionalProperties": True},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "free": {"type": "object"},
            },
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    extra = {"b": "x", "more": 1}
    assert not accepts({"closed": extra})
    assert not accepts({"listed": [extra]})
    assert not accepts({"either": extra})
    assert not accepts({"more": 1})
    assert accepts(
        {"open": extra, "map": {"any": "thing"}, "free": {"any": 1}, "closed": {"b": "x"}}
    )


def test_an_object_in_several_parts_is_closed_as_a_whole():
    found = repair_arguments(
        {
            "type": "object",
            "allOf": [{"$ref": "#/$defs/Base"}, {"properties": {"b": {"type": "string"}}}],
            "properties": {"c": {"type": "string"}},
            "$defs": {"Base": {"type": "object", "properties": {"a": {"type": "string"}}}},
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    assert accepts({"a": "x", "b": "x", "c": "x"})
    assert not accepts({"a": "x", "d": "x"})
    left_open = [repair for repair in found.repairs if repair.code is RepairCode.LEFT_OPEN]
    assert [repair.pointer for repair in left_open] == ["/$defs/Base"]
    assert found.widens


def test_conditions_on_members_do_not_close_the_object_to_others():
    found = repair_arguments(
        {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "size": {"type": "integer"}},
            "if": {"properties": {"kind": {"const": "box"}}},
            "then": {"required": ["size"]},
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    assert accepts({"kind": "box", "size": 1})
    assert accepts({"kind": "bag"})
    assert not accepts({"kind": "bag", "colour": "red"})


def test_what_an_object_must_not_be_is_not_closed_itself():
    found = repair_arguments(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "not": {"properties": {"a": {"const": "x"}}, "required": ["a"]},
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    assert not accepts({"a": "x", "b": "y"})
    assert accepts({"a": "z", "b": "y"})


def test_a_required_member_may_be_named_in_another_part_of_the_object():
    found = repair_arguments(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "allOf": [{"properties": {"b": {"type": "string"}}}],
            "required": ["b"],
        }
    )
    assert found.schema["required"] == ["b"]
    assert not Draft202012Validator(found.schema).is_valid({"a": "x"})


def test_a_choice_of_required_members_leaves_the_object_closed():
    found = repair_arguments(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        }
    )
    assert found.schema["additionalProperties"] is False
    assert Draft202012Validator(found.schema).is_valid({"b": "x"})


def test_references_lead_into_definitions_wherever_they_led_before():
    found = repair_arguments(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {
                "a": {"$ref": "#/definitions/Text"},
                "b": {"type": "object", "properties": {"c": {"type": "int"}}},
                "d": {"$ref": "#/properties/b"},
                "e": {"$ref": "#/properties/b/properties/c"},
            },
            "definitions": {"Text": {"type": "str"}},
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    assert accepts({"a": "x", "b": {"c": 1}, "d": {"c": 1}, "e": 1})
    assert not accepts({"a": 1})
    assert not accepts({"d": {"c": "x"}})
    assert not accepts({"d": {"more": 1}})
    assert not accepts({"e": "x"})
    assert "definitions" not in found.schema
    assert {repair.code for repair in found.repairs} >= {"keyword_form", "reference"}


def test_a_root_that_only_refers_is_what_it_refers_to():
    tree = {
        "type": "object",
        "properties": {"left": {"$ref": "#/$defs/Tree"}, "value": {"type": "integer"}},
    }
    found = repair_arguments({"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}})
    assert list(found.schema["properties"]) == ["left", "value"]
    accepts = Draft202012Validator(found.schema).is_valid
    assert accepts({"left": {"left": {"value": 1}}})
    assert not accepts({"left": {"left": {"more": 1}}})


def test_dependencies_of_draft_7_are_parted():
    found = repair_arguments(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "dependencies": {"a": ["b"], "b": {"required": ["a"]}},
        }
    )
    accepts = Draft202012Validator(found.schema).is_valid
    assert not accepts({"a": "x"})
    assert not accepts({"b": "x"})
    assert accepts({"a": "x", "b": "x"})


def test_a_result_keeps_its_type_and_stays_as_open_as_it_was():
    found = repair_result({"type": "dict", "properties": {"a": {"type": "float"}}})
    assert found.schema == {"type": "object", "properties": {"a": {"type": "number"}}}
    assert repair_result({"type": "list"}).schema == {"type": "array", "items": {}}
    with pytest.raises(DeclarationError, match="result"):
        repair_result(True)


def deep(levels):
    schema = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "dict", "properties": {"a": schema}}
    return schema


def doubling(steps):
    """Definitions of which each names the next one twice."""
    twice = {f"D{at}": {"anyOf": [{"$ref": f"#/$defs/D{at + 1}"}] * 2} for at in range(steps)}
    definitions = {**twice, f"D{steps}": {"type": "string"}}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/D0"}}, "$defs": definitions}


def circular():
    schema = {"type": "object", "properties": {}}
    schema["properties"]["a"] = schema
    return schema


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (deep(40), "levels"),
        (deep(400), "JSON"),
        (circular(), "JSON"),
        ({"type": "object", "properties": {"a": {"default": object()}}}, "JSON"),
        ({"type": "object", "description": "x" * 300_000}, "bytes"),
        ({"type": "string"}, "object"),
        ("object", "object"),
        ({"type": "object", "properties": {"a": {"$ref": "https://evil.example/s"}}}, "document"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}, "does not have"),
        ({"type": "object", "properties": {"a": {"$ref": 5}}}, "document"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#a"}}}, "anchors"),
        (
            {
                "type": "object",
                "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A"}},
            },
            "itself",
        ),
        ({"type": "object", "anyOf": [{"$ref": "#"}]}, "itself"),
        (doubling(30), "alternatives"),
        ({"type": "object", "properties": {"a": {"const": 2**60}}}, "/properties/a/const"),
    ],
    ids=[
        "deep",
        "abyss",
        "circle",
        "no JSON",
        "huge",
        "text",
        "word",
        "remote",
        "nowhere",
        "no ref",
        "anchor",
        "ring",
        "self",
        "doubling",
        "number",
    ],
)
def test_what_cannot_be_mended_is_refused_with_a_reason(schema, words):
    with pytest.raises(DeclarationError, match=words):
        repair_arguments(schema)


def test_the_schema_that_was_given_stays_as_it_is():
    schema = {"type": "dict", "properties": {"a": {"type": "int", "required": True}}}
    before = str(schema)
    found = repair_arguments(schema)
    assert str(schema) == before
    clean = {"type": "object", "properties": {}, "additionalProperties": False}
    assert repair_arguments(clean).schema is not clean
    assert found.schema is not schema


def test_a_repair_tells_where_what_was_what_is_and_what_follows():
    (repair,) = repair_arguments(
        {
            "type": "object",
            "properties": {"a/b": {"type": "any"}},
            "additionalProperties": False,
        }
    ).repairs
    assert repair == Repair(
        pointer="/properties/a~1b/type", code=RepairCode.ANY, was="any", now=None
    )
    assert repair.widens
    assert not repair.is_loss
    assert str(repair) == '/properties/a~1b/type: any: "any" → nothing'


def test_what_is_lost_or_widened_is_said_by_code():
    assert {"any", "type_unknown", "enum_type", "keyword_lost"} <= WIDENING
    assert {"default_lost", "keyword_unknown", "keyword_lost"} <= LOSSES
    assert RepairCode.TYPE not in WIDENING | LOSSES


WORDS = st.sampled_from(
    [
        "string",
        "integer",
        "number",
        "boolean",
        "array",
        "object",
        "null",
        "dict",
        "float",
        "any",
        "?",
    ]
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=2), st.just("3"))
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": WORDS | st.lists(WORDS, max_size=2),
        "description": st.text(max_size=3),
        "enum": st.lists(VALUES, max_size=3) | VALUES,
        "default": VALUES,
        "minimum": VALUES,
        "exclusiveMinimum": VALUES,
        "minLength": VALUES,
        "nullable": VALUES,
        "required": VALUES | st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "additionalProperties": st.booleans(),
        "format": st.sampled_from(["date", "int32", "what"]),
        "other": VALUES,
    },
)


def with_parts(schemas):
    return st.builds(
        lambda own, below: {**own, **below},
        KEYWORDS,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(
                    st.sampled_from(["a", "b", "type"]), schemas, max_size=2
                ),
                "items": schemas | st.lists(schemas, max_size=2),
                "anyOf": st.lists(schemas, min_size=1, max_size=2),
                "allOf": st.lists(schemas, min_size=1, max_size=2),
            },
        ),
    )


SCHEMAS = st.recursive(KEYWORDS | VALUES, with_parts, max_leaves=6)


@given(st.dictionaries(st.sampled_from(["a", "b", "$ref"]), SCHEMAS, max_size=3))
def test_whatever_comes_in_a_schema_of_2020_12_comes_out_and_needs_no_second_repair(members):
    found = repair_arguments({"type": "object", "properties": members})
    Draft202012Validator(found.schema, validate_formats=True, offline=True)
    again = repair_arguments(found.schema)
    assert again.schema == found.schema
    assert again.repairs == ()


@given(SCHEMAS)
def test_what_is_called_clean_is_left_alone_by_every_rule(schema):
    if is_clean_part(schema, 32):
        # In a place that is not clean the long way is taken, and finds nothing to say of it.
        found = repair_arguments({"type": "dict", "properties": {"a": {"anyOf": [schema, True]}}})
        assert found.schema["properties"]["a"] == {"anyOf": [schema, True]}
    if isinstance(schema, dict) and is_clean_object(schema, 32):
        assert repair_arguments(schema).schema == schema
