"""How approvals and credentials must stand that an entry leans on."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from highroad.domain.approval import OPEN, ApprovalState
from highroad.domain.audit import API_KEY, LOGIN_SESSION
from highroad.domain.entry import Entry, Row

_GIVEN: Final = frozenset({ApprovalState.APPROVED})


def leaned_on(entry: Entry) -> Iterator[tuple[str, frozenset[ApprovalState]]]:
    """Approvals that must stand in one of some states for an entry to land."""
    if entry.spends is not None:
        yield entry.spends, _GIVEN
    if entry.needs_open is not None:
        yield entry.needs_open, OPEN


Credential: TypeAlias = tuple[str, str]
"""Table and id of a key or session of ours."""

_IDS: Final = {
    table.name: [column.name for column in table.columns].index("id")
    for table in (API_KEY, LOGIN_SESSION)
}
_ENDS: Final = {
    table.name: [column.name for column in table.columns].index("ended_ms")
    for table in (API_KEY, LOGIN_SESSION)
}


def shown_by(entry: Entry) -> Iterator[Credential]:
    """Keys and sessions that must be there, and not ended, for an entry to land."""
    if entry.shown_by is None:
        return
    if entry.shown_by.key_id is not None:
        yield API_KEY.name, entry.shown_by.key_id
    if entry.shown_by.session_id is not None:
        yield LOGIN_SESSION.name, entry.shown_by.session_id


def credential_of(row: Row) -> tuple[Credential, bool] | None:
    """The key or session whose row it is, and whether it is good still by that."""
    if row.table not in _IDS:
        return None
    return (row.table, str(row.values[_IDS[row.table]])), row.values[_ENDS[row.table]] is None
