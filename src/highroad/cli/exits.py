"""How a command ends, for the scripts that call it."""

from enum import IntEnum
from typing import Any

from highroad.cli.misuse import Misuse
from highroad.domain.error import (
    AddressError,
    AnchorError,
    DecisionRefused,
    DeclarationError,
    HighroadError,
    IdentityUnavailable,
    LedgerError,
    NotPermitted,
    NotRecorded,
    ResultRefused,
    SettingsError,
    Unauthenticated,
)
from highroad.domain.outcome import Outcome
from highroad.domain.run import RunStatus
from highroad.ports.upstream import UpstreamError


class ExitCode(IntEnum):
    """Exit codes of every command; stable."""

    COMPLETED = 0
    """Done; for `call`, the tool ran or its stored result answered."""
    INTERNAL = 1
    """A bug of ours, or a claim of the demo that did not hold."""
    USAGE = 2
    """Wrong command line or wrong configuration; nothing was opened."""
    REFUSED = 3
    """Decided against before anything ran; for `tools review`, something waits; for `tools lint`,
    what was found weighs enough; for `redteam`, an attack took effect, or more than in the
    baseline."""
    HELD = 4
    """The call waits, for a person or for its result; so does a run whose call does."""
    FAILED = 5
    """It went wrong, and it is proved that nothing was applied; for `run`, there is no answer."""
    UNKNOWN = 6
    """It may have been applied; nobody can say."""
    LEDGER = 7
    """The ledger is owned by another process, or it or an anchor cannot be used."""
    EXPIRED = 8
    """Expired before anybody decided, or cancelled."""
    BROKEN = 9
    """What the ledger holds is not what was signed or anchored."""
    INCOMPLETE = 10
    """Something that should be in the ledger is missing; what is there is what was signed."""


_BY_STATUS = {
    "completed": ExitCode.COMPLETED,
    "refused": ExitCode.REFUSED,
    "held": ExitCode.HELD,
    "failed": ExitCode.FAILED,
    "unknown": ExitCode.UNKNOWN,
    "expired": ExitCode.EXPIRED,
    "cancelled": ExitCode.EXPIRED,
}


def of_outcome(outcome: Outcome[Any]) -> ExitCode:
    """Exit code of a call's outcome."""
    return _BY_STATUS[outcome.status]


def of_run(status: RunStatus) -> ExitCode:
    """Exit code of a run as it came to rest, or ended."""
    match status:
        case RunStatus.COMPLETED:
            return ExitCode.COMPLETED
        case RunStatus.HELD:
            return ExitCode.HELD
        case RunStatus.CANCELLED:
            return ExitCode.EXPIRED
        case _:
            return ExitCode.FAILED


def of_error(error: HighroadError) -> ExitCode:
    """Exit code of an exception that ended a command."""
    match error:
        case SettingsError() | DeclarationError() | NotRecorded() | Misuse() | AddressError():
            return ExitCode.USAGE
        case LedgerError() | AnchorError():
            return ExitCode.LEDGER
        case DecisionRefused() | ResultRefused() | NotPermitted() | Unauthenticated():
            return ExitCode.REFUSED
        case IdentityUnavailable() | UpstreamError():
            return ExitCode.FAILED
        case _:
            return ExitCode.INTERNAL
