"""How much of a corpus is found, and how much of what is found is there."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.redaction.corpus import Labelled
from highroad.redaction.detector import Detector


@dataclass(slots=True)
class Score:
    """Of one kind.

    Args:
        there: Pieces that the corpus has.
        found: Of these, those that a detection of their kind covers whole.
        right: Detections of the kind that touch such a piece.
        wrong: Detections of the kind that touch none.
    """

    there: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        """Of what is there, what is found."""
        return self.found / self.there if self.there else 1.0

    @property
    def precision(self) -> float:
        """Of what is found, what is there."""
        detections = self.right + self.wrong
        return self.right / detections if detections else 1.0


@dataclass(slots=True)
class Scores:
    """Of a corpus: by kind, recall by what was made, and what lookalikes were taken for."""

    by_kind: dict[str, Score] = field(default_factory=dict)
    by_sort: dict[str, Score] = field(default_factory=dict)
    taken_for: Counter[tuple[str, str]] = field(default_factory=Counter)

    def of(self, kind: str) -> Score:
        """Of one kind."""
        return self.by_kind.setdefault(kind, Score())


def scored(texts: Iterable[Labelled]) -> Scores:
    """Look for everything in every text."""
    scores, detector = Scores(), Detector()
    for each in texts:
        _score(scores, each, detector)
    return scores


def _score(scores: Scores, each: Labelled, detector: Detector) -> None:
    detections = detector.find(each.text, each.name)
    for start, end, kind in each.labels:
        is_found = any(f.kind == kind and f.start <= start and end <= f.end for f in detections)
        for score in (scores.of(kind), scores.by_sort.setdefault(each.about, Score())):
            score.there += 1
            score.found += is_found
    for detection in detections:
        touched = any(
            detection.kind == kind and detection.start < end and start < detection.end
            for start, end, kind in each.labels
        )
        score = scores.of(detection.kind)
        score.right += touched
        score.wrong += not touched
        if not touched:
            scores.taken_for[each.about, detection.rule] += 1
