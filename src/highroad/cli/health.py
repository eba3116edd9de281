"""`highroad tools health`, `open`, `close` and `release`: what tools need, and its breakers."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import RenderableType
from rich.text import Text

from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode
from highroad.cli.options import As, AsJson, WithToken
from highroad.domain.dependency import BreakerState
from highroad.domain.health import Checkup, DependencyHealth

Name: TypeAlias = Annotated[
    str, typer.Argument(metavar="DEPENDENCY", help="As `highroad tools health` names it.")
]

_DONE: Final = {
    "open": "{} is held open: nobody uses it until it is closed or released.",
    "close": "{} is held closed: every attempt is let through until it is opened or released.",
    "release": "{} is let go: its breaker opens and closes by its rule.",
}


def health(*, as_json: AsJson = False) -> None:
    """Tell how everything is doing that the tools need."""
    enter(_health, as_json=as_json)


def open_(
    dependency: Name, *, with_token: WithToken = False, user: As = None, as_json: AsJson = False
) -> None:
    """Keep every attempt away from a dependency, until it is closed or released."""
    enter(
        lambda door: _hold(door, "open", dependency),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


def close(
    dependency: Name, *, with_token: WithToken = False, user: As = None, as_json: AsJson = False
) -> None:
    """Let every attempt through to a dependency, until it is opened or released."""
    enter(
        lambda door: _hold(door, "close", dependency),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


def release(
    dependency: Name, *, with_token: WithToken = False, user: As = None, as_json: AsJson = False
) -> None:
    """Let a breaker go that a person opened or closed: its rule moves it again."""
    enter(
        lambda door: _hold(door, "release", dependency),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


async def _hold(door: Door, verb: str, dependency: str) -> ExitCode:
    dependencies = door.runtime.dependencies
    does = {
        "open": dependencies.open,
        "close": dependencies.close,
        "release": dependencies.release,
    }
    change = await does[verb](dependency, by=door.user)
    if door.runtime.owner_pid is None:
        door.output.show(change, _DONE[verb].format(dependency))
    else:
        door.output.show(change, f"process {door.runtime.owner_pid} is asked: {verb} {dependency}")
    return ExitCode.COMPLETED


async def _health(door: Door) -> ExitCode:
    found = await door.runtime.dependencies.health()
    door.output.show(found, drawn(found) if found else "No tool needs anything.")
    if any(each.is_of_ledger for each in found):
        door.output.note("Another process runs the calls: this is what the ledger last told.")
    door.tell_if_without_tools()
    return ExitCode.COMPLETED


def drawn(found: Sequence[DependencyHealth]) -> RenderableType:
    """Dependencies, one a line."""
    rows = views.table("needed", "breaker", "failed", "checked", "since", whole=("needed", "since"))
    for each in found:
        tools = "" if each.tools in {(), (each.dependency,)} else f"\n{', '.join(each.tools)}"
        rows.add_row(
            Text.assemble((each.dependency, "bold"), (tools, "dim")),
            _breaker(each),
            f"{each.failures} of {each.attempts}" if each.attempts else "",
            "" if each.checkup is None else _checked(each.checkup),
            _since(each),
        )
    return rows


def _breaker(found: DependencyHealth) -> Text:
    """The state and, of one in trouble, what is wrong."""
    word = f"{found.state.replace('_', '-')}{', by hand' if found.is_forced else ''}"
    colour = {BreakerState.OPEN: "red", BreakerState.HALF_OPEN: "yellow"}.get(found.state, "")
    if found.trouble is None or found.state is BreakerState.OPEN:
        return Text(word, colour)
    return Text.assemble((word, colour or "yellow"), (f"\ndegraded: {found.trouble}", "dim"))


def _checked(checkup: Checkup) -> Text:
    word = "well" if checkup.kind is None else checkup.kind
    return Text.assemble(word, (f"\n{views.moment(checkup.at_ms)}", "dim"))


def _since(found: DependencyHealth) -> Text:
    since = "" if found.changed_ms is None else views.moment(found.changed_ms)
    until = "" if found.until_ms is None else f"\nuntil {views.moment(found.until_ms)}"
    return Text.assemble(since, (until, "dim"))
