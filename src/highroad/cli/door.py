"""From the command line to an open runtime, and out again with an exit code."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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
from highroad.domain.identity import Principal
from highroad.runtime import Runtime
from highroad.settings import load

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Door:
    """An open runtime, and for whom it was opened."""

    runtime: Runtime
    output: Output
    user: Principal

    def tell_if_without_tools(self) -> None:
        """Whoever looks for a tool where none is configured looks in vain."""
        if not self.runtime.tools:
            self.output.note(
                'There are no tools here: add tools = ["your.module"] to highroad.toml, '
                "or begin with `highroad demo`."
            )


_DO: Final[dict[type[HighroadError], str]] = {
    NotRecorded: "`highroad explain --last` names the last call."
}

Agents: TypeAlias = Sequence[Agent]
Work: TypeAlias = Callable[[Door], Awaitable[ExitCode]]


def enter(
    work: Work, *, user: str | None = None, as_json: bool, agents: Callable[[], Agents] = tuple
) -> NoReturn:
    """Open the runtime of this folder, do the work, and leave with its exit code.

    Args:
        work: What to do.
        user: Whom to be.
        as_json: Print for programs.
        agents: Found when it is opened, besides those of the settings.
    """
    output = Output(as_json=as_json)
    leave(output, lambda: asyncio.run(opened(work, user, output, agents())))


def ask(
    question: Callable[[Door], Awaitable[T]],
    drawn: Callable[[T], RenderableType],
    *,
    user: str | None = None,
    as_json: bool,
) -> NoReturn:
    """Open the runtime of this folder, ask it one thing, show the answer, and leave."""

    async def answer(door: Door) -> ExitCode:
        """Show what was found."""
        found = await question(door)
        door.output.show(found, drawn(found))
        return ExitCode.COMPLETED

    enter(answer, user=user, as_json=as_json)


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


async def opened(work: Work, user: str | None, output: Output, agents: Agents = ()) -> ExitCode:
    """Open the runtime of this folder and do the work."""
    settings = load()
    who = principal_for(user, settings)
    async with Runtime.open(settings=settings, principal=who, agents=agents) as runtime:
        return await work(Door(runtime, output, who))


def _complaint_of(error: HighroadError) -> Complaint:
    do = error.do if isinstance(error, Misuse) else _DO.get(type(error), "")
    return Complaint(code=code_of(error), reason=str(error), do=do)
