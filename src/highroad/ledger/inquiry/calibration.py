"""What models say of themselves, held against what became of their calls.

Expected calibration error: over ten bins of stated confidence, the distance between the mean of
what was stated and the share that was right, weighed by how many calls a bin has (Naeini, Cooper
and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; Guo et
al., "On Calibration of Modern Neural Networks", ICML 2017).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.entry import EntryKind
from highroad.domain.error import Code
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Status
from highroad.ledger.history import read_body
from highroad.ledger.inquiry.questions import Scope
from highroad.ledger.projections import Body
from highroad.ledger.tables.derivation import stored
from highroad.ports.store import Store

BINS: Final = 10
_LEAST: Final = tuple(at / BINS for at in range(BINS))
_STATES: Final = b'"confidence":'
_UNDOES: Final = b'"compensates":'
"""What stands in entries that are looked for: the others are not read."""
THRESHOLDS: Final = tuple(at / 100 for at in range(50, 100, 5))
WRONG: Final = frozenset(
    {
        Code.INVALID_ARGUMENTS,
        Code.UNGROUNDED,
        Code.REJECTED,
        Code.VERIFICATION_REJECTED,
    }
)
"""Codes of refusals that find fault with the call itself, and not with who makes it, or when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Calls whose stated confidence is `least` or more, and below `most`; 1 is in the last."""

    least: float
    most: float
    calls: int
    """That are labelled."""
    confidence: float | None
    """The mean of what was stated; `None` of no call."""
    right: float | None
    """The share that was right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtThreshold:
    """What asking below a threshold would have meant for these calls."""

    threshold: float
    asked: int
    """Calls that people would have been asked about: below it, or without a statement."""
    caught: int
    """Of the wrong ones that were stated, those below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How much what one model says of its calls of one tool is worth."""

    model: str
    """The version that replied; empty where the ledger does not have the reply any more."""
    tool: str
    calls: int
    """Of which it was asked how sure it is."""
    unstated: int
    """Of these, those of which it did not say, in a form that counts."""
    unlabelled: int
    """Of these, those that say nothing: open, unknown, repeated, stopped for another reason."""
    wrong: int
    """Of those that are stated and labelled."""
    error: float | None
    """The expected calibration error, from 0 to 1; `None` where no call is stated and labelled."""
    bins: tuple[Bin, ...]
    thresholds: tuple[AtThreshold, ...]


@dataclass(slots=True, kw_only=True)
class Stated:
    """A call of which a model was asked how sure it is."""

    tool: str
    asked_by: str
    confidence: float | None
    is_right: bool | None = None
    """`None` is not known."""
    is_edited: bool = False
    is_ended: bool = False


async def calibration(store: Store, scope: Scope) -> list[Calibration]:
    """How much what models state is worth, by model and tool; those with most calls first."""
    calls = await _calls(store, scope)
    models = await _models(store, {call.asked_by for call in calls})
    groups: defaultdict[tuple[str, str], list[Stated]] = defaultdict(list)
    for call in calls:
        groups[models.get(call.asked_by, ""), call.tool].append(call)
    found = [_calibrated(model, tool, group) for (model, tool), group in groups.items()]
    return sorted(found, key=lambda each: (-each.calls, each.model, each.tool))


async def _calls(store: Store, scope: Scope) -> Sequence[Stated]:
    """By what their entries say: the first of each call says what was stated."""
    reading = _Reading(scope)
    for kind in (EntryKind.HELD, EntryKind.INTENT, EntryKind.ENDED, EntryKind.AMENDED):
        async for page in stored(store, kind=kind):
            for entry in page:
                if entry.call_id is not None and reading.is_of_use(entry.call_id, entry.body):
                    reading.take(entry.call_id, read_body(entry))
    return reading.labelled()


class _Reading:
    """Calls in the making: entries of one kind after the other."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[str, Stated] = {}
        self._undoing: dict[str, str] = {}
        """Calls that take back what another did, and which."""
        self._undone: set[str] = set()

    def is_of_use(self, call_id: str, body: bytes) -> bool:
        """Whether an entry has to be read: of most calls nothing was stated."""
        if call_id in self._found or call_id in self._undoing:
            return True
        return _STATES in body or _UNDOES in body

    def take(self, call_id: str, body: Body) -> None:
        """Take note of an entry."""
        if call_id not in self._found and "confidence" in body and _is_within(body, self._scope):
            self._found[call_id] = Stated(
                tool=body["tool"] or "",
                asked_by=body.get("asked_by", ""),
                confidence=body["confidence"],
            )
        if "compensates" in body:
            self._undoing[call_id] = body["compensates"]
        if body["kind"] == EntryKind.ENDED and body["status"] == Status.COMPLETED:
            self._undone.add(self._undoing.get(call_id, ""))
        if (call := self._found.get(call_id)) is not None:
            _label(call, body)

    def labelled(self) -> Sequence[Stated]:
        """The calls; what somebody edited, or had taken back, was wrong."""
        for call_id, call in self._found.items():
            if call.is_ended and (call.is_edited or call_id in self._undone):
                call.is_right = False
        return tuple(self._found.values())


def _label(call: Stated, body: Body) -> None:
    match body["kind"]:
        case EntryKind.HELD:
            call.is_edited = call.is_edited or "edited" in body
        case EntryKind.ENDED:
            call.is_ended, call.is_right = True, is_right(body)
        case EntryKind.AMENDED if body["applied"] is not None:
            # Settled as applied it was carried out as it stood; that it was not tells nothing.
            call.is_right = True if body["applied"] else None
        case _:
            pass


def _is_within(body: Body, scope: Scope) -> bool:
    return scope.organization in {None, body["org"]} and body["opened"] in scope.period


def is_right(ended: Body) -> bool | None:
    """Whether the call was right, by how it ended; `None` where that tells nothing of it."""
    if "repeated" in ended or "dry_run" in ended or "source" in ended:
        return None
    match ended["status"]:
        case Status.COMPLETED:
            return True
        case Status.REFUSED:
            return False if ended["code"] in WRONG else None
        case Status.FAILED:
            return False if ended.get("failure") == FailureKind.INVALID_ARGUMENTS else None
        case _:
            return None


async def _models(store: Store, asked: set[str]) -> dict[str, str]:
    """Who replied to each of these requests."""
    found: dict[str, str] = {}
    if not asked:
        return found
    async for page in stored(store, kind=EntryKind.MODEL_REPLIED):
        for body in map(read_body, page):
            if body["id"] in asked:
                found[body["id"]] = body["model"]
    return found


# -- reckoning -----------------------------------------------------------------------------------


def _calibrated(model: str, tool: str, calls: Sequence[Stated]) -> Calibration:
    labelled = [
        (call.confidence, call.is_right)
        for call in calls
        if call.confidence is not None and call.is_right is not None
    ]
    bins = binned(labelled)
    return Calibration(
        model=model,
        tool=tool,
        calls=len(calls),
        unstated=sum(call.confidence is None for call in calls),
        unlabelled=sum(call.is_right is None for call in calls),
        wrong=sum(not right for _, right in labelled),
        error=error_of(bins),
        bins=bins,
        thresholds=tuple(_at(threshold, calls) for threshold in THRESHOLDS),
    )


def binned(labelled: Iterable[tuple[float, bool]]) -> tuple[Bin, ...]:
    """The reliability table of stated confidences and whether each call was right."""
    within: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in labelled:
        within[bisect_right(_LEAST, confidence) - 1].append((confidence, right))
    return tuple(_bin(at, found) for at, found in enumerate(within))


def _bin(at: int, found: Sequence[tuple[float, bool]]) -> Bin:
    count = len(found)
    return Bin(
        least=at / BINS,
        most=(at + 1) / BINS,
        calls=count,
        confidence=sum(confidence for confidence, _ in found) / count if count else None,
        right=sum(right for _, right in found) / count if count else None,
    )


def error_of(bins: Iterable[Bin]) -> float | None:
    """The expected calibration error of a reliability table."""
    told = [
        (each.calls, abs(each.confidence - each.right))
        for each in bins
        if each.confidence is not None and each.right is not None
    ]
    total = sum(calls for calls, _ in told)
    return sum(calls * distance for calls, distance in told) / total if total else None


def _at(threshold: float, calls: Iterable[Stated]) -> AtThreshold:
    below = [call for call in calls if call.confidence is None or call.confidence < threshold]
    return AtThreshold(
        threshold=threshold,
        asked=len(below),
        caught=sum(call.is_right is False and call.confidence is not None for call in below),
    )
