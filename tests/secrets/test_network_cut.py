"""With the network cut nothing reaches for it: no import, no adapter, no run.

What is tried is heard by an audit hook of the interpreter, which no library can turn off, and
stopped by the kernel where this machine lets a test have a network of its own.
"""

import os
import shutil
import subprocess
import sys

import pytest

SCRIPT = '''
import asyncio, importlib, importlib.util, os, pkgutil, sys, warnings
from pathlib import Path

warnings.simplefilter("ignore")
reached = []

def hear(event, arguments):
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        reached.append(f"{event} {arguments[1][0]}")
    elif event == "socket.getaddrinfo":
        reached.append(f"{event} {arguments[0]}")

sys.addaudithook(hear)
import highroad

left_out = []
for each in pkgutil.walk_packages(highroad.__path__, "highroad."):
    if any(part in each.name for part in ("__main__", ".process.program", ".native.guest")):
        continue  # programs, that run as they are imported
    try:
        importlib.import_module(each.name)
    except ModuleNotFoundError as error:
        left_out.append(error.name)
for name in ("pydantic_ai", "hvac", "keyring", "redis", "asyncpg", "sqlglot", "nh3", "wasmtime",
             "cedarpy", "modal", "agentdojo.task_suite.load_suites", "genai_prices", "jwt"):
    importlib.import_module(name)

from highroad import Agent, Runtime, tool
from highroad.adapters.secrets.vault import VaultLogin, VaultSecrets
from highroad.adapters.secrets.system_keyring import KeyringSecrets
from highroad.bootstrap.anchors import anchors_at
from highroad.bootstrap.caches import cache_at
from highroad.bootstrap.channels import channels_of
from highroad.bootstrap.counters import counters_at
from highroad.bootstrap.models import model_at
from highroad.domain.approval_rules import ChannelRule
from highroad.domain.limits import Limits
from highroad.adapters.system import SystemClock
from highroad.adapters.prices.genai import GenaiPrices
from highroad.bootstrap.sandboxes import SANDBOXES
from highroad.domain.model import TokenUsage
from highroad.domain.sandbox import Language, Program, ProgramLimits, SandboxRules
from highroad.domain.secret import SecretError
from highroad.evals.redteam.agentdojo import AgentDojo

VaultSecrets("https://vault.example.com", login=VaultLogin())
KeyringSecrets("highroad")
anchors_at(("https://anchor.example.com/heads",), ledger=None)
cache_at("redis://cache.example.com", Limits(), SystemClock())
counters_at("redis://counters.example.com", SystemClock())
channels_of({"chat": ChannelRule(url="https://chat.example.com/hook")})
for name in ("openai:gpt-5", "anthropic:claude", "mistral:large", "groq:llama", "ollama:llama"):
    try:
        model_at(name)
    except highroad.HighroadError as error:
        left_out.append(str(error)[:60])

GenaiPrices().microusd("openai:gpt-5", TokenUsage(input=10, output=10))
assert AgentDojo("banking").name
rules = SandboxRules()
for made in SANDBOXES.values():
    sandbox = made(rules)
    for language in Language:
        sandbox.missing(language)
if importlib.util.find_spec("presidio_analyzer") is not None:
    from highroad.adapters.recognizers.presidio import presidio
    try:
        presidio("xx_no_model_of_that_name")  # which spaCy would fetch
    except highroad.HighroadError as error:
        left_out.append(str(error)[:60])

@tool(tier="read")
def get_order(order_id: str) -> dict:
    """Get an order.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"id": order_id, "state": "paid", "more": {"$ref": "https://schema.example.com/x"}}

async def apart():
    try:
        await KeyringSecrets("highroad").fetch("nobody")
    except SecretError as error:
        left_out.append(str(error)[:60])
    for name in ("monty", "bubblewrap"):
        sandbox = SANDBOXES[name](rules)
        if sandbox.missing(Language.PYTHON) is None:
            program = Program(language=Language.PYTHON, text="1 + 1", inputs={})
            assert (await sandbox.run(program, ProgramLimits())).value == 2
        await sandbox.close()

asyncio.run(apart())
Path("highroad.toml").write_text('policy.cedar = ["shop.cedar"]')
Path("shop.cedar").write_text('permit (principal, action, resource);')

async def main():
    agent = Agent(name="support", tools=[get_order])
    async with Runtime.open("sqlite:///cut.db", tools=[get_order], agents=[agent]) as runtime:
        outcome = await runtime.call(get_order, {"order_id": "ORD-000042"})
        assert outcome.unwrap()["state"] == "paid"
        await runtime.run(agent, "What is the state of ORD-000042?")
        await runtime.audit.verify()
        explained = await runtime.audit.explain(outcome.call_id)
        assert "shop.cedar" in repr(explained), "the policy was asked"

asyncio.run(main())
from highroad.cli.app import app
from typer.testing import CliRunner
done = CliRunner().invoke(app, ["demo", "--chapter", "1"])
assert done.exit_code == 0, done.output
line = ["redteam", "--suite", "encodings", "--every", "40", "--tools", "wares"]
done = CliRunner().invoke(app, line)
assert done.exit_code in {0, 3}, done.output
print("reached", sorted(set(reached)))
import socket
try:
    socket.create_connection(("192.0.2.1", 9), 0.01)
except OSError:
    pass
print("heard", reached)
'''
WARES = '''
from highroad import tool

@tool(tier="read")
def read_review(article: str) -> str:
    """Read what customers say of an article."""
    return "good"

@tool(tier="irreversible")
def send_mail(to: str, text: str) -> str:
    """Send a mail."""
    return "sent"
'''
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY")


def _is_cut():
    """Whether this machine lets us have a network with nothing in it."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.timeout(300)
def test_nothing_reaches_for_the_network_by_itself(tmp_path, repository):
    """Every module and every adapter, a call, a run, a proof and a chapter of the demo."""
    environment = {
        **{name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")},
        **dict.fromkeys(KEYS, "a key of nobody"),
        "PYTHONPATH": os.pathsep.join(
            (str(repository / "src"), str(repository / "auditor"), str(tmp_path))
        ),
        "HOME": str(tmp_path),
    }
    cut = ["unshare", "-rn"] if _is_cut() else []
    (tmp_path / "wares.py").write_text(WARES)
    done = subprocess.run(
        [*cut, sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "reached []" in done.stdout, done.stdout
    assert "192.0.2.1" in done.stdout.partition("heard")[2]
