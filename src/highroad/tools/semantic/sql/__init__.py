"""Statements of SQL: one that only reads, and one that writes nothing but parameters."""

from highroad.tools.semantic.sql.read_only import ReadOnlySql
from highroad.tools.semantic.sql.write import SqlWrite

__all__ = ["ReadOnlySql", "SqlWrite"]
