"""What of a tool's arguments is traced, and as what: compiled once for each tool.

Every leaf of an argument that is control is traced, undeclared arguments included; content and
secrets are not. Null, and a text or list with nothing in it, name nothing and are not traced.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from highroad.domain.evidence import Grounding, Place, Trace, ValueKind
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import ArgumentRole, Contract
from highroad.domain.value import value as frozen_value
from highroad.evidence.index import Index
from highroad.evidence.outline import Outline, outlined, scalar
from highroad.evidence.pointer import ANY, child, is_data

# By names of their own: an enumeration looks each member up in its metaclass.
_AMOUNT: Final = ValueKind.AMOUNT
_CHOICE: Final = ValueKind.CHOICE
NO_HANDLES: Final[Mapping[str, tuple[str, str]]] = {}
_At: TypeAlias = tuple[Outline, str, JsonValue]
"""How a value is traced, where it stands, and what it is."""


@frozen_value(eq=False)
class Plan:
    """The arguments of one tool that are traced."""

    traced: Mapping[str, tuple[Outline, str]]
    """How each is traced, and its pointer."""
    untraced: frozenset[str] = frozenset()
    """Content and secrets."""


def plan(input_schema: JsonSchema, contract: Contract) -> Plan:
    """Compile what is traced of a tool's arguments."""
    whole = outlined("", dict(input_schema), dict(input_schema))
    roles = {name: contract.argument(name).role for name in {*whole.members, *contract.arguments}}
    untraced = {name for name, role in roles.items() if role is not ArgumentRole.CONTROL}
    traced = {
        name: (outline, _pointer(name))
        for name, outline in whole.members.items()
        if name not in untraced
    }
    return Plan(traced=traced, untraced=frozenset(untraced))


def ground(
    plan: Plan,
    arguments: JsonObject,
    index: Index,
    handles: Mapping[str, tuple[str, str]] = NO_HANDLES,
    *,
    said_otherwise: bool = False,
) -> Grounding:
    """Trace every control argument of a call, each element of a list too.

    Args:
        plan: Of the tool.
        arguments: Of the call.
        index: Of what was seen.
        handles: By pointer, the source and the place in it of what was named by its handle: it is
            sought nowhere else.
        said_otherwise: Look for the user's own word in every notation, behind what agrees most
            closely.
    """
    sought = _Sought(index, handles, said_otherwise)
    traces: list[Trace] = []
    for name, value in arguments.items():
        told = plan.traced.get(name)
        if told is None:
            if name in plan.untraced:
                continue
            told = Outline.of_name(name), _pointer(name)
        outline, at = told
        if isinstance(value, str):
            if value:
                traces.append(_traced(outline, at, value, sought))
        elif isinstance(value, dict | list):
            traces += [_traced(*each, sought) for each in _leaves(outline, at, value)]
        elif value is not None:
            traces.append(_traced(outline, at, value, sought))
    return Grounding(traces=tuple(traces))


def _pointer(name: str) -> str:
    return child("", ANY if is_data(name) else name)


def _leaves(outline: Outline, pointer: str, value: JsonValue) -> Iterator[_At]:
    """Every value that is traced of an argument, however deep, in the order in which it stands."""
    pending: list[_At] = [(outline, pointer, value)]
    while pending:
        told, at, each = pending.pop()
        if isinstance(each, dict):
            pending.extend(reversed([*_members(told, at, each)]))
        elif isinstance(each, list):
            below = [(_element(told, n), f"{at}/{n}", one) for n, one in enumerate(each)]
            pending.extend(reversed(below))
        elif each is not None and each != "":
            yield told, at, each


def _members(outline: Outline, pointer: str, value: JsonObject) -> Iterator[_At]:
    for key, each in value.items():
        below = outline.members.get(key)
        is_free = below is None and (outline.has_free_keys or is_data(key))
        at = child(pointer, ANY if is_free else key)
        if is_free:
            yield Outline.of_name(""), at, key
        yield below or outline.others or Outline.of_name("" if is_free else key), at, each


def _element(outline: Outline, number: int) -> Outline:
    if number < len(outline.first):
        return outline.first[number]
    return outline.items or outline


class _Sought(NamedTuple):
    """Where is looked for values, and how far."""

    seen: Index
    handles: Mapping[str, tuple[str, str]]
    said_otherwise: bool

    def places(
        self, pointer: str, kind: ValueKind, value: JsonValue, unit: str = ""
    ) -> tuple[Place, ...]:
        named = self.handles.get(pointer) if self.handles else None
        if named is not None:
            return self.seen.at(named, kind, value, unit)
        return self.seen.find(kind, value, unit, said_otherwise=self.said_otherwise)


def _traced(outline: Outline, pointer: str, value: JsonValue, sought: _Sought) -> Trace:
    if isinstance(value, bool):
        return Trace(pointer=pointer, kind=_CHOICE, places=outline.told)
    if isinstance(value, str):
        kind = outline.text
        places = sought.places(pointer, kind, value)
    else:
        kind = outline.number
        if outline.is_major and kind is _AMOUNT and isinstance(value, int):
            value = float(value)
        places = sought.places(pointer, kind, value, outline.unit)
    if outline.listed and scalar(value) in outline.listed:
        places += outline.told
    return Trace(pointer=pointer, kind=kind, places=places)
