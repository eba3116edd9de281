"""Databases: SQLSTATE (ISO 9075, PostgreSQL's Appendix A), SQLite's result codes, PEP 249.

Drivers are known by likeness: whatever has a `sqlstate` or a `pgcode` (asyncpg, psycopg), a
`sqlite_errorcode` or a `result` (sqlite3, apsw), or the exceptions that PEP 249 names.
"""

import re
from collections.abc import Mapping
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures.likeness import class_names, read, whole_number
from highroad.resilience.failures.meaning import Meaning

STATES: Final[Mapping[str, tuple[FailureKind, bool]]] = {
    "08": (FailureKind.TRANSIENT, False),  # connection exception
    "08001": (FailureKind.TRANSIENT, True),  # "unable to establish" a connection
    "08004": (FailureKind.TRANSIENT, True),  # the server "rejected establishment" of one
    "08P01": (FailureKind.BUG, False),  # protocol violation
    "0A": (FailureKind.BUG, False),  # feature not supported
    "21": (FailureKind.BUG, False),  # cardinality violation
    "22": (FailureKind.INVALID_ARGUMENTS, False),  # data exception
    "23": (FailureKind.INVALID_ARGUMENTS, False),  # integrity constraint violation
    "25": (FailureKind.BUG, False),  # invalid transaction state
    "28": (FailureKind.DENIED, False),  # invalid authorization
    "28P01": (FailureKind.DENIED, True),  # the password was refused: no session began
    "40": (FailureKind.TRANSIENT, True),  # transaction rollback
    "40002": (FailureKind.INVALID_ARGUMENTS, True),  # rolled back: integrity constraint
    "40003": (FailureKind.TRANSIENT, False),  # statement completion unknown
    "42": (FailureKind.BUG, False),  # syntax error or access rule violation
    "42501": (FailureKind.DENIED, False),  # insufficient privilege
    "53": (FailureKind.TRANSIENT, False),  # insufficient resources
    "53100": (FailureKind.PERMANENT, False),  # disk full
    "53300": (FailureKind.THROTTLED, True),  # too many connections: no session began
    "54": (FailureKind.INVALID_ARGUMENTS, False),  # program limit exceeded
    "55": (FailureKind.TRANSIENT, False),  # object not in prerequisite state: locked, in use
    "57": (FailureKind.TRANSIENT, False),  # operator intervention: the server goes down
    "57014": (FailureKind.CANCELLED, False),  # query canceled, by a person or `statement_timeout`
    "57P03": (FailureKind.TRANSIENT, True),  # cannot connect now: no session began
    "57P04": (FailureKind.PERMANENT, False),  # database dropped
    "58": (FailureKind.UNKNOWN, False),  # system error
    "P0": (FailureKind.PERMANENT, False),  # raised by a function in the database
    "XX": (FailureKind.UNKNOWN, False),  # internal error
}
"""What a state, or else its class, is a sign of, and whether it says itself that nothing was
applied: the transaction was rolled back, or no session began that could have held one."""

SQLITE: Final[Mapping[int, FailureKind]] = {
    1: FailureKind.BUG,  # ERROR
    3: FailureKind.DENIED,  # PERM
    5: FailureKind.TRANSIENT,  # BUSY: another connection holds the lock
    6: FailureKind.TRANSIENT,  # LOCKED: this connection, or its shared cache, does
    7: FailureKind.BUG,  # NOMEM
    8: FailureKind.DENIED,  # READONLY
    9: FailureKind.CANCELLED,  # INTERRUPT
    11: FailureKind.PERMANENT,  # CORRUPT
    13: FailureKind.PERMANENT,  # FULL
    15: FailureKind.TRANSIENT,  # PROTOCOL: lost the race for a lock
    17: FailureKind.TRANSIENT,  # SCHEMA: it changed meanwhile
    18: FailureKind.INVALID_ARGUMENTS,  # TOOBIG
    19: FailureKind.INVALID_ARGUMENTS,  # CONSTRAINT
    20: FailureKind.INVALID_ARGUMENTS,  # MISMATCH
    21: FailureKind.BUG,  # MISUSE
    23: FailureKind.DENIED,  # AUTH
    25: FailureKind.BUG,  # RANGE
    26: FailureKind.PERMANENT,  # NOTADB
}
"""By primary result code. None is a proof: a transaction stays open after most of them, also
after a BUSY at its COMMIT, and whoever has the connection may still commit it."""

PEP_249: Final[Mapping[str, FailureKind]] = {
    "IntegrityError": FailureKind.INVALID_ARGUMENTS,
    "DataError": FailureKind.INVALID_ARGUMENTS,
    "ProgrammingError": FailureKind.BUG,
    "NotSupportedError": FailureKind.BUG,
    "InterfaceError": FailureKind.BUG,
    "OperationalError": FailureKind.TRANSIENT,
}
"""By class, where a driver says no more; "not necessarily under the control of the programmer"."""

_STATE: Final = re.compile(r"[0-9A-Z]{5}")
_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is the primary one (sqlite.org/rescode.html)."""


def meaning(error: BaseException, now_ms: int | None) -> Meaning | None:
    """What an error of a database means; `None` of all others."""
    wrapped = read(error, "orig")
    if isinstance(wrapped, BaseException) and "sqlalchemy.DBAPIError" in class_names(error):
        return meaning(wrapped, now_ms)
    return _of_state(error) or _of_sqlite(error) or _of_class(error)


def _of_state(error: BaseException) -> Meaning | None:
    for name in ("sqlstate", "pgcode"):
        state = read(error, name)
        if isinstance(state, str) and _STATE.fullmatch(state):
            return _meaning_of(state)
    return None


def _meaning_of(state: str) -> Meaning:
    found = STATES.get(state) or STATES.get(state[:2])
    if found is None:
        return Meaning(kind=FailureKind.UNKNOWN, rule="database")
    return Meaning(kind=found[0], rule=f"database.{state}", is_not_applied=found[1])


def _of_sqlite(error: BaseException) -> Meaning | None:
    code = whole_number(read(error, "sqlite_errorcode"))
    if code is None and "apsw.Error" in class_names(error):
        code = whole_number(read(error, "result"))
    if code is None:
        return None
    primary = code & _PRIMARY
    return Meaning(kind=SQLITE.get(primary, FailureKind.UNKNOWN), rule=f"sqlite.{primary}")


def _of_class(error: BaseException) -> Meaning | None:
    """A class of PEP 249 is one below an `Error`, which tells it from others of its name."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "Error" not in names:
        return None
    for name in names:
        if name in PEP_249:
            return Meaning(kind=PEP_249[name], rule=f"database.{name}")
    return None
