"""The catalog in Markdown (CommonMark, and the tables of GitHub)."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from highroad.domain.tool import Effect, Tier
from highroad.tools.catalog.entry import Catalog, Entry
from highroad.tools.catalog.words import comes_out, facts_of, goes_in, role_of, roles_of

# CommonMark 2.4: a backslash before ASCII punctuation takes its meaning away. `<` and `&` as
# entities, which even a reader that knows no backslash leaves alone.
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]#|~$!@+=>-]")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;"}
_NUMBERED: Final = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)
_ADDRESS: Final = re.compile(r"(?<=[a-zA-Z])(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_FENCE: Final = "```"


def markdown(catalog: Catalog) -> str:
    """The whole catalog as a page of Markdown."""
    return "\n".join(_page(catalog)) + "\n"


def escaped(text: str) -> str:
    """A text of which Markdown makes nothing but that text, links included."""
    for mark, entity in _ENTITIES.items():
        text = text.replace(mark, entity)
    return _ADDRESS.sub("&#8203;", _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", text)))


def _page(catalog: Catalog) -> Iterator[str]:
    yield from ("# Tools", "")
    yield from _row(["tool", "tier", "effect class", "roles"])
    yield from _row(["---"] * 4, is_plain=True)
    for tool in catalog.tools:
        yield from _row([_head(tool), tool.tier, tool.effect, roles_of(tool.access)])
    yield from ("", "## Risks", "", *_matrix(catalog), "", *_data(catalog))
    for tool in catalog.tools:
        yield from ("", *_tool(tool))


def _head(tool: Entry) -> str:
    return tool.title if tool.deprecated is None else f"{tool.title} (deprecated)"


def _matrix(catalog: Catalog) -> Iterator[str]:
    yield from _row(["tier", *Effect])
    yield from _row(["---"] * (1 + len(Effect)), is_plain=True)
    for tier in Tier:
        cells = [cell.tools for cell in catalog.matrix if cell.tier is tier]
        yield from _row([tier, *(", ".join(tools) for tools in cells)])


def _data(catalog: Catalog) -> Iterator[str]:
    yield from _row(["tool", "goes in", "comes out"])
    yield from _row(["---"] * 3, is_plain=True)
    for tool in catalog.tools:
        yield from _row([tool.title, goes_in(tool.risk), comes_out(tool.risk)])


def _tool(tool: Entry) -> Iterator[str]:
    yield from (f"## {_line(tool.title)}", "")
    yield from (escaped(line.strip()) for line in tool.description.splitlines())
    yield ""
    for name, value in (("tier", tool.tier), ("effect class", tool.effect), *facts_of(tool)):
        yield f"- {name}: {_line(value)}"
    if tool.arguments:
        yield from ("", *_arguments(tool))
    if tool.errors:
        yield from ("", *_errors(tool))
    for example in tool.examples:
        yield from ("", "For example:", "", *_code(example))


def _arguments(tool: Entry) -> Iterator[str]:
    yield from _row(["argument", "form", "role", "because", "meaning"])
    yield from _row(["---"] * 5, is_plain=True)
    for argument in tool.arguments:
        name = argument.name + ("" if argument.is_required else " (optional)")
        role = role_of(argument)
        yield from _row([name, argument.form, role, argument.why, argument.description])


def _errors(tool: Entry) -> Iterator[str]:
    yield from _row(["error", "when it comes, and what to do"])
    yield from _row(["---"] * 2, is_plain=True)
    for code, words in tool.errors.items():
        yield from _row([code, words])


def _row(cells: Iterable[str], *, is_plain: bool = False) -> Iterator[str]:
    yield "| " + " | ".join(cells if is_plain else map(_line, cells)) + " |"


def _line(text: str) -> str:
    return escaped(" ".join(text.split()))


def _code(value: object) -> Iterator[str]:
    """JSON holds no line that begins with a fence: a text in it has quotes before it."""
    yield from (f"{_FENCE}json", json.dumps(value, ensure_ascii=False, indent=2), _FENCE)
