"""Entries: how what is known becomes exact bytes, with what rides along.

`calls` has what the road writes of a call, `verifying` what it asks of verifiers, `runs` what
the runs of agents leave, `people` what is said of calls afterwards, `house` what concerns no call.
Bodies hold ids, digests, codes and rules; no argument, no result, no name of a person, and no word
that a model made up (P7).
"""

from highroad.ledger.entries.calls import deferred, ended, held, intent, revised
from highroad.ledger.entries.house import (
    breaker_changed,
    erased,
    identity_changed,
    met,
    noted,
    pinned,
    unauthenticated,
)
from highroad.ledger.entries.people import (
    amended,
    cancelled,
    decided,
    lettered,
    order_refused,
    revealed,
    trial_changed,
)
from highroad.ledger.entries.runs import (
    model_asked,
    model_replied,
    run_ended,
    run_held,
    run_message,
    run_resumed,
    run_started,
)
from highroad.ledger.entries.verifying import verification_asked, verification_replied

__all__ = [
    "amended",
    "breaker_changed",
    "cancelled",
    "decided",
    "deferred",
    "ended",
    "erased",
    "held",
    "identity_changed",
    "intent",
    "lettered",
    "met",
    "model_asked",
    "model_replied",
    "noted",
    "order_refused",
    "pinned",
    "revealed",
    "revised",
    "run_ended",
    "run_held",
    "run_message",
    "run_resumed",
    "run_started",
    "trial_changed",
    "unauthenticated",
    "verification_asked",
    "verification_replied",
]
