"""`highroad audit export`: tables and entries to take away."""

import csv
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final, TextIO

from highroad.cli.asking import Asking
from highroad.cli.door import Door
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse, writing
from highroad.ledger.inquiry.export import Extract, Line, csv_line, json_line

_BATCH: Final = 1_000


class Format(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


async def export(
    door: Door, asking: Asking, table: str, form: Format, file: Path | None
) -> ExitCode:
    """Write rows as they are read; no more than a batch is in memory.

    Raises:
        Misuse: What was asked for cannot be had, or the file cannot be written.
    """
    try:
        found = await door.runtime.audit.extract(table, **asking.of(door))
    except ValueError as error:
        raise Misuse(str(error)) from None
    with writing(file):
        written = await _write(found, form, file)
    if file is not None and door.output.as_json:
        door.output.json({"table": table, "rows": written, "file": file})
    door.output.note(f"{written} rows of {table}.")
    return ExitCode.COMPLETED


async def _write(found: Extract, form: Format, file: Path | None) -> int:
    if form is Format.PARQUET:
        return await _parquet(found, file)
    with ExitStack() as stack:
        out: TextIO = sys.stdout
        if file is not None:
            out = stack.enter_context(file.open("w", encoding="utf-8", newline=""))
        return await (_csv if form is Format.CSV else _jsonl)(found, out)


async def _jsonl(found: Extract, out: TextIO) -> int:
    written = 0
    async for line in found.lines:
        out.write(json_line(line).decode())
        written += 1
    return written


async def _csv(found: Extract, out: TextIO) -> int:
    rows = csv.writer(out)
    rows.writerow([column.name for column in found.columns])
    written = 0
    async for line in found.lines:
        rows.writerow(csv_line(line))
        written += 1
    return written


async def _parquet(found: Extract, file: Path | None) -> int:
    if file is None:
        raise Misuse("a Parquet file is not for terminals", do="Name one with --out.")
    try:
        parquet = import_module("highroad.ledger.inquiry.parquet")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("pyarrow"):
            raise
        raise Misuse(
            "Parquet needs pyarrow, which is not installed",
            do='Run `pip install "highroad[parquet]"`, or take --format csv.',
        ) from None
    written = 0
    with parquet.ParquetFile(file, found.columns) as out:
        async for batch in _batches(found.lines):
            out.write(batch)
            written += len(batch)
    return written


async def _batches(lines: AsyncIterator[Line]) -> AsyncIterator[list[Line]]:
    batch: list[Line] = []
    async for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
