"""The public surface: every promised name is there, is loaded late, and is what checkers see."""

import ast
import subprocess
import sys

import highroad
from highroad import _HOMES


def test_every_public_name_loads_from_its_home():
    """What `__all__` promises can be imported, and nothing else is promised twice or nowhere."""
    homes = [name for names in _HOMES.values() for name in names]
    assert sorted(homes) == sorted(highroad.__all__)
    for name in highroad.__all__:
        assert getattr(highroad, name) is not None


def test_type_checkers_and_the_interpreter_see_the_same_names(repository):
    """The imports under TYPE_CHECKING are those of the table."""
    source = (repository / "src/highroad/__init__.py").read_text()
    seen = {
        node.module.removeprefix("highroad."): tuple(sorted(alias.name for alias in node.names))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("highroad.")
    }
    assert seen == {home: tuple(sorted(names)) for home, names in _HOMES.items()}


def test_importing_highroad_loads_neither_ledger_nor_pydantic():
    """A program that only asks for help waits for neither."""
    script = "import sys, highroad; print([m for m in ('pydantic', 'apsw') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt import fails as it would anywhere."""
    assert not hasattr(highroad, "Runtimes")
