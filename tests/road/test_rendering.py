"""A rendering says what would be right, and stays small however large the schema is."""

import orjson
import pytest

from highroad.domain.error import Problem
from highroad.pipeline.rendering import LARGEST, rendering
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.from_schema import tool_from_schema


def compiled(parameters, **options):
    def body(arguments):
        return arguments

    declared = tool_from_schema(
        body, name="f", description="F.", parameters=parameters, tier="read", **options
    )
    return compile_tool(declared)


def closed(**members):
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def problems(*pointers):
    return [Problem(pointer, "type", "") for pointer in pointers]


def test_a_part_stands_in_full_with_what_it_refers_to():
    point = closed(x={"type": "integer"})
    tool = compiled(
        {**closed(at={"$ref": "#/$defs/P", "description": "Where."}), "$defs": {"P": point}}
    )
    found = rendering(tool, problems("/at"))
    assert found["schema"]["/at"] == {**point, "description": "Where."}
    assert found["example"] == {"at": {"x": 1}}


def test_an_item_of_a_list_is_shown_as_what_each_item_is():
    tool = compiled(closed(lines={"type": "array", "items": {"type": "integer", "minimum": 3}}))
    found = rendering(tool, problems("/lines/7", "/lines/7"))
    assert found["schema"] == {"/lines/7": {"type": "integer", "minimum": 3}}


@pytest.mark.parametrize("members", [1, 50, 300])
@pytest.mark.parametrize("words", [10, 300])
def test_it_stays_small(members, words):
    parts = {f"m{n}": {"type": "string", "description": "x" * words} for n in range(members)}
    tool = compiled(closed(**parts, all=closed(**parts)))
    found = rendering(tool, problems("", "/all", *(f"/{name}" for name in parts)))
    assert len(orjson.dumps(found)) <= LARGEST
    assert found["schema"]


def test_a_schema_that_refers_to_itself_is_shown_so_far():
    node = closed(next={"$ref": "#/$defs/N"}) | {"required": []}
    tool = compiled({**closed(node={"$ref": "#/$defs/N"}), "$defs": {"N": node}})
    found = rendering(tool, problems("/node"))
    assert 0 < len(orjson.dumps(found)) <= LARGEST


def test_a_schema_that_refers_to_much_many_times_over_is_told_in_a_phrase():
    many = {"anyOf": [{"$ref": "#/$defs/N"}] * 400}
    tool = compiled({**closed(node={"$ref": "#/$defs/N"}), "$defs": {"N": closed(a=many, b=many)}})
    found = rendering(tool, problems("/node"))
    assert found["schema"]["/node"] == "an object with `a`, `b`"


def test_the_authors_own_example_goes_first():
    tool = compiled(closed(id={"type": "string", "pattern": "^A[0-9]$"}), examples=[{"id": "A1"}])
    assert rendering(tool, problems("/id"))["example"] == {"id": "A1"}


def test_an_example_that_would_not_fit_is_left_out():
    tool = compiled(closed(id={"type": "string", "pattern": "^A[0-9]$"}))
    assert "example" not in rendering(tool, problems("/id"))
