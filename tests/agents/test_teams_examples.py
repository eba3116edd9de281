"""Each example of a team runs offline, in an empty folder, and prints what it says that it prints.

It is one process each: what an example leaves behind must not reach the next.
"""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "teams"
EXAMPLES = sorted(FOLDER.glob("*.py"))


def promised(example):
    """The lines that an example's docstring shows behind "It prints:"."""
    words = ast.get_docstring(ast.parse(example.read_text("utf-8"))) or ""
    return textwrap.dedent(words.partition("It prints:\n\n")[2])


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_of_a_team_prints_what_it_says(example, tmp_path):
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == promised(example).strip()
    assert "Traceback" not in done.stderr
