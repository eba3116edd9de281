"""Schemas as they come in the wild, made JSON Schema 2020-12, and every change told.

`repair_arguments` and `repair_result` are the ways in; `report` says what a repair is.
"""

from highroad.tools.dialect.repair import repair_arguments, repair_result
from highroad.tools.dialect.report import Repair, RepairCode, Repaired

__all__ = ["Repair", "RepairCode", "Repaired", "repair_arguments", "repair_result"]
