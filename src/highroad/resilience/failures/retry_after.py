"""`Retry-After`: when a server says that the next request may come (RFC 9110, 10.2.3)."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,9}")
"""Delay-seconds; nine digits are thirty years, and nobody waits longer."""


def retry_after_s(field: object, now_ms: int | None) -> float | None:
    """Seconds to wait, never below 0; `None` where the field says nothing that is understood.

    Args:
        field: Its value: whole seconds, or an HTTP date in any of its three forms (5.6.7).
        now_ms: Unix time, which a date is compared with.
    """
    if not isinstance(field, str):
        return None
    text = field.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    return None if now_ms is None else _until(text, now_ms)


def _until(date: str, now_ms: int) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # of the asctime form, which is UTC as well
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_ms / 1_000)
