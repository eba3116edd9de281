"""`highroad dead-letters`: calls that were given up on, and what people do about them."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from highroad.cli import views
from highroad.cli.door import Door, ask, enter
from highroad.cli.exits import ExitCode, of_outcome
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson, Since, WithToken
from highroad.domain.dead_letter import DeadLetter, LetterState
from highroad.recovery.letter_growth import Backlog
from highroad.recovery.letters import Redriven, Which

app: typer.Typer = typer.Typer(
    add_completion=False, help="Calls that were given up on: look, redrive, discard."
)

LetterId: TypeAlias = Annotated[
    str, typer.Argument(metavar="LETTER", help="Id of the letter, or of its call.")
]
SomeLetter: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="LETTER", help="Id of the letter, or of its call; without one, several."
    ),
]
Tool: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of this tool.", show_default="any")
]
Dependency: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of this dependency.", show_default="any")
]
Most: TypeAlias = Annotated[int, typer.Option(min=1, help="At most so many.")]
PerMinute: TypeAlias = Annotated[int, typer.Option(min=1, help="How many a minute.")]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; kept encrypted with your word.")]


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are done with.")] = False,
    tool: Tool = None,
    dependency: Dependency = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """List the calls that were given up on, oldest first, and how many there are."""
    state = None if every else LetterState.OPEN
    enter(lambda door: _list(door, state, _which(door, tool, dependency, since)), as_json=as_json)


@app.command()
def show(letter_id: LetterId, *, as_json: AsJson = False) -> None:
    """Show one: why it was given up on, and what you can do."""
    ask(lambda door: door.runtime.dead_letters.get(letter_id), facts, as_json=as_json)


@app.command()
def redrive(  # noqa: PLR0913 - what may be said of a batch, each by name
    letter_id: SomeLetter = None,
    *,
    tool: Tool = None,
    dependency: Dependency = None,
    since: Since = None,
    most: Most = 100,
    per_minute: PerMinute = 60,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Make a call again, or several: same arguments, same key, over the whole road."""

    async def work(door: Door) -> ExitCode:
        """Redrive the one that is named, or those that are described."""
        described = (tool, dependency, since) != (None, None, None)
        if (letter_id is not None) == described:
            raise Misuse("say which: LETTER, or --tool, --dependency or --since")
        if letter_id is not None:
            return await _redrive(door, letter_id)
        which = _which(door, tool, dependency, since)
        return await _redrive_many(door, {**which, "most": most, "per_minute": per_minute})

    enter(work, user=user, with_token=with_token, as_json=as_json)


@app.command()
def discard(
    letter_id: LetterId,
    *,
    reason: Reason,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Say that a call need not be made. Nothing runs."""
    ask(
        lambda door: door.runtime.dead_letters.discard(letter_id, by=door.user, reason=reason),
        lambda letter: f"discarded: {letter.id}",
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


def _which(door: Door, tool: str | None, dependency: str | None, since: str | None) -> Which:
    """What was said on the command line of the letters that are meant."""
    try:
        since_ms = door.runtime.audit.period(since, None).since_ms
    except ValueError as error:
        raise Misuse(str(error)) from None
    return Which(tool=tool, dependency=dependency, since_ms=since_ms)


async def _list(door: Door, state: LetterState | None, which: Which) -> ExitCode:
    letters = door.runtime.dead_letters
    found = await letters.list(
        state=state,
        tool=which.get("tool"),
        dependency=which.get("dependency"),
        since_ms=which.get("since_ms"),
    )
    door.output.show(found, _drawn(found) if found else "There is no such letter.")
    door.output.note(_figures(await letters.backlog()))
    return ExitCode.COMPLETED


async def _redrive(door: Door, letter_id: str) -> ExitCode:
    done = await door.runtime.dead_letters.redrive(letter_id, by=door.user)
    door.output.show(_plain(done), _line(done))
    if done.outcome is None:
        door.output.note(f"Process {door.runtime.owner_pid} owns the ledger, and makes the call.")
        return ExitCode.COMPLETED
    door.output.note(f"What became of it: highroad explain {done.outcome.call_id}")
    return of_outcome(done.outcome)


async def _redrive_many(door: Door, which: Which) -> ExitCode:
    batch = await door.runtime.dead_letters.redrive_many(by=door.user, **which)
    plain = {
        "redriven": [_plain(each) for each in batch.redriven],
        "passed_over": batch.passed_over,
        "stopped": batch.stopped,
    }
    lines = [_line(each) for each in batch.redriven]
    door.output.show(plain, Group(*lines) if lines else "Nothing was redriven.")
    for word in (*batch.passed_over, *((batch.stopped,) if batch.stopped else ())):
        door.output.note(word)
    return ExitCode.FAILED if batch.stopped else ExitCode.COMPLETED


def _drawn(found: Sequence[DeadLetter]) -> RenderableType:
    rows = views.table("letter", "tool", "why", "since", whole=("letter",))
    for each in found:
        rows.add_row(
            Text(each.id, "bold"),
            Text.assemble(each.tool, (f"\n{each.dependency}", "dim")),
            Text.assemble(views.status(each.status), " ", each.code, (f"\n{each.state}", "dim")),
            views.moment(each.created_ms),
        )
    return rows


def facts(letter: DeadLetter) -> RenderableType:
    """One letter: what was given up on, and what a person can do."""
    lines = views.facts()
    lines.add_row("letter", Text(letter.id, "bold"))
    lines.add_row("state", views.status(letter.state))
    lines.add_row("call", letter.call_id)
    lines.add_row("tool", f"{letter.tool}, which needs {letter.dependency}")
    lines.add_row("ended", Text.assemble(views.status(letter.status), " ", letter.code))
    lines.add_row("attempts", f"{letter.attempts}, the last one {letter.kind or 'never made'}")
    lines.add_row("given up", views.moment(letter.created_ms))
    if letter.redriven_as:
        lines.add_row("since then", f"{letter.redriven_as} ({letter.redrives} redrives)")
    lines.add_row("do", letter.todo)
    return lines


def _figures(backlog: Backlog) -> str:
    """How many there are, in a line."""
    oldest = "" if backlog.oldest_ms is None else f", since {views.moment(backlog.oldest_ms)}"
    return f"{backlog.open} open{oldest}; {backlog.came} came within the hour"


def _line(done: Redriven) -> Text:
    """A redrive in a line."""
    word = "ordered" if done.outcome is None else done.outcome.status
    return Text.assemble((done.letter.id, "bold"), "  ", views.status(word))


def _plain(done: Redriven) -> dict[str, object]:
    """A redrive as programs read it: no result, which whoever may see it asks for."""
    outcome = done.outcome
    return {
        "letter": done.letter,
        "call_id": None if outcome is None else outcome.call_id,
        "status": None if outcome is None else outcome.status,
    }
