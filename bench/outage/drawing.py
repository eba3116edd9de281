"""Curves over minutes: as a line of blocks for a terminal, and as SVG for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH: Final = 720
_HEIGHT: Final = 150
_LEFT: Final = 44
_TOP: Final = 26
_GAP: Final = 34
_FONT: Final = 'font-family="sans-serif" font-size="11"'
_INK: Final = "#57606a"
_COLOURS: Final = ("#8c959f", "#cf222e", "#0969da")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves that share their axes.

    Args:
        title: Stands above.
        curves: By what they show; each has one value a minute.
        most: The top of the axis.
        shaded: From which minute until which the background is.
    """

    title: str
    curves: Mapping[str, Sequence[float]]
    most: float
    shaded: tuple[float, float]


def blocks(curve: Sequence[float], most: float) -> str:
    """A curve as a row of blocks, one a value; whatever is above zero shows."""
    steps = len(_BLOCKS) - 1
    heights = (min(steps, round(value / most * steps)) for value in curve)
    return "".join(
        _BLOCKS[max(height, 1 if value > 0 else 0)]
        for height, value in zip(heights, curve, strict=True)
    )


def svg(panels: Sequence[Panel]) -> str:
    """All panels, one below the other."""
    height = _TOP + len(panels) * (_HEIGHT + _GAP) + 8
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend(panels[0]),
    ]
    for number, panel in enumerate(panels):
        drawn += _panel(panel, _TOP + 18 + number * (_HEIGHT + _GAP))
    return "\n".join([*drawn, "</svg>", ""])


def _legend(panel: Panel) -> Sequence[str]:
    lines = []
    for number, name in enumerate(panel.curves):
        x = _LEFT + number * 170
        lines += [
            f'<rect x="{x}" y="10" width="14" height="4" fill="{_COLOURS[number]}"/>',
            f'<text x="{x + 20}" y="16" fill="{_INK}">{escape(name)}</text>',
        ]
    return lines


def _panel(panel: Panel, top: float) -> Sequence[str]:
    minutes = len(next(iter(panel.curves.values())))
    base, width = top + _HEIGHT - 20, _WIDTH - _LEFT - 12

    def x(minute: float) -> float:
        return round(_LEFT + width * minute / minutes, 1)

    def y(value: float) -> float:
        return round(base - (base - top) * min(1.0, value / panel.most), 1)

    since, until = map(x, panel.shaded)
    drawn = [
        f'<text x="{_LEFT}" y="{top - 6}" font-weight="bold">{escape(panel.title)}</text>',
        f'<path d="M{since} {top}H{until}V{base}H{since}z" fill="#f6f8fa"/>',
        f'<path d="M{_LEFT} {top}V{base}H{_WIDTH - 12}" fill="none" stroke="{_INK}"/>',
    ]
    drawn += [
        f'<text x="{_LEFT - 6}" y="{y(value) + 4}" fill="{_INK}" text-anchor="end">'
        f"{value:.1f}</text>"
        for value in (0, panel.most / 2, panel.most)
    ]
    drawn += [
        f'<text x="{x(minute)}" y="{base + 13}" fill="{_INK}" text-anchor="middle">{minute}</text>'
        for minute in range(0, minutes + 1, 10)
    ]
    for colour, curve in zip(_COLOURS, panel.curves.values(), strict=False):
        points = " ".join(f"{x(minute + 0.5)},{y(value)}" for minute, value in enumerate(curve))
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
    return drawn
