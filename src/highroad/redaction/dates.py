"""Dates in digits, which look like numbers that somebody could be called by."""

import re
from typing import Final

_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:[0-2]?\d|3[01])(?: \d\d?)?"
    r"|(?:[0-2]?\d|3[01])[-./ ](?:[0-2]?\d|3[01])[-./ ](?:19|20)\d\d(?: \d\d?)?"
)


def is_date(text: str) -> bool:
    """Whether a text is a day, perhaps with the hour behind it, and nothing else."""
    return _DATE.fullmatch(text) is not None
