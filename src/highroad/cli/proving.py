"""`highroad audit verify`, `export`, `prove` and `key`: what proves the ledger."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer
from rich.text import Text

from highroad.bootstrap import Inspection, inspect
from highroad.cli import answers
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson
from highroad.cli.output import Output
from highroad.domain.error import VaultError
from highroad.ledger.proof import bundle
from highroad.ledger.proof.excerpt import prove_call, prove_continuation
from highroad.ledger.tables.comparison import compare
from highroad.settings import load

if TYPE_CHECKING:
    from highroad_auditor import Report

_KEY: Final = re.compile(r"[0-9a-f]{64}")

Work = Callable[[Inspection], Awaitable[ExitCode]]


def verify(
    *,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="The newest public key: 64 hex digits, or a file with them.",
            show_default="from the master keys of this folder",
        ),
    ] = None,
    anchor: Annotated[
        list[Path] | None,
        typer.Option("--anchor", metavar="FILE", help="Anchored heads in a file; repeatable."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave out the anchors of the settings.")
    ] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Derive the audit tables anew, and compare them too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that the ledger is what was signed and anchored, and that nothing is missing.

    Exits 9 where integrity is broken, 10 where only completeness is.
    """
    output = Output(as_json=as_json)
    files = anchor or []
    _look(output, lambda found: _verify(found, output, key, files, offline=offline, tables=tables))


def export(to: Path, *, as_json: bool) -> NoReturn:
    """Write the bundle that an auditor checks offline: entries, leaf hashes, signed heads."""
    output = Output(as_json=as_json)
    _look(output, lambda found: _export(found, output, to))


def key(*, as_json: AsJson = False) -> None:
    """Print the public key that heads are signed with: hand it to auditors, not in the ledger."""
    output = Output(as_json=as_json)
    _look(output, lambda found: _key(found, output))


def prove(
    call_id: Annotated[
        str | None, typer.Argument(metavar="CALL_ID", help="The call whose entries are proved.")
    ] = None,
    *,
    since_head: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Prove that the newest head goes on from this one."),
    ] = None,
) -> None:
    """Print an excerpt: entries that a stranger can check without the rest of the ledger.

    `highroad-auditor FILE --key KEY` checks what this prints.
    """
    if (call_id is None) == (since_head is None):
        raise typer.BadParameter("give the id of a call, or --since-head")
    output = Output(as_json=True)
    _look(output, lambda found: _prove(found, output, call_id, since_head))


async def _verify(  # noqa: PLR0913 - what was said on the command line, each by name
    found: Inspection,
    output: Output,
    key: str | None,
    files: Sequence[Path],
    *,
    offline: bool,
    tables: bool,
) -> ExitCode:
    # The auditor's engine is for this command alone.
    from highroad.ledger.proof import verifying  # noqa: PLC0415 - see above

    public = await _public_key(found) if key is None else _given_key(key)
    with output.progress("verifying the ledger"):
        anchors: dict[str, Sequence[str]] = {str(file): _lines(file) for file in files}
        for each in () if offline else found.anchors:
            anchors[each.name] = await each.lines()
        report = await verifying.verify(
            found.store.proofs, public, anchors=anchors, now_ms=found.clock.now_ms()
        )
        compared = await compare(found.store) if tables else None
    lines = [*report.lines(), *(() if compared is None else answers.tables(compared))]
    output.show({**report.as_json(), "tables": compared}, Text("\n".join(lines)))
    is_altered = compared is not None and not compared.holds
    return ExitCode.BROKEN if is_altered else _exit(report)


async def _export(found: Inspection, output: Output, to: Path) -> ExitCode:
    with output.progress("exporting the ledger"):
        done = await bundle.write(found.store.proofs, to)
    output.show(done, Text(f"{done.entries} entries and {done.heads} signed heads: {done.folder}"))
    return ExitCode.COMPLETED


async def _prove(
    found: Inspection, output: Output, call_id: str | None, since_head: int | None
) -> ExitCode:
    if call_id is not None:
        for proof in await prove_call(found.store, call_id):
            output.line(proof.line())
    if since_head is not None:
        output.line((await prove_continuation(found.store.proofs, since_head)).line())
    return ExitCode.COMPLETED


async def _key(found: Inspection, output: Output) -> ExitCode:
    public = await found.public_key()
    named = {"key": sha256(public).hexdigest()[:16], "public": public.hex()}
    output.show(named, Text(public.hex()))
    return ExitCode.COMPLETED


def _look(output: Output, work: Work) -> NoReturn:
    """Look into the ledger of this folder, whoever owns it, and leave with the exit code."""

    async def looked() -> ExitCode:
        async with inspect(load()) as found:
            return await work(found)

    leave(output, lambda: asyncio.run(looked()))


async def _public_key(found: Inspection) -> bytes:
    try:
        return await found.public_key()
    except VaultError as error:
        raise Misuse(
            f"the public key cannot be told from master keys here ({error})",
            do="Give it with --key; `highroad audit key` prints it where the master keys are.",
        ) from None


def _given_key(text: str) -> bytes:
    try:
        held = text if _KEY.fullmatch(text) else Path(text).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        held = ""
    if not _KEY.fullmatch(held):
        raise Misuse(
            "--key is no public key", do="Give 64 lower-case hex digits, or a file with them."
        )
    return bytes.fromhex(held)


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"the anchor {file} cannot be read ({error})") from None
    return text.removesuffix("\n").split("\n") if text else []


def _exit(report: "Report") -> ExitCode:
    if not report.integrity.holds:
        return ExitCode.BROKEN
    return ExitCode.COMPLETED if report.completeness.holds else ExitCode.INCOMPLETE
