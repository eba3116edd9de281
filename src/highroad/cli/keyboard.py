"""Single keypresses of whoever sits at the terminal."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final, Protocol

_ENTER: Final = frozenset({"\r", "\n"})
_AT_ONCE: Final = 32
"""Most that is taken as one press: keys such as the arrows send several bytes."""
_LEAD: Final = frozenset({"\x00", "\xe0"})
"""What the console of Windows sends before the rest of keys such as the arrows."""
_END: Final = frozenset({"\x04", "\x1a"})
"""Ctrl-D and Ctrl-Z."""


class Keyboard(ABC):
    """Reads a key without waiting for ENTER, and nothing that was pressed before it was asked."""

    @abstractmethod
    def press(self) -> str:
        """The next key, `""` for ENTER. What sends several characters at once comes as they are.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
            EOFError: The terminal is gone, or Ctrl-D was pressed.
        """

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

    @abstractmethod
    def forget(self) -> None:
        """Drop what was pressed so far: nobody accepts with a key what they have not seen."""


class Console(Protocol):
    """What is needed of `msvcrt`, the console of Windows."""

    def kbhit(self) -> bool:
        """Whether a key waits."""

    def getwch(self) -> str:
        """The next character, which is not shown."""


class ConsoleKeyboard(Keyboard):
    """The keys of the console of Windows.

    Args:
        console: Where they are pressed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def press(self) -> str:
        """The next key."""
        key = self._console.getwch()
        if key == "\x03":  # read so, Ctrl-C is a character like others
            raise KeyboardInterrupt
        if key in _END:
            raise EOFError
        if key in _LEAD:
            return key + self._console.getwch()
        return "" if key in _ENTER else key

    def forget(self) -> None:
        """Drop what was pressed so far."""
        while self._console.kbhit():
            self._console.getwch()


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """The keys of this terminal, which is as it was afterwards."""
    if sys.platform == "win32":
        yield ConsoleKeyboard(import_module("msvcrt"))
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
