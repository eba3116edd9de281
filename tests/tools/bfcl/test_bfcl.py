"""Thousands of functions that nobody here wrote become tools, and only right calls pass."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from jsonschema_rs import Draft202012Validator

from highroad.tools.dialect import repair_arguments
from highroad.tools.shapes import SHAPES, offer, read_tools
from highroad.tools.shapes.same import is_same
from highroad.tools.validate import Validated


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


def test_every_call_that_fits_its_function_is_valid_and_is_taken_as_it_is(cases, read, trial):
    ran = []
    count = 0
    for case, foreign in zip(cases, read, strict=True):
        tool = trial.register(foreign.spec, ran.append)
        for call in case.calls:
            if trial.fits(call, case.function["parameters"]):
                count += 1
                assert trial.judge(tool, json.dumps(call)) == Validated(call), case.function["name"]
    assert len(ran) == count > 0


def test_every_spoiled_call_is_refused_with_its_code_and_never_runs(cases, read, trial):
    ran = []
    refused = Counter()
    for case, foreign in zip(cases, read, strict=True):
        tool = trial.register(foreign.spec, ran.append)
        for call in case.calls:
            if not trial.fits(call, case.function["parameters"]):
                continue
            for raw, code in trial.spoiled(call, foreign.spec.input_schema):
                assert code in trial.codes(tool, raw), (case.function["name"], code, raw)
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


def test_a_call_in_strict_mode_comes_back_as_the_call_that_was_meant(cases, read, trial):
    count = 0
    for case, foreign in zip(cases, read, strict=True):
        offered = offer([foreign.spec], "openai-strict")
        rendered = offered.rendered[foreign.spec.name]
        if not rendered.is_strict:
            continue
        validator = Draft202012Validator(rendered.form["function"]["parameters"])
        legal = offered.names.legal_name(foreign.spec.name)
        for call in case.calls:
            if trial.fits(call, case.function["parameters"]):
                sent = filled(call, foreign.spec.input_schema)
                count += 1
                assert validator.is_valid(sent), case.function["name"]
                assert offered.called(legal, sent) == (foreign.spec.name, call)
    assert count > 0
