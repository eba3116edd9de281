"""`highroad runs`: calls that are not done with, and what people say of them."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import RenderableType
from rich.text import Text

from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode
from highroad.cli.options import As, AsJson
from highroad.domain.unsettled import Standing, Unsettled

app: typer.Typer = typer.Typer(
    add_completion=False, help="Calls that are not done with: look, settle what nobody knows."
)

CallId: TypeAlias = Annotated[str, typer.Argument(metavar="CALL_ID", help="Id of the call.")]
WithOpen: TypeAlias = Annotated[
    bool,
    typer.Option("--open/--unknown", help="Also those that wait for a decision or are in flight."),
]
Applied: TypeAlias = Annotated[
    bool, typer.Option("--applied/--not-applied", help="Whether the call took effect.")
]
Reason: TypeAlias = Annotated[
    str, typer.Option(help="How you know; kept encrypted with your word.")
]

_SETTLE: Final = "highroad runs settle {} --applied --reason TEXT    # or --not-applied"


@app.command("list")
def list_(*, with_open: WithOpen = False, as_json: AsJson = False) -> None:
    """List the calls whose outcome nobody knows, and what to type about each."""
    enter(lambda door: _list(door, with_open=with_open), as_json=as_json)


@app.command()
def settle(
    call_id: CallId, *, applied: Applied, reason: Reason, user: As = None, as_json: AsJson = False
) -> None:
    """Say what became of a call whose outcome is unknown. Nothing runs."""
    enter(
        lambda door: _settle(door, call_id, applied=applied, reason=reason),
        user=user,
        as_json=as_json,
    )


async def _list(door: Door, *, with_open: bool) -> ExitCode:
    found = await door.runtime.unsettled(with_open=with_open)
    door.output.show(found, _drawn(found) if found else "Nothing needs a person.")
    for line in filter(None, map(_todo, found)):
        door.output.note(line)
    return ExitCode.COMPLETED


def _drawn(found: Sequence[Unsettled]) -> RenderableType:
    rows = views.table("call", "tool", "standing", "since", whole=("call", "standing"))
    for each in found:
        rows.add_row(
            Text(each.call_id, "bold"),
            Text.assemble(each.tool or "", (f"\n{each.effect or ''}", "dim")),
            views.status(each.standing),
            views.moment(each.ended_ms or each.created_ms),
        )
    return rows


def _todo(call: Unsettled) -> str:
    """What a person types about a call."""
    match call.standing:
        case Standing.UNKNOWN:
            return _SETTLE.format(call.call_id)
        case Standing.HELD:
            return f"highroad approvals show {call.approval_id}"
        case Standing.RUNNING:
            return ""


async def _settle(door: Door, call_id: str, *, applied: bool, reason: str) -> ExitCode:
    amendment = await door.runtime.settle(call_id, applied=applied, by=door.user, reason=reason)
    word = "applied" if applied else "not applied"
    door.output.show(amendment, f"settled as {word}: {call_id}")
    door.output.note(f"Its end stays as it was; an amendment says more: highroad explain {call_id}")
    return ExitCode.COMPLETED
