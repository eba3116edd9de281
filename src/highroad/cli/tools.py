"""`highroad tools`: what may be called."""

from typing import Annotated

import typer

from highroad.cli import views
from highroad.cli.door import Door, enter, leave
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson
from highroad.cli.output import Output, drawn_json
from highroad.settings import load
from highroad.tools.discovery import discover
from highroad.tools.pins import differences, pins_of, read_pins, write_pins
from highroad.tools.registry import Registry

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


@app.command()
def pin(*, as_json: AsJson = False) -> None:
    """Accept the tools as they are declared now, in the pins file that production compares with."""
    output = Output(as_json=as_json)
    leave(output, lambda: _pin(output))


def _pin(output: Output) -> ExitCode:
    settings = load()
    tools = Registry(discover(settings.tools, settings.root).tools).definitions()
    file = settings.pins_file
    before = read_pins(file.read_text("utf-8"), file=str(file)) if file.exists() else {}
    changes = differences(tools, before)
    file.write_text(write_pins(pins_of(tools)), "utf-8")
    told = "\n".join(f"{each.change:8} {each.tool}" for each in changes) or "nothing changed"
    output.show(
        {"file": str(file), "tools": len(tools), "changes": changes},
        f"{told}\n{len(tools)} tools are pinned in {file}; review and commit it.",
    )
    return ExitCode.COMPLETED


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
