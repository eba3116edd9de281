"""A stricter rendering of what a tool takes, for a model whose arguments were refused before.

The first refusal says what is wrong. Where that did not help, the next ones have the schema of the
parts that failed word by word, and an example that is made from the schema: nothing of either comes
from a call, so nothing that somebody slipped into one is repeated as an instruction.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from highroad.domain.error import Problem
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.pointer import tokens
from highroad.tools.compile import RegisteredTool
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.example import example_of
from highroad.tools.schemas.navigation import part_at, resolve

LARGEST: Final = 6_000
"""Bytes of JSON of a whole rendering."""
_LARGEST_PART: Final = 2_000
_LARGEST_EXAMPLE: Final = 1_500
_MOST_PARTS: Final = 8
_MOST_NODES: Final = 1_000
_DEPTH: Final = 3
"""References within references that are put in place."""


def rendering(tool: RegisteredTool[Any], problems: Iterable[Problem]) -> JsonObject:
    """What the tool takes where the problems are: the schema of each part, and one example."""
    root = tool.definition.input_schema
    found: JsonObject = {"schema": _parts(root, problems)}
    example = _example(tool)
    if example is not None:
        found["example"] = example
    return found


def _parts(root: JsonSchema, problems: Iterable[Problem]) -> JsonObject:
    """By pointer; what is too large is told in a phrase, and what is too much is left out."""
    shown: JsonObject = {}
    left = LARGEST - _LARGEST_EXAMPLE
    pointers = list(dict.fromkeys(problem.pointer for problem in problems))
    for pointer in pointers[:_MOST_PARTS]:
        part = part_at(root, tokens(pointer))
        told = _in_full(part, root)
        if told is None:
            told = describe(part, root)[:_LARGEST_PART]
        left -= _size({pointer: told})
        if left < 0:
            break
        shown[pointer] = told
    return shown


def _in_full(part: JsonValue, root: JsonSchema) -> JsonValue:
    """A part word by word; `None` where that is too much."""
    try:
        whole = _Whole(root).of(part, _DEPTH)
    except _TooLarge:
        return None
    return whole if _size(whole) <= _LARGEST_PART else None


class _TooLarge(Exception):  # noqa: N818 - no error: a way out of the walk
    """There is more of a part than is looked at."""


class _Whole:
    """Parts with what they refer to, which stands in definitions that they do not have.

    A schema that refers to much many times over is not followed to its end, which may be nowhere
    near: `left` bounds the work.
    """

    def __init__(self, root: JsonSchema) -> None:
        self._root = root
        self._left = _MOST_NODES

    def of(self, part: JsonValue, depth: int) -> JsonValue:
        self._left -= 1
        if self._left < 0:
            raise _TooLarge
        match part:
            case dict() if "$ref" in part and depth:
                beside = {key: each for key, each in part.items() if key != "$ref"}
                return self.of({**resolve(part, self._root), **beside}, depth - 1)
            case dict() if "$ref" in part:
                return {"description": describe(part, self._root)}
            case dict():
                return {key: self.of(each, depth) for key, each in part.items() if key != "$defs"}
            case list():
                return [self.of(each, depth) for each in part]
            case _:
                return part


def _example(tool: RegisteredTool[Any]) -> JsonValue:
    """The first that fits and is short: the author's, else one made from the schema."""
    for each in _examples(tool):
        if _size(each) <= _LARGEST_EXAMPLE and tool.validator.is_valid(each):
            return each
    return None


def _examples(tool: RegisteredTool[Any]) -> Iterator[JsonValue]:
    for declared in tool.definition.examples:
        yield dict(declared)
    yield example_of(tool.definition.input_schema)


def _size(value: JsonValue) -> int:
    return len(orjson.dumps(value))
