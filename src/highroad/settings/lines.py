"""Where in a TOML text its keys and values stand; `tomllib` does not tell.

The text has been accepted by `tomllib`, so this reader only has to find its way through it.
"""

import re
import tomllib
from typing import Final, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys of tables and indexes of arrays, from the root."""

_BLANK: Final = re.compile(r"(?:[\s,]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE: Final = re.compile(r"[^,\]}#\n]+")
# The closing quotes of a multi-line string may stand behind one or two that belong to it.
_STRING: Final = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"{3,5}'
    r"|'''[\s\S]*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Line, from 1, of each table, key and array element of a valid TOML text."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._last_index: dict[KeyPath, int] = {}
        """Of each array of tables, the table that headers below it belong to."""

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip_blank() < len(self._text):
            if self._text[self._at] == "[":
                table = self._read_header()
            else:
                self._read_pair(table)
        return self._lines

    def _read_header(self) -> KeyPath:
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *parents, last = self._read_keys()
        path: KeyPath = ()
        for key in parents:
            path += (key,)
            if path in self._last_index:
                path += (self._last_index[path],)
        path += (last,)
        self._note(path)
        if brackets == 2:  # noqa: PLR2004 - `[[`
            self._last_index[path] = self._last_index.get(path, -1) + 1
            path += (self._last_index[path],)
            self._note(path)
        self._at = self._text.index("]", self._at) + brackets
        return path

    def _read_pair(self, table: KeyPath) -> None:
        path = table
        for key in self._read_keys():
            path += (key,)
            self._note(path)
        self._at = self._text.index("=", self._at) + 1
        self._read_value(path)

    def _read_keys(self) -> list[str]:
        keys = []
        while True:
            self._skip_blank()
            quoted = _STRING.match(self._text, self._at)
            match = quoted or _BARE_KEY.match(self._text, self._at)
            assert match is not None  # noqa: S101 - `tomllib` has accepted the text
            self._at = match.end()
            keys.append(tomllib.loads(f"key = {match[0]}")["key"] if quoted else match[0])
            self._skip_blank()
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _read_value(self, path: KeyPath) -> None:
        self._skip_blank()
        self._note(path)
        opening = self._text[self._at]
        if opening in "[{":
            self._at += 1
            self._read_inside(path, is_array=opening == "[")
            return
        match = _STRING.match(self._text, self._at) or _BARE_VALUE.match(self._text, self._at)
        assert match is not None  # noqa: S101 - `tomllib` has accepted the text
        self._at = match.end()

    def _read_inside(self, path: KeyPath, *, is_array: bool) -> None:
        index = 0
        self._skip_blank()
        while self._text[self._at] not in "]}":
            if is_array:
                self._read_value((*path, index))
                index += 1
            else:
                self._read_pair(path)
            self._skip_blank()
        self._at += 1

    def _skip_blank(self) -> int:
        """Pass spaces, newlines, commas and comments."""
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _note(self, path: KeyPath) -> None:
        self._lines.setdefault(path, self._text.count("\n", 0, self._at) + 1)
