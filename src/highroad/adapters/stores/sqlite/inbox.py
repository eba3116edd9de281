"""Decisions that other processes leave for the owner."""

from collections.abc import Sequence
from typing import Any, Final

import apsw

from highroad.domain.approval import Decision, Ruling

_COLUMNS: Final = "approval_id, ruling, decided_by, digest, at_ms, reason, profile"
_PUT: Final = f"INSERT INTO inbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
# `IS`, because what is absent equals what is absent.
_TAKE: Final = f"DELETE FROM inbox WHERE ({_COLUMNS}) IS (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
_ALL: Final = f"SELECT {_COLUMNS} FROM inbox ORDER BY id"  # noqa: S608 - constants


def put(connection: apsw.Connection, decision: Decision) -> None:
    """Add a decision, inside a transaction."""
    connection.execute(_PUT, _values(decision))


def take(connection: apsw.Connection, decisions: Sequence[Decision]) -> None:
    """Remove decisions, inside a transaction."""
    connection.executemany(_TAKE, map(_values, decisions))


def waiting(connection: apsw.Connection) -> list[Decision]:
    """Decisions that wait, oldest first.

    The owner asks again and again, nearly always for nothing: an empty table answers within four
    microseconds, as long as `PRAGMA data_version` takes to say that nothing changed.
    """
    rows: list[tuple[Any, ...]] = connection.execute(_ALL).fetchall()
    return [
        Decision(
            approval_id=approval_id,
            ruling=Ruling(ruling),
            by=by,
            digest=digest,
            at_ms=at_ms,
            reason=reason,
            profile=profile,
        )
        for approval_id, ruling, by, digest, at_ms, reason, profile in rows
    ]


def _values(decision: Decision) -> tuple[str | int | bytes | None, ...]:
    return (
        decision.approval_id,
        decision.ruling,
        decision.by,
        decision.digest,
        decision.at_ms,
        decision.reason,
        decision.profile,
    )
