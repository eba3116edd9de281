"""From the command line to an open runtime, and out again with an exit code."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from getpass import getpass
from typing import Final, NoReturn, TypeAlias, TypeVar

import typer
from rich.console import RenderableType

from highroad.agents.agent import Agent
from highroad.cli.exits import ExitCode, of_error
from highroad.cli.logs import told
from highroad.cli.misuse import Misuse
from highroad.cli.output import Complaint, Output
from highroad.cli.user import principal_for
from highroad.domain.error import HighroadError, NotRecorded, code_of
from highroad.domain.identity import Assurance, Caller, Principal
from highroad.runtime import Runtime
from highroad.settings import load

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Door:
    """An open runtime, and for whom it was opened."""

    runtime: Runtime
    output: Output
    user: Principal
    """At the terminal, played by `--as`, or shown by a token or key that was handed in."""
    caller: Caller | None = None
    """What that has shown."""

    @property
    def by(self) -> Principal | Caller:
        """Who decides, with how that is known and how far it goes."""
        if self.caller is not None:
            return self.caller
        if self.user.authenticated:  # and not played by `--as`
            return Caller(principal=self.user, assurance=Assurance.TERMINAL)
        return self.user

    def tell_if_without_tools(self) -> None:
        """Whoever looks for a tool where none is configured looks in vain."""
        if not self.runtime.tools:
            self.output.note(
                'There are no tools here: add tools = ["your.module"] to highroad.toml, where that '
                "module declares some with @tool, or begin with `highroad demo`."
            )


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether somebody shows who they are, and how far that may go."""

    with_token: bool = False
    with_narrowed: bool = False


_DO: Final[dict[type[HighroadError], str]] = {
    NotRecorded: "`highroad explain --last` names the last call."
}

Agents: TypeAlias = Sequence[Agent]
Work: TypeAlias = Callable[[Door], Awaitable[ExitCode]]


def enter(  # noqa: PLR0913 - how a command is entered, each by name
    work: Work,
    *,
    user: str | None = None,
    with_token: bool = False,
    with_narrowed: bool = False,
    as_json: bool,
    agents: Callable[[], Agents] = tuple,
) -> NoReturn:
    """Open the runtime of this folder, do the work, and leave with its exit code.

    Args:
        work: What to do.
        user: Whom to be.
        with_token: Be whom a token or key shows that is read from standard input.
        with_narrowed: That may be narrowed: the work itself sees how far it goes.
        as_json: Print for programs.
        agents: Found when it is opened, besides those of the settings.
    """
    output = Output(as_json=as_json)
    shown = Shown(with_token=with_token, with_narrowed=with_narrowed)
    leave(output, lambda: asyncio.run(opened(work, user, output, agents(), shown=shown)))


def ask(  # noqa: PLR0913 - as above
    question: Callable[[Door], Awaitable[T]],
    drawn: Callable[[T], RenderableType],
    *,
    user: str | None = None,
    with_token: bool = False,
    with_narrowed: bool = False,
    as_json: bool,
) -> NoReturn:
    """Open the runtime of this folder, ask it one thing, show the answer, and leave."""

    async def answer(door: Door) -> ExitCode:
        """Show what was found."""
        found = await question(door)
        door.output.show(found, drawn(found))
        return ExitCode.COMPLETED

    enter(answer, user=user, with_token=with_token, with_narrowed=with_narrowed, as_json=as_json)


def leave(output: Output, work: Callable[[], ExitCode]) -> NoReturn:
    """Do the work and leave with its exit code; what we know can go wrong is told, not thrown."""
    try:
        with told(output):
            code = work()
    except HighroadError as error:
        code = of_error(error)
        complaint = _complaint_of(error)
        output.complain("error", complaint)
        if output.as_json:
            output.json({"error": complaint})
    raise typer.Exit(code)


async def opened(  # noqa: PLR0913 - as above
    work: Callable[[Door], Awaitable[T]],
    user: str | None,
    output: Output,
    agents: Agents = (),
    *,
    tools: Sequence[object] = (),
    shown: Shown = Shown(),
) -> T:
    """Open the runtime of this folder, with these tools besides its own, and do the work.

    Raises:
        Misuse: Somebody is to be two people at once, or no token is there.
        Unauthenticated: The token shows nobody.
    """
    if shown.with_token and user is not None:
        raise Misuse("`--as` and `--with-token` both say who you are", do="Give one of them.")
    token = read_token() if shown.with_token else None
    settings = load()
    who = principal_for(user, settings)
    async with Runtime.open(
        settings=settings, principal=who, agents=agents, tools=tools
    ) as runtime:
        caller = None if token is None else await runtime.authenticate(token)
        if caller is not None:
            _see_whole(caller, shown)
            who = caller.principal
        return await work(Door(runtime, output, who, caller))


def _see_whole(caller: Caller, shown: Shown) -> None:
    """What has no tool cannot be narrowed to some.

    Raises:
        Misuse: What was handed in does not go as far as whoever it shows may themselves.
    """
    if not shown.with_narrowed and any(not link.is_whole for link in caller.delegation):
        raise Misuse(
            "that is narrowed to some tools or permissions, or is an agent's",
            do="Here it takes credentials that are not.",
        )


def read_token() -> str:
    """One line of standard input, which a terminal does not show.

    Raises:
        Misuse: There is none.
    """
    text = getpass("token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise Misuse("no token on standard input", do="Hand one in: `... < token.txt`.")
    return text.strip()


def _complaint_of(error: HighroadError) -> Complaint:
    do = error.do if isinstance(error, Misuse) else _DO.get(type(error), "")
    return Complaint(code=code_of(error), reason=str(error), do=do)
