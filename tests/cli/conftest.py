"""A folder with the shop in it, and the command line to use it with."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.demo.database import Shop
from highroad.demo.home import Home

VISITOR = "zoe"


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def run_here(*line):
    """Run a command in this process, which is as fast as tests like it."""
    done = CliRunner().invoke(app, line, catch_exceptions=False)
    return Answer(done.exit_code, done.stdout, done.stderr)


@dataclass(frozen=True)
class Terminal:
    """A terminal in the folder of a shop."""

    shop: Shop

    def __call__(self, *line):
        return run_here(*line)

    def start(self, *line):
        """The same command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from highroad.cli import main; main()", *line],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def visitor(monkeypatch):
    """Who sits at the terminal, for this process and those that it starts."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, VISITOR)
    return VISITOR


@pytest.fixture
def run(visitor, monkeypatch):
    """Runs commands in this folder, which is empty."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # the folder of the settings is added to it
    return run_here


@pytest.fixture
def terminal(run, visitor):
    """A terminal in a folder with the shop's settings."""
    home = Home.under(Path.cwd())
    home.furnish(visitor)
    return Terminal(home.shop)


@pytest.fixture
def add_settings():
    """Adds lines to the settings of this folder."""

    def add(text):
        file = Path("highroad.toml")
        file.write_text(file.read_text("utf-8") + text, "utf-8")

    return add
