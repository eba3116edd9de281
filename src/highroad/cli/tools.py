"""`highroad tools`: what may be called."""

from typing import Annotated

import typer

from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson
from highroad.cli.output import drawn_json

app: typer.Typer = typer.Typer(
    add_completion=False, help="What may be called, and under which contract."
)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the tools of this folder's settings."""
    enter(_list, as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the tool.")], *, as_json: AsJson = False
) -> None:
    """Show one tool: what it promises, and the schema of its arguments."""
    enter(lambda door: _show(door, name), as_json=as_json)


async def _list(door: Door) -> ExitCode:
    found = sorted(door.runtime.tools, key=lambda tool: tool.name)
    door.output.show(found, views.tools(found))
    door.tell_if_without_tools()
    return ExitCode.COMPLETED


async def _show(door: Door, name: str) -> ExitCode:
    for tool in door.runtime.tools:
        if tool.name == name:
            door.output.show(tool, views.tool(tool, drawn_json(tool.input_schema)))
            return ExitCode.COMPLETED
    raise Misuse(f"there is no tool {name!r}", do="`highroad tools list` names them all.")
