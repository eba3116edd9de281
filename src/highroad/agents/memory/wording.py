"""What text may be remembered."""

import unicodedata
from typing import Final

from highroad.domain.error import ToolError

MOST_CHARACTERS: Final = 2_000
_UNSEEN: Final = {"Cc", "Cf", "Cn", "Co", "Cs"}
_NEEDED: Final = {"\n", "\t", "\u200c", "\u200d"}
"""Line ends, and what joins and parts letters in Persian, in languages of India and in emoji."""


def worded(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """A text without what a person who looks at it would not see.

    A memory is shown to models again and again, long after somebody wrote it: an order to them
    that hides from people is worth hiding here.

    Raises:
        ToolError: Nothing is left of it, or it is too long.
    """
    seen = [each for each in text if each in _NEEDED or unicodedata.category(each) not in _UNSEEN]
    told = unicodedata.normalize("NFC", "".join(seen)).strip()
    if not told:
        raise _refused("memory_empty", "There is nothing to remember.", "Say it in words.")
    if len(told) > most:
        raise _refused(
            "memory_too_long",
            f"A memory has {most} characters at most.",
            "Say it in fewer words, or in several memories.",
        )
    return told


def _refused(code: str, message: str, hint: str) -> ToolError:
    return ToolError(message, code=code, hint=hint, applied=False)
