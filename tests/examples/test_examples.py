"""Each example runs offline, in an empty folder, and prints what it says that it prints."""

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))
OFFLINE = """
import runpy, socket, sys

def connect(self, address):
    raise SystemExit(f"an example reached for {address!r}")

socket.socket.connect = connect
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def promised(example):
    """The lines that an example's docstring shows behind "It prints:"."""
    words = ast.get_docstring(ast.parse(example.read_text("utf-8"))) or ""
    _, _, shown = words.partition("It prints:\n\n")
    return textwrap.dedent(shown)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_prints_what_it_says(example):
    if "def test_" in example.read_text("utf-8"):
        line = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(example)]
    else:
        line = ["-c", OFFLINE, str(example)]
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if "def test_" not in example.read_text("utf-8"):
        assert done.stdout.strip() == promised(example).strip()
        assert "Traceback" not in done.stderr


def test_every_example_is_listed_and_no_other():
    listed = re.findall(
        r"^\| \[(\w+\.py)\]", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(listed) == [example.name for example in EXAMPLES]
