"""`highroad runs`: runs of agents; calls that are not done with, and what people say of them."""

import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import orjson
import typer
from rich.console import RenderableType
from rich.text import Text

from highroad.cli import trails, views
from highroad.cli.audit import trail_of
from highroad.cli.call import report
from highroad.cli.door import Door, ask, enter
from highroad.cli.exits import ExitCode, of_outcome
from highroad.cli.options import As, AsJson, WithToken
from highroad.cli.run import AsJsonLines, resumed
from highroad.domain.error import Code, ToolError
from highroad.domain.outcome import Held, Outcome
from highroad.domain.run import RunStatus
from highroad.domain.unsettled import Standing, Unsettled

app: typer.Typer = typer.Typer(
    add_completion=False,
    help="Runs of agents, and calls that are not done with: look, settle, complete, call off.",
)

CallId: TypeAlias = Annotated[str, typer.Argument(metavar="CALL_ID", help="Id of the call.")]
TokenFile: TypeAlias = Annotated[
    Path,
    typer.Option(metavar="FILE", help="Holds the token: a command line can be read by others."),
]
WithOpen: TypeAlias = Annotated[
    bool,
    typer.Option("--open/--unknown", help="Also those that wait or are in flight."),
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
def agents(
    *,
    status: Annotated[RunStatus | None, typer.Option(help="Only those that stand there.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs of agents: where each stands, how often its models replied, what they cost."""
    enter(lambda door: _agents(door, status, limit), as_json=as_json)


@app.command()
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a run: where it stands, what it waits for, what it asked models, its calls."""
    ask(lambda door: trail_of(door, run_id), trails.trail, as_json=as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Id of an agent's run.")],
    *,
    user: As = None,
    as_json: AsJsonLines = False,
) -> None:
    """Go on with an agent's run that was held or interrupted, and watch it."""
    enter(lambda door: resumed(door, run_id), user=user, as_json=as_json)


@app.command()
def settle(  # noqa: PLR0913 - the options of the command
    call_id: CallId,
    *,
    applied: Applied,
    reason: Reason,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of a call whose outcome is unknown. Nothing runs."""
    enter(
        lambda door: _settle(door, call_id, applied=applied, reason=reason),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


@app.command()
def cancel(  # noqa: PLR0913 - the options of the command
    subject: Subject,
    *,
    reason: Why,
    is_conversation: Annotated[
        bool, typer.Option("--conversation", help="It is the name of a conversation.")
    ] = False,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Call off a call, a run with all its calls, or a conversation. Each call is answered."""
    kind = "call_id" if subject.startswith("call_") else "run"
    if is_conversation or subject.startswith("conv_"):
        kind = "conversation"
    enter(
        lambda door: _cancel(door, kind, subject, reason=reason),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


@app.command()
def complete(
    call_id: CallId, *, token_file: TokenFile, user: As = None, as_json: AsJson = False
) -> None:
    """Hand in the result of a call that waits for it: JSON from standard input."""
    result = _json(sys.stdin.buffer.read())
    token = _token(token_file)
    enter(
        lambda door: _complete(door, door.runtime.complete(call_id, token, result)),
        user=user,
        as_json=as_json,
    )


@app.command()
def fail(  # noqa: PLR0913 - what may be said of a failure, each by name
    call_id: CallId,
    *,
    token_file: TokenFile,
    message: Annotated[str, typer.Option(help="For the model; kept encrypted.")],
    code: Annotated[str, typer.Option(help="A name for programs.")] = Code.EXECUTION_ERROR,
    applied: Annotated[
        bool | None,
        typer.Option(
            "--applied/--not-applied", help="Whether it took effect, where that is known."
        ),
    ] = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Hand in that a call which waits for its result has none."""
    error, token = ToolError(message, code=code, applied=applied), _token(token_file)
    enter(
        lambda door: _complete(door, door.runtime.fail(call_id, token, error)),
        user=user,
        as_json=as_json,
    )


def _token(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError):
        raise typer.BadParameter(f"{file} cannot be read; it should hold a token") from None


def _json(content: bytes) -> object:
    try:
        return orjson.loads(content)
    except ValueError:
        raise typer.BadParameter("standard input holds no JSON: the result goes there") from None


async def _complete(door: Door, ending: Coroutine[Any, Any, Outcome[Any]]) -> ExitCode:
    outcome = await ending
    await report(door, outcome)
    if isinstance(outcome, Held) and door.runtime.owner_pid is not None:
        door.output.note(f"Process {door.runtime.owner_pid}, which drives the call, is told.")
    return of_outcome(outcome)


async def _agents(door: Door, status: RunStatus | None, limit: int) -> ExitCode:
    found = await door.runtime.audit.runs(status=status, limit=limit)
    door.output.show(found, trails.runs(found) if found else "No agent has run.")
    return ExitCode.COMPLETED


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
            _standing(each),
            views.moment(each.ended_ms or each.created_ms),
        )
    return rows


def _standing(call: Unsettled) -> Text:
    until = f"\nuntil {views.moment(call.expires_ms)}" if call.expires_ms is not None else ""
    return Text.assemble(views.status(call.standing), (until, "dim"))


def _todo(call: Unsettled) -> str:
    """What a person types about a call."""
    match call.standing:
        case Standing.UNKNOWN | Standing.ABANDONED:
            return _SETTLE.format(call.call_id)
        case Standing.HELD:
            return f"highroad approvals show {call.approval_id}"
        case Standing.DEFERRED | Standing.RUNNING:
            return ""


async def _settle(door: Door, call_id: str, *, applied: bool, reason: str) -> ExitCode:
    amendment = await door.runtime.settle(call_id, applied=applied, by=door.user, reason=reason)
    word = "applied" if applied else "not applied"
    door.output.show(amendment, f"settled as {word}: {call_id}")
    door.output.note(f"Its end stays as it was; an amendment says more: highroad explain {call_id}")
    return ExitCode.COMPLETED


async def _cancel(door: Door, kind: str, subject: str, *, reason: str) -> ExitCode:
    ended = await door.runtime.cancel(
        call_id=subject if kind == "call_id" else None,
        run=subject if kind == "run" else None,
        conversation=subject if kind == "conversation" else None,
        by=door.user,
        reason=reason,
    )
    rows = [{"call_id": each.call_id, "status": str(each.status)} for each in ended]
    lines = [f"called off: {subject}", *(f"  {row['status']} {row['call_id']}" for row in rows)]
    door.output.show({"cancelled": subject, "calls": rows}, "\n".join(lines))
    if door.runtime.owner_pid is not None:
        door.output.note(f"Process {door.runtime.owner_pid}, which drives the calls, is told.")
    if kind != "call_id":
        door.output.note(
            f"Later calls of this {kind} are refused; who goes on takes another {kind}."
        )
    return ExitCode.COMPLETED
