"""The command `highroad`: what there is, and the way to the one that is asked for."""

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.core import TyperGroup

from highroad.cli.exits import ExitCode
from highroad.domain.version import VERSION

if TYPE_CHECKING:
    # Typer carries its own Click; the types of the method overridden below live nowhere else.
    from typer._click.core import Command, Context

COMMANDS: Final = {
    "demo": "Watch real calls run, wait and be refused, in a shop.",
    "call": "Make one call, or drive a held one on.",
    "run": "Let an agent work on a request, and watch it.",
    "serve": "Put the tools of an MCP server on the road.",
    "runs": "Calls that are not done with: look, settle what nobody knows.",
    "agents": "Who is on trial or shadowed: look, compare, promote.",
    "tools": "What may be called, and under which contract.",
    "approvals": "Calls that wait for a person: look, approve, reject.",
    "identity": "Who is let in: API keys, sessions, blocked addresses.",
    "undo": "Take back what a call did.",
    "dead-letters": "Calls that were given up on: look, redrive, discard.",
    "audit": "What happened, as the ledger has it.",
    "explain": "Every stage and verdict of one call.",
    "policy": "What a rule would mean, before it is switched on.",
    "redteam": "Attack your own tools, and see what of it takes effect.",
    "secrets": "Where the secrets of tools are, and whether they can be had.",
    "store": "Where the ledger lives: look, upgrade, move, archive.",
    "config": "Settings and limits in force.",
}
"""Each lives in the module of its name (`home_of`), as `app`, and may import what it needs."""


def home_of(name: str) -> str:
    """The module of a command."""
    return f"highroad.cli.{name.replace('-', '_')}"


class _LazyGroup(TyperGroup):
    """Lists every command and imports only the one that is run (N4b)."""

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Put the real command in the place of its stand-in."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = typer.main.get_command(import_module(home_of(name)).app)
            if isinstance(command, TyperGroup) and not command.invoke_without_command:
                command.no_args_is_help = True
        return name, command, rest


app: typer.Typer = typer.Typer(
    cls=_LazyGroup,
    help="Run the tool calls of AI agents: validated, authorized, asked, budgeted, recorded.",
    epilog="Exit codes: " + ", ".join(f"{code} {code.name.lower()}" for code in ExitCode) + ".",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if is_wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _highroad(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, help="Print the version.", callback=_print_version
        ),
    ] = False,
) -> None:
    """What is said before the name of a command."""


def _stand_in() -> None:
    """Never run: known by its name and help line alone."""


for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(_stand_in)


def main() -> None:
    """Entry point of the command `highroad`."""
    for stream in (sys.stdout, sys.stderr):
        # A tick that a terminal has no letter for is no reason to fail in the middle.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
