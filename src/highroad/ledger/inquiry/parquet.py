"""Rows as a Parquet file, batch by batch; needs the extra `parquet`."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise

from highroad.domain.audit import Column, ColumnType
from highroad.ledger.inquiry.export import Line


class ParquetFile:
    """A Parquet file that is being written; its columns are those of the table."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._schema = pa.schema(
            [
                pa.field(
                    column.name,
                    pa.int64() if column.type is ColumnType.INTEGER else pa.string(),
                    nullable=column.is_optional,
                )
                for column in columns
            ]
        )
        self._writer: Any = pq.ParquetWriter(path, self._schema)

    def write(self, lines: Sequence[Line]) -> None:
        """Add rows, as a row group."""
        self._writer.write_table(pa.Table.from_pylist(list(lines), schema=self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
