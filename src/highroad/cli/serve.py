"""`highroad serve`: the tools of an MCP server, by way of the road, for any MCP client."""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, BinaryIO, Self
from uuid import uuid4

import typer

from highroad.bootstrap.extras import MCP as EXTRA
from highroad.bootstrap.upstreams import name_of, upstream_of
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, InFolder, ServerName, ServerVariables
from highroad.cli.output import Output
from highroad.cli.user import principal_for
from highroad.domain.error import LedgerOwned
from highroad.domain.identity import Principal
from highroad.ports.upstream import Upstream
from highroad.settings import Settings, load

if TYPE_CHECKING:
    from highroad.gateway.opening import OpenGateway

app: typer.Typer = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    command: tuple[str, ...]
    name: str | None
    user: str | None
    token_file: Path | None
    variables: tuple[str, ...]
    folder: Path

    @property
    def named(self) -> str:
        """The upstream, as operators call it."""
        return self.name or name_of(self.command)

    def line(self, *command: str) -> str:
        """A command about the same upstream, to be copied."""
        options = ["--name", self.name] if self.name else []
        options += [word for name in self.variables for word in ("--env", name)]
        return join((*command, *options, "--", *self.command))


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What is served, to whom, and under which settings; nothing is started yet."""

    wanted: Wanted
    settings: Settings
    who: Principal
    token: str | None

    @classmethod
    def of(cls, wanted: Wanted) -> Self:
        """Read what the command line names, in the working folder.

        Raises:
            Misuse: There is no such user or token.
            SettingsError: The settings are wrong.
        """
        settings = load()
        token = None if wanted.token_file is None else _token_in(wanted.token_file)
        who = principal_for(wanted.user, settings)
        upstream_of(wanted.command, name=wanted.named, variables=wanted.variables)
        return cls(wanted=wanted, settings=settings, who=who, token=token)

    def upstream(self) -> Upstream:
        """The server, not started."""
        wanted = self.wanted
        return upstream_of(wanted.command, name=wanted.named, variables=wanted.variables)


@app.command()
def serve(  # noqa: PLR0913 - each is an argument of the command line
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND [ARG]...", help="Starts the server, behind `--`."),
    ] = None,
    *,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Speak MCP on standard input and output.")
    ] = False,
    name: ServerName = None,
    env: ServerVariables = None,
    folder: InFolder = None,
    user: As = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Be whom the token or API key in a file shows.", show_default=False
        ),
    ] = None,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print what a client has to be told, and no more."),
    ] = False,
) -> None:
    """Serve the tools of an MCP server to a client, each call by way of the road.

    Standard output is the protocol's; everything else goes to standard error.
    """
    output = Output()
    wanted = Wanted(
        command=tuple(command or ()),
        name=name,
        user=user,
        token_file=None if token_file is None else token_file.absolute(),
        variables=tuple(env or ()),
        folder=(folder or Path.cwd()).absolute(),
    )
    leave(output, lambda: _serve(output, wanted, is_stdio=stdio, is_told=print_config))


def _serve(output: Output, wanted: Wanted, *, is_stdio: bool, is_told: bool) -> ExitCode:
    if not wanted.command:
        raise Misuse("no server is named", do="highroad serve --stdio -- COMMAND ARG…")
    if is_told:
        output.line(json.dumps(client_entry(wanted), indent=2, ensure_ascii=False))
        return ExitCode.COMPLETED
    if not is_stdio:
        raise Misuse("it serves on standard streams alone", do="Give --stdio.")
    if wanted.user is not None and wanted.token_file is not None:
        raise Misuse("`--as` and `--token-file` both say who you are", do="Give one of them.")
    try:
        os.chdir(wanted.folder)
    except OSError as error:
        raise Misuse(f"{wanted.folder} cannot be entered: {error.strerror}") from None
    serving = Serving.of(wanted)
    with EXTRA.needed():
        from highroad.gateway.stdio import own_streams  # noqa: PLC0415 - an extra
    # What the library of the protocol logs may quote whatever crosses it (P7).
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    with own_streams() as (received, sent):
        if sys.stderr.isatty():
            output.note(json.dumps(client_entry(wanted), indent=2, ensure_ascii=False))
        return asyncio.run(_until_told(output, serving, received, sent))


async def _until_told(
    output: Output, serving: Serving, received: BinaryIO, sent: BinaryIO
) -> ExitCode:
    """Serve until the client goes, or the process is told to end: then all is put away first."""
    working = asyncio.ensure_future(_served(output, serving, received, sent))
    loop = asyncio.get_running_loop()
    with ExitStack() as handling:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, working.cancel)
            handling.callback(loop.remove_signal_handler, number)
        await asyncio.wait({working})
    if not working.cancelled():
        working.result()
    return ExitCode.COMPLETED


async def _served(output: Output, serving: Serving, received: BinaryIO, sent: BinaryIO) -> None:
    from highroad.gateway.opening import opened  # noqa: PLC0415 - an extra
    from highroad.gateway.stdio import serve as serve_streams  # noqa: PLC0415 - an extra

    upstream = serving.upstream()
    await upstream.open()
    try:
        async with opened(
            upstream,
            serving.settings,
            principal=serving.who,
            name=uuid4().hex,
            token=serving.token,
        ) as opening:
            _tell(output, serving.wanted, opening)
            await serve_streams(opening.gateway, received, sent)
    except LedgerOwned:
        output.note(
            "Each client starts a process of its own, and a ledger in a file has one owner. Give "
            "each its own, by HIGHROAD_LEDGER=sqlite:///.highroad/NAME.db among the variables of "
            "its entry, or all of them one in PostgreSQL."
        )
        raise
    finally:
        await upstream.close()


def _tell(output: Output, wanted: Wanted, opening: "OpenGateway") -> None:
    """What an operator should know, in the log of their client."""
    waiting = len(opening.waiting)
    output.note(
        f"{wanted.named}: {opening.tools} tools, of which {opening.tools - waiting} are offered"
    )
    for each in opening.left_out:
        output.note(f"Number {each.at + 1} of its list is left out: {each.reason}")
    if waiting:
        names = ", ".join(each.definition.name for each in opening.waiting)
        output.note(
            f"Nobody has accepted {names}. End the client's server, and look at them: "
            f"{wanted.line('highroad', 'tools', 'review')}"
        )


def client_entry(wanted: Wanted) -> dict[str, object]:
    """What a client has to be told, in the form that most read: `mcpServers`.

    Programs stand there with their whole paths: a client that was not started from a terminal looks
    for them elsewhere.
    """
    program, *arguments = wanted.command
    options = ["--stdio", "--in", str(wanted.folder)]
    if wanted.name:
        options += ["--name", wanted.name]
    if wanted.user is not None:
        options += ["--as", wanted.user]
    if wanted.token_file is not None:
        options += ["--token-file", str(wanted.token_file)]
    for variable in wanted.variables:
        options += ["--env", variable]
    entry: dict[str, object] = {
        "command": _whole("highroad", sys.argv[0]),
        "args": ["serve", *options, "--", _whole(program), *arguments],
    }
    if wanted.variables:
        entry["env"] = dict.fromkeys(wanted.variables, "")
    return {"mcpServers": {wanted.named: entry}}


def _whole(program: str, started_as: str = "") -> str:
    """The path of a program, where there is one."""
    if Path(started_as).name == program and Path(started_as).exists():
        return str(Path(started_as).absolute())
    return shutil.which(program) or program


def _token_in(file: Path) -> str:
    """Standard input is the protocol's, so a token comes in a file.

    Raises:
        Misuse: There is none.
    """
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Misuse(f"{file} cannot be read", do="Name the file of a token.") from None
    if not text:
        raise Misuse(f"{file} is empty", do="Name the file of a token.")
    return text
