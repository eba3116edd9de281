"""A recognizer: where a text has something personal or secret."""

from collections.abc import Sequence
from typing import Protocol

from highroad.domain.redaction import Detection, SensitiveKind


class Recognizer(Protocol):
    """Finds what one library or rule knows.

    Detections lie within the text, are not empty, and are the same for the same text. They may
    overlap: whoever asks several recognizers decides between them.
    """

    @property
    def kinds(self) -> frozenset[SensitiveKind]:
        """What it may find."""
        ...

    def find(self, text: str, name: str = "") -> Sequence[Detection]:
        """Where the text has something.

        Args:
            text: Whatever stands in a result; it may be hostile, and may hold anything.
            name: Of the field in which it stands; empty where there is none.
        """
        ...
