"""The demo as data, for programs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from highroad.demo.story import Beat, Chapter, Claim


class Transcript:
    """Keeps what is told, and hands it over at the end."""

    def __init__(self, hand_over: Callable[[object], None]) -> None:
        self._hand_over = hand_over
        self._chapters: list[dict[str, Any]] = []

    def open(self, number: int, chapter: Chapter) -> None:
        """Begin a chapter."""
        self._chapters.append(
            {"number": number, "name": chapter.name, "title": chapter.title, "beats": []}
        )

    def tell(self, beat: Beat) -> None:
        """Keep a beat."""
        self._chapters[-1]["beats"].append(asdict(beat))

    def close(self, claims: Sequence[Claim]) -> None:
        """Hand over."""
        holds = all(claim.holds for claim in claims)
        self._hand_over({"chapters": self._chapters, "claims": len(claims), "holds": holds})
