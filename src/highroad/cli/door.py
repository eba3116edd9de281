"""From the command line to an open runtime, and out again with an exit code."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, NoReturn, TypeAlias

import typer

from highroad.cli.exits import ExitCode, of_error
from highroad.cli.logs import told
from highroad.cli.misuse import Misuse
from highroad.cli.output import Complaint, Output
from highroad.cli.user import principal_for
from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.runtime import Runtime
from highroad.settings import Settings, load

DEPS: Final = "DEPS"
"""Name under which a module of tools says how to make what their bodies ask for."""


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


Work: TypeAlias = Callable[[Door], Awaitable[ExitCode]]


def enter(work: Work, *, user: str | None = None, as_json: bool) -> NoReturn:
    """Open the runtime of this folder, do the work, and leave with its exit code."""
    output = Output(as_json=as_json)
    leave(output, lambda: asyncio.run(_open(work, user, output)))


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


@contextmanager
def looking_up() -> Iterator[None]:
    """What is not there was asked for by a person, who is told so."""
    try:
        yield
    except LookupError as error:
        raise Misuse(str(error), do="`highroad explain --last` names the last call.") from None


async def _open(work: Work, user: str | None, output: Output) -> ExitCode:
    settings = load()
    # As `python -m` would: modules of tools stand beside the settings that name them.
    sys.path.insert(0, str(settings.root))
    who = principal_for(user, settings)
    deps = _deps_of(settings)
    async with Runtime.open(settings=settings, principal=who, deps=deps) as runtime:
        return await work(Door(runtime, output, who))


def _deps_of(settings: Settings) -> dict[type, Callable[..., Any]]:
    """What the modules of the setting `tools` say about the dependencies of their tools."""
    deps: dict[type, Callable[..., Any]] = {}
    for name in settings.tools:
        with suppress(ImportError):  # told, with the setting to mend, when the runtime is opened
            deps |= getattr(import_module(name), DEPS, {})
    return deps


def _complaint_of(error: HighroadError) -> Complaint:
    do = error.do if isinstance(error, Misuse) else ""
    return Complaint(code=_code_of(error), reason=str(error), do=do)


def _code_of(error: HighroadError) -> str:
    """Its own code, or its name in the form of one."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return code
    name = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
