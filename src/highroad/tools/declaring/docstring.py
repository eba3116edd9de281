"""The words of a docstring: what the tool does, and what each argument means.

Reads the three forms in use: Google (`Args:`), NumPy (`Parameters` underlined) and Sphinx
(`:param name:`). What fits none of them stays part of the description.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_GOOGLE: Final = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?|Attributes):\s*$"
)
_UNDERLINE: Final = re.compile(r"^-{3,}\s*$")
_NUMPY: Final = frozenset({"Parameters", "Returns", "Raises", "Yields", "Examples", "Notes"})
_SPHINX: Final = re.compile(r"^:(param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+):\s*(.*)$")
_SPHINX_OTHER: Final = re.compile(r"^:(type|returns?|rtype|raises?)\b[^:]*:\s*(.*)$")
_GOOGLE_ITEM: Final = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
_NUMPY_ITEM: Final = re.compile(r"^\*{0,2}(\w+)\s*(?::.*)?$")
_BLANKS: Final = re.compile(r"\n{3,}")
_ARGUMENTS: Final = frozenset({"Args", "Arguments", "Parameters"})
# These help a reader of the code; to a model they are noise.
_LEFT_OUT: Final = frozenset({"Raises", "Yields", "Attributes"})


@dataclass(slots=True)
class Docstring:
    """A docstring taken apart."""

    description: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    returns: str = ""


def read_docstring(text: str | None) -> Docstring:
    """Take a docstring apart; none gives an empty one."""
    found = Docstring()
    description: list[str] = []
    for title, lines in _sections(inspect.cleandoc(text or "").splitlines()):
        if title is None:
            description += _without_fields(lines, found)
        elif title in _ARGUMENTS:
            found.arguments |= _items(lines)
        elif title == "Returns":
            found.returns = _paragraph(lines)
        elif title not in _LEFT_OUT:
            description += ["", f"{title}:", *lines]
    found.description = _BLANKS.sub("\n\n", "\n".join(description)).strip()
    return found


def _sections(lines: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Split at headings: a Google one ends with a colon, a NumPy one is underlined."""
    title: str | None = None
    body: list[str] = []
    at = 0
    while at < len(lines):
        google = _GOOGLE.match(lines[at])
        is_numpy = (
            lines[at].strip() in _NUMPY
            and at + 1 < len(lines)
            and _UNDERLINE.match(lines[at + 1]) is not None
        )
        if google or is_numpy:
            yield title, body
            title, body = google[1] if google else lines[at].strip(), []
            at += 2 if is_numpy else 1
        elif title is not None and lines[at] and not lines[at][0].isspace() and _ended(body):
            yield title, body
            title, body = None, ["", lines[at]]
            at += 1
        else:
            body.append(lines[at])
            at += 1
    yield title, body


def _ended(body: list[str]) -> bool:
    """Whether an indented (Google) section is over: its lines were indented, this one is not."""
    return any(line[:1].isspace() for line in body) and not any(
        line and not line[0].isspace() for line in body
    )


def _items(lines: list[str]) -> dict[str, str]:
    """Arguments of a section, whose text goes on where the lines stand deeper."""
    body = inspect.cleandoc("\n".join(["", *lines])).splitlines()
    items: dict[str, list[str]] = {}
    name = ""
    for line in body:
        if line and not line[0].isspace():
            match = _GOOGLE_ITEM.match(line) or _NUMPY_ITEM.match(line)
            if match is None:
                continue
            name = match[1]
            items[name] = [match[2]] if match.re is _GOOGLE_ITEM and not _is_type(line) else []
        elif name:
            items[name].append(line)
    return {name: _paragraph(text) for name, text in items.items() if _paragraph(text)}


def _is_type(line: str) -> bool:
    """Whether what follows the colon is NumPy's type (`name : int`) and no text."""
    return " : " in line and "(" not in line.partition(":")[0]


def _without_fields(lines: list[str], found: Docstring) -> list[str]:
    """Move Sphinx fields out of free text into `found`, and return the rest."""
    rest: list[str] = []
    field_lines: list[str] | None = None
    fields: list[tuple[str, list[str]]] = []
    for line in lines:
        if match := _SPHINX.match(line):
            field_lines = [match[3]]
            fields.append((match[2], field_lines))
        elif match := _SPHINX_OTHER.match(line):
            field_lines = [match[2]]
            if match[1] in {"return", "returns"}:
                fields.append(("", field_lines))
        elif field_lines is not None and line[:1].isspace():
            field_lines.append(line)
        else:
            field_lines = None
            rest.append(line)
    for name, text in fields:
        if name:
            found.arguments[name] = _paragraph(text)
        else:
            found.returns = _paragraph(text)
    return rest


def _paragraph(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
