"""MCP: the official client before `highroad serve --stdio`, and a server of the tools behind it."""

import asyncio
import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import asynccontextmanager, chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import ElicitResult
from ten_calls import ALICE, CONTRACTS, LEDGER, SETTINGS, THREAD, Conversation, Proposed, opened

from highroad import Principal, Runtime
from highroad.bootstrap.upstreams import upstream_of
from highroad.gateway.server import KEY
from highroad.gateway.toolset import offered

ADMIN = Principal("admin", permissions={"tools:accept"})
PROGRAMS = Path(__file__).parents[1] / "mcp"
NAME = "orders"
SERVER = [sys.executable, str(PROGRAMS / "server.py")]
SERVED = f"""
[gateway]
hold_wait_s = {{hold_wait_s}}

[[principals]]
id = "{ALICE.id}"
""" + "".join(
    f'\n[contracts.{name}]\nsource = "stdio:{NAME}"\ntier = "{each["tier"]}"\n'
    for name, each in CONTRACTS.items()
)


@dataclass
class Connection:
    """A connection of a client that cannot ask its user, which makes one call after the other."""

    client: Client
    calls: tuple[Proposed, ...]
    key: str | None
    """Of its calls, where those of another connection are to be the same ones."""

    async def begin(self) -> list[str]:
        return [await self._call(each) for each in self.calls]

    async def go_on(self) -> list[str]:
        """As its model is told to: by making the same call again."""
        return [await self._call(self.calls[-1])]

    async def _call(self, each: Proposed) -> str:
        meta: Any = None if self.key is None else {KEY: self.key}
        answered = await self.client.call_tool(each.tool, each.read, meta=meta)
        return "\n".join(block.text for block in answered.content)


@dataclass
class User:
    """Sits at a client that can ask, is told what waits, and goes on once it is decided."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, *_question: object) -> ElicitResult:
        self.asked.set()
        await self.goes_on.wait()
        return ElicitResult(action="accept", content={})


@dataclass
class AskingConnection(Connection):
    """That of a client that asks its user: what waits it asks for again by itself."""

    user: User
    working: asyncio.Task[list[str]] | None = None

    async def begin(self) -> list[str]:
        self.working = asyncio.create_task(super().begin())
        asked = asyncio.create_task(self.user.asked.wait())
        await asyncio.wait({self.working, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        return await self.working if self.working.done() else []

    async def go_on(self) -> list[str]:
        assert self.working is not None
        self.user.goes_on.set()
        return await self.working


@dataclass
class Mcp:
    """Serves each scene by a process that is forked from one which has imported the command.

    Args:
        asking: Scenes that a client of the newer era plays, which can ask its user; the others
            are played by one of the older era, which cannot.
    """

    asking: Collection[str]
    name: str = "mcp"
    client: Client | None = None
    user: User = field(default_factory=User)
    place: Path | None = None

    @property
    def can_ask(self) -> bool:
        return Path.cwd().name in self.asking

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Runtime, None]:
        """The process that serves owns the ledger; the runtime is for whoever decides."""
        if self.place is None:
            self.place = await prepared()
        furnish(self.place, hold_wait_s=20 if self.can_ask else 0.05)
        self.user = User()
        client = Client(
            stdio_client(serve(self.place)),
            mode="2026-07-28" if self.can_ask else "legacy",
            elicitation_callback=self.user.answer if self.can_ask else None,
        )
        async with client as self.client:
            await self.client.list_tools()  # it serves, so it owns the ledger
            async with opened() as runtime:
                yield runtime

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        assert self.client is not None
        # Another connection is another run: a client that begins anew names the call itself.
        key = THREAD if Path.cwd().name == "replayed" else None
        if self.can_ask:
            return AskingConnection(self.client, calls, key, self.user)
        return Connection(self.client, calls, key)


async def prepared() -> Path:
    """A folder with a ledger in which the tools are accepted, and the process that serves."""
    place = Path(mkdtemp())
    atexit.register(shutil.rmtree, place)
    os.environ["HIGHROAD_LEDGER"] = f"sqlite:///{LEDGER}"
    ready = start(place)
    with accepting(place / "accepted"):
        await accept()
    await asyncio.to_thread(ready.readline)
    return place


def start(place: Path) -> IO[bytes]:
    """Start the process that forks for each who asks; gives where it says that it does."""
    serving = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "serving.py"), str(place / "serving")],
        stdout=subprocess.PIPE,
    )
    atexit.register(serving.terminate)
    assert serving.stdout is not None
    return serving.stdout


def serve(place: Path) -> StdioServerParameters:
    """`highroad serve` in the current folder."""
    command = ["-I", "-S", str(PROGRAMS / "serving.py"), str(place / "serving")]
    options = ["--name", NAME, "--as", ALICE.id, "--in", str(Path.cwd())]
    return StdioServerParameters(
        command=sys.executable, args=[*command, "serve", "--stdio", *options, "--", *SERVER]
    )


def furnish(place: Path, *, hold_wait_s: float) -> None:
    """Put into the current folder what a connection needs, unless one was there before."""
    if Path(LEDGER).exists():
        return
    shutil.copytree(place / "accepted", ".", dirs_exist_ok=True)
    with Path("highroad.toml").open("a", encoding="utf-8") as settings:
        settings.write(SERVED.format(hold_wait_s=hold_wait_s))


@contextmanager
def accepting(folder: Path) -> Iterator[None]:
    """Be in a new folder with the settings of all scenes; afterwards it has none."""
    folder.mkdir()
    settings = folder / "highroad.toml"
    settings.write_text(SETTINGS + SERVED.format(hold_wait_s=0), "utf-8")
    with chdir(folder):
        yield
    settings.unlink()


async def accept() -> None:
    """Accept the tools of the server in the current folder, as a person would."""
    upstream = upstream_of(SERVER, name=NAME)
    await upstream.open()
    try:
        found = await offered(upstream)
        async with opened(tools=found.tools) as runtime:
            for each in runtime.definitions.unaccepted():
                await runtime.definitions.accept(each.definition.name, by=ADMIN)
    finally:
        await upstream.close()


DOOR = Mcp(asking={"held", "rejected"})
