"""What JSON may hold so that every reader and RFC 8785 agree on it (I-JSON, RFC 7493).

Integers beyond ±(2^53 - 1), NaN and infinities, lone surrogates, and nesting that would exhaust a
reader's stack are refused wherever they stand.
"""

from collections.abc import Container, Iterable, Iterator
from math import isfinite
from typing import Any, Final

from highroad.domain.error import Problem
from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue
from highroad.tools.pointer import pointer

MAX_DEPTH: Final = 64
SMALL: Final = 2_000
"""Members and items, at all levels together."""


def is_plain(value: Any, depth: int = MAX_DEPTH) -> bool:  # noqa: ANN401 - foreign data
    """Whether there is nothing to say of a value: the quick look that most calls need.

    A whole number written with a fraction (`5.0`) is sound, and yet not plain: it may stand where
    an integer is wanted.
    """
    kind = type(value)
    if kind is dict:
        return depth > 0 and _are_texts(value) and _are_plain(value.values(), depth - 1)
    if kind is list:
        return depth > 0 and _are_plain(value, depth - 1)
    if kind is float:
        return isfinite(value) and not value.is_integer()
    return kind is bool or value is None or _are_plain((value,), 0, is_leaf=True)


def _are_texts(keys: Iterable[Any]) -> bool:
    """Whether all keys are text of valid Unicode; in one look, because each call pays for it."""
    try:
        joined = "".join(keys)
    except TypeError:
        return False
    return joined.isascii() or all(map(_is_encodable, keys))


def _are_plain(items: Iterable[Any], depth: int, *, is_leaf: bool = False) -> bool:
    """Whether items are plain; texts and integers, which most are, without a further call."""
    for item in items:
        kind = type(item)
        if kind is str:
            if not (item.isascii() or _is_encodable(item)):
                return False
        elif kind is int:
            if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                return False
        elif is_leaf or not is_plain(item, depth):
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
