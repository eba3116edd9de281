"""Pins: the definitions that a person accepted, and what has changed since (P8).

A pins file, `highroad.pins`, has for each tool, in the order of their names, a line with the name,
a blank, and the digest of its definition; below it stands, indented, the definition itself. So a
review sees what is accepted, line by line, and the next change can be told from it. It is made to
be committed and merged. Files that have the lines alone read as well.

Where several versions of a tool stand side by side, each has its own pin, under `name@version`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from highroad.domain.error import SettingsError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.digest import digest_of, pinned_fields

Pins: TypeAlias = Mapping[str, str]
"""Accepted digests by `name`, or by `name@version`."""

FILE_NAME: Final = "highroad.pins"
_HEADER: Final = (
    "# Accepted tool definitions: name, SHA-256, and what it is of.\n"
    "# Written by `highroad tools pin`; review what changes here.\n"
)
_NAME: Final = r"[A-Za-z0-9_.-]{1,64}"
_LINE: Final = re.compile(rf"({_NAME}(?:@{_NAME})?) sha256:([0-9a-f]{{64}})")
_INDENT: Final = "  "


class Change(StrEnum):
    """How a tool differs from what was accepted."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One tool, or one version of it, that is not as accepted."""

    tool: str
    change: Change
    version: str = ""
    """Of the definition, or of the pin; empty where a pin names none."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One definition that a person accepted."""

    digest: str
    fields: JsonObject | None = None
    """What `pinned_fields` gave; `None` where the file has the digest alone."""


def differences(definitions: Iterable[ToolDefinition], pins: Pins) -> tuple[Difference, ...]:
    """Every version that is new, changed or gone, in the order of names and versions."""
    current = tuple(definitions)
    missing = [each for each in current if not is_accepted(each, pins)]
    kept = {key for each in current for key in _keys(each) if pins.get(key) == each.digest}
    found = [
        Difference(each.name, _change(each, pins.keys() - kept), each.version) for each in missing
    ]
    replaced = {key for each in missing for key in _keys(each)}
    gone = (key.partition("@") for key in pins.keys() - kept - replaced)
    found += [Difference(name, Change.REMOVED, version) for name, _, version in gone]
    return tuple(sorted(found, key=lambda each: (each.tool, each.version)))


def is_accepted(definition: ToolDefinition, pins: Pins) -> bool:
    """Whether this very definition was accepted."""
    return any(pins.get(key) == definition.digest for key in _keys(definition))


def pin_of(definition: ToolDefinition, accepted: Mapping[str, Accepted]) -> Accepted | None:
    """What was accepted of this version before, or else of its tool."""
    return next((accepted[key] for key in _keys(definition) if key in accepted), None)


def changed_fields(before: Mapping[str, JsonValue], after: ToolDefinition) -> tuple[str, ...]:
    """Names of the fields that differ from `before`, which `pinned_fields` once gave."""
    now = pinned_fields(after)
    return tuple(
        sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    )


def pins_of(definitions: Iterable[ToolDefinition]) -> dict[str, str]:
    """Pins that accept these definitions."""
    return {key: each.digest for key, each in _by_key(definitions)}


def write_pins(definitions: Iterable[ToolDefinition]) -> str:
    """The text of a pins file that accepts these definitions."""
    return _HEADER + "".join(
        f"{key} sha256:{each.digest}\n{_shown(each)}" for key, each in _by_key(definitions)
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


def _keys(definition: ToolDefinition) -> tuple[str, str]:
    """Under what a definition may be pinned; the version first."""
    return f"{definition.name}@{definition.version}", definition.name


def _by_key(definitions: Iterable[ToolDefinition]) -> list[tuple[str, ToolDefinition]]:
    current = tuple(definitions)
    versions = Counter(each.name for each in current)
    keyed = [(_keys(each)[versions[each.name] == 1], each) for each in current]
    return sorted(keyed, key=lambda each: each[0])


def _change(definition: ToolDefinition, left: Iterable[str]) -> Change:
    """Changed where a pin is left that was its own; one that another version holds was not."""
    return Change.CHANGED if set(_keys(definition)) & set(left) else Change.ADDED


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
