"""Calls that come back from strict mode: nulls that stand for what was left out are left out."""

from dataclasses import dataclass
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.schemas.navigation import resolve
from highroad.tools.schemas.nullable import allows_null

_DEPTH: Final = 16
"""Branches within branches: a schema that is its own branch has no end."""


def without_filled_nulls(arguments: JsonObject, schema: JsonSchema) -> JsonObject:
    """The arguments without the nulls that only strict mode asked for.

    A null goes exactly where the member is optional and null is no value of it, at any depth. A
    required one stays, and is refused for what it is.

    Args:
        arguments: Parsed; left as they are.
        schema: The tool's own, not the one that was rendered.
    """
    return _Call(schema).object(arguments, schema)


@dataclass(frozen=True, slots=True)
class _Call:
    root: JsonSchema

    def value(self, value: JsonValue, part: JsonValue) -> JsonValue:
        match value:
            case dict():
                return self.object(value, self._branch(value, part))
            case list():
                return self._array(value, self._branch(value, part))
            case _:
                return value

    def object(self, value: JsonObject, part: JsonSchema) -> JsonObject:
        members, required = part.get("properties"), part.get("required")
        if not isinstance(members, dict):
            return value
        needed = required if isinstance(required, list) else []
        return {
            key: self.value(each, members.get(key))
            for key, each in value.items()
            if each is not None
            or key in needed
            or key not in members
            or allows_null(members[key], self.root)
        }

    def _array(self, value: list[JsonValue], part: JsonSchema) -> list[JsonValue]:
        first, rest = part.get("prefixItems"), part.get("items")
        items = first if isinstance(first, list) else []
        return [
            self.value(each, items[at] if at < len(items) else rest)
            for at, each in enumerate(value)
        ]

    def _branch(self, value: JsonValue, part: JsonValue, depth: int = _DEPTH) -> JsonSchema:
        """The alternative that a value was made for; an empty schema if none can be told."""
        schema = resolve(part, self.root)
        branches = schema.get("anyOf") or schema.get("oneOf")
        if not isinstance(branches, list):
            return schema
        for branch in branches if depth else ():
            found = self._branch(value, branch, depth - 1)
            if self._suits(value, found):
                return found
        return {}

    def _suits(self, value: JsonValue, part: JsonSchema) -> bool:
        """Strict mode sends every member, so the names tell the branches apart, or constants do."""
        if isinstance(value, list):
            return part.get("type") == "array"
        members = part.get("properties")
        if not (isinstance(value, dict) and isinstance(members, dict)):
            return False
        return value.keys() == members.keys() and all(
            self._is_constant(value[key], resolve(member, self.root))
            for key, member in members.items()
        )

    def _is_constant(self, value: JsonValue, member: JsonObject) -> bool:
        """Whether a value is one of those that a member names; where it names none, it is."""
        values = [member["const"]] if "const" in member else member.get("enum")
        return value is None or not isinstance(values, list) or value in values
