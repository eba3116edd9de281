"""Every upstream keeps the contract of its port; and what that of standard streams does besides."""

import asyncio
import json
import os
import sys
from pathlib import Path

import anyio
import pytest
from mcp import MCPError
from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract

from highroad.adapters.upstreams.mcp_stdio import McpStdio
from highroad.adapters.upstreams.mcp_stdio.transport import LONGEST_LINE
from highroad.bootstrap.upstreams import name_of, upstream_of
from highroad.domain.error import SettingsError
from highroad.ports.upstream import UpstreamError, UpstreamProgress
from highroad.resilience.failures.reading import meaning_of
from highroad.testing.clock import FakeClock
from highroad.testing.contracts.upstream import UpstreamContract
from highroad.testing.upstream import FakeUpstream

KIT = Path(__file__).with_name("kit_server.py")
NEWER = Path(__file__).with_name("newer_server.py")


async def opened(server):
    upstream = upstream_of([sys.executable, str(server)])
    await upstream.open()
    yield upstream
    await upstream.close()


class TestMcpStdio(UpstreamContract):
    @pytest.fixture
    async def upstream(self):
        async for upstream in opened(KIT):
            yield upstream

    async def test_what_else_travels_with_a_trace_stays_here(self, upstream):
        """The library by itself would hand on what came from whoever called us."""
        came = {
            "traceparent": f"00-{1:032x}-{2:016x}-01",
            "tracestate": "vendor=hush-hush",
            "baggage": "user=alice",
        }
        token = attach(extract(came))
        try:
            around = f"00-{1:032x}-{3:016x}-01"
            told = await upstream.call("traced", {}, traceparent=around)
        finally:
            detach(token)
        assert told["content"][0]["text"] == json.dumps({"traceparent": around})


@pytest.mark.nightly
class TestMcpStdioInTheNewerEra(UpstreamContract):
    @pytest.fixture
    async def upstream(self):
        async for upstream in opened(NEWER):
            yield upstream


@pytest.mark.anyio
async def test_a_server_of_the_newer_era_is_asked_to_tell_of_changes():
    async for upstream in opened(NEWER):
        changed = asyncio.Event()
        upstream.on_change(changed.set)
        await upstream.call("grow", {})
        await asyncio.wait_for(changed.wait(), 20)
        assert "grown" in [each["name"] for each in await upstream.tools()]


class Paces(FakeClock):
    """Notes the pauses, and takes none."""

    def __init__(self):
        super().__init__()
        self.pauses = []

    async def sleep(self, seconds):
        self.pauses.append(seconds)


@pytest.mark.anyio
async def test_a_server_that_dies_again_and_again_is_started_ever_later():
    clock = Paces()
    upstream = McpStdio(
        [sys.executable, str(KIT)], name="it", variables=lambda: dict(os.environ), clock=clock
    )
    await upstream.open()
    try:
        for lived_s in (0, 0, 60, 0):
            await upstream.call("echo", {"text": "it is there"})
            clock.advance(lived_s)
            with pytest.raises(MCPError):
                await upstream.call("die", {})
        await upstream.call("echo", {"text": "it is there"})
    finally:
        await upstream.close()
    assert clock.pauses == [0.1, 0.2, 0.1, 0.2]


def text(said, **more):
    return {"content": [{"type": "text", "text": said}], **more}


async def fail(arguments, follow):
    return text("it went wrong", isError=True)


class TestFake(UpstreamContract):
    @pytest.fixture
    async def upstream(self):
        given_up = []

        async def echo(arguments, follow):
            return text(arguments["text"])

        async def count(arguments, follow):
            for done in (1, 2, 3):
                await follow(UpstreamProgress(done=done, total=3))
            return text("counted")

        async def wait(arguments, follow):
            try:
                await anyio.sleep_forever()
            finally:
                given_up.append(1)

        async def tell_given_up(arguments, follow):
            return text(str(len(given_up)))

        async def traced(arguments, follow):
            told = upstream.traceparents[-1]
            return text(json.dumps({} if told is None else {"traceparent": told}))

        async def die(arguments, follow):
            asyncio.get_running_loop().call_soon(upstream.die)
            await anyio.sleep_forever()

        async def grow(arguments, follow):
            upstream.forms.append({"name": "grown", "inputSchema": {"type": "object"}})
            upstream.change()
            return text("grown")

        answers = {
            "echo": echo,
            "fail": fail,
            "count": count,
            "wait": wait,
            "given_up": tell_given_up,
            "traced": traced,
            "die": die,
            "grow": grow,
        }
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        upstream = FakeUpstream(
            [{"name": name, "inputSchema": schema} for name in answers],
            answers,
            beside={"prompts": 1, "resources": 3},
        )
        await upstream.open()
        yield upstream
        await upstream.close()


@pytest.mark.anyio
@pytest.mark.parametrize("has_end", [True, False], ids=["with an end", "without one"])
async def test_a_line_that_is_too_long_ends_the_server_and_fills_no_memory(caplog, has_end):
    async for upstream in opened(KIT):
        before = resident_mb()
        async with asyncio.timeout(20):
            with pytest.raises(Exception, match="closed") as broken:
                await upstream.call("flood", {"has_end": has_end})
            assert not meaning_of(broken.value).is_not_applied
            echoed = await upstream.call("echo", {"text": "here"})
        assert echoed["content"][0]["text"] == "here"
        assert resident_mb() - before < 4 * LONGEST_LINE / 1e6
        assert "a line of more than 16 MB" in caplog.text


@pytest.mark.anyio
async def test_a_long_line_comes_whole():
    async for upstream in opened(KIT):
        text = "ü" * 2_000_000
        echoed = await upstream.call("echo", {"text": text})
        assert echoed["content"][0]["text"] == text


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.anyio
@pytest.mark.parametrize(
    "command",
    [["no-such-program-anywhere"], [sys.executable, "-c", "print('no MCP')"]],
    ids=["missing", "mute"],
)
async def test_what_is_no_server_is_said_so_without_its_arguments(command):
    upstream = upstream_of([*command, "--token=hush-hush"], name="it")

    with pytest.raises(UpstreamError) as refused:
        await upstream.open()

    assert "it" in str(refused.value)
    assert "hush-hush" not in str(refused.value)


@pytest.mark.anyio
async def test_a_server_has_the_variables_that_are_named_and_no_others(monkeypatch, tmp_path):
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", "k" * 44)
    monkeypatch.setenv("PASSWORD_OF_OURS", "hush-hush")
    monkeypatch.setenv("TOKEN_OF_THEIRS", "tell-tell")
    seen = tmp_path / "seen"
    tell = f"import os; open({str(seen)!r}, 'w').write(' '.join(os.environ))"
    upstream = upstream_of([sys.executable, "-c", tell], variables=["TOKEN_OF_THEIRS"])

    with pytest.raises(UpstreamError):
        await upstream.open()

    names = seen.read_text().split()
    assert "TOKEN_OF_THEIRS" in names
    assert "PATH" in names
    assert not {"PASSWORD_OF_OURS", "HIGHROAD_MASTER_KEY"} & set(names)


def test_a_variable_that_is_not_there_or_ours_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", "k" * 44)
    for name in ("NO_SUCH_VARIABLE_AT_ALL", "HIGHROAD_MASTER_KEY"):
        with pytest.raises(SettingsError, match=name):
            upstream_of(["server"], variables=[name])


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["/usr/local/bin/mcp-server-git", "--repository", "/secret"], "mcp-server-git"),
        (["uvx", "mcp-server-git@1.2"], "mcp-server-git"),
        (["npx", "-y", "@modelcontextprotocol/server-filesystem", "/secret"], "server-filesystem"),
        (["python3.11", "-m", "mcp_server_time"], "mcp_server_time"),
        (["python", "-c", "secret code"], "python"),
        (["node", "/home/me/dist/index.js", "secret"], "index"),
        (["docker", "run", "-e", "TOKEN=secret", "image"], "docker"),
    ],
)
def test_a_server_is_called_after_its_program_and_no_argument_is_told(command, name):
    assert name_of(command) == name
    assert "secret" not in name_of(command)
