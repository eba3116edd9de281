"""The lines of docs/command-line.md run one after the other, and end as the page says."""

import re
import shlex
import sys

from typer.testing import CliRunner

from highroad.cli.app import COMMANDS, app

EXITS = re.compile(r"# exits (\d)")


def test_every_line_of_the_page_ends_as_it_says(page_of, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    for block in page_of("docs/command-line.md").blocks:
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)[1:]
            done = CliRunner().invoke(app, words, catch_exceptions=False)
            told = EXITS.search(line)
            assert done.exit_code == (int(told[1]) if told else 0), (line, done.stderr)
            if "repeated" in line:
                assert "repeated" in done.stderr


def test_every_command_is_told_and_no_other(page_of, rows_of):
    told = [row[0].strip("`") for row in rows_of(page_of("docs/command-line.md").text)]
    assert told == [f"highroad {name}" for name in COMMANDS]
