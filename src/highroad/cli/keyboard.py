"""Single keypresses of whoever sits at the terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

_ENTER: Final = frozenset({"\r", "\n"})
_AT_ONCE: Final = 32
"""Most that is taken as one press: keys such as the arrows send several bytes."""


class Keyboard:
    """Reads a key without waiting for ENTER, and nothing that was pressed before it was asked."""

    def press(self) -> str:
        """The next key, `""` for ENTER. What sends several characters at once comes as they are.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
            EOFError: The terminal is gone, or Ctrl-D was pressed.
        """
        key = typer.getchar()
        return "" if key in _ENTER else key

    def line(self) -> str:
        """A whole line, as it is typed.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
            EOFError: The terminal is gone.
        """
        text = sys.stdin.readline()
        if not text:
            raise EOFError
        return text.strip()

    def forget(self) -> None:
        """Drop what was pressed so far: nobody accepts with a key what they have not seen."""


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """The keys of this terminal, which is as it was afterwards."""
    if sys.platform == "win32":
        yield Keyboard()
        return
    with _posix_keyboard() as keys:
        yield keys


@contextmanager
def _posix_keyboard() -> Iterator[Keyboard]:
    import termios  # noqa: PLC0415 - Windows has none
    import tty  # noqa: PLC0415 - as above

    number = sys.stdin.fileno()
    usual = termios.tcgetattr(number)

    class Keys(Keyboard):
        def press(self) -> str:
            """The next key."""
            tty.setcbreak(number, termios.TCSADRAIN)
            pressed = os.read(number, _AT_ONCE).decode("utf-8", "replace")
            if pressed in {"", "\x04"}:
                raise EOFError
            return "" if pressed in _ENTER else pressed

        def line(self) -> str:
            """A whole line."""
            termios.tcsetattr(number, termios.TCSADRAIN, usual)
            return super().line()

        def forget(self) -> None:
            """Drop what was pressed so far, in the way in which keys are read."""
            tty.setcbreak(number, termios.TCSADRAIN)
            termios.tcflush(number, termios.TCIFLUSH)

    try:
        yield Keys()
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, usual)
