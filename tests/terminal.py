"""Somebody who sits at a terminal: reads what a command shows, and presses keys."""

import os
import pty
import re
import select
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Thread

from highroad.cli.app import app

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PATIENCE_S = 30


class Person:
    """Sits at a terminal: reads what is shown, and presses the next key whenever it is asked."""

    def __init__(self, keys):
        self.ours, self.theirs = pty.openpty()
        self._keys = list(keys)
        self.raw = ""
        self.shown = []
        """What stood there before each key, in plain text."""
        self.drawn = []
        """The same, with the colours."""

    def attend(self, is_over):
        """Read and press until it is over."""
        while True:
            ready, _, _ = select.select([self.ours], [], [], 0.05)
            if not ready:
                if is_over():
                    return
                continue
            try:
                self.raw += os.read(self.ours, 65_536).decode("utf-8", "replace")
            except OSError:  # Linux says so where the other side is closed
                return
            self._press()

    def _press(self):
        if self._keys and self.text.endswith(" > "):
            self.shown.append(self.text)
            self.drawn.append(self.raw)
            self.raw = ""
            os.write(self.ours, self._keys.pop(0).encode())

    @property
    def text(self):
        return ESCAPES.sub("", self.raw).replace("\r\n", "\n")


@dataclass(frozen=True)
class Talk:
    """How it went."""

    code: int
    shown: list
    drawn: list
    text: str


_COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from highroad.cli import main
main()
"""
"""On a terminal it is interrupted, also where these tests run in the background, which is not."""


def talk_apart(line, *keys, then=lambda person, process: None):
    """A command in a process of its own, on a terminal of its own."""
    person = Person(keys)
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *line],
        stdin=person.theirs,
        stdout=person.theirs,
        stderr=person.theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        start_new_session=True,
    )
    os.close(person.theirs)
    person.attend(lambda: then(person, process) or process.poll() is not None)
    os.close(person.ours)
    return Talk(process.wait(PATIENCE_S), person.shown, person.drawn, person.text)


def talk_here(monkeypatch, line, *keys):
    """A command in this process, on a terminal of its own."""
    person, ended = Person(keys), Event()
    attending = Thread(target=person.attend, args=(ended.is_set,))
    streams = {"stdin": "r", "stdout": "w", "stderr": "w"}
    with ExitStack() as opened, monkeypatch.context() as patched:
        for name, mode in streams.items():
            file = opened.enter_context(open(os.dup(person.theirs), mode))  # noqa: PTH123
            patched.setattr(sys, name, file)
        attending.start()
        try:
            app(line)
        except SystemExit as left:
            code = left.code
        sys.stdout.flush()
        sys.stderr.flush()
    ended.set()
    attending.join(PATIENCE_S)
    os.close(person.theirs)
    os.close(person.ours)
    return Talk(code, person.shown, person.drawn, person.text)
