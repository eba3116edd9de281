"""What a user wrote: one TOML file, with environment variables laid over it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from highroad.domain.error import SettingsError
from highroad.domain.policy import Line
from highroad.settings.lines import KeyPath, find_lines

FILE_NAME: Final = "highroad.toml"
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Document:
    """Settings as they were given, and where each of them stands."""

    table: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    variables: Mapping[KeyPath, str] = field(default_factory=dict)
    """Environment variables by the setting that they override."""

    def get(self, path: KeyPath, default: Any = None) -> Any:  # noqa: ANN401 - checked against the catalogue
        """What stands there."""
        value: Any = self.table
        for key in path:
            if isinstance(key, str) and key not in value:
                return default
            value = value[key]
        return value

    def tables(self, name: str) -> list[tuple[int, Mapping[str, Any]]]:
        """Each table of an array of tables, with its index."""
        return list(enumerate(self.get(tuple(name.split(".")), [])))

    def texts(self, path: KeyPath) -> tuple[Line, ...]:
        """Texts with the line of each, which may be one of many in a list."""
        return tuple(
            Line(text, self.source((*path, index))) for index, text in enumerate(self.get(path, []))
        )

    def place(self, path: KeyPath) -> str:
        """For a person to go to: the file with its folder, and the line; or the variable."""
        return self._found(path, str(self.file))

    def source(self, path: KeyPath) -> str:
        """For the ledger to name: `highroad.toml:12`, or the variable."""
        return self._found(path, self.file.name if self.file else "")

    def overridden(self, path: KeyPath, value: object, variable: str) -> "Document":
        """The same, with one setting taken from an environment variable."""
        return Document(
            _with(self.table, path, value),
            self.file,
            self.lines,
            {**self.variables, path: variable},
        )

    def _found(self, path: KeyPath, file: str) -> str:
        """The place of the nearest that is known: a missing key is looked for in its table."""
        prefixes = [path[:length] for length in range(len(path), 0, -1)]
        # Variables first: the file may have lines for what a variable has replaced.
        for prefix in prefixes:
            if prefix in self.variables:
                return self.variables[prefix]
        for prefix in prefixes:
            if prefix in self.lines:
                return f"{file}:{self.lines[prefix]}"
        return file


def find_file(start: Path) -> Path | None:
    """The nearest `highroad.toml`, from `start` up to the root of the file system."""
    folders = (start, *start.parents)
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


def read_file(file: Path) -> Document:
    """Parse one file.

    Raises:
        SettingsError: It cannot be read, or is not TOML.
    """
    try:
        # With -sig: some editors put a byte order mark in front, which TOML does not know.
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the settings cannot be read: {error}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        line = (place and place[1]) or str(text.count("\n") + 1)
        reason = _PLACE.sub("", str(error))
        raise SettingsError(f"{file}:{line}: this is not TOML: {reason}") from None
    return Document(table, file, find_lines(text))


def _with(table: Mapping[str, Any], path: KeyPath, value: object) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        return {**table, str(head): value}
    inner = table.get(str(head))
    # What is no table stays, to be complained about where it stands.
    if inner is not None and not isinstance(inner, dict):
        return dict(table)
    return {**table, str(head): _with(inner or {}, tuple(rest), value)}
