"""What PostgreSQL complains of, in words that say what to do next.

Its own words are left out: a detail may quote a row, and what is quoted is in the logs (P7).
"""

from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Final

from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import (
    ClientError,
    InterfaceError,
    NoPrimaryError,
    PostgresError,
)
from highroad.domain.error import LedgerError

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "28": "does not let this user in; check user and password",
        "3D": "is not there; create the database first",
        "42501": "may not be used by this user; grant CREATE on the database, or the tables",
        "53": "has no room left (disk, memory or connections); make some, then try again",
        "25006": "is read-only; name the primary server",
        "40": "was busy with other writers again and again; try again",
        "55P03": "is locked by another process; end that process, or try again",
        "57014": "took too long over a statement; look what it is busy with, then try again",
    }
)
_AWAY: Final = "cannot be reached; look after the server or the network, then try again"

# Classes of SQLSTATE, or whole ones, after which the session is of no use but another may be.
_LOST: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25006")
_UNREACHABLE: Final = (*_LOST, "53300")
_RACED: Final = ("40001", "40P01")


def is_lost(error: BaseException) -> bool:
    """Whether the session broke: what it was asked may have been done or not."""
    return isinstance(error, OSError | TimeoutError | InterfaceError | ClientError) or _state(
        error
    ).startswith(_LOST)


def is_away(error: BaseException) -> bool:
    """Whether connecting failed in a way that may pass."""
    return (
        isinstance(error, OSError | TimeoutError | NoPrimaryError)
        or is_lost(error)
        or _state(error).startswith(_UNREACHABLE)
    )


def is_raced(error: BaseException) -> bool:
    """Whether two transactions were in each other's way: nothing was done, and may be again."""
    return _state(error) in _RACED


def is_of(error: BaseException, sqlstate: str) -> bool:
    """Whether the server gave this code."""
    return _state(error) == sqlstate


def _state(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None) if isinstance(error, PostgresError) else None
    return state if isinstance(state, str) else ""


class LedgerErrors:
    """Context in which an error of the driver comes out as a `LedgerError` about one ledger."""

    __slots__ = ("_address",)

    def __init__(self, address: Address) -> None:
        self._address = address

    def __enter__(self) -> None:
        """Nothing to do: one context serves a whole store."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, PostgresError | InterfaceError | ClientError | OSError | TimeoutError):
            raise self.of(error) from None

    def of(self, error: BaseException) -> LedgerError:
        """The error to raise for one of the driver's."""
        state = _state(error)
        if is_away(error) and state != "25006":
            said = _AWAY
        else:
            found = (text for code, text in _SENTENCES.items() if state.startswith(code))
            said = next(found, "refused a statement; please report this")
        code = f"{type(error).__name__} {state}".strip()
        return LedgerError(f"the ledger {self._address.name} {said} ({code})")
