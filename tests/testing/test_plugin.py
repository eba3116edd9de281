"""The plugin's fixtures, in test sessions of their own."""

import ast
import subprocess
import sys

import pytest

from highroad import testing

CONFTEST = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
HEAD = """
import pytest
from highroad import tool
from highroad.domain.model import ModelRequest, UserMessage
from highroad.testing import ScriptedModel, call, ran
from highroad.testing.contracts.model import whole

pytestmark = pytest.mark.anyio
ASK = ModelRequest(messages=(UserMessage(text="Refund it."),))
"""
SCRIPTED = """
@tool(tier="reversible")
async def refund(cents: int) -> str:
    "Pay money back."
    return f"refunded {cents}"

async def test_whole(scripted_model):
    await whole(scripted_model("one"), ASK)

async def test_part(scripted_model):
    await whole(scripted_model("one", call("refund", cents=5)), ASK)

async def test_failed(scripted_model):
    scripted_model("never asked for")
    assert False

async def test_beyond(scripted_model):
    with pytest.raises(AssertionError):
        await whole(scripted_model(), ASK)
    assert False

async def test_effects(runtime, effects):
    await runtime.call(refund, {"cents": 5})
    assert effects.count("refund", cents=5) == 1
    (await ran(runtime)).called("refund").ended("completed")

async def test_unnamed(recorded_model): ...

@pytest.mark.recorded("nowhere.jsonl")
async def test_unrecorded(recorded_model): ...
"""
RECORDED = """
@pytest.fixture
def model_to_record():
    return ScriptedModel("one", "two")

@pytest.mark.recorded("tapes/whole.jsonl", shape="anthropic")
async def test_whole(recorded_model):
    assert (await whole(recorded_model, ASK)).message.text == "one"

@pytest.mark.recorded("tapes/part.jsonl")
async def test_part(recorded_model, request):
    await whole(recorded_model, ASK)
    if request.config.getoption("--record-models"):
        await whole(recorded_model, ASK)
"""


def session(folder, code, *options):
    """Run tests in a session of their own: exit code, and what it printed."""
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "test_it.py").write_text(HEAD + code, "utf-8")
    quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--strict-markers", "-rA")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *options, "test_it.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a session told of tests that use the fixtures rightly and wrongly."""
    return session(tmp_path_factory.mktemp("scripted"), SCRIPTED)[1]


def test_a_script_has_been_played_to_its_end_when_its_test_ends(told):
    assert "PASSED test_it.py::test_whole" in told
    assert "ERROR test_it.py::test_whole" not in told
    assert "ERROR test_it.py::test_part" in told
    assert "2. call('refund', '{\"cents\":5}')" in told


def test_of_a_test_that_failed_the_script_says_nothing(told):
    assert "FAILED test_it.py::test_failed" in told
    assert "ERROR test_it.py::test_failed" not in told
    assert "never asked for'" not in told


def test_that_a_model_was_asked_beyond_its_script_is_why_a_test_failed(told):
    assert "ERROR test_it.py::test_beyond" in told
    assert "the script of 0 lines is over" in told


def test_effects_of_the_runtime_are_counted(told):
    assert "PASSED test_it.py::test_effects" in told


def test_a_recorded_test_names_its_tape_which_is_there(told):
    assert "ERROR test_it.py::test_unnamed" in told
    assert '@pytest.mark.recorded("refund.jsonl")' in told
    assert "ERROR test_it.py::test_unrecorded" in told
    assert "nowhere.jsonl cannot be read" in told


def test_tapes_are_recorded_beside_the_test_and_then_play_to_their_end(tmp_path):
    code, told = session(tmp_path, RECORDED, "--record-models")
    assert code == 0, told
    lines = (tmp_path / "tapes" / "whole.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2
    code, told = session(tmp_path, RECORDED)
    assert code == 1
    assert "ERROR test_it.py::test_whole" not in told
    assert "ERROR test_it.py::test_part" in told
    assert "1 exchanges of the tape part.jsonl were not played" in told


def test_a_session_that_uses_none_of_it_loads_none_of_it():
    script = (
        "import sys, highroad.testing.plugin; "
        "print([m for m in ('highroad.runtime', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_name_loads_from_its_home_and_checkers_see_the_same(repository):
    """As on the public surface."""
    homes = testing._HOMES  # noqa: SLF001
    assert sorted(name for names in homes.values() for name in names) == testing.__all__
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    source = (repository / "src/highroad/testing/__init__.py").read_text("utf-8")
    seen = {
        node.module.removeprefix("highroad."): tuple(sorted(each.name for each in node.names))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("highroad.")
    }
    assert seen == {home: tuple(sorted(names)) for home, names in homes.items()}
