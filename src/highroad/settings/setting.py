"""What a setting is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highroad.settings.kinds import Kind

EACH_NAME: Final = "<name>"
"""Stands for a key that the user chooses."""
EACH_TABLE: Final = "[]"
"""Stands for each table of an array of tables."""


class Absent(StrEnum):
    """In the place of a default."""

    NONE = "none"
    """May be left out."""
    REQUIRED = "required"
    """Must be given with its table."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its dotted name, what it accepts, its default, and what it does."""

    name: str
    kind: Kind
    default: object
    doc: str

    @property
    def path(self) -> tuple[str, ...]:
        """The name in parts."""
        return tuple(self.name.split("."))

    @property
    def variable(self) -> str | None:
        """The environment variable that overrides it, if there can be one."""
        if EACH_NAME in self.path or EACH_TABLE in self.path:
            return None
        return "HIGHROAD_" + "_".join(self.path).upper()
