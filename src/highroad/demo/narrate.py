"""The demo in print: coloured on a terminal, plain when piped."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from rich.console import Console, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from highroad.demo.story import Beat, Chapter, Claim, Record
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.health import DependencyHealth
from highroad.domain.json_value import JsonValue
from highroad.domain.trail import Explanation, Trail

Draw: TypeAlias = Callable[[Record], RenderableType]
"""Draws a record; whoever prints hands it in, so that the demo shows it as commands do."""

_COLOURS: Final = {
    "completed": "green",
    "approved": "green",
    "recorded": "green",
    "redriven": "green",
    "closed": "green",
    "verified": "green",
    "held": "yellow",
    "open": "yellow",
    "refused": "red",
    "failed": "red",
    "broken": "red",
    "unknown": "magenta",
}
_COMMAND: Final = "highroad"
_INDENT: Final = " " * 11


class Narrator:
    """Prints chapters and their beats as they happen.

    Args:
        console: Where to.
        draw: Draws a record as the commands do.
        epilogue: How to go on, printed at the end.
    """

    def __init__(self, console: Console, draw: Draw, epilogue: RenderableType) -> None:
        self._console = console
        self._draw = draw
        self._epilogue = epilogue

    def open(self, number: int, chapter: Chapter) -> None:
        """Head a chapter."""
        title = Text.assemble((f"{number}  ", "cyan"), (chapter.title, "bold"))
        self._console.print(Rule(title, align="left", style="cyan"))

    def tell(self, beat: Beat) -> None:
        """Print one beat: what was tried, what happened, why, and what was checked."""
        rows: list[tuple[str, RenderableType]] = [("tried", Text(beat.tried))]
        if beat.call.startswith(_COMMAND):
            # In one piece, however narrow the terminal: it is there to be copied.
            self._print(rows)
            self._console.print(Text(_INDENT + beat.call, "bold"), soft_wrap=True)
            rows = []
        elif beat.call:
            rows.append(("", Text(beat.call, style="bold")))
        rows.append(("happened", _status(beat.status)))
        match beat.shown:
            case None:
                pass
            case Trail() | Explanation() | DependencyHealth() | DeadLetter():
                # As wide as the terminal, as the command would print it: it is a table of its own.
                self._print(rows)
                self._console.print(Padding(self._draw(beat.shown), (1, 0, 1, 1)))
                rows = []
            case str(text):
                rows.append(("", Text(text)))
            case data:
                rows.append(("", _json(data)))
        rows.append(("why", Text(beat.why)))
        rows.extend(("", _mark(claim)) for claim in beat.claims)
        self._print(rows)
        self._console.print()

    def close(self, claims: Sequence[Claim]) -> None:
        """Count what was claimed, and say how to go on."""
        broken = sum(not claim.holds for claim in claims)
        if broken:
            verdict = Text(f"{broken} of {len(claims)} claims do not hold.", "bold red")
        else:
            verdict = Text(
                f"{len(claims)} claims, each computed from outcomes, shop and ledger: all hold.",
                "green",
            )
        self._console.print(Rule(style="cyan"), verdict, "", self._epilogue, sep="\n")

    def _print(self, rows: Sequence[tuple[str, RenderableType]]) -> None:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", width=8)
        grid.add_column(ratio=1, overflow="fold")
        for row in rows:
            grid.add_row(*row)
        self._console.print(Padding(grid, (0, 0, 0, 1)))


def _status(words: str) -> Text:
    return Text(words, _COLOURS.get(words.partition(",")[0], "bold"))


def _json(data: JsonValue) -> Text:
    text = JSON.from_data(data, indent=None, ensure_ascii=False).text
    text.no_wrap = False
    return text


def _mark(claim: Claim) -> Text:
    mark, style = ("✓", "green") if claim.holds else ("✗ NOT SO:", "bold red")
    return Text.assemble((mark, style), " ", claim.text)
