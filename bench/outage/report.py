"""The outages in print: a table, curves, and the page of the documentation.

`python bench/run.py outage` simulates each hour and prints what it came to, which takes some
minutes. `python -m bench.outage.report` writes the table into `docs/outage.md` and the curves into
`docs/outage.svg` besides.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.outage.drawing import Panel, blocks, svg
from bench.outage.figures import (
    MINUTE_S,
    Figures,
    answered_by_minute,
    by_minute,
    figures_of,
)
from bench.outage.plan import HOURS, SICK, SICK_TOOLS, Plan
from bench.outage.simulation import Course, course_of

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PAGE: Final = DOCS / "outage.md"
CURVES: Final = DOCS / "outage.svg"
BEGIN: Final = "<!-- figures -->\n"
END: Final = "<!-- end of figures -->\n"

_LABEL_WIDTH: Final = 10

_ROWS: Final[Sequence[tuple[str, Callable[[Figures], str]]]] = (
    ("calls a second", lambda each: f"{each.demand:.1f}"),
    ("attempts and probes a second that `payments` sees", lambda each: f"{each.load:.2f}"),
    ("… from a client without the road", lambda each: f"{each.bare_load:.1f}"),
    ("retries, as a part of calls", lambda each: f"{each.retries:.1%}"),
    ("calls that were answered", lambda each: f"{each.answered:.1%}"),
    ("… without the road", lambda each: f"{each.bare_answered:.1%}"),
    ("wait for an answer or an error, p50", lambda each: seconds(each.wait_p50_s)),
    ("… without the road", lambda each: seconds(each.bare_wait_p50_s)),
    ("the same, p99", lambda each: seconds(each.wait_p99_s)),
    ("… without the road", lambda each: seconds(each.bare_wait_p99_s)),
    ("p99 of other tools before the outage", lambda each: seconds(each.others_before_p99_s)),
    ("… during it", lambda each: seconds(each.others_p99_s)),
    ("breaker opened", lambda each: f"{each.openings} times"),
    ("last call turned away after `payments` was well", lambda each: seconds(each.recovery_s)),
    ("dead letters", lambda each: f"{each.letters:,}"),
    ("calls that are unknown", lambda each: f"{each.unknown:,}"),
    ("orders carried out twice", lambda each: f"{each.twice}"),
    ("… without the road", lambda each: f"{each.bare_twice:,}"),
    ("of the first 100 letters, done by a redrive", lambda each: f"{each.redriven['completed']}"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What several hours came to."""

    courses: Sequence[Course]

    def line(self) -> str:
        """A table and curves, for a terminal."""
        return "\n".join(("", *self.table(), "", *self.curves()))

    def table(self) -> Sequence[str]:
        """A table in Markdown, one hour a column."""
        figures = [figures_of(course) for course in self.courses]
        rows = [["", *(course.plan.title for course in self.courses)]]
        rows += [[name, *map(cell, figures)] for name, cell in _ROWS]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        head, *body = (_row(row, widths) for row in rows)
        return head, _row(["-" * width for width in widths], widths), *body

    def curves(self) -> Sequence[str]:
        """Load and answers of each hour, one block a minute."""
        lines = [f"Attempts a second at `{SICK}`, and calls answered; one column a minute."]
        for course in self.courses:
            lines += ["", course.plan.title]
            load, answered = _load_panel(course), _answered_panel(course)
            for panel in (load, answered):
                lines += [
                    f"{name:{_LABEL_WIDTH}}{blocks(curve, panel.most)}"
                    for name, curve in panel.curves.items()
                ]
        return lines

    def svg(self) -> str:
        """The same as a picture."""
        return svg([_load_panel(course) for course in self.courses])


def seconds(value: float) -> str:
    """A time in the unit that fits."""
    return f"{value * 1_000:.0f} ms" if value < 1 else f"{value:.1f} s"


def simulated(plans: Sequence[Plan] = HOURS) -> Report:
    """Simulate these hours, each in a process of its own."""
    with ProcessPoolExecutor(min(len(plans), os.cpu_count() or 1), get_context("spawn")) as pool:
        return Report(list(pool.map(course_of, plans)))


async def measure() -> Report:
    """Simulate the hours of the documentation."""
    return simulated()


def written(page: str, report: Report) -> str:
    """The page with this report's table and curves."""
    before, _, rest = page.partition(BEGIN)
    _, _, behind = rest.partition(END)
    shown = "\n".join((*report.table(), "", "```text", *report.curves(), "```", ""))
    return f"{before}{BEGIN}{shown}{END}{behind}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(map(str.ljust, cells, widths))} |"


def _load_panel(course: Course) -> Panel:
    asked = [call.at_s for call in course.road.calls if call.tool in SICK_TOOLS]
    curves = {
        "asked for": by_minute(course, asked),
        "without": by_minute(course, course.bare.logs[SICK].asked_s),
        "road": by_minute(course, course.road.logs[SICK].asked_s),
    }
    most = max(map(max, curves.values()))
    return Panel(title=course.plan.title, curves=curves, most=most, shaded=_trouble(course.plan))


def _answered_panel(course: Course) -> Panel:
    curves = {
        "without": answered_by_minute(course, course.bare),
        "road": answered_by_minute(course, course.road),
    }
    return Panel(title=course.plan.title, curves=curves, most=1.0, shaded=_trouble(course.plan))


def _trouble(plan: Plan) -> tuple[float, float]:
    return plan.before_s / MINUTE_S, plan.well_s / MINUTE_S


def main() -> None:
    """Print the report, and write it down."""
    report = simulated()
    sys.stdout.write(f"{report.line()}\n")
    PAGE.write_text(written(PAGE.read_text("utf-8"), report), "utf-8")
    CURVES.write_text(report.svg(), "utf-8")


if __name__ == "__main__":
    main()
