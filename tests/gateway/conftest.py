"""A folder with a server of MCP behind `highroad serve`, and clients in front of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from highroad.bootstrap.upstreams import upstream_of
from highroad.domain.identity import Principal
from highroad.gateway.opening import opened
from highroad.gateway.toolset import offered
from highroad.runtime import Runtime
from highroad.settings import load
from highroad.testing.upstream import FakeUpstream

MAIN = "from highroad.cli import main; main()"
ERAS = ("legacy", "2026-07-28")
KIT = Path(__file__).with_name("kit_server.py")


@dataclass
class Folder:
    """Where an operator keeps settings and ledger for one upstream."""

    path: Path
    command: list[str]
    name: str = "it"
    options: list[str] = field(default_factory=list)

    def settings(self, text):
        (self.path / "highroad.toml").write_text(text)

    @property
    def line(self):
        return [
            *("-c", MAIN, "serve", "--stdio", "--in", str(self.path), "--name", self.name),
            *(*self.options, "--", *self.command),
        ]

    async def accept(self, *names):
        """Accept its tools as they are now, as a person would."""
        upstream = upstream_of(self.command, name=self.name)
        await upstream.open()
        try:
            found = await offered(upstream)
            async with Runtime.open(settings=load(self.path), tools=found.tools) as runtime:
                for each in runtime.definitions.unaccepted():
                    if not names or each.definition.name in names:
                        await runtime.definitions.accept(each.definition.name, by=runtime.principal)
        finally:
            await upstream.close()

    @property
    def ledger(self):
        (self.path / ".highroad").mkdir(exist_ok=True)
        return self.path / ".highroad" / "ledger.db"

    @asynccontextmanager
    async def client(self, mode, **how):
        """The official client, with its process started as clients start it."""
        server = StdioServerParameters(command=sys.executable, args=self.line, env=dict(os.environ))
        with (self.path / "stderr").open("a") as errors:
            transport = stdio_client(server, errlog=errors)
            async with Client(transport, mode=mode, cache=None, **how) as client:
                yield client

    @property
    def stderr(self):
        return (self.path / "stderr").read_text()

    async def run(self, *line):
        """A command in another process, as in a second terminal."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MAIN, *line),
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    async def waiting(self):
        """The id of the only approval that waits, once there is one."""
        for _ in range(200):
            code, out, err = await self.run("approvals", "list", "--json")
            assert code == 0, err
            if listed := json.loads(out):
                return listed[0]["approval"]["id"] if "approval" in listed[0] else listed[0]["id"]
            await asyncio.sleep(0.05)
        pytest.fail("nothing waits")

    def kill(self):
        """End `highroad serve` with no chance to say good-bye."""
        os.kill(self.pid(), signal.SIGKILL)

    def pid(self):
        wanted = f"--in\0{self.path}\0"
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                try:
                    line = (each / "cmdline").read_text()
                except OSError:
                    continue
                if wanted in line:
                    return int(each.name)
        pytest.fail("it does not run")


def texts(result):
    return [block.text for block in result.content]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path, [sys.executable, str(KIT)])


@pytest.fixture
def repository_folder(tmp_path):
    """A folder before mcp-server-git, with a repository of one commit in it."""
    repository = tmp_path / "repository"
    repository.mkdir()
    for line in (
        ["init", "-q", "-b", "main"],
        ["config", "user.email", "a@example.org"],
        ["config", "user.name", "A"],
        ["commit", "-q", "--allow-empty", "-m", "first"],
    ):
        subprocess.run(["git", "-C", str(repository), *line], check=True)
    return Folder(tmp_path, [sys.executable, "-m", "mcp_server_git", "-r", str(repository)])


class Bench:
    """A gateway in this process, before an upstream whose tools are functions."""

    def __init__(self, path):
        self.path = path
        self.answers = {}
        self.upstream = FakeUpstream([], self.answers, name="it")
        self.runtime = None

    def settings(self, text):
        (self.path / "highroad.toml").write_text(text)

    @staticmethod
    def text(said, **more):
        return {"content": [{"type": "text", "text": said}], **more}

    async def echo(self, arguments, follow):
        return self.text(arguments["text"])

    def offer(self, name, answering, **form):
        schema = {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        }
        self.upstream.forms.append(
            {"name": name, "description": name, "inputSchema": schema, **form}
        )
        self.answers[name] = answering

    @asynccontextmanager
    async def gateway(self, accept=None):
        await self.upstream.open()
        opening = opened(
            self.upstream,
            load(self.path),
            principal=Principal("alice", authenticated=True),
            name=uuid4().hex,
        )
        async with opening as found:
            self.runtime = found.gateway.session.runtime
            for each in found.waiting:
                if accept is None or each.definition.name in accept:
                    name = each.definition.name
                    await self.runtime.definitions.accept(name, by=self.runtime.principal)
            yield found.gateway

    @asynccontextmanager
    async def client(self, gateway, era, **how):
        """The official client, over streams of messages as on a wire."""
        async with Client(_over_memory(gateway), mode=era, cache=None, **how) as client:
            yield client

    @asynccontextmanager
    async def listening(self, client):
        """In the newer era a client asks to be told of changes."""
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            yield
            return
        async with client.listen(tools_list_changed=True):
            yield

    @staticmethod
    async def raw(client, method, params):
        """A request as no client would make it."""
        data = {"method": method, "params": dict(params)}
        client.session._stamp(data, {})  # noqa: SLF001 - the envelope of the newer era
        return await client.session._dispatcher.send_raw_request(  # noqa: SLF001 - as it is
            method, data["params"], {}
        )

    async def held(self):
        """The id of the approval that waits, once there is one."""
        for _ in range(500):
            if listed := await self.runtime.approvals.list():
                return listed[0].id
            await asyncio.sleep(0.01)
        pytest.fail("nothing waits")

    async def ended(self, gateway):
        """What the client left behind, once all that was called off has its end."""
        await gateway.session.end()
        return await self.runtime.unsettled(principal=self.runtime.principal, door="mcp")


@asynccontextmanager
async def _over_memory(gateway):
    async with anyio.create_task_group() as serving:
        to_server, from_client = anyio.create_memory_object_stream(0)
        to_client, from_server = anyio.create_memory_object_stream(0)
        serving.start_soon(gateway.server.run, from_client, to_client, gateway.options)
        try:
            yield from_server, to_server
        finally:
            serving.cancel_scope.cancel()
            for stream in (to_server, from_client, to_client, from_server):
                stream.close()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture(params=ERAS)
def era(request):
    """The handshake, or a request that stands by itself."""
    return request.param
