"""`highroad undo`: take back what a call did."""

from typing import Annotated

import typer

from highroad.cli.call import report
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode, of_outcome
from highroad.cli.options import As, AsJson, WithToken

app: typer.Typer = typer.Typer(add_completion=False)


@app.command()
def undo(
    call_id: Annotated[str, typer.Argument(metavar="CALL_ID", help="Id of the call.")],
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Take back what a call did, by the call that its tool names; once, whoever asks."""
    enter(lambda door: _undo(door, call_id), user=user, with_token=with_token, as_json=as_json)


async def _undo(door: Door, call_id: str) -> ExitCode:
    with door.output.progress("on the road"):
        outcome = await door.runtime.undo(call_id, by=door.user, door="cli")
    await report(door, outcome)
    return of_outcome(outcome)
