"""Numbers that are a part of another value: the `22` of May 22, of 22:15 and of $22.

Such a number is no id. Whoever says when something is due has named no object of that number.
"""

import re
from collections.abc import Iterable
from typing import Final

from highroad.evidence.matching import units

_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_BEFORE: Final = re.compile(
    rf"(?:\b(?:{_MONTHS})\.?,?\s+(?:the\s+)?|\d[\d.,]*[./:-]|[$€£¥₹]\s*|\b(?:eur|usd|gbp|chf)\s+"
    r"|\b(?:at|on the)\s+)$",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    rf"(?:st|nd|rd|th)?(?:\s+(?:of\s+)?(?:{_MONTHS})\b|[./:-]\d|\s*[%€£$¥₹]"
    r"|\s*(?:am|pm|o'clock)\b|,\d{3})",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[\s-]?([^\W\d_]+)")
_LONGEST: Final = 4
"""A longer number is no day, hour or count that people say."""
_SHORT: Final = re.compile(
    rf"(?<![\w.,])\d{{1,{_LONGEST}}}(?![\w]|[.,]\d)|(?<=#)\d{{1,{_LONGEST}}}\b"
)


def stands_by_itself(digits: str, texts: Iterable[str]) -> bool:
    """Whether a short number stands in any of these texts and is no part of another value."""
    if len(digits) > _LONGEST or not digits.isdecimal():
        return True
    return any(
        match[0] == digits and _is_alone(text, match.start(), match.end())
        for text in texts
        for match in _SHORT.finditer(text)
    )


def _is_alone(text: str, start: int, end: int) -> bool:
    if _BEFORE.search(text[max(0, start - 24) : start]) or _BEHIND.match(text[end : end + 16]):
        return False
    word = _WORD.match(text, end)
    return word is None or not units.codes_of(word[1].casefold())
