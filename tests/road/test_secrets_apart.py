"""Secrets of bodies that run apart: through the pipe, and by no other way."""

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from highroad import ToolContext, tool
from highroad.domain.error import DeclarationError
from highroad.domain.secret import SecretRules
from highroad.redaction.known_secrets import KNOWN
from highroad.settings import load
from highroad.testing import FakeSecrets
from highroad.tools.compile import compile_tool

pytestmark = [pytest.mark.anyio, pytest.mark.promise("P7")]

CANARY = "a canary that goes through a pipe"
TOOLS = '''
import os
from pathlib import Path
from typing import Annotated

from highroad import Secret, ToolContext, tool


def stands_elsewhere(canary):
    """Where else than in memory a secret could be read in this process."""
    found = [name for name, text in os.environ.items() if canary in text]
    arguments = Path("/proc/self/cmdline")
    if arguments.exists() and canary in arguments.read_text("latin-1"):
        found.append("cmdline")
    return found


@tool(tier="read", isolation="process", secrets=["stripe"])
def ask(context: ToolContext[None]) -> list[str]:
    """Ask for it, and look where else it is."""
    key = context.secret("stripe").reveal()
    return [str(len(key)), context.call_id[:5], *stands_elsewhere(key)]


@tool(tier="read", isolation="process", secrets=["stripe"])
def leak(context: ToolContext[None]) -> str:
    """Leak."""
    return context.secret("stripe").reveal()


@tool(tier="read", isolation="process", secrets=["stripe"], effect="repeatable")
def nosy(context: ToolContext[None]) -> str:
    """Ask for another."""
    return context.secret("another").reveal()


@tool(tier="read", isolation="process", secrets=["stripe"], effect="repeatable")
def wants_more(context: ToolContext[None]) -> None:
    """Ask for what is not there."""
    context.report("here I am")


@tool(tier="read", isolation="process")
def environment() -> dict[str, str]:
    """Say all variables that there are."""
    return dict(os.environ)


@tool(tier="read", isolation="process")
def takes(password: Annotated[str, Secret()]) -> int:
    """Take a reference."""
    return len(password)


@tool(tier="read", isolation="sandbox", secrets=["stripe"])
def confined(context: ToolContext[None]) -> list[str]:
    """Ask for it where nothing is."""
    key = context.secret("stripe").reveal()
    return [str(len(key)), *stands_elsewhere(key)]
'''


@pytest.fixture
async def here(world, tmp_path, monkeypatch):
    (tmp_path / "tools_with_secrets.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    module = importlib.import_module("tools_with_secrets")
    rules = SecretRules(names={"stripe": "file:stripe"}, allow={"takes": ("stripe",)})
    settings = load(Path.cwd(), {"HIGHROAD_SANDBOX_VARIABLES": "REGION,TOKEN"})
    made = await world(
        module,
        settings=replace(settings, secrets=rules),
        secrets={"file": FakeSecrets({"stripe": CANARY})},
    ).open()
    yield made
    await made.runtime.close()
    sys.modules.pop("tools_with_secrets", None)


async def test_a_worker_is_told_by_its_pipe_alone(here):
    assert CANARY not in "".join(os.environ.values())
    assert (await here.call("ask", {})).unwrap() == [str(len(CANARY)), "call_"]


async def test_a_worker_finds_what_settings_name_and_no_known_secret(here, monkeypatch):
    """Whatever else this process was told by variables is not the body's."""
    monkeypatch.setenv("REGION", "north")
    monkeypatch.setenv("TOKEN", f"Bearer {CANARY}")
    for name in ("HIGHROAD_MASTER_KEY", "HIGHROAD_LEDGER", "DATABASE_URL", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "of nobody's business")
    KNOWN.add(CANARY)
    seen = (await here.call("environment", {})).unwrap()
    assert seen["REGION"] == "north"
    assert "PATH" in seen
    assert not [name for name, said in seen.items() if "business" in said or CANARY in said]
    assert "TOKEN" not in seen


async def test_what_a_worker_repeats_is_hidden(here):
    assert (await here.call("leak", {})).unwrap() == "[secret]"


async def test_a_worker_has_what_was_declared_and_no_more(here):
    assert (await here.call("nosy", {})).error.code == "secret_undeclared"


async def test_of_a_context_apart_there_is_no_more(here):
    assert (await here.call("wants_more", {})).status == "failed"


async def test_an_argument_is_resolved_for_a_worker_too(here):
    assert (await here.call("takes", {"password": "secret:stripe"})).unwrap() == len(CANARY)


async def test_a_sandbox_is_told_by_its_pipe_alone(here, machine_has):
    choice = here.services.programs.choice_for_bodies("read")
    machine_has(None if choice.sandbox else choice.why)
    assert (await here.call("confined", {})).unwrap() == [str(len(CANARY))]


@pytest.mark.parametrize("options", [{}, {"secrets": ["stripe"]}])
def test_a_context_without_secrets_or_with_deps_is_refused_as_before(options):
    kind = ToolContext[dict] if options else ToolContext[None]

    def body(context):
        """Do nothing."""

    body.__annotations__ = {"context": kind, "return": None}
    with pytest.raises(DeclarationError, match="another process"):
        compile_tool(tool(tier="read", isolation="process", **options)(body))
