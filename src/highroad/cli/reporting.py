"""`highroad audit report`: a period as Markdown, or as one page of HTML that stands alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

import typer

from highroad.cli.answers import settled, who
from highroad.cli.asking import Asking
from highroad.cli.door import Door
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import writing
from highroad.cli.views import moment
from highroad.cli.visible import visible
from highroad.ledger.audit import Audit
from highroad.ledger.inquiry.report import PeriodReport
from highroad.tools.catalog.markdown import escaped

_CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if something slipped through, a browser would load and run nothing."""


class Format(StrEnum):
    """How a report is written."""

    MD = "md"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a report; its cells are plain text."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


async def report(door: Door, asking: Asking, form: Format, file: Path | None) -> ExitCode:
    """Put a report together and write it."""
    asked = asking.of(door)
    with door.output.progress("verifying the ledger"):
        verdict = await _verdict(door.runtime.audit)
    found = await door.runtime.audit.report(verdict=verdict, **asked)
    if door.output.as_json and file is None:
        door.output.json(found)
        return ExitCode.COMPLETED
    text = _WRITERS[form](found)
    if file is None:
        typer.echo(text, nl=False)
        return ExitCode.COMPLETED
    _put(text, file)
    if door.output.as_json:
        door.output.json({"file": file, "format": form})
    door.output.note(f"The report is written to {file}.")
    return ExitCode.COMPLETED


async def _verdict(audit: Audit) -> dict[str, str]:
    """What the auditor says of the whole ledger, whatever the period."""
    proof, tables = await audit.verify(), await audit.compare_tables(limit=1)
    return {
        "integrity": "holds" if proof.integrity.holds else "broken",
        "completeness": "holds" if proof.completeness.holds else "broken",
        "audit tables": "hold" if tables.holds else "altered",
    }


def _put(text: str, file: Path) -> None:
    with writing(file):
        file.write_text(text, "utf-8")


def markdown(found: PeriodReport) -> str:
    """The report as a page of Markdown."""
    return "\n".join(_markdown(found)) + "\n"


def page(found: PeriodReport) -> str:
    """The report as one page of HTML: no script, and nothing from elsewhere."""
    return "\n".join(_page(found)) + "\n"


def _markdown(found: PeriodReport) -> Iterator[str]:
    yield from ("# Audit report", "", escaped(_line(_span(found))))
    for section in _sections(found):
        yield from ("", f"## {section.title}", "")
        if not section.rows:
            yield "None."
            continue
        yield f"| {' | '.join(section.heads)} |"
        yield f"| {' | '.join('---' for _ in section.heads)} |"
        for row in section.rows:
            yield f"| {' | '.join(escaped(_line(cell)) for cell in row)} |"


def _line(cell: str) -> str:
    """A cell of Markdown is one line."""
    return visible(" ".join(cell.split()))


def _page(found: PeriodReport) -> Iterator[str]:
    style = files("highroad.tools.catalog").joinpath("page.css").read_text("utf-8")
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Audit report</title><style>{style}</style></head>"
    span = escape(visible(_span(found)))
    yield f"<body><header><h1>Audit report</h1><p>{span}</p></header><main>"
    for section in _sections(found):
        yield f"<section><h2>{escape(section.title)}</h2>"
        yield from _table(section) if section.rows else ("<p>None.</p>",)
        yield "</section>"
    yield "</main></body></html>"


def _table(section: Section) -> Iterator[str]:
    heads = "".join(f"<th>{escape(head)}</th>" for head in section.heads)
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for row in section.rows:
        yield "<tr>" + "".join(f"<td>{escape(visible(cell))}</td>" for cell in row) + "</tr>"
    yield "</tbody></table></div>"


def _span(found: PeriodReport) -> str:
    period = found.period
    since = "the beginning" if period.since_ms is None else moment(period.since_ms)
    until = "its end" if period.until_ms is None else moment(period.until_ms)
    whose = "all organizations" if found.organization is None else found.organization
    return f"From {since} until {until} (UTC), {whose}."


def _sections(found: PeriodReport) -> Iterator[Section]:
    yield _section("Calls", ("ending", "calls"), ((e, str(n)) for e, n in found.calls))
    yield _section(
        "Denials",
        ("rule", "tool", "times"),
        ((each.rule, each.tool, str(each.times)) for each in found.denials),
    )
    yield from _approvals(found)
    yield _section(
        "Unknown outcomes",
        ("ended", "tool", "for", "since", "call"),
        (
            (moment(c.ended_ms), c.tool, who(c.principal, c.name), settled(c), c.call_id)
            for c in found.unknowns
        ),
    )
    yield from _changes(found)
    yield from _access(found)
    yield _section(
        "Costs",
        ("tool", "calls", "USD"),
        ((each.of, str(each.calls), f"{each.cost_usd:.6f}") for each in found.costs),
    )
    yield from _agents(found)
    yield _section(
        "Permissions that nobody used",
        ("permission", "needed by", "given by"),
        ((each.permission, ", ".join(each.tools), ", ".join(each.roles)) for each in found.unused),
    )
    verdict = found.verdict if found.verdict is not None else (("ledger", "not verified"),)
    yield _section("The auditor's verdict", ("verified", "verdict"), verdict)


def _agents(found: PeriodReport) -> Iterator[Section]:
    yield _section(
        "Runs of agents",
        ("agent", "status", "runs"),
        ((agent, status, str(times)) for agent, status, times in found.runs),
    )
    yield _section(
        "Models",
        ("model", "requests", "USD"),
        ((each.of, str(each.requests), f"{each.cost_usd:.6f}") for each in found.models),
    )


def _approvals(found: PeriodReport) -> Iterator[Section]:
    yield _section("Approvals", ("state", "approvals"), ((s, str(n)) for s, n in found.approvals))
    waits = found.waits
    if waits is not None:
        seconds = (waits.shortest_s, waits.median_s, waits.longest_s)
        row = (str(waits.approvals), *(f"{each:.1f} s" for each in seconds))
        yield _section(
            "How long they waited", ("approvals", "shortest", "median", "longest"), (row,)
        )
    yield _section(
        "Approvers",
        ("who", "approved", "rejected"),
        ((who(a.principal, a.name), str(a.approved), str(a.rejected)) for a in found.approvers),
    )


def _changes(found: PeriodReport) -> Iterator[Section]:
    yield _section(
        "Tool definitions",
        ("accepted", "tool", "version", "change", "by", "digest"),
        (
            (
                moment(pin.pinned_ms),
                pin.tool,
                pin.version,
                pin.change,
                "own code" if pin.pinned_by is None else who(pin.pinned_by, pin.name),
                pin.digest,
            )
            for pin in found.pins
        ),
    )
    yield _section(
        "Policy versions",
        ("in force from", "version"),
        ((moment(each.loaded_ms), each.version) for each in found.policies),
    )


def _access(found: PeriodReport) -> Iterator[Section]:
    yield _section(
        "Payloads revealed",
        ("who", "times", "payloads"),
        ((who(r.principal, r.name), str(r.reveals), str(r.payloads)) for r in found.reveals),
    )
    yield _section(
        "Erasures",
        ("reason", "user", "payloads", "runs", "last"),
        (
            (e.reason, e.principal or "", str(e.payloads), str(e.runs), moment(e.last_ms))
            for e in found.erasures
        ),
    )


def _section(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Section:
    return Section(title, heads, tuple(rows))


_WRITERS: Final[dict[Format, Callable[[PeriodReport], str]]] = {
    Format.MD: markdown,
    Format.HTML: page,
}
