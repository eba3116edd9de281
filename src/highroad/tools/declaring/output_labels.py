"""Labels that stand in a return type: `Annotated[str, Label(Integrity.SYSTEM)]`, at any depth."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel

from highroad.domain.label import ANY, Label

Found: TypeAlias = tuple[str, Label]
Member: TypeAlias = tuple[str, Any]


def labels_of(hint: object) -> dict[str, Label]:
    """Labels by JSON pointer; of two at one place the less trusting one.

    A type that holds itself is read once: what it says stands for its first level alone, and what
    is below is covered, as everywhere, by the label above it.
    """
    found: dict[str, Label] = {}
    for pointer, label in _labels(hint, "", ()):
        known = found.get(pointer, label)
        found[pointer] = stricter(known, label)
    return found


def stricter(one: Label, other: Label) -> Label:
    """What both allow: the lower integrity, and the readers that both name."""
    readers = one.readers if other.readers is None else other.readers
    if one.readers is not None and other.readers is not None:
        readers = one.readers & other.readers
    return Label(min(one.integrity, other.integrity), readers)


def _labels(hint: Any, pointer: str, seen: tuple[object, ...]) -> Iterator[Found]:  # noqa: ANN401 - a type hint has no narrower type
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *extras = get_args(hint)
        yield from ((pointer, extra) for extra in extras if isinstance(extra, Label))
        yield from _labels(inner, pointer, seen)
    elif origin in {Required, NotRequired}:
        yield from _labels(get_args(hint)[0], pointer, seen)
    elif origin is Union or origin is UnionType:
        for branch in get_args(hint):
            yield from _labels(branch, pointer, seen)
    elif isinstance(origin, type):
        yield from _inside(origin, get_args(hint), pointer, seen)
    elif hint not in seen:
        for name, member in _members(hint):
            yield from _labels(member, f"{pointer}/{_token(name)}", (*seen, hint))


def _inside(
    origin: type, inner: tuple[Any, ...], pointer: str, seen: tuple[object, ...]
) -> Iterator[Found]:
    """Of lists, maps and tuples: what their items say."""
    if issubclass(origin, tuple) and Ellipsis not in inner:
        for at, item in enumerate(inner):
            yield from _labels(item, f"{pointer}/{at}", seen)
    elif issubclass(origin, Mapping) and inner:
        yield from _labels(inner[-1], f"{pointer}/{ANY}", seen)
    elif issubclass(origin, Sequence | AbstractSet) and inner:
        yield from _labels(inner[0], f"{pointer}/{ANY}", seen)


def _members(hint: Any) -> Iterator[Member]:  # noqa: ANN401 - a type hint has no narrower type
    """Members as the JSON of a result names them, with what they are annotated as."""
    if not isinstance(hint, type):
        return
    if issubclass(hint, BaseModel):
        hints = get_type_hints(hint, include_extras=True)
        for name, member in hint.model_fields.items():
            yield member.serialization_alias or name, hints[name]
    elif is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        yield from ((each.name, hints[each.name]) for each in fields(hint))
    elif hasattr(hint, "__required_keys__"):  # a TypedDict, from whichever module it comes
        yield from get_type_hints(hint, include_extras=True).items()


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
