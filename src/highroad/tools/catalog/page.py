"""The catalog as one page of HTML that stands alone: no script, and nothing from elsewhere."""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Final

from highroad.domain.tool import Effect, Tier
from highroad.tools.catalog.entry import Catalog, Entry
from highroad.tools.catalog.words import comes_out, facts_of, goes_in, role_of

# Even if something slipped through, a browser would load and run nothing.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = "page.css"
_WRAP: Final = re.compile(r"\n(?!\s*(?:[-*\N{BULLET}]|\d+[.)])\s)")
"""An end of line in the source that is none of the text: no item of a list follows."""


def page(catalog: Catalog) -> str:
    """The whole catalog as an HTML document."""
    return "\n".join(_document(catalog)) + "\n"


def _document(catalog: Catalog) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<title>Tools</title>"
    yield f"<style>{files(__package__).joinpath(_STYLE).read_text('utf-8')}</style></head>"
    yield f"<body><header><h1>Tools</h1><p>{len(catalog.tools)} tools</p></header><main>"
    yield from _risks(catalog)
    for tool in catalog.tools:
        yield from _tool(tool)
    yield "</main></body></html>"


def _risks(catalog: Catalog) -> Iterator[str]:
    yield "<section><h2>Risks</h2>"
    rows = (
        [_badge(tier), *(_links(cell.tools) for cell in catalog.matrix if cell.tier is tier)]
        for tier in Tier
    )
    yield from _table(["tier", *Effect], rows, kind="matrix")
    yield from _table(
        ["tool", "goes in", "comes out"],
        (
            [_links([tool.title]), escape(goes_in(tool.risk)), escape(comes_out(tool.risk))]
            for tool in catalog.tools
        ),
    )
    yield "</section>"


def _tool(tool: Entry) -> Iterator[str]:
    yield f'<section class="tool" id="{_anchor(tool.title)}">'
    badges = [tool.tier, tool.effect, *(["deprecated"] if tool.deprecated else [])]
    yield f"<h2><code>{escape(tool.title)}</code> {' '.join(map(_badge, badges))}</h2>"
    for paragraph in tool.description.split("\n\n"):
        yield f"<p>{escape(_WRAP.sub(' ', paragraph))}</p>"
    yield "<dl>"
    for name, value in facts_of(tool):
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
    if tool.arguments:
        yield from _arguments(tool)
    if tool.errors:
        yield from _errors(tool)
    for example in tool.examples:
        yield f"<h3>For example</h3><pre>{_json(example)}</pre>"
    yield from _schemas(tool)
    yield "</section>"


def _arguments(tool: Entry) -> Iterator[str]:
    rows = (
        [
            f"<code>{escape(argument.name)}</code>"
            + ("" if argument.is_required else " <small>optional</small>"),
            escape(argument.form),
            f"{escape(role_of(argument))} <small>{escape(argument.why)}</small>",
            escape(argument.description),
        ]
        for argument in tool.arguments
    )
    yield from _table(["argument", "form", "role", "meaning"], rows)


def _errors(tool: Entry) -> Iterator[str]:
    rows = ([f"<code>{escape(code)}</code>", escape(words)] for code, words in tool.errors.items())
    yield from _table(["error", "when it comes, and what to do"], rows)


def _schemas(tool: Entry) -> Iterator[str]:
    for name, schema in (("arguments", tool.input_schema), ("result", tool.output_schema)):
        if schema is not None:
            yield f"<details><summary>Schema of the {name}</summary>"
            yield f"<pre>{_json(dict(schema))}</pre></details>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "") -> Iterator[str]:
    """A table; `heads` are text, cells are HTML already."""
    yield f'<div class="wide"><table class="{kind}"><thead><tr>'
    yield "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
    yield "</tbody></table></div>"


def _links(titles: Iterable[str]) -> str:
    return ", ".join(
        f'<a href="#{_anchor(title)}"><code>{escape(title)}</code></a>' for title in titles
    )


def _anchor(title: str) -> str:
    """A place on the page; a title with a version has a space, and an id can have none."""
    return "tool-" + escape("@".join(title.split(" ")))


def _badge(word: str) -> str:
    return f'<span class="badge {escape(word)}">{escape(word)}</span>'


def _json(value: object) -> str:
    return escape(json.dumps(value, ensure_ascii=False, indent=2))
