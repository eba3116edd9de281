"""What lint found, as a person likes to read it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from highroad.cli import views
from highroad.tools.lint.codes import Severity
from highroad.tools.lint.finding import Finding
from highroad.tools.lint.report import Report
from highroad.tools.lint.score import Point, Score

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
_COUNTED: Final = {
    Severity.ERROR: "errors",
    Severity.WARNING: "warnings",
    Severity.ADVICE: "pieces of advice",
}
_NAMED: Final = 3
"""Tools that are named where many have the same coming."""


def report(found: Report, *, is_all: bool) -> RenderableType:
    """Findings by tool, advice by code, and the scores.

    Args:
        found: What lint has to say.
        is_all: Advice stands with its tool as well.
    """
    by_tool: defaultdict[str, list[Finding]] = defaultdict(list)
    advice: list[Finding] = []
    for finding in found.findings:
        is_aside = finding.severity is Severity.ADVICE and not is_all
        (advice if is_aside else by_tool[finding.tool]).append(finding)
    points = {score.tool: score.points for score in found.scores}
    sections = [
        part
        for tool, findings in by_tool.items()
        for part in (_head(tool, points), _lines(findings), "")
    ]
    if advice:
        sections += [
            _told("advice, by code; --all tells each piece at its tool"),
            _by_code(advice),
            "",
        ]
    return Group(*sections, _scores(found.scores), "", _sum(found))


def printable(text: str) -> str:
    """A text of a foreign list without what a terminal would take for a command."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _head(tool: str, points: dict[str, int]) -> Text:
    if not tool:
        return _told("the tools together")
    return Text.assemble(
        (printable(tool), "bold"), (f"  {points.get(tool, 0)} of {len(Point)}", "dim")
    )


def _told(words: str) -> Text:
    return Text(words, "bold")


def _lines(findings: Iterable[Finding]) -> Table:
    rows = _grid()
    for severity, code, message, fix in _merged(findings):
        rows.add_row(Text(severity, _COLOURS[severity]), code, _words(message, fix))
    return rows


def _by_code(findings: Iterable[Finding]) -> Table:
    """Each code once, with the first finding for an example: most lists lack one thing all over."""
    by_code: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    rows = _grid()
    for code, same in by_code.items():
        tools = list(dict.fromkeys(finding.tool for finding in same if finding.tool))
        rows.add_row(
            Text(str(len(same)), "cyan"), code, _words(_where(tools) + same[0].message, same[0].fix)
        )
    return rows


def _where(tools: Sequence[str]) -> str:
    if not tools:
        return ""
    named = ", ".join(printable(tool) for tool in tools[:_NAMED])
    more = f" and {len(tools) - _NAMED} more" if len(tools) > _NAMED else ""
    return f"{named}{more}: "


def _merged(findings: Iterable[Finding]) -> Iterator[tuple[Severity, str, str, str]]:
    """What is the same of several arguments is said of all of them at once."""
    same: defaultdict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        key = (finding.code, _without(finding.message, finding), _without(finding.fix, finding))
        same[key].append(finding)
    for (code, message, fix), each in same.items():
        where = ", ".join(finding.pointer for finding in each)
        yield each[0].severity, code, message.replace(_HOLE, where), fix.replace(_HOLE, where)


_HOLE: Final = "\0"


def _without(text: str, finding: Finding) -> str:
    return text.replace(finding.pointer, _HOLE) if finding.pointer else text


def _words(message: str, fix: str) -> Text:
    return Text.assemble(printable(message), "\n", ("→ " + printable(fix), "dim"))


def _scores(scores: Sequence[Score]) -> RenderableType:
    """Of how many tools each point is given, and what took it from the others."""
    rows = views.table("point", "tools", "taken by", whole=("point", "tools"))
    for at, point in enumerate(Point):
        marks = [score.marks[at] for score in scores]
        codes = Counter(code for mark in marks for code in mark.taken_by)
        reasons = [f"{code} ({count})" for code, count in codes.most_common()]
        unsaid = sum(not mark.is_given and not mark.taken_by for mark in marks)
        if unsaid:
            reasons.append(f"not said ({unsaid})")
        given = sum(mark.is_given for mark in marks)
        rows.add_row(point, f"{given} of {len(marks)}", Text(", ".join(reasons), "dim"))
    return rows


def _sum(found: Report) -> Text:
    counts = Counter(finding.severity for finding in found.findings)
    told = ", ".join(f"{counts[severity]} {words}" for severity, words in _COUNTED.items())
    number = len(found.scores)
    average = sum(score.points for score in found.scores) / number if number else 0
    tools = "1 tool" if number == 1 else f"{number} tools"
    return Text(f"{tools}, {average:.1f} of {len(Point)} points on average: {told}")


def _grid() -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right")
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    return rows
