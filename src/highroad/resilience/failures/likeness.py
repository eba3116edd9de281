"""Whose an exception is, and what it has, without importing the library that it comes from."""

from typing import Any

_MISSING = object()


def class_names(error: BaseException) -> frozenset[str]:
    """Names of its class and of all above it, each behind the name of its library.

    `requests.exceptions.ConnectTimeout` is `requests.ConnectTimeout`: where in a library a class
    stands is no promise of most of them, its name is.
    """
    return frozenset(
        f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__
    )


def read(thing: object, *path: str) -> Any:  # noqa: ANN401 - whatever a foreign object holds
    """The attribute at the end of a path, or `None` where it breaks off.

    An attribute may be a property, which raises what it likes: that is nothing as well.
    """
    for name in path:
        try:
            thing = getattr(thing, name, _MISSING)
        except Exception:  # noqa: BLE001 - foreign code, asked in passing
            return None
        if thing is _MISSING:
            return None
    return thing


def whole_number(found: object) -> int | None:
    """A whole number, or `None` for anything else; a truth value is none."""
    return int(found) if isinstance(found, int) and not isinstance(found, bool) else None
