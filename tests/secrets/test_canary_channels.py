"""A canary in every place beside the road: what waits, what is told to others, what is compared.

As in `test_canaries`, one story is lived through with tools that repeat a secret wherever they have
a word, and then every byte that was told or kept is searched for it; and it is told again with one
guard after the other taken away, where a channel has to sing.
"""

import asyncio
import base64
import faulthandler
import logging
import os
import threading
import traceback
import warnings
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis as redis_library
from typer.testing import CliRunner

from highroad import Agent, Principal, Runtime, ToolContext, ToolError, Trial, tool
from highroad.bootstrap import assemble
from highroad.cli.app import app
from highroad.domain.error import HighroadError
from highroad.ledger import keyring, results, vault
from highroad.pipeline import hiding, result
from highroad.redaction.known_secrets import KNOWN, KnownSecrets
from highroad.settings import load
from highroad.testing import ScriptedModel, call
from highroad.testing.redteam import Campaign, Layer

pytestmark = [pytest.mark.anyio, pytest.mark.loopback, pytest.mark.promise("P7")]

CANARY = "a_canary_beside_the_road_4720"
WRITTEN = {
    "plain": CANARY,
    "base64": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "hex": CANARY.encode().hex(),
}
BOB = Principal("bob", name="Bob", authenticated=True)
ZOE = Principal("zoe", name="Zoe", authenticated=True)
SETTINGS = """
ledger = "sqlite:///ledger.db"

[secrets.names]
env = "env:CANARY"

[approvals.channels.chat]
url = "http://127.0.0.1:{port}/hook"

[models]
default = "offline"

[[principals]]
id = "bob"

[[principals]]
id = "zoe"
"""


def sings(told):
    """Forms of the canary that stand in bytes."""
    return {form for form, text in WRITTEN.items() if text.encode() in told}


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    def do_POST(self):
        self.server.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def told_by(error):
    """What a program prints of an exception that nobody catches, with all its causes."""
    return "".join(traceback.format_exception(error)) + repr(error)


def hostile(dumped):
    """Tools that know the secret of old, and put it wherever they have a word."""

    @tool(tier="read", secrets=["env"], cache_s=600, cache_public=True)
    def learn(depth: int, context: ToolContext[None]) -> dict[str, object]:
        """Learn."""
        key = context.secret("env").reveal()
        faulthandler.dump_traceback(dumped, all_threads=True)
        return {"key": key, "in base64": WRITTEN["base64"], f"as key {key}": depth}

    def previewed(arguments):
        return {"before": CANARY, "after": {f"{CANARY}": arguments["cents"]}}

    @tool(tier="irreversible", preview=previewed)
    def pay(cents: int) -> str:
        """Pay."""
        return f"paid {cents} by {CANARY}"

    @tool(
        tier="reversible",
        dependency="bank",
        attempts=1,
        transient=(ConnectionRefusedError,),
        not_applied=(ConnectionRefusedError,),
    )
    def refuse(depth: int) -> str:
        """Break, with causes that know more."""
        try:
            try:
                int(f"first {CANARY}")
            except ValueError as error:
                raise KeyError(CANARY) from error
        except KeyError as error:
            raise ConnectionRefusedError(f"last {CANARY} {depth}") from error

    @tool(tier="reversible", attempts=1)
    def blame(depth: int) -> str:
        """Break, by a mistake of its author."""
        try:
            int(f"first {CANARY}")
        except ValueError as error:
            raise RuntimeError(CANARY, depth) from error

    @tool(tier="reversible", effect="idempotent")
    def later(depth: int, context: ToolContext[None]) -> str:
        """Bring its result later."""
        TOKENS[context.call_id] = context.completion_token
        context.defer(expires_s=600)

    return [learn, pay, refuse, blame, later]


TOKENS = {}


class Story:
    """What is told and kept, by channel, as it is lived through."""

    def __init__(self, folder, hook, redis_url):
        self.folder = folder
        self.hook = hook
        self.redis_url = redis_url
        self.told = {}
        self.approval = self.letter = self.failed = ""
        self.dumped = (folder / "faults").open("w+")

    def tell(self, channel, *said):
        """Something that a person, a program or a disk has now."""
        parts = (each if isinstance(each, bytes) else repr(each).encode() for each in said)
        self.told[channel] = self.told.get(channel, b"") + b"\n".join(parts)

    def singing(self):
        return {channel: found for channel, told in self.told.items() if (found := sings(told))}

    async def live(self, *, is_whole=False):
        """All chapters, on one runtime; whole, also what is slow and has no guard of its own."""
        log = logging.FileHandler(self.folder / "all.log")
        logging.getLogger().addHandler(log)
        loop, asyncio_log = asyncio.get_running_loop(), logging.getLogger("asyncio")
        level, asyncio_log.level = asyncio_log.level, logging.DEBUG
        slow_s, loop.slow_callback_duration = loop.slow_callback_duration, 0.0
        loop.set_debug(True)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                runtime = await self._opened()
                try:
                    await self._chapters(runtime)
                finally:
                    await runtime.close()
            self.tell("warnings", [str(each.message) for each in warned])
        finally:
            loop.set_debug(False)
            loop.slow_callback_duration, asyncio_log.level = slow_s, level
            logging.getLogger().removeHandler(log)
            log.close()
            self.dumped.close()
        if is_whole:
            await self._attack()
            await asyncio.to_thread(self._ask_the_command_line)
        self.tell("logs", (self.folder / "all.log").read_bytes())
        self.tell("faults", (self.folder / "faults").read_bytes())
        self.tell("hook", *self.hook.heard)
        self.tell("redis", *self._in_redis())
        kept = (path for path in (self.folder / "kept").rglob("*") if path.is_file())
        self.tell("folder", *(path.read_bytes() for path in kept))

    async def _attack(self):
        with (self.folder / "more faults").open("w") as dumped:
            campaign = Campaign(tools=hostile(dumped), suites=["smuggling"], layers=[Layer.FULL])
            self.tell("red team", await campaign.report())

    def _ask_the_command_line(self):
        """What it says of all this, to whoever may see values and to whoever may not."""
        os.chdir(self.folder / "kept")
        for line in (
            ("approvals", "list", "--all", "--json"),
            ("approvals", "show", self.approval),
            ("approvals", "show", self.approval, "--as", "bob"),
            ("approvals", "show", self.approval, "--as", "bob", "--json"),
            ("dead-letters", "show", self.letter),
            ("dead-letters", "show", self.letter, "--json"),
            ("audit", "denials", "--json"),
            ("explain", self.failed),
            ("explain", self.failed, "--json"),
            ("runs", "list", "--json"),
        ):
            done = CliRunner().invoke(app, line)
            self.tell("command line", done.stdout.encode(), done.stderr.encode())

    async def _opened(self):
        tools = hostile(self.dumped)
        script = [call("learn", depth=7), call("pay", cents=7), call("blame", depth=7)]
        shadow = Agent(name="shade", model=ScriptedModel(*script, CANARY), tools=tools)
        agents = [
            Agent(name="acts", model=ScriptedModel(*script, CANARY), tools=tools, shadow=shadow),
            Agent(name="tries", model=ScriptedModel(*script, CANARY), tools=tools, trial=Trial()),
        ]
        kept = self.folder / "kept"
        kept.mkdir()
        (kept / "highroad.toml").write_text(SETTINGS.format(port=self.hook.server_port), "utf-8")
        settings = load(
            kept, {"HIGHROAD_CACHE": self.redis_url, "HIGHROAD_COUNTERS": self.redis_url}
        )
        return Runtime(
            await assemble(
                f"sqlite:///{kept / 'ledger.db'}",
                tools=tools,
                agents=agents,
                principal=ZOE,
                settings=settings,
            )
        )

    async def _chapters(self, runtime):
        await self._kept_results(runtime)
        await self._approvals(runtime)
        await self._dead_letters(runtime)
        await self._deferred(runtime)
        await self._exceptions(runtime)
        await self._dry(runtime)
        await self._agents(runtime)
        self.tell("values", runtime.settings, runtime.tools, runtime.limits, runtime.principal)
        self.tell("audit", await runtime.audit.verify())

    async def _kept_results(self, runtime):
        for _ in range(2):
            self.tell("cache", await runtime.call("learn", {"depth": 1}))
        assert KNOWN.is_in(CANARY), "from here on it is known"

    async def _approvals(self, runtime):
        held = await runtime.call("pay", {"cents": 5})
        (approval,) = await runtime.approvals.list()
        self.approval = approval.id
        await runtime.approvals.ask(approval.id, f"Is it {CANARY}?", by=BOB)
        await runtime.approvals.answer(approval.id, f"It is {CANARY}.", by=ZOE)
        self.tell("approvals", held, held.for_model(), approval)
        for who in (BOB, ZOE, None):
            self.tell("approvals", await runtime.approvals.case(approval.id, by=who))
        await runtime.approvals.approve(approval.id, by=BOB, reason=f"for {CANARY}")
        self.tell("approvals", await runtime.wait(held.call_id))
        self.tell("approvals", await runtime.approvals.case(approval.id, by=BOB))
        self.tell("explanations", await runtime.audit.explain(held.call_id))

    async def _dead_letters(self, runtime):
        failed = await runtime.call("refuse", {"depth": 1})
        letters = await runtime.dead_letters.list()
        self.tell("dead letters", failed, letters, await runtime.dead_letters.backlog())
        letter = self.letter = letters[0].id
        self.failed = failed.call_id
        self.tell("dead letters", await runtime.dead_letters.redrive(letter, by=BOB))
        done = await runtime.dead_letters.discard(letter, by=BOB, reason=f"It is {CANARY}.")
        self.tell("dead letters", done, await runtime.dead_letters.get(letter))
        self.tell("explanations", await runtime.audit.explain(failed.call_id))

    async def _deferred(self, runtime):
        one, two = [await runtime.call("later", {"depth": depth}) for depth in (1, 2)]
        result = f"it was {CANARY}"
        self.tell("deferred", await runtime.complete(one.call_id, TOKENS[one.call_id], result))
        error = ToolError(f"it was {CANARY}", hint=CANARY, applied=False)
        self.tell("deferred", await runtime.fail(two.call_id, TOKENS[two.call_id], error))
        self.tell("explanations", await runtime.audit.explain(one.call_id))

    async def _exceptions(self, runtime):
        for name in ("refuse", "blame"):
            outcome = await runtime.call(name, {"depth": 2})
            try:
                outcome.unwrap()
            except HighroadError as error:
                self.tell("exceptions", told_by(error).encode())
        for arguments in ({"depth": CANARY}, f'{{"depth": "{CANARY}', {CANARY: 1}):
            outcome = await runtime.call("blame", arguments)
            self.tell("exceptions", outcome, outcome.for_model())
            try:
                outcome.unwrap()
            except HighroadError as error:
                self.tell("exceptions", told_by(error).encode())

    async def _dry(self, runtime):
        dry = await runtime.call("pay", {"cents": 9}, dry_run=True)
        self.tell("previews", dry, dry.for_model(), dry.unwrap())
        self.tell("simulation", await runtime.simulate())

    async def _agents(self, runtime):
        for name in ("acts", "tries"):
            events = [event async for event in runtime.stream(name, f"depth 7, cents 7: {name}")]
            self.tell("events", *events)
        await asyncio.sleep(0)
        with suppress(HighroadError):
            self.tell("comparison", await runtime.agents.compare("acts"))
        self.tell("trial", await runtime.agents.report("tries"))

    def _in_redis(self):
        """Every key and every value there is, as it is stored."""
        with redis_library.Redis.from_url(self.redis_url) as client:
            client.config_set("rdbcompression", "no")
            for key in sorted(client.scan_iter()):
                yield key
                yield client.dump(key) or b""


@pytest.fixture
def story(tmp_path, monkeypatch, hook, redis_url):
    monkeypatch.setenv("CANARY", CANARY)
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
    return Story(tmp_path, hook, redis_url)


CHANNELS = {
    *("approvals", "audit", "cache", "command line", "comparison", "dead letters", "deferred"),
    *("events", "exceptions", "explanations", "faults", "folder", "hook", "logs", "previews"),
    *("red team", "redis", "simulation", "trial", "values", "warnings"),
}


async def test_no_channel_beside_the_road_sings(story):
    await story.live(is_whole=True)
    assert story.singing() == {}
    assert story.told.keys() == CHANNELS
    masked = ("approvals", "cache", "command line", "deferred", "events", "previews")
    for channel in masked:
        assert b"[secret]" in story.told[channel], channel
    for channel in ("faults", "hook", "logs", "redis", "trial", "comparison"):
        assert story.told[channel].strip(), channel


def _nothing_is_hidden(monkeypatch):
    monkeypatch.setattr(KnownSecrets, "hidden", lambda _, text: text)
    for name in ("hidden_bytes", "hidden_content", "hidden_json"):
        monkeypatch.setattr(KnownSecrets, name, lambda _, data: data)


class Plain:
    """A cipher that is none."""

    def __init__(self, key):
        """With any key."""

    def encrypt(self, nonce, content, name):
        return content

    decrypt = encrypt


def _nothing_is_sealed(monkeypatch):
    monkeypatch.setattr(keyring, "_encrypt", lambda cipher, content, name: content)
    monkeypatch.setattr(keyring, "_decrypt", lambda cipher, sealed, name: sealed)
    monkeypatch.setattr(results, "AESGCM", Plain)


def _in(module):
    """Takes the guard away that stands in one module."""
    return lambda monkeypatch: monkeypatch.setattr(module, "KNOWN", KnownSecrets())


def _libraries_talk(monkeypatch):
    """As one does that was handed a secret, in a body."""
    hidden = KnownSecrets.hidden

    def talking(known, text):
        if CANARY in text:
            logging.getLogger("library").warning("it is %s", CANARY)
            warnings.warn(CANARY, stacklevel=2)
        return hidden(known, text)

    monkeypatch.setattr(KnownSecrets, "hidden", talking)


GUARDS = {
    "results": ([_in(result)], {"approvals", "cache", "deferred", "previews"}),
    "errors that come later": ([_in(hiding)], {"deferred"}),
    "what is sealed": ([_in(vault)], {"approvals"}),
    "all hiding": ([_nothing_is_hidden], {"approvals", "cache", "events", "previews"}),
    "hiding and sealing": ([_nothing_is_hidden, _nothing_is_sealed], {"folder", "redis"}),
    "silence of libraries": ([_libraries_talk], {"logs", "warnings"}),
}
"""What is taken away, and where it sings then."""
SEEN = frozenset({"results", "hiding and sealing"})
"""Guards that are taken away in `make test`; the others in `make nightly`."""


@pytest.mark.parametrize(
    "guard",
    [
        guard if guard in SEEN else pytest.param(guard, marks=pytest.mark.nightly)
        for guard in GUARDS
    ],
)
async def test_without_a_guard_a_channel_beside_the_road_sings(story, monkeypatch, guard):
    """Or the test above would prove nothing of it."""
    changes, sing = GUARDS[guard]
    for change in changes:
        change(monkeypatch)
    await story.live()
    assert sing <= story.singing().keys()
