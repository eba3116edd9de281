"""`highroad audit`: what happened, as the ledger has it."""

from typing import Annotated

import typer

from highroad.cli import proving, views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson

app: typer.Typer = typer.Typer(add_completion=False)


@app.callback()
def audit() -> None:
    """What happened, as the ledger has it."""


app.command()(proving.verify)
app.command()(proving.export)
app.command()(proving.key)


@app.command()
def trail(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Every call of a run, in order: what was asked for, and how it ended."""
    enter(lambda door: _trail(door, run_id), as_json=as_json)


async def _trail(door: Door, run_id: str) -> ExitCode:
    found = await door.runtime.audit.trail(run_id)
    if not found.steps:
        raise Misuse(
            f"the ledger has no run {run_id!r}",
            do="`highroad explain --last` names the run of the last call.",
        )
    door.output.show(found, views.trail(found))
    return ExitCode.COMPLETED
