"""`highroad tools`: what may be called."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from highroad.bootstrap import sandbox_for_bodies
from highroad.cli import views
from highroad.cli.acceptance import Acceptance, is_agreed, told
from highroad.cli.catalog import catalog
from highroad.cli.door import Door, Shown, enter, leave, opened
from highroad.cli.exits import ExitCode
from highroad.cli.health import close, health, open_, release
from highroad.cli.lint import lint
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson, WithToken
from highroad.cli.output import Output, drawn_json
from highroad.cli.review import review
from highroad.domain.error import HighroadError
from highroad.domain.tool import Isolation, ToolDefinition
from highroad.settings import load
from highroad.settings.model import Settings
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.discovery import discover
from highroad.tools.registry import Registry

app: typer.Typer = typer.Typer(
    add_completion=False, help="What may be called, and under which contract."
)

app.command()(lint)
app.command()(review)
app.command()(catalog)
app.command()(health)
app.command("open")(open_)
app.command()(close)
app.command()(release)


@app.command("list")
def list_(*, user: As = None, as_json: AsJson = False) -> None:
    """List the tools of this folder's settings; with --as, those that this user could call."""
    enter(lambda door: _list(door, is_theirs=user is not None), user=user, as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    *,
    version: Annotated[str | None, typer.Option(help="One of several versions.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one tool: what it promises, what that rests on, and the schema of its arguments."""
    output = Output(as_json=as_json)
    leave(output, lambda: _show(output, name, version))


@app.command()
def contract(
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    *,
    version: Annotated[str | None, typer.Option(help="One of several versions.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the contract of one tool, each line with what it rests on."""
    output = Output(as_json=as_json)
    leave(output, lambda: _contract(output, name, version))


@app.command()
def pin(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept without being asked.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Accept nothing; fail where anything differs.")
    ] = False,
    with_token: WithToken = False,
    as_json: AsJson = False,
) -> None:
    """Show what changed in the tools since they were accepted, and accept them as they are now."""
    output = Output(as_json=as_json)
    leave(
        output,
        lambda: _pin(output, is_accepted=yes, is_check=check, with_token=with_token),
    )


@app.command()
def accept(  # noqa: PLR0913 - what a person says of a definition, each by name
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    *,
    version: Annotated[str | None, typer.Option(help="One of several that wait.")] = None,
    despite: Annotated[
        list[str] | None,
        typer.Option(help="A grave suspicion that you looked into; may be given again."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept without being asked.")] = False,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Show what is new in a tool of another server, and accept it; the ledger has who and when."""
    enter(
        lambda door: _accept(door, name, version, despite or [], is_asked=not yes),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


def _registry(settings: Settings) -> Registry:
    return Registry(discover(settings.tools, settings.root).tools, settings.contracts)


def _pin(output: Output, *, is_accepted: bool, is_check: bool, with_token: bool) -> ExitCode:
    settings = load()
    acceptance = Acceptance.of(_registry(settings), settings.pins_file)
    if is_check:
        return acceptance.check(output)
    code = acceptance.accept(output, is_asked=not is_accepted)
    if code is ExitCode.COMPLETED:
        _record_pins(output, with_token=with_token)
    return code


def _record_pins(output: Output, *, with_token: bool) -> None:
    """Who accepted what, in the ledger; the file counts, wherever that cannot be written."""
    try:
        asyncio.run(opened(_confirm, None, output, shown=Shown(with_token=with_token)))
    except HighroadError as error:
        output.note(f"Who accepted them is not in the ledger: {error}")


async def _confirm(door: Door) -> ExitCode:
    await door.runtime.definitions.confirm(by=door.user)
    return ExitCode.COMPLETED


async def _accept(
    door: Door, name: str, version: str | None, despite: list[str], *, is_asked: bool
) -> ExitCode:
    """Show what is new, ask whoever sits there, and record that it is accepted."""
    waiting = [
        each
        for each in door.runtime.definitions.unaccepted()
        if each.definition.name == name and version in {None, each.definition.version}
    ]
    if is_asked and waiting and not is_agreed(door.output, told(waiting)):
        return ExitCode.REFUSED
    seen = waiting[0].definition.digest if len(waiting) == 1 else None
    if not is_asked:
        door.output.note(told(waiting))
    pin = await door.runtime.definitions.accept(
        name, by=door.user, version=version, digest=seen, despite=despite
    )
    door.output.show(pin, f"{pin.tool} {pin.version} is accepted.")
    return ExitCode.COMPLETED


async def _list(door: Door, *, is_theirs: bool) -> ExitCode:
    tools = door.runtime.tools_for(door.user) if is_theirs else door.runtime.tools
    found = sorted(tools, key=lambda tool: tool.name)
    door.output.show(found, views.tools(found))
    door.tell_if_without_tools()
    return ExitCode.COMPLETED


def _place(settings: Settings, definition: ToolDefinition) -> str:
    """Where the body of a tool runs on this machine, and why."""
    match definition.isolation:
        case None:
            return "this process"
        case Isolation.PROCESS:
            return "a worker process"
        case Isolation.SANDBOX:
            choice = sandbox_for_bodies(settings, definition.tier)
            return f"{choice.sandbox or 'refused'} ({choice.why})"


def _found(settings: Settings, name: str, version: str | None) -> RegisteredTool[Any]:
    tool: RegisteredTool[Any] | None = _registry(settings).find(name, version)
    if tool is None:
        which = name if version is None else f"{name} {version}"
        raise Misuse(f"there is no tool {which!r}", do="`highroad tools list` names them all.")
    return tool


def _contract(output: Output, name: str, version: str | None) -> ExitCode:
    tool = _found(load(), name, version)
    shown = {
        "tool": tool.name,
        "version": tool.definition.version,
        "contract": asdict(tool.contract),
        "reasons": [asdict(each) for each in tool.reasons],
    }
    output.show(shown, views.contract(tool.definition, tool.reasons))
    return ExitCode.COMPLETED


def _show(output: Output, name: str, version: str | None) -> ExitCode:
    settings = load()
    tool = _found(settings, name, version)
    place = _place(settings, tool.definition)
    shown = {
        **asdict(tool.definition),
        "reasons": [asdict(each) for each in tool.reasons],
        "place": place,
    }
    schema = drawn_json(tool.definition.input_schema)
    output.show(shown, views.tool(tool.definition, tool.reasons, schema, place=place))
    return ExitCode.COMPLETED
