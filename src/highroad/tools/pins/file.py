"""The pins file: what a person accepted, to be reviewed, committed and merged (P8).

`highroad.pins` has for each tool, in the order of their names, a line with the name, a blank, and
the digest of its definition; below it stands, indented, the definition itself. So a review sees
what is accepted, line by line, and the next change can be told from it. Files that have the lines
alone read as well.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from highroad.domain.error import SettingsError
from highroad.domain.json_value import JsonObject
from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.digest import digest_of, pinned_fields
from highroad.tools.pins.accepted import Accepted, by_key

FILE_NAME: Final = "highroad.pins"
_HEADER: Final = (
    "# Accepted tool definitions: name, SHA-256, and what it is of.\n"
    "# Written by `highroad tools pin`; review what changes here.\n"
)
_NAME: Final = r"[A-Za-z0-9_.-]{1,64}"
_LINE: Final = re.compile(rf"({_NAME}(?:@{_NAME})?) sha256:([0-9a-f]{{64}})")
_INDENT: Final = "  "


def write_pins(definitions: Iterable[ToolDefinition]) -> str:
    """The text of a pins file that accepts these definitions."""
    return _HEADER + "".join(
        f"{key} sha256:{each.digest}\n{_shown(each)}" for key, each in by_key(definitions)
    )


def read_pins(text: str, *, file: str = FILE_NAME) -> dict[str, str]:
    """The pins of a pins file.

    Raises:
        SettingsError: As `read_accepted`.
    """
    return {key: each.digest for key, each in read_accepted(text, file=file).items()}


def read_accepted(text: str, *, file: str = FILE_NAME) -> dict[str, Accepted]:
    """What a pins file accepts, by `name` or `name@version`.

    Raises:
        SettingsError: A line is no pin, pins a tool again, or what is shown is not what is pinned;
            it names file and line.
    """
    found: dict[str, Accepted] = {}
    for number, line, shown in _blocks(text):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SettingsError(f"{file}:{number}: no pin; a line is `name sha256:<64 hex digits>`")
        key, digest = match.groups()
        if key in found:
            raise SettingsError(f"{file}:{number}: {key} is pinned twice; keep one line")
        fields = _fields(shown) if shown else None
        if shown and (fields is None or digest_of(fields) != digest):
            raise SettingsError(
                f"{file}:{number}: what is shown of {key} is not what is pinned; write the file "
                f"anew with `highroad tools pin`"
            )
        found[key] = Accepted(digest, fields)
    return found


def _shown(definition: ToolDefinition) -> str:
    text = json.dumps(pinned_fields(definition), indent=2, sort_keys=True, ensure_ascii=True)
    return "".join(f"{_INDENT}{line}\n" for line in text.splitlines())


def _blocks(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each line that is not indented, with its number, and the indented ones below it."""
    head: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(_INDENT) and head is not None:
            head[2].append(line)
            continue
        if head is not None:
            yield head
        head = (number, line, [])
    if head is not None:
        yield head


def _fields(lines: list[str]) -> JsonObject | None:
    """What is shown of a definition, or `None` if it is no JSON object."""
    try:
        found = json.loads("\n".join(lines))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
