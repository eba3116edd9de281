"""Each example runs offline, in an empty folder, and prints what it says that it prints."""

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
GUIDES = FOLDER / "guides"
"""Each is followed as its page says, in the environment of its host (`tests/docs/test_guides`)."""
EXAMPLES = sorted(each for each in FOLDER.rglob("*.py") if GUIDES not in each.parents)
LISTS = sorted(FOLDER.rglob("README.md"))
OFFLINE = """
import runpy, socket, sys

sys.path.insert(0, sys.argv[2])

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


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_an_example_prints_what_it_says(example):
    if "def test_" in example.read_text("utf-8"):
        line = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(example)]
    else:
        line = ["-c", OFFLINE, str(example), str(FOLDER.parent)]
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if "def test_" not in example.read_text("utf-8"):
        assert done.stdout.strip() == promised(example).strip()
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("page", LISTS, ids=lambda path: path.parent.name)
def test_every_example_of_a_folder_is_listed_in_it_and_no_other(page):
    listed = re.findall(r"^\| \[(\w+\.py)\]", page.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(example.name for example in page.parent.glob("*.py"))


def test_every_folder_of_examples_has_its_list():
    assert {example.parent for example in EXAMPLES} == {page.parent for page in LISTS}
