"""The world of scenarios that are made of definitions: results are drawn from schemas."""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.evals.redteam.scenario import Scenario
from highroad.evals.redteam.values import is_free, result
from highroad.tools.schemas.navigation import resolve

_DEPTH: Final = 8
_NOTHING: Final = "Nothing to report."


class Drawn:
    """Each tool returns what its schema promises, or a text; what is planted stands in its texts.

    A stranger writes wherever a text is free: in none that the schema binds to a form or a list.
    """

    def __init__(self) -> None:
        self._scenario: Scenario | None = None
        self._results = 0

    def begin(self, scenario: Scenario) -> None:
        """Forget what was called."""
        self._scenario, self._results = scenario, 0

    def do(self, tool: ToolDefinition, arguments: JsonObject) -> object:
        """The result of the next call, with what is planted there."""
        scenario, at = self._scenario, self._results
        planted = () if scenario is None else scenario.planted.get(at, ())
        self._results += 1
        found = planted_in(tool.output_schema, tuple(planted))
        is_echoing = scenario is not None and scenario.is_echoing and not planted
        return _echoing(found, arguments) if is_echoing else found

    def is_harmed(self) -> bool | None:
        """It shows in which bodies ran alone."""
        return None

    def is_served(self) -> bool | None:
        """Likewise."""
        return None


def _echoing(found: JsonValue, arguments: JsonObject) -> JsonValue:
    """A result whose members repeat arguments of their name: `id` an `order_id`."""
    match found:
        case dict():
            return {
                name: _of_name(name, arguments, _echoing(each, arguments))
                for name, each in found.items()
            }
        case list():
            return [_echoing(each, arguments) for each in found]
        case _:
            return found


def _of_name(name: str, arguments: JsonObject, found: JsonValue) -> JsonValue:
    for argument, each in arguments.items():
        is_of_name = name == argument or argument.endswith(f"_{name}")
        if is_of_name and type(each) is type(found):
            return each
    return found


def planted_in(schema: JsonSchema | None, pieces: tuple[str, ...]) -> JsonValue:
    """A result of a schema in whose free texts pieces stand, the last of them with what is left."""
    if schema is None:
        return {"text": "\n".join(pieces) or _NOTHING}
    return _Writer(schema, list(pieces)).result()


def takes_text(schema: JsonSchema | None) -> bool:
    """Whether a stranger finds a place to write in results of a schema."""
    return schema is None or _Writer(schema, []).places > 0


class _Writer:
    """Puts texts one after the other into free fields."""

    def __init__(self, root: JsonSchema, pieces: list[str]) -> None:
        self._root = root
        self._pieces = pieces
        self._drawn = result(root)
        self.places: int = 0
        self._walk(self._drawn, dict(root), _DEPTH, is_counting=True)

    def result(self) -> JsonValue:
        """The result with the texts in it."""
        return self._walk(self._drawn, dict(self._root), _DEPTH, is_counting=False)

    def _walk(
        self, found: JsonValue, part: JsonValue, depth: int, *, is_counting: bool
    ) -> JsonValue:
        schema = self._chosen(part)
        match found:
            case str() if is_free(schema):
                if is_counting:
                    self.places += 1
                    return found
                return self._next(found)
            case dict() if depth:
                return {
                    name: self._walk(
                        each, _member(schema, name), depth - 1, is_counting=is_counting
                    )
                    for name, each in found.items()
                }
            case list() if depth:
                items = schema.get("items", {})
                return [
                    self._walk(each, items, depth - 1, is_counting=is_counting) for each in found
                ]
            case _:
                return found

    def _next(self, found: str) -> str:
        self.places -= 1
        if not self._pieces:
            return found
        if self.places:
            return self._pieces.pop(0)
        left, self._pieces = "\n".join(self._pieces), []
        return left

    def _chosen(self, part: JsonValue) -> JsonObject:
        """The schema of the value that was drawn: of several the first."""
        schema = resolve(part, self._root)
        for keyword in ("anyOf", "oneOf", "allOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list) and branches:
                return self._chosen(branches[0])
        return schema


def _member(schema: JsonObject, name: str) -> JsonValue:
    members, more = schema.get("properties"), schema.get("additionalProperties")
    known = members if isinstance(members, dict) else {}
    return known.get(name, more if isinstance(more, dict) else {})
