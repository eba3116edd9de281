"""A context variable that holds a value inside a block."""

from contextvars import ContextVar, Token
from typing import Generic, TypeVar

T = TypeVar("T")


class Holding(Generic[T]):
    """Let a variable hold a value inside a `with` block, once.

    A generator under `contextlib.contextmanager` takes twice as many calls, at each call of a host.
    """

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable = variable
        self._value = value
        self._token: Token[T]

    def __enter__(self) -> T:
        """Set it."""
        self._token = self._variable.set(self._value)
        return self._value

    def __exit__(self, *_error: object) -> None:
        """Let it hold what it held before."""
        try:  # noqa: SIM105 - `suppress` is three calls more
            self._variable.reset(self._token)
        except ValueError:
            # An async generator may be closed in another context, in which nothing was set.
            pass
