"""What a strategy was made with, in words that are the same in every process.

A factory such as `plan_and_execute(max_replans=2)` gives a function of one name whatever it is
given. What tells two of them apart lies in what the function closes over. Its code is not looked
at: that differs from one Python to the next.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from types import FunctionType, MethodType

_PLAIN = (bool, int, float, str, bytes, type(None))
_AGAIN = "..."
"""Stands for what is being told already."""


def fingerprint(made: object) -> str:
    """A function, and all that it was made with."""
    return _told(made, frozenset())


def _told(made: object, above: frozenset[int]) -> str:
    if isinstance(made, _PLAIN) and not isinstance(made, Enum):
        return repr(made)
    if id(made) in above:
        return _AGAIN
    within = above | {id(made)}
    parts = ", ".join(f"{name}={_told(part, within)}" for name, part in _parts(made, within))
    return f"{_name(made)}({parts})"


def _parts(made: object, within: frozenset[int]) -> Iterator[tuple[str, object]]:
    match made:
        case FunctionType():
            yield from _parameters(made)
        case MethodType():
            yield from (("function", made.__func__), ("of", made.__self__))
        case partial():
            yield from (("function", made.func), ("args", made.args), ("named", made.keywords))
        case Mapping():
            yield from ((repr(key), part) for key, part in made.items())
        case AbstractSet():
            yield from (("", told) for told in sorted(_told(each, within) for each in made))
        case list() | tuple():
            yield from (("", each) for each in made)
        case Enum():
            yield "name", made.name
        case _ if is_dataclass(made) and not isinstance(made, type):
            yield from ((each.name, getattr(made, each.name)) for each in fields(made))
        case _:
            pass  # of anything else it is the type that counts


def _parameters(function: FunctionType) -> Iterator[tuple[str, object]]:
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    for name, cell in zip(names, cells, strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is not set yet
            yield name, None
    yield "defaults", function.__defaults__
    yield from (function.__kwdefaults__ or {}).items()


def _name(made: object) -> str:
    named = made if isinstance(made, FunctionType | type) else type(made)
    return named.__qualname__
