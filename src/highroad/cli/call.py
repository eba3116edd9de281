"""`highroad call`: one governed call from the terminal."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import RenderableType

from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode, of_outcome
from highroad.cli.options import As, AsJson
from highroad.cli.output import Complaint, drawn_json
from highroad.cli.views import moment
from highroad.domain.outcome import Held, HoldReason, Outcome, Preview
from highroad.runtime import Runtime

app: typer.Typer = typer.Typer(add_completion=False)

Begin: TypeAlias = Callable[[Runtime], Awaitable[Outcome[Any]]]
"""How the command begins: by a new call, or by going on with one."""


@app.command()
def call(  # noqa: PLR0913 - each is an argument of the command line
    tool: Annotated[str | None, typer.Argument(help="Name of the tool.")] = None,
    arguments: Annotated[str, typer.Argument(help="Its arguments, a JSON object.")] = "{}",
    *,
    user: As = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key; a new one repeats an effect on purpose.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Your name for a run of several calls.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="If the call is held, wait for the decision.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="CALL_ID", help="Drive a held call on, once decided.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make one call over the whole road, or drive a held one on.

    The answer goes to stdout, what went wrong to stderr; the exit code says how it ended.
    """
    match tool, resume:
        case str(), None:
            begin = _call(tool, arguments, key=key, run=run, dry_run=dry_run)
        case None, str():
            begin = _resume(resume)
        case _:
            raise typer.BadParameter("name a tool, or a call with --resume; not both")
    enter(lambda door: _answer(door, begin, wait=wait), user=user, as_json=as_json)


def _call(tool: str, arguments: str, *, key: str | None, run: str | None, dry_run: bool) -> Begin:
    return lambda runtime: runtime.call(
        tool, arguments, key=key, run=run, dry_run=dry_run, door="cli"
    )


def _resume(call_id: str) -> Begin:
    return lambda runtime: runtime.wait(call_id, timeout_s=0)


async def _answer(door: Door, begin: Begin, *, wait: bool) -> ExitCode:
    with door.output.progress("on the road"):
        outcome = await begin(door.runtime)
    if wait and isinstance(outcome, Held):
        outcome = await _decided(door, outcome)
    await report(door, outcome)
    return of_outcome(outcome)


async def _decided(door: Door, held: Held) -> Outcome[Any]:
    """The outcome after people have decided, in this terminal's patience."""
    door.output.note(
        f"held  {' '.join(held.reasons)}\n{_how_to_go_on(held)}\n"
        f"If you stop waiting: highroad call --resume {held.call_id}"
    )
    with door.output.progress("waiting"):
        return await door.runtime.wait(held.call_id)


async def report(door: Door, outcome: Outcome[Any]) -> None:
    """Show what a call was answered, or why it was not, and what to do."""
    answer = {"status": outcome.status, **outcome.for_model()}
    if outcome.error is None:
        door.output.show(answer, _drawn(outcome))
        marks = [mark for mark in ("repeated", "dry_run", "result_invalid") if mark in answer]
        door.output.note("  ".join((", ".join((outcome.status, *marks)), outcome.call_id)))
        return
    record = await door.runtime.audit.explain(outcome.call_id)
    door.output.complain(
        outcome.status, Complaint.of(outcome.error, outcome.call_id, rule=record.rule)
    )
    door.tell_if_without_tools()
    if isinstance(outcome, Held):
        door.output.note(_how_to_go_on(outcome))
        door.output.note(f"Then: highroad call --resume {outcome.call_id}")
    if door.output.as_json:
        door.output.json(answer)


def _drawn(outcome: Outcome[Any]) -> RenderableType:
    """What a call has brought; of a dry run, what it would do and change."""
    found = outcome.unwrap()
    if not isinstance(found, Preview):
        return drawn_json(outcome.for_model()["result"])
    lines = views.facts()
    lines.add_row("would", f"{found.would} {found.tool}")
    for reason in found.reasons:
        lines.add_row("because", reason)
    lines.add_row("change", views.diff(found.diff) if found.diff else "its tool has no preview")
    return lines


def _how_to_go_on(held: Held) -> str:
    if held.reason is HoldReason.DEFERRED:
        until = f" until {moment(held.expires_ms)}" if held.expires_ms else ""
        return f"Its result is handed in by whoever has its token{until}."
    return f"Decide in another terminal: highroad approvals approve {held.approval_id}"
