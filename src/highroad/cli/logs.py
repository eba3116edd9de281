"""What the library logs, told at the terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from highroad.cli.output import Output

_LOGGER: Final = logging.getLogger("highroad")
_CALLS: Final = "highroad.road"
"""Warns of how a call ended, which the command itself says better."""


class _Notes(logging.Handler):
    """Prints warnings beside the result."""

    def __init__(self, output: Output) -> None:
        super().__init__(logging.WARNING)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != _CALLS or record.levelno >= logging.ERROR:
            self._output.note(record.getMessage())


@contextmanager
def told(output: Output) -> Iterator[None]:
    """Tell warnings for a while, such as of calls whose process ended in the middle."""
    notes = _Notes(output)
    _LOGGER.addHandler(notes)
    try:
        yield
    finally:
        _LOGGER.removeHandler(notes)
