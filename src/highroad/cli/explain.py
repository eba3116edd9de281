"""`highroad explain`: every stage and verdict of one call."""

from typing import Annotated

import typer

from highroad.cli import views
from highroad.cli.door import Door, ask
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson
from highroad.domain.trail import Explanation

app: typer.Typer = typer.Typer(add_completion=False)


@app.command()
def explain(  # noqa: PLR0913 - each is an argument of the command line
    call_id: Annotated[
        str | None, typer.Argument(metavar="CALL_ID", help="Id of the call.")
    ] = None,
    *,
    last: Annotated[bool, typer.Option("--last", help="The last call that ended.")] = False,
    last_refused: Annotated[
        bool, typer.Option("--last-refused", help="The last call that was refused.")
    ] = False,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal",
            help="Decrypt arguments and result; needs audit:reveal, and is itself recorded.",
        ),
    ] = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Show what every stage said of a call, why, and how long it took."""
    if sum((call_id is not None, last, last_refused)) != 1:
        raise typer.BadParameter("give one of CALL_ID, --last and --last-refused")
    ask(
        lambda door: _explanation(door, call_id, refused=last_refused, reveal=reveal),
        views.explanation,
        user=user,
        as_json=as_json,
    )


async def _explanation(
    door: Door, call_id: str | None, *, refused: bool, reveal: bool
) -> Explanation:
    audit = door.runtime.audit
    wanted = call_id or await audit.last_call(refused=refused)
    if wanted is None:
        raise Misuse(
            f"no call {'was refused' if refused else 'has ended'} yet",
            do="Name one: `highroad approvals list` has those that wait.",
        )
    return await audit.explain(wanted, reveal_by=door.user if reveal else None)
