"""A command that was asked for what cannot be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from highroad.domain.error import HighroadError


class Misuse(HighroadError):  # noqa: N818 - what happened
    """The command line asks for what there is not, or may not be. Nothing was done."""

    def __init__(self, reason: str, *, do: str = "") -> None:
        super().__init__(reason)
        self.do = do


@contextmanager
def writing(file: Path | None) -> Iterator[None]:
    """Write to the file that the command line names; `None` is the terminal.

    Raises:
        Misuse: It cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise Misuse(f"{file} cannot be written: {error.strerror}", do="Name another.") from None
