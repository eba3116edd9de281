"""`highroad approvals`: calls that wait for a person, and what people say."""

from collections.abc import Awaitable
from typing import Annotated, TypeAlias

import typer

from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode
from highroad.cli.options import As, AsJson
from highroad.domain.approval import Approval, ApprovalState

app: typer.Typer = typer.Typer(
    add_completion=False, help="Calls that wait for a person: look, approve, reject."
)

ApprovalId: TypeAlias = Annotated[
    str, typer.Argument(metavar="APPROVAL", help="Id of the approval.")
]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; kept encrypted with the decision.")]


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the calls that wait."""
    state = None if every else ApprovalState.WAITING
    enter(lambda door: _list(door, state), as_json=as_json)


@app.command()
def show(approval_id: ApprovalId, *, as_json: AsJson = False) -> None:
    """Show one: why it waits, for whom, and until when."""
    enter(lambda door: _show(door, door.runtime.approvals.get(approval_id)), as_json=as_json)


@app.command()
def approve(
    approval_id: ApprovalId, *, reason: Reason = "", user: As = None, as_json: AsJson = False
) -> None:
    """Agree. It records the decision; whoever waits for the call drives it on."""
    enter(
        lambda door: _show(
            door, door.runtime.approvals.approve(approval_id, by=door.user, reason=reason)
        ),
        user=user,
        as_json=as_json,
    )


@app.command()
def reject(
    approval_id: ApprovalId, *, reason: Reason = "", user: As = None, as_json: AsJson = False
) -> None:
    """Disagree. The call ends as refused and nothing runs."""
    enter(
        lambda door: _show(
            door, door.runtime.approvals.reject(approval_id, by=door.user, reason=reason)
        ),
        user=user,
        as_json=as_json,
    )


async def _list(door: Door, state: ApprovalState | None) -> ExitCode:
    found = await door.runtime.approvals.list(state=state)
    door.output.show(found, views.approvals(found) if found else "Nothing waits.")
    return ExitCode.COMPLETED


async def _show(door: Door, one: Awaitable[Approval]) -> ExitCode:
    """Show an approval as it stands after it was looked at or decided."""
    found = await one
    door.output.show(found, views.approval(found))
    if found.state in {ApprovalState.APPROVED, ApprovalState.REJECTED}:
        door.output.note(f"If nobody waits for it: highroad call --resume {found.call_id}")
    return ExitCode.COMPLETED
