"""Decisions that other processes leave for the owner."""

from collections.abc import Sequence
from typing import Final

import apsw

from highroad.domain.approval import Decision, Ruling

_COLUMNS: Final = "approval_id, ruling, decided_by, digest, at_ms, reason"
_PUT: Final = f"INSERT INTO inbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
_TAKE: Final = f"DELETE FROM inbox WHERE ({_COLUMNS}) = (?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
_ALL: Final = f"SELECT {_COLUMNS} FROM inbox ORDER BY id"  # noqa: S608 - constants


def put(connection: apsw.Connection, decision: Decision) -> None:
    """Add a decision, inside a transaction."""
    connection.execute(_PUT, _values(decision))


def take(connection: apsw.Connection, decisions: Sequence[Decision]) -> None:
    """Remove decisions, inside a transaction."""
    connection.executemany(_TAKE, map(_values, decisions))


class InboxReader:
    """Looks into the inbox.

    The owner asks again and again, and nearly always for nothing.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def all(self) -> list[Decision]:
        """Decisions that wait, oldest first."""
        return [
            Decision(
                approval_id=approval_id,
                ruling=Ruling(ruling),
                by=by,
                digest=digest,
                at_ms=at_ms,
                reason=reason,
            )
            for approval_id, ruling, by, digest, at_ms, reason in self._connection.execute(_ALL)
        ]


def _values(decision: Decision) -> tuple[str, str, str, str, int, str]:
    return (
        decision.approval_id,
        decision.ruling,
        decision.by,
        decision.digest,
        decision.at_ms,
        decision.reason,
    )
