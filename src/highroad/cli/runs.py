"""`highroad runs`: calls that are not done with, what people say of them, and calling them off."""

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
    add_completion=False,
    help="Calls that are not done with: look, settle what nobody knows, call off.",
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

Subject: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="Id of a call, or id or name of a run.")
]
Why: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; kept encrypted.")]

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


@app.command()
def cancel(subject: Subject, *, reason: Why, user: As = None, as_json: AsJson = False) -> None:
    """Call off a call, or a run with all its calls. Each of them is answered."""
    enter(lambda door: _cancel(door, subject, reason=reason), user=user, as_json=as_json)


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


async def _cancel(door: Door, subject: str, *, reason: str) -> ExitCode:
    is_call = subject.startswith("call_")
    ended = await door.runtime.cancel(
        call_id=subject if is_call else None,
        run=None if is_call else subject,
        by=door.user,
        reason=reason,
    )
    rows = [{"call_id": each.call_id, "status": str(each.status)} for each in ended]
    lines = [f"called off: {subject}", *(f"  {row['status']} {row['call_id']}" for row in rows)]
    door.output.show({"cancelled": subject, "calls": rows}, "\n".join(lines))
    if door.runtime.owner_pid is not None:
        door.output.note(f"Process {door.runtime.owner_pid}, which drives the calls, is told.")
    if not is_call:
        door.output.note("Later calls of this run are refused; who goes on takes another run.")
    return ExitCode.COMPLETED
