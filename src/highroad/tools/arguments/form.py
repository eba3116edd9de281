"""What JSON may hold so that every reader and RFC 8785 agree on it (I-JSON, RFC 7493).

Integers beyond ±(2^53 - 1), NaN and infinities, lone surrogates, and nesting that would exhaust a
reader's stack are refused wherever they stand.
"""

from collections.abc import Container, Iterator
from math import isfinite
from typing import Any, Final

from highroad.domain.error import Problem
from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue
from highroad.tools.arguments.pointer import pointer

MAX_DEPTH: Final = 64
SMALL: Final = 2_000
"""Members and items, at all levels together."""


def is_plain(  # noqa: C901, PLR0911, PLR0912 - one loop without calls, for which each call pays
    value: Any,  # noqa: ANN401 - foreign data
    depth: int = MAX_DEPTH,
    *,
    takes_whole: bool = False,
) -> bool:
    """Whether there is nothing to say of a value: the quick look that most calls need.

    A whole number written with a fraction (`5.0`) is sound, and yet not plain: it may stand where
    an integer is wanted.

    Args:
        value: Anything at all.
        depth: Levels of arrays and objects that there may be.
        takes_whole: No integer is wanted anywhere, so that `5.0` is plain.
    """
    kind = type(value)
    if depth < 1 and (kind is dict or kind is list):
        return False
    if kind is dict:
        for key in value:
            if type(key) is not str or not (key.isascii() or _is_encodable(key)):
                return False
    for item in value.values() if kind is dict else value if kind is list else (value,):
        kind = type(item)
        if kind is str:
            if not (item.isascii() or _is_encodable(item)):
                return False
        elif kind is int:
            if item > MAX_SAFE_INTEGER or item < -MAX_SAFE_INTEGER:
                return False
        elif kind is float:
            if not isfinite(item) or (item.is_integer() and not takes_whole):
                return False
        elif kind is dict or kind is list:
            if not is_plain(item, depth - 1, takes_whole=takes_whole):
                return False
        elif kind is not bool and item is not None:
            return False
    return True


def is_small(value: JsonValue) -> bool:
    """Whether a value has so few members and items that all that is wrong with it can be told."""
    left, waiting = SMALL, [value]
    while waiting and left >= 0:
        each = waiting.pop()
        if isinstance(each, dict | list):
            left -= len(each)
            waiting += each.values() if isinstance(each, dict) else each
    return left >= 0


def problems_of_form(
    value: object, names: Container[str] = (), *, max_depth: int = MAX_DEPTH
) -> Iterator[Problem]:
    """Everything that keeps a value from being JSON that all agree on.

    Args:
        value: Anything at all.
        names: Keys that may stand in a pointer, because the tool itself says them.
        max_depth: Levels of arrays and objects.
    """
    return _problems(value, (), names, max_depth)


def _problems(
    value: Any,  # noqa: ANN401 - foreign data
    path: tuple[str | int, ...],
    names: Container[str],
    max_depth: int,
) -> Iterator[Problem]:
    kind = type(value)
    if kind is dict or kind is list:
        if len(path) >= max_depth:
            yield Problem(pointer(path, names), "depth", f"at most {max_depth} levels of nesting")
            return
        if kind is dict and not all(type(key) is str and _is_encodable(key) for key in value):
            yield Problem(pointer(path, names), "key", "keys that are text of valid Unicode")
            return
        for key, item in value.items() if kind is dict else enumerate(value):
            yield from _problems(item, (*path, key), names, max_depth)
    elif (trouble := _trouble(value)) is not None:
        yield Problem(pointer(path, names), *trouble)


def _trouble(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - foreign data
    """Code and expected form, for a leaf that is not sound."""
    kind = type(value)
    if kind is str:
        return None if _is_encodable(value) else ("unicode", "text without lone surrogates")
    if kind is int:
        if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            return None
        return (
            "integer_range",
            f"an integer within ±{MAX_SAFE_INTEGER}; send a larger one as a string",
        )
    if kind is float:
        return None if isfinite(value) else ("number", "a finite number")
    if kind is bool or value is None:
        return None
    return ("json", "a JSON value: object, array, string, number, boolean or null")


def _is_encodable(text: str) -> bool:
    """Whether UTF-8 can hold it: a lone surrogate it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
