"""Thousands of functions that nobody here wrote become tools, and only right calls pass."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from jsonschema_rs import Draft202012Validator

from highroad.tools.dialect import repair_arguments
from highroad.tools.invalid import Invalid
from highroad.tools.parse import parse
from highroad.tools.shapes import SHAPES, offer, read_tools
from highroad.tools.shapes.same import is_same
from highroad.tools.validate import Validated, check_arguments

LARGEST = 2**53


def judge(tool, raw):
    """What the road would say of arguments before it asks anybody, and what it would run."""
    arguments = parse(raw, names=tool.names)
    checked = arguments if isinstance(arguments, Invalid) else check_arguments(tool, arguments)
    if isinstance(checked, Validated):
        tool.start(checked.arguments, context=None)
    return checked


def codes(checked):
    return {problem.code for problem in checked.problems} if isinstance(checked, Invalid) else set()


def mutations(call, schema):
    """Every way to spoil a right call, with the code that must be answered."""
    text = json.dumps(call)
    yield text[:-1], "json_truncated"
    yield json.dumps({**call, "no such argument": 1}), "unknown_argument"
    for name in schema.get("required", ()):
        yield json.dumps({key: value for key, value in call.items() if key != name}), "required"
    for name, value in call.items():
        member = schema["properties"][name]
        first = json.dumps({name: value})[1:-1]
        yield f"{{{first}, {text[1:]}", "duplicate_key"
        yield json.dumps({**call, name: LARGEST}), "integer_range"
        if isinstance(member.get("type"), str):
            yield json.dumps({**call, name: of_another_type(member["type"])}), "type"
        if "enum" in member:
            yield json.dumps({**call, name: "no such value"}), "enum"
        if "maximum" in member:
            yield json.dumps({**call, name: member["maximum"] + 1}), "maximum"


def of_another_type(kind):
    return {"a": 1} if kind == "array" else [1] if kind == "object" else {"a": [1]}


def test_every_function_becomes_a_closed_schema_of_2020_12(read):
    for tool in read:
        assert tool.spec.input_schema["type"] == "object"
        assert tool.spec.input_schema["additionalProperties"] is False
        Draft202012Validator(tool.spec.input_schema, validate_formats=True, offline=True)


def test_what_was_repaired_needs_no_further_repair(read):
    for tool in read:
        again = repair_arguments(tool.spec.input_schema)
        assert again.repairs == ()
        assert again.schema == tool.spec.input_schema


def test_every_call_that_fits_its_function_is_valid_and_is_taken_as_it_is(
    cases, read, register, fits
):
    ran = []
    count = 0
    for case, foreign in zip(cases, read, strict=True):
        tool = register(foreign.spec, lambda **arguments: ran.append(arguments))
        for call in case.calls:
            if fits(call, case.function["parameters"]):
                count += 1
                assert judge(tool, json.dumps(call)) == Validated(call), case.function["name"]
    assert len(ran) == count > 0


def test_every_spoiled_call_is_refused_with_its_code_and_never_runs(cases, read, register, fits):
    ran = []
    refused = Counter()
    for case, foreign in zip(cases, read, strict=True):
        tool = register(foreign.spec, lambda **arguments: ran.append(arguments))
        for call in case.calls:
            if not fits(call, case.function["parameters"]):
                continue
            for raw, code in mutations(call, foreign.spec.input_schema):
                assert code in codes(judge(tool, raw)), (case.function["name"], code, raw)
                refused[code] += 1
    assert ran == []
    assert refused.keys() == {
        "json_truncated",
        "duplicate_key",
        "required",
        "unknown_argument",
        "type",
        "enum",
        "integer_range",
        "maximum",
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_every_tool_is_read_back_as_it_was_or_the_notes_say_why(read, shape):
    for at, foreign in enumerate(read):
        spec = replace(foreign.spec, name=f"{foreign.spec.name}/{at}", output_schema=None)
        offered = offer([spec], shape)
        rendered = offered.rendered[spec.name]
        sent = json.loads(json.dumps(offered.tools))
        (back,) = read_tools(sent).tools
        assert SHAPES[shape].names.allows(back.spec.name)
        assert offered.names.own_name(back.spec.name) == spec.name
        if rendered.reads_back:
            assert is_same(back.spec.input_schema, spec.input_schema)
            assert back.spec.description == spec.description


@pytest.mark.parametrize("shape", SHAPES)
def test_all_names_of_one_list_are_legal_apart_and_find_their_way_back(read, shape):
    specs = {foreign.spec.name: foreign.spec for foreign in read}
    offered = offer(specs.values(), shape)
    legal = [offered.names.legal_name(name) for name in specs]
    assert len(set(legal)) == len(specs)
    assert all(SHAPES[shape].names.allows(name) for name in legal)
    assert [offered.names.own_name(name) for name in legal] == list(specs)


def filled(value, part):
    """A call as strict mode has a model send it: null for each member that is left out."""
    if isinstance(value, dict) and "properties" in part:
        return {
            name: filled(value[name], member) if name in value else None
            for name, member in part["properties"].items()
        }
    if isinstance(value, list):
        return [filled(each, part.get("items", {})) for each in value]
    return value


def test_a_call_in_strict_mode_comes_back_as_the_call_that_was_meant(cases, read, register, fits):
    count = 0
    for case, foreign in zip(cases, read, strict=True):
        offered = offer([foreign.spec], "openai-strict")
        rendered = offered.rendered[foreign.spec.name]
        if not rendered.is_strict:
            continue
        validator = Draft202012Validator(rendered.form["function"]["parameters"])
        legal = offered.names.legal_name(foreign.spec.name)
        for call in case.calls:
            if fits(call, case.function["parameters"]):
                sent = filled(call, foreign.spec.input_schema)
                count += 1
                assert validator.is_valid(sent), case.function["name"]
                assert offered.called(legal, sent) == (foreign.spec.name, call)
    assert count > 0


@pytest.mark.nightly
def test_all_8726_definitions_are_read(every_definition):
    tools = read_tools(every_definition)
    assert len(tools.tools) == 8_726
    assert tools.unread == ()
    assert tools.shapes == {"functions"}
