"""Keys of the console of Windows, whose module `msvcrt` stands in here."""

import sys
from collections import deque
from types import ModuleType

import pytest

from highroad.cli.keyboard import keyboard


@pytest.fixture
def pressed(monkeypatch):
    """Presses keys on a Windows machine, each with all the characters that it sends."""
    waiting = deque()
    console = ModuleType("msvcrt")
    console.kbhit = lambda: bool(waiting)
    console.getwch = waiting.popleft
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    return lambda *keys: waiting.extend("".join(keys))


def test_a_key_comes_as_it_is_and_enter_as_nothing(pressed):
    with keyboard() as keys:
        pressed("s", "\r", "3")
        assert [keys.press() for _ in range(3)] == ["s", "", "3"]


@pytest.mark.parametrize("arrow", ["\xe0H", "\x00;"])
def test_a_key_that_sends_two_characters_is_one_key(pressed, arrow):
    with keyboard() as keys:
        pressed(arrow, "q")
        assert [keys.press(), keys.press()] == [arrow, "q"]


@pytest.mark.promise("P8")
def test_what_was_pressed_before_it_was_asked_is_no_answer(pressed):
    with keyboard() as keys:
        pressed("\r", "\xe0H", "1")
        keys.forget()
        pressed("q")
        assert keys.press() == "q"


@pytest.mark.parametrize(
    ("key", "ends"), [("\x03", KeyboardInterrupt), ("\x04", EOFError), ("\x1a", EOFError)]
)
def test_who_breaks_off_gives_no_key(pressed, key, ends):
    pressed(key)
    with keyboard() as keys, pytest.raises(ends):
        keys.press()
