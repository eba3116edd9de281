"""What models said of their calls, and how they mended them, as a person likes to read it."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from highroad.cli.views import table
from highroad.ledger.inquiry.calibration import Calibration
from highroad.ledger.inquiry.repairs import Correction

_NOTHING: Final = "-"
_NEVER_STATED: Final = "No model was asked how sure it is of a call: see `confidence.threshold`."
_NEVER_REFUSED: Final = "No arguments were refused."


def calibration(found: Sequence[Calibration]) -> RenderableType:
    """A reliability table for each model and tool, and what thresholds would mean."""
    if not found:
        return Text(_NEVER_STATED)
    return Group(*[part for each in found for part in _calibration(each)])


def _calibration(found: Calibration) -> Sequence[RenderableType]:
    head = Text.assemble(
        (f"{found.tool} by {found.model or 'a model that is not on record'}", "bold"),
        f": {found.calls} calls, {found.unstated} without a statement, {found.unlabelled} that say "
        f"nothing; expected calibration error {_share(found.error)}",
    )
    return (head, _bins(found), _thresholds(found))


def _bins(found: Calibration) -> RenderableType:
    rows = table("stated", "calls", "mean", "right", whole=("stated", "calls", "mean", "right"))
    for each in found.bins:
        if each.calls:
            within = f"{each.least:.1f} to {each.most:.1f}"
            rows.add_row(within, str(each.calls), _share(each.confidence), _share(each.right))
    return rows


def _thresholds(found: Calibration) -> RenderableType:
    rows = table("threshold", "asked", "wrong caught", whole=("threshold", "asked"))
    for each in found.thresholds:
        caught = f"{each.caught} of {found.wrong}"
        rows.add_row(f"{each.threshold:.2f}", f"{each.asked} of {found.calls}", caught)
    return rows


def repairs(found: Sequence[Correction]) -> RenderableType:
    """Problems, one a line, and the description that is worth the most work."""
    if not found:
        return Text(_NEVER_REFUSED)
    rows = table("tool", "where", "what", "refused", "mended", "later", "never", "after", whole=())
    for each in found:
        rows.add_row(
            *(each.tool, each.pointer or "(all of it)", each.code, str(each.refusals)),
            *(str(each.mended_next), str(each.mended_later), str(each.never)),
            _NOTHING if each.attempts is None else f"{each.attempts:.1f}",
        )
    worst = found[0]
    if worst.mended_next == worst.refusals:
        return rows
    advice = Text(
        f"Improve first what {worst.tool} says of {worst.pointer or 'its arguments'}: "
        f"{worst.refusals - worst.mended_next} of {worst.refusals} were not mended by the next "
        f"call. `highroad tools show {worst.tool}` shows it, `highroad tools lint` what is missing."
    )
    return Group(rows, advice)


def _share(number: float | None) -> str:
    return _NOTHING if number is None else f"{number:.3f}"
