"""What stands in the documentation as code runs as it stands there."""

import ast
import inspect
import json
import subprocess
import sys
import tomllib
from contextlib import closing
from types import ModuleType

import anyio
import apsw
import pytest

SKETCHES = ("docs/decisions/",)
"""Records of decisions show what was planned, not what can be run."""


class Notebook:
    """Runs the blocks of a page from top to bottom, in one folder and one namespace."""

    def __init__(self, page, module, capsys):
        self.page = page
        self.module = module
        self.capsys = capsys
        self.printed = None
        """Of the last block of Python; what stands in a block of text behind it."""

    async def run(self):
        for block in self.page.blocks:
            if block.info:  # for the reader's folder and terminals: `test_guides`
                continue
            take = getattr(self, f"_{block.language}", None)
            if take is None:
                self.printed = None
            else:
                await take(block)

    async def _python(self, block):
        # Lines of a traceback are those of the page.
        text = "\n" * (block.line - 1) + block.text
        code = compile(text, self.page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, vars(self.module))  # noqa: S307  our own page
        if inspect.isawaitable(running):
            await running
        self.printed = self.capsys.readouterr().out

    async def _text(self, block):
        if self.printed is not None:
            assert self.printed == block.text, f"{self.page.name}:{block.line}"
        self.printed = None

    async def _toml(self, block):
        tomllib.loads(block.text)
        await anyio.Path("highroad.toml").write_text(block.text, "utf-8")

    async def _cedar(self, block):
        folder = anyio.Path("policies")
        await folder.mkdir(exist_ok=True)
        await (folder / "shop.cedar").write_text(block.text, "utf-8")

    async def _json(self, block):
        json.loads(block.text)

    async def _sql(self, block):
        """Every query of a page finds something in the ledger that the page wrote."""
        # By the library that has it open: another one would take its locks away as it closes.
        with closing(
            apsw.Connection(".highroad/ledger.db", flags=apsw.SQLITE_OPEN_READONLY)
        ) as ledger:
            assert ledger.execute(block.text).fetchall(), f"{self.page.name}:{block.line}"


@pytest.fixture
def notebook(page, monkeypatch, capsys):
    """A module of the page's own, which types that are declared in it belong to."""
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Notebook(page, module, capsys)


async def test_the_code_of_a_page_runs_and_prints_what_the_page_says(page, notebook):
    if not page.name.startswith(SKETCHES):
        await notebook.run()


def test_the_first_code_of_the_readme_is_a_program_of_six_lines(page_of):
    hello = next(block for block in page_of("README.md").blocks if block.language == "python")
    statements = [line for line in hello.text.splitlines() if line.strip()]
    done = subprocess.run(
        [sys.executable, "-c", hello.text], capture_output=True, text=True, check=True
    )
    assert len(statements) == 6
    assert done.stdout == "{'id': 'ORD-000042', 'state': 'paid'}\n"
    assert done.stderr == ""
