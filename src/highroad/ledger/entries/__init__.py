"""Entries: how what is known becomes exact bytes, with what rides along.

`calls` has what the road writes of a call, `people` what is said of calls afterwards, `house` what
concerns no call. Bodies hold ids, digests, codes and rules; no argument, no result, no name of a
person, and no word that a model made up (P7).
"""

from highroad.ledger.entries.calls import deferred, ended, held, intent
from highroad.ledger.entries.house import breaker_changed, erased, noted, pinned
from highroad.ledger.entries.people import (
    amended,
    cancelled,
    decided,
    lettered,
    order_refused,
    revealed,
)

__all__ = [
    "amended",
    "breaker_changed",
    "cancelled",
    "decided",
    "deferred",
    "ended",
    "erased",
    "held",
    "intent",
    "lettered",
    "noted",
    "order_refused",
    "pinned",
    "revealed",
]
