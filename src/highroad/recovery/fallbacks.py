"""Making the call that stands in for one that was given up on.

It is a call like any other: authorized, asked about, budgeted and recorded by itself. If its own
failure speaks against its dependency, the next one stands in for it.
"""

import logging
from functools import partial
from typing import Final

from highroad.domain.call import Call
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.error import LedgerError
from highroad.domain.outcome import AnyOutcome, Completed
from highroad.ledger import entries
from highroad.pipeline import doorway
from highroad.pipeline.drive import drive
from highroad.pipeline.services import Services, StandsIn
from highroad.pipeline.successor import Successor

_log: Final = logging.getLogger("highroad.recovery")


def fallbacks(services: Services) -> StandsIn:
    """What drives successors on these services."""
    return partial(_stand_in, services)


async def _stand_in(services: Services, call: Call, successor: Successor) -> AnyOutcome | None:
    """The outcome of a successor; `None` where the ledger is shut, and nothing was done."""
    try:
        made, context = await doorway.take_in_successor(services, call, successor)
    except LedgerError as error:
        _log.warning("nothing stands in for call %s: %s", call.id, error)
        return None
    outcome = await drive(made, context)
    if _is_answered(outcome, successor) and successor.letter is not None:
        _answer(services, successor.letter, made.id)
    return outcome


def _is_answered(outcome: AnyOutcome, successor: Successor) -> bool:
    """Whether the successor itself, and none behind it, did what the first call was asked to."""
    if not isinstance(outcome, Completed) or outcome.call_id != successor.call_id:
        return False
    return successor.is_as_good


def _answer(services: Services, letter: DeadLetter, call_id: str) -> None:
    """Close the letter of the first call.

    It rides with the next commit. If that is lost the letter stays open, and its key, which names
    the successor, still answers whoever redrives it.
    """
    answered = letter.answered(call_id, at_ms=services.clock.now_ms())
    services.ledger.writer.put(entries.lettered(answered))
