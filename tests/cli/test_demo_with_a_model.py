"""`highroad demo --ask --model`: the main job, with a provider played by a local server."""

import asyncio
import json
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from highroad.cli import demo as command
from highroad.cli.exits import ExitCode
from highroad.demo.home import Home
from highroad.testing.contracts.model import said
from highroad.testing.wire import Play, ProviderServer

pytestmark = pytest.mark.loopback

ASK = "refund 5 euros of order ORD-000042, the vase was broken"
REFUND = json.dumps({"order_id": "ORD-000042", "cents": 500})
REPLIES = (
    said("I look at it.", ("call_1", "get_order", json.dumps({"order_id": "ORD-000042"}))),
    said("", ("call_2", "refund", REFUND)),
    said("I refunded 5 euros of order ORD-000042."),
)
PROVIDERS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@contextmanager
def serving(server):
    """The server in a loop of its own: each command has one, and ends it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(run, visitor, provider, monkeypatch):
    """The provider, whose address the settings of the demo have; the environment has its key."""
    replies = iter(REPLIES)
    with serving(ProviderServer(lambda asked: Play(reply=next(replies)))) as server:
        home = Home.under(Path.cwd())
        home.furnish(visitor)
        with (home.folder / "highroad.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[models.servers.{provider}]\nurl = "{server.address(provider)}"\n')
        monkeypatch.setenv(PROVIDERS[provider], "the-key")
        yield server


def refunds():
    return Home.under(Path.cwd()).shop.count("refunds")


def test_a_run_with_a_providers_model_waits_is_approved_goes_on_and_ends(
    run, server, provider, monkeypatch
):
    """In three processes, as it says itself: ask, approve, resume."""
    held = run("demo", "--ask", ASK, "--model", f"{provider}:model-1")
    assert held.code == ExitCode.HELD, held.err
    assert len(server.asked) == 2
    assert refunds() == 0

    approve = re.search(r"highroad (approvals approve apr_\w+ --as bob)", held.err)[1]
    resume = re.search(r"HIGHROAD_MODELS_DEFAULT=(\S+) highroad (runs resume run_\w+)", held.err)
    assert run(*approve.split()).code == ExitCode.COMPLETED
    monkeypatch.setenv("HIGHROAD_MODELS_DEFAULT", resume[1])
    over = run(*resume[2].split())
    assert over.code == ExitCode.COMPLETED, over.err
    assert "I refunded 5 euros" in over.out
    assert refunds() == 1

    last = server.asked[-1]
    assert len(server.asked) == 3
    assert last.headers["authorization"] == "Bearer the-key"
    assert b"call_2" in last.raw
    assert last.body["model"] == "model-1"


def test_at_a_terminal_the_manager_is_asked_and_the_same_model_goes_on(
    run, server, provider, monkeypatch
):
    """In one process."""
    monkeypatch.setattr(command, "_decides_here", lambda output: True)
    monkeypatch.setattr(command.typer, "confirm", lambda *_, **__: True)
    done = run("demo", "--ask", ASK, "--model", f"{provider}:model-1")
    assert done.code == ExitCode.COMPLETED, done.err
    assert "I refunded 5 euros" in done.out
    assert len(server.asked) == 3
    assert refunds() == 1


def test_without_its_key_it_says_which_variable_to_set(run, server, provider, monkeypatch):
    """Before anything is asked."""
    monkeypatch.delenv(PROVIDERS[provider])
    done = run("demo", "--ask", ASK, "--model", f"{provider}:model-1")
    assert done.code != ExitCode.COMPLETED
    assert PROVIDERS[provider] in done.err
    assert not server.asked
