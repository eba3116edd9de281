"""What becomes of a reservation once somebody says what became of its call."""

import logging
from typing import Final

from highroad.domain.demand import Amount
from highroad.domain.error import CountersError
from highroad.ledger.history import CallHistory
from highroad.limits.share import Spender, ToolCap
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.recovery")


async def settle_reservation(services: Services, history: CallHistory, *, applied: bool) -> None:
    """Let a call that was unknown count what it took: nothing but itself, if it was not applied.

    A ledger that is read later says the same. Where the counters cannot be reached the call counts
    in full until then.
    """
    opening, ended = history.opening, history.ended or {}
    run = await services.runs.enter(history.run_id, is_direct=opening["direct"])
    try:
        spender = Spender(
            holder=history.call_id,
            run=run,
            principal_id=opening["principal"],
            organization=history.organization,
            at_ms=opening["opened"],
            is_alone=opening["direct"],
            tool=ToolCap(opening["tool"] or "", "", 0),
        )
        if history.settled is not None:
            await _correct(services, spender, history, applied=applied)
            return
        reserved = Amount(calls=1, microusd=opening["reserved"])
        used = Amount(
            calls=1,
            attempts=ended.get("attempts", 1),
            microusd=opening["reserved"] if applied else 0,
            wall_ms=ended.get("latency_us", 0) // 1_000,
        )
        await services.budgets.resumed(spender, reserved).settle(used)
    except CountersError as error:
        _log.warning("call %s counts what it reserved: %s", history.call_id, error)
    finally:
        run.leave()


async def _correct(
    services: Services, spender: Spender, history: CallHistory, *, applied: bool
) -> None:
    """Count what the call cost after all, or did not: the last word counts."""
    if history.settled is not applied:
        reserved = history.opening["reserved"]
        by = Amount(microusd=reserved if applied else -reserved)
        await services.budgets.correct(spender, by)
