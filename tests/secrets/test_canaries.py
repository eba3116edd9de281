"""Canaries in every place that keeps secrets, and hostile tools that echo them: no channel sings.

One story is lived through, with tools and a model that repeat a secret wherever they can put a
word; then every byte that was told or kept is searched for it. `GUARDS` takes one guard away after
the other, and the story is told again: a channel that sings then shows that the search would have
found it.
"""

import asyncio
import base64
import json
import logging
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from random import Random
from typing import Annotated
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from highroad import (
    Agent,
    File,
    Image,
    Principal,
    Runtime,
    Secret,
    ToolContext,
    ToolError,
    tool,
)
from highroad.bootstrap import Parts, assemble
from highroad.cli.app import app
from highroad.cli.exits import ExitCode
from highroad.domain.secret import SecretText
from highroad.pipeline import attempts, hiding, result, view
from highroad.redaction.known_secrets import KNOWN, KnownSecrets
from highroad.settings import load
from highroad.testing import FakeClock, ScriptedModel, call, said

pytestmark = [pytest.mark.anyio, pytest.mark.promise("P7")]

ENVIRONMENT = "a_canary_of_the_environment_4711"
FILED = "canary+of/a=file&4712"
RAW = "a canary that a model says 4713"
SHORT = "Bibo 47"
HANDED = "a canary that code hands in 4714"
MASTER = base64.b64encode(b"a canary as a master key 471532!").decode()
TINY = b"\x89PNG\r\n\x1a\n"
WRITTEN = (
    str,
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    lambda text: quote(text, safe=""),
    lambda text: text.encode().hex(),
    json.dumps,
)
SETTINGS = """
[secrets]
sources = ["env:CANARY", "file:mounted"]

[secrets.names]
env = "env:CANARY"
filed = "file:filed"

[secrets.allow]
log_in = ["env"]
"""

_log = logging.getLogger("highroad.road")


def sings(text):
    """Canaries that are in a text, in any form in which they were written."""
    return {
        (name, at)
        for name, canary in (
            *(("environment", ENVIRONMENT), ("file", FILED), ("model", RAW)),
            *(("short", SHORT), ("code", HANDED), ("master", MASTER)),
        )
        for at, write in enumerate(WRITTEN)
        # In base64 behind others the last letter depends on what follows.
        if write(canary).strip('"=')[-20:][:19].encode() in text or canary.encode() in text
    }


def hostile(chance):  # noqa: C901 - one tool for each place
    """Tools that put a secret into every place where they have a word."""

    def both(context):
        """The two that a tool declares, in some form."""
        names = ("env", "filed")
        return [chance.choice(WRITTEN)(context.secret(name).reveal()) for name in names]

    declares = {"tier": "reversible", "secrets": ["env", "filed"], "effect": "repeatable"}

    @tool(**declares)
    async def in_result(depth: int, context: ToolContext[None]) -> dict[str, object]:
        """Leak."""
        one, other = both(context)
        found = {f"before {one} behind": [f"<{other}>", {"n": depth, other: one}]}
        for _ in range(depth):
            found = {"below": [found]}
        return found

    @tool(**declares)
    def in_file(context: ToolContext[None]) -> list[File | Image]:
        """Leak."""
        one, other = both(context)
        text = f"{one}\n{other}".encode()
        return [
            File(data=text, media_type="text/plain", name="a.txt"),
            Image(data=TINY + text, media_type="image/png"),
        ]

    @tool(**declares, attempts=1)
    def in_error(part: str, context: ToolContext[None]) -> None:
        """Leak."""
        one, _ = both(context)
        words = {"message": "It broke.", "hint": "None.", "code": "broken"}
        raise ToolError(**{**words, part: ENVIRONMENT if part == "code" else one}, applied=False)

    @tool(**declares, attempts=1)
    def in_exception(context: ToolContext[None]) -> None:
        """Leak."""
        raise type(f"E{ENVIRONMENT}", (RuntimeError,), {})(*both(context))

    @tool(**declares)
    def in_log(context: ToolContext[None]) -> None:
        """Leak."""
        one, other = both(context)
        _log.warning("a body knows %s", one, extra={"more": other})
        try:
            raise ValueError(other)  # noqa: TRY301 - it is what is logged
        except ValueError:
            _log.exception("a body met %s", other)

    @tool(**declares)
    async def in_progress(context: ToolContext[None]) -> None:
        """Leak."""
        for each in both(context):
            context.report(f"I know {each}")
            await asyncio.sleep(0)

    @tool(tier="reversible", effect="repeatable")
    def log_in(user: str, password: Annotated[str, Secret()]) -> str:
        """Log in."""
        return f"{user} came in with {password}"

    return [in_result, in_file, in_error, in_exception, in_log, in_progress, log_in]


@dataclass
class Story:
    """What was told and kept, by channel."""

    told: dict[str, bytes]

    def singing(self):
        return {channel: found for channel, text in self.told.items() if (found := sings(text))}


async def live(folder, monkeypatch, seed=0):
    """Everything that can be done with a secret, through every door that this process has."""
    monkeypatch.setenv("CANARY", ENVIRONMENT)
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", MASTER)
    monkeypatch.chdir(folder)
    (folder / "highroad.toml").write_text(SETTINGS, "utf-8")
    mounted = folder.parent / "mounted"
    mounted.mkdir(exist_ok=True)
    (mounted / "filed").write_text(FILED, "utf-8")
    (mounted / "filed").chmod(0o600)
    (folder / "highroad.toml").write_text(
        SETTINGS.replace("file:mounted", f"file:{mounted}"), "utf-8"
    )
    tools = hostile(Random(seed))  # noqa: S311 - repeatable
    log = folder / "road.log"
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter("%(message)s %(more)s", defaults={"more": ""}))
    logging.getLogger("highroad").addHandler(handler)
    model = ScriptedModel(
        said(
            f"I think that it is {ENVIRONMENT[:10]}",
            f"{ENVIRONMENT[10:]} indeed.",
            call("in_result", depth=1),
            call("in_error", part="message"),
            call("in_progress"),
            call("log_in", user="zoe", password=RAW),
            call("log_in", user="zoe", password=SHORT),
        ),
        f"It was {FILED}.",
    )
    agent = Agent(name="parrot", model=model, tools=tools)
    outcomes, events = [], []
    runtime = Runtime(
        await assemble(
            f"sqlite:///{folder / 'ledger.db'}",
            tools=tools,
            agents=[agent],
            principal=Principal("zoe", authenticated=True),
            settings=load(folder, {}),
            parts=Parts(clock=FakeClock(autojump=True)),
        )
    )
    try:
        asked = [
            ("in_result", {"depth": 3}),
            ("in_file", {}),
            *(("in_error", {"part": part}) for part in ("message", "hint", "code")),
            *((name, {}) for name in ("in_exception", "in_log", "in_progress")),
            ("log_in", {"user": "zoe", "password": "secret:env"}),
            ("log_in", {"user": "zoe", "password": RAW}),
            ("log_in", {"user": "zoe", "password": SHORT}),
            ("log_in", {"user": "zoe", "password": SecretText(HANDED)}),
            ("log_in", {"user": ENVIRONMENT, "password": "secret:env"}),
            (FILED, {"user": FILED}),
            ("in_result", f'{{"depth": "{FILED}"}}'),
        ]
        for name, arguments in asked:
            outcomes.append(await runtime.call(name, arguments))
        request = f"zoe says {ENVIRONMENT}: part message, depth 1"
        events += [event async for event in runtime.stream(agent, request)]
        explained = [await runtime.audit.explain(each.call_id) for each in outcomes]
        bundle = folder / "bundle"
        await runtime.flush()
        await runtime.audit.export(bundle)
        payloads = await opened(runtime, folder / "ledger.db")
        told = {
            "outcomes": repr(outcomes).encode(),
            "answers": json.dumps([each.for_model() for each in outcomes]).encode(),
            "files": b"".join(
                blob.data for each in outcomes for blob in getattr(each, "blobs", ())
            ),
            "events": repr(events).encode(),
            "explanations": repr(explained).encode(),
            "payloads": payloads,
            "prompts": repr(model.requests[1:]).encode(),
        }
    finally:
        await runtime.close()
        logging.getLogger("highroad").removeHandler(handler)
        handler.close()
    told["log"] = log.read_bytes()
    told["folder"] = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return Story(told)


async def opened(runtime, path):
    """All that is sealed, in plain: whoever has the keys finds masks there too."""
    vault = runtime._services.ledger.vault  # noqa: SLF001 - what an owner of the keys could do
    with sqlite3.connect(path) as found:
        rows = found.execute("SELECT run_id, id FROM payload").fetchall()
    found.close()
    return b"\n".join([await vault.open(run_id, payload_id) for run_id, payload_id in rows])


@pytest.mark.parametrize("seed", range(6))
async def test_no_channel_sings(tmp_path, monkeypatch, seed):
    """Whatever form the hostile tools choose, which the seed decides."""
    folder = tmp_path / "house"
    folder.mkdir()
    story = await live(folder, monkeypatch, seed)
    assert story.singing() == {}
    assert b"[secret]" in story.told["payloads"]
    for channel in ("outcomes", "answers", "files", "events", "log", "prompts"):
        assert b"[secret]" in story.told[channel], channel


EMPTY = KnownSecrets()
GUARDS = {
    "results": ([result], "KNOWN", {"outcomes", "answers", "files", "prompts"}),
    "errors of bodies": ([attempts, hiding], "KNOWN", {"outcomes", "answers"}),
    "progress": ([view, "highroad.agents.events"], "KNOWN", {"events"}),
    "text of models": (["highroad.agents.asking", "highroad.agents.events"], "KNOWN", {"events"}),
    "payloads": (["highroad.ledger.vault"], "KNOWN", {"payloads"}),
    "entries": ([attempts, hiding, "highroad.ledger.entries.form"], "KNOWN", {"folder"}),
    "logs": (["highroad.redaction.logs"], "_FILTER", {"log", "folder"}),
    "values in calls of models": (["highroad.agents.offering"], None, {"payloads"}),
    "registration of what is fetched": (["highroad.pipeline.secrets"], "KNOWN", {"outcomes"}),
}
"""Which modules lose their guard, and where it sings then."""


@pytest.mark.parametrize("guard", GUARDS)
async def test_without_a_guard_its_channel_sings(tmp_path, monkeypatch, guard):
    """Or the test above would prove nothing of it."""
    modules, name, sing = GUARDS[guard]
    for each in modules:
        module = sys.modules[each] if isinstance(each, str) else each
        if name == "KNOWN":
            monkeypatch.setattr(module, "KNOWN", EMPTY)
        elif name == "_FILTER":
            for logger in module.LOGGERS:
                logging.getLogger(logger).removeFilter(module._FILTER)  # noqa: SLF001
            monkeypatch.setattr(module, "_FILTER", logging.Filter("nobody is filtered by this"))
            monkeypatch.setattr("highroad.bootstrap.secrets.guard_logs", lambda: None)
        else:
            monkeypatch.setattr(module.Offering, "unspoken", lambda self, said, spoken: said)
    if guard == "registration of what is fetched":
        monkeypatch.setattr(KNOWN, "add", lambda text: None)
    folder = tmp_path / "house"
    folder.mkdir()
    story = await live(folder, monkeypatch)
    assert sing <= story.singing().keys()


LEAKY = '''
import logging
from highroad import ToolContext, ToolError, tool

@tool(tier="read", secrets=["env"])
def leak(how: str, context: ToolContext[None]) -> str:
    """Leak."""
    key = context.secret("env").reveal()
    logging.getLogger("highroad.runtime").warning("it is %s", key)
    if how == "error":
        raise ToolError(key, hint=key, code="broken")
    return f"it is {key}"
'''
CONFIGURED = """
tools = ["leaky"]
[secrets]
sources = ["env:CANARY"]
[secrets.names]
env = "env:CANARY"
gone = "env:NOT_SET"
"""


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """The command line, in a folder with a tool that leaks."""
    (tmp_path / "highroad.toml").write_text(CONFIGURED, "utf-8")
    (tmp_path / "leaky.py").write_text(LEAKY, "utf-8")
    monkeypatch.setenv("CANARY", ENVIRONMENT)

    def run(*line):
        done = CliRunner().invoke(app, line, catch_exceptions=False)
        return done.exit_code, done.stdout.encode() + done.stderr.encode()

    yield run
    sys.modules.pop("leaky", None)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_command_line_tells_nothing(tmp_path, commands, form):
    """Neither of a call, nor of its error, nor of what is on record of it."""
    for line in (
        ("call", "leak", '{"how": "result"}'),
        ("call", "leak", '{"how": "error"}'),
        ("explain", "--last"),
        ("secrets", "check"),
        ("config",),
    ):
        _, told = commands(*line, *form)
        assert told
        assert not sings(told), line
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not sings(kept)


def test_a_check_says_of_each_name_where_it_is_and_whether_it_can_be_had(commands):
    code, told = commands("secrets", "check", "--json")
    assert code == ExitCode.FAILED
    found = [(each["name"], each["place"], bool(each["problem"])) for each in json.loads(told)]
    assert found == [("env", "env:CANARY", False), ("gone", "env:NOT_SET", True)]
    code, told = commands("secrets", "check", "env")
    assert code == ExitCode.COMPLETED
    assert b"can be had" in told


def test_the_arguments_and_output_of_a_process_tell_nothing(tmp_path, commands, repository):
    """Of a process of its own, with all that it wrote to its terminal."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from highroad.cli import main; main()"),
            *("call", "leak", '{"how": "result"}', "--json"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        capture_output=True,
        check=True,
    )
    assert b"[secret]" in done.stdout
    assert not sings(done.stdout + done.stderr)
