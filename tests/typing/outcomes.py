"""User code that reads outcomes: the value is typed, and a match can be exhaustive."""

from typing import Any, assert_never, assert_type

from highroad import (
    Cancelled,
    Completed,
    Expired,
    Failed,
    Held,
    Outcome,
    Refused,
    Unknown,
)


def told(outcome: Outcome[list[str]]) -> str:
    """Every ending, and the hold which is none; no case may be left out."""
    match outcome:
        case Completed(value=value, is_repeated=True):
            assert_type(value, list[str])
            return "before"
        case Completed(value=value):
            assert_type(value, list[str])
            return value[0]
        case Refused(error=error) | Expired(error=error):
            return error.code
        case Failed(error=error, proof=proof) | Cancelled(error=error, proof=proof):
            return f"{error.code} {proof}"
        case Unknown(call_id=call_id):
            return call_id
        case Held(approval_id=approval_id):
            return approval_id or "deferred"
        case _:
            assert_never(outcome)


def unwrapped(outcome: Outcome[int], by_name: Outcome[Any]) -> int:
    """`unwrap` gives the value, or never returns."""
    assert_type(outcome.unwrap(), int)
    assert_type(outcome.call_id, str)
    if isinstance(outcome, Completed):
        assert_type(outcome, Completed[int])
    return int(by_name.unwrap())
