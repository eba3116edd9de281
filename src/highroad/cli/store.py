"""`highroad store`: where the ledger lives, and what its operators do with it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeAlias, TypeVar

import typer
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from highroad import bootstrap
from highroad.cli import views
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode
from highroad.cli.options import AsJson
from highroad.cli.output import Output
from highroad.ledger.upkeep.moving import Moved
from highroad.ledger.upkeep.segment import Segment
from highroad.ledger.upkeep.statistics import Statistics
from highroad.ports.upkeep import Progress, StoreUpgrade
from highroad.settings import load

T = TypeVar("T")

app: typer.Typer = typer.Typer(add_completion=False)

_Ledger: TypeAlias = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="Another ledger.", show_default="the settings'"),
]


@app.callback()
def store() -> None:
    """Where the ledger lives: look, upgrade, move, archive."""


@app.command()
def stats(*, ledger: _Ledger = None, as_json: AsJson = False) -> None:
    """Print how large the ledger is, what waits in it, and how much of it is proved."""
    _carry_out(lambda _: bootstrap.statistics(_url(ledger)), _statistics, as_json=as_json)


@app.command()
def upgrade(*, ledger: _Ledger = None, as_json: AsJson = False) -> None:
    """Bring an older ledger to this version; as it was it stays beside, in a backup."""
    _carry_out(
        lambda progress: bootstrap.upgrade_ledger(_url(ledger), progress=progress),
        _upgraded,
        doing="Backing up",
        as_json=as_json,
    )


@app.command()
def copy(
    old: Annotated[str, typer.Argument(metavar="OLD", help="URL of a ledger that nobody owns.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="URL of an empty place.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Carry a ledger to another store, compare both, and let it go on there alone."""
    _carry_out(
        lambda progress: bootstrap.move_ledger(old, new, progress=progress),
        _moved,
        doing="Carrying",
        note=lambda done: f'From now on: ledger = "{done.destination}" in highroad.toml.',
        as_json=as_json,
    )


@app.command()
def archive(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Entries from this day on stay (UTC).")
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the file is written.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move old entries into a file; their hashes, the signed heads and the audit tables stay."""
    before_ms = int(before.replace(tzinfo=UTC).timestamp() * 1_000)
    _carry_out(
        lambda progress: bootstrap.archive_ledger(
            load(), to, before_ms=before_ms, progress=progress
        ),
        _archived,
        doing="Archiving",
        as_json=as_json,
    )


def _carry_out(
    work: Callable[[Progress], Coroutine[Any, Any, T]],
    drawn: Callable[[T], RenderableType],
    *,
    doing: str | None = None,
    note: Callable[[T], str] | None = None,
    as_json: bool,
) -> NoReturn:
    """Do what takes a while, with a bar that says `doing`, and show what came of it."""
    output = Output(as_json=as_json)

    def do() -> ExitCode:
        with _bar(output, doing) as progress:
            done = asyncio.run(work(progress))
        output.show(done, drawn(done))
        if note is not None:
            output.note(note(done))
        return ExitCode.COMPLETED

    leave(output, do)


def _url(ledger: str | None) -> str:
    return load().ledger if ledger is None else ledger


@contextmanager
def _bar(output: Output, doing: str | None) -> Iterator[Progress]:
    """How far it has come, on a terminal, where it takes a while."""
    is_shown = doing is not None and output.errors.is_terminal
    with Bar(console=output.errors, transient=True, disable=not is_shown) as bar:
        task = bar.add_task(doing or "", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _statistics(found: Statistics) -> Group:
    facts = views.facts()
    for name, value in (
        ("ledger", found.ledger),
        ("store", f"{found.kind}, schema {found.schema}"),
        ("size", f"{decimal(found.bytes)}, of which payloads {decimal(found.payload_bytes)}"),
        ("written ahead", decimal(found.log_bytes)),
        ("entries", f"{_when(found.oldest_ms)} to {_when(found.newest_ms)}"),
        ("archived", f"{found.archived} entries"),
        ("open calls", str(found.open_calls)),
        ("approvals", f"{found.waiting_approvals} waiting"),
        ("proof", f"{found.heads} signed heads, {found.unsigned} entries behind the last"),
    ):
        facts.add_row(name, value)
    for anchor, entries in found.unanchored.items():
        facts.add_row("anchor", f"{anchor}: {entries} entries behind")
    if found.moved_to is not None:
        facts.add_row("moved to", found.moved_to)
    rows = views.table("table", "rows", whole=("table", "rows"))
    for name, count in found.rows.items():
        if count:
            rows.add_row(name, f"{count:,}")
    return Group(facts, "", rows)


def _upgraded(done: StoreUpgrade) -> Table:
    facts = views.facts()
    if done.backup is None:
        facts.add_row("schema", f"{done.after}, which is this version's: nothing was done")
    else:
        facts.add_row("schema", f"{done.after}, and was {done.before}")
        facts.add_row("as it was", Text(done.backup, overflow="fold"))
    return facts


def _moved(done: Moved) -> Table:
    facts = views.facts()
    facts.add_row("goes on in", Text(done.destination, overflow="fold"))
    facts.add_row("carried", f"{done.rows} rows, compared cell by cell")
    facts.add_row("entries", str(done.entries))
    facts.add_row("open calls", str(done.open_calls))
    facts.add_row("signed heads", str(done.heads))
    facts.add_row("retired", Text(done.origin, overflow="fold"))
    return facts


def _archived(done: Segment | None) -> Table:
    facts = views.facts()
    if done is None:
        facts.add_row("archived", "nothing: whole tiles of 256 entries go, once they are signed")
        return facts
    facts.add_row("archived", f"entries {done.start} to {done.stop - 1}")
    facts.add_row("file", Text(done.file, overflow="fold"))
    facts.add_row("sha256", done.sha256)
    return facts


def _when(at_ms: int | None) -> str:
    return "never" if at_ms is None else views.moment(at_ms)
