"""Changes of who is let in: each is one entry, and one row beside the log, in one transaction.

The owner writes them; any other process leaves an order, which is judged again when it is taken.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from highroad.domain.audit import (
    API_KEY,
    BLOCKED_ADDRESS,
    IDENTITY_CHANGE,
    LOGIN_SESSION,
    USER_CREDENTIAL,
    Table,
)
from highroad.domain.entry import CredentialsEnded, Row, Written
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.identity import Principal, ShownBy
from highroad.domain.identity_change import IdentityAct, IdentityChange, IdentitySubject
from highroad.domain.order import IdentityOrder
from highroad.domain.permission import Permissions, require
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.ledger import entries
from highroad.ledger.authorship import authorship, post
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import Record, record
from highroad.ports.ids import Ids
from highroad.ports.tables import Cell

CHANGE: Final = "idc"
"""Prefix of the ids of changes."""
TABLE_OF: Final = {
    IdentitySubject.KEY: API_KEY,
    IdentitySubject.SESSION: LOGIN_SESSION,
    IdentitySubject.BLOCK: BLOCKED_ADDRESS,
    IdentitySubject.CREDENTIAL: USER_CREDENTIAL,
}
PERMISSIONS: Final = {
    IdentitySubject.KEY: "identity:keys",
    IdentitySubject.SESSION: "identity:sessions",
    IdentitySubject.BLOCK: "identity:block",
    IdentitySubject.CREDENTIAL: "identity:credentials",
}
"""What it takes to change what is not one's own."""
_DOING: Final = {
    IdentitySubject.KEY: "changing API keys",
    IdentitySubject.SESSION: "ending somebody's session",
    IdentitySubject.BLOCK: "blocking addresses",
    IdentitySubject.CREDENTIAL: "changing somebody's credentials",
}
_log: Final = logging.getLogger("highroad.identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A change that somebody asks for.

    Args:
        subject: Of what.
        act: How.
        target: Id of what.
        whose: Opaque id of the principal whose it is, if it is of one.
        row: It as it will stand; `None` where it ends.
    """

    subject: IdentitySubject
    act: IdentityAct
    target: str
    whose: str | None = None
    row: Row | None = None


class Changes:
    """Records changes.

    Args:
        ledger: Where.
        ids: Names them.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        is_owner: Whether this process writes entries.
    """

    def __init__(
        self, ledger: Ledger, ids: Ids, permissions: Permissions | None, *, is_owner: bool
    ) -> None:
        self.ledger: Ledger = ledger
        self._ids = ids
        self._permissions = permissions
        self.is_owner: bool = is_owner
        self.is_ended: Callable[[], None] = _nobody_heeds
        """Is called when something was ended here."""
        self._turn = asyncio.Lock()
        """Of two who change the same, the second sees what the first made of it."""

    async def ask(self, wanted: Wanted, *, by: Principal) -> None:
        """Have a change made for `by`, here or by the process that owns the ledger.

        Raises:
            DecisionRefused: `by` may not.
            LedgerError: It could not be recorded.
        """
        key = self.ledger.keyring.organization(by.organization)
        change_id = self._ids.new(CHANGE)
        cells = None
        if wanted.row is not None:
            cells = key.seal_profile(f"{change_id}.cells", _written(wanted.row.values))
        order = IdentityOrder(
            id=change_id,
            area=wanted.subject,
            act=wanted.act,
            target=wanted.target,
            whose=wanted.whose,
            cells=cells,
            **authorship(self.ledger, by),
        )
        if self.is_owner:
            await self.record(order, by)
        else:
            self._judge(order, by)
            await post(self.ledger, order)

    async def note(self, wanted: Wanted, organization: str, *, row: Row) -> None:
        """Record what follows from credentials that were shown: nobody has to be entitled.

        Raises:
            CredentialRefused: It was to go on, and has ended.
            LedgerError: It could not be recorded.
        """
        change = IdentityChange(
            id=self._ids.new(CHANGE),
            organization=organization,
            subject=wanted.subject,
            act=wanted.act,
            target=wanted.target,
            principal=wanted.whose,
            by=wanted.whose,
            at_ms=self.ledger.clock.now_ms(),
        )
        await self._write(change, row, None, goes_on=wanted.act is IdentityAct.USED)

    async def record(self, order: IdentityOrder, by: Principal) -> None:
        """Judge an order, from here or from the inbox, and do what it asks for; once.

        Raises:
            DecisionRefused: `by` may not, or there is nothing of that id.
            LedgerError: It could not be recorded.
        """
        async with self._turn:
            tables = self.ledger.store.tables
            if await record(tables, IDENTITY_CHANGE.name, {"id": order.id}) is not None:
                return
            self._judge(order, by)
            change = IdentityChange(
                id=order.id,
                organization=order.organization,
                subject=order.area,
                act=order.act,
                target=order.target,
                principal=order.whose,
                by=order.by,
                at_ms=order.at_ms,
            )
            row = await self._ended(order) if order.cells is None else self._given(order)
            await self._write(change, row, order.profile)

    def _judge(self, order: IdentityOrder, by: Principal) -> None:
        """Refuse who may not.

        Raises:
            DecisionRefused: It is of another organization, or `by` lacks the permission.
        """
        if by.organization != order.organization:
            raise DecisionRefused("nobody changes who is let in elsewhere")
        # Nobody needs leave to end a session of their own, or to see to their own credentials.
        is_own = order.whose == order.by and order.area in {
            IdentitySubject.SESSION,
            IdentitySubject.CREDENTIAL,
        }
        if not is_own:
            require(PERMISSIONS[order.area], self._permissions, by, what=_DOING[order.area])

    def _given(self, order: IdentityOrder) -> Row:
        """The row that an order brings, which says of itself what the order says.

        Raises:
            DecisionRefused: It says something else.
            VaultError: It does not open.
        """
        table = TABLE_OF[order.area]
        key = self.ledger.keyring.organization(order.organization)
        row = Row(
            table.name,
            _read(key.open_profile(f"{order.id}.cells", order.cells or b""), table),
        )
        said = dict(zip((column.name for column in table.columns), row.values, strict=True))
        whose = said.get("principal_id")
        target = name_of(order.area, said)
        if (said["organization"], whose, target) != (
            order.organization,
            order.whose,
            order.target,
        ):
            raise DecisionRefused("this order says of what it brings what is not so")
        return row

    async def _ended(self, order: IdentityOrder) -> Row:
        """The row that is there, as it stands once it has ended.

        Raises:
            DecisionRefused: There is none.
        """
        found = await self.found(order.area, order.target, order.organization)
        if found is None or found.get("principal_id") != order.whose:
            raise DecisionRefused(f"there is no {order.area} {order.target}: list those that are")
        changed = {**found, "ended_ms": found["ended_ms"] or order.at_ms}
        if order.area is IdentitySubject.CREDENTIAL:
            changed["sealed"] = b""  # it is of no use to anybody any more
        return Row(TABLE_OF[order.area].name, tuple(changed.values()))

    async def found(
        self, subject: IdentitySubject, target: str, organization: str
    ) -> Record | None:
        """What there is of that id in an organization."""
        keys: dict[str, Cell] = {"id": target}
        if subject is IdentitySubject.CREDENTIAL:
            whose, _, name = target.partition(".")
            keys = {"principal_id": whose, "name": name}
        row = await record(self.ledger.store.tables, TABLE_OF[subject].name, keys)
        return None if row is None or row["organization"] != organization else row

    async def _write(
        self, change: IdentityChange, row: Row, profile: bytes | None, *, goes_on: bool = False
    ) -> None:
        entry = entries.identity_changed(change, row, profile=profile)
        if goes_on:
            # What somebody ends in the meantime does not go on by the row that was read before.
            entry = replace(entry, shown_by=ShownBy(session_id=change.target))
        receipt = await self.ledger.writer.write(entry)
        if isinstance(receipt, CredentialsEnded):
            raise CredentialRefused(WhyRefused.ENDED, f"{change.target} has just ended")
        if not isinstance(receipt, Written):
            raise LedgerError("the change could not be recorded, and was not made: try again")
        if change.act is IdentityAct.ENDED:
            self.is_ended()
        _log.info("identity_changed: %s %s %s", change.subject, change.target, change.act)


def _nobody_heeds() -> None:
    pass


def name_of(subject: IdentitySubject, said: Record) -> str:
    """What a row is known by."""
    if subject is IdentitySubject.CREDENTIAL:
        return f"{said['principal_id']}.{said['name']}"
    return str(said["id"])


def _written(cells: Sequence[Cell | float]) -> bytes:
    return orjson.dumps([{"x": cell.hex()} if isinstance(cell, bytes) else cell for cell in cells])


def _read(content: bytes, table: Table) -> tuple[str | int | bytes | None, ...]:
    cells = orjson.loads(content)
    if len(cells) != len(table.columns):
        raise DecisionRefused("another version of highroad left this order: give it again")
    return tuple([bytes.fromhex(cell["x"]) if isinstance(cell, dict) else cell for cell in cells])
