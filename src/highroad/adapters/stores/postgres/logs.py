"""Logs and their writers: each process has one of its own, and takes on those of the dead."""

import secrets
from dataclasses import dataclass, replace
from typing import Final

from highroad.adapters.stores.postgres import facts, lives, locks
from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.lives import Trusted
from highroad.adapters.stores.postgres.locks import Lock
from highroad.adapters.stores.postgres.session import Session
from highroad.domain.entry import Fence

_FREE: Final = (
    f"SELECT log_id, number FROM log WHERE {lives.gone('$1')} "  # noqa: S608 - constants
    "ORDER BY number LIMIT 16"
)
_NEW: Final = "INSERT INTO log (log_id) VALUES ($1) RETURNING number"
_RAISE: Final = "UPDATE log SET epoch = epoch + 1, life = $2 WHERE log_id = $1 RETURNING epoch"
_RAISE_ALL: Final = "UPDATE log SET epoch = epoch + 1"
_OWNED: Final = (
    "INSERT INTO owner VALUES (1, $1, $2) "
    "ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, since_ms = excluded.since_ms"
)
_AWAITED: Final = f"SELECT EXISTS (SELECT FROM log WHERE NOT {lives.trusted('$1')})"  # noqa: S608 - a constant
_TIDY: Final = "DELETE FROM writer WHERE appended_at < now() - interval '7 days'"

_DRIVER: Final = "SELECT driver FROM open_call WHERE call_id = $1 FOR UPDATE"
# Asked only once the call is locked: a join would be with the log of the driver before.
_NUMBER: Final = f"SELECT number, {lives.trusted('$2')} FROM log WHERE log_id = $1"  # noqa: S608 - a constant
_FENCE_OFF: Final = "UPDATE log SET epoch = epoch + 1 WHERE log_id = $1"
_DRIVE: Final = "UPDATE open_call SET driver = $2 WHERE call_id = $1"


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The log that this process writes."""

    fence: Fence
    number: int

    @property
    def lock(self) -> Lock:
        """Held for as long as this process lives, and is connected."""
        return locks.of_log(self.number)


def new_name(prefix: str) -> str:
    """A name that nobody else has."""
    return f"{prefix}_{secrets.token_hex(16)}"


async def take_one(
    connection: Connection, session: Session, address: Address, *, pid: int, at_ms: int
) -> OwnLog | None:
    """Take a log whose writer is gone, or make one, and raise its epoch.

    Returns:
        The log; `None` while another process has the whole ledger.

    Raises:
        LedgerError: The ledger was moved away, or is a copy that is not complete.
    """
    await facts.refuse_moved(connection, address)
    await facts.refuse_half(connection, address)
    if not await session.take(locks.BESIDE, connection):
        return None
    await connection.execute(_TIDY)
    async with connection.transaction():
        await connection.execute(_OWNED, pid, at_ms)
        log_id, number = await _free(connection, session) or await _new(connection, session)
        epoch = await connection.fetchval(_RAISE, log_id, session.life)
        return OwnLog(Fence(log_id, epoch), number)


async def raise_epoch(
    connection: Connection, session: Session, own: OwnLog, *, pid: int, at_ms: int
) -> OwnLog:
    """Make every earlier fence of one's own log an old one."""
    async with connection.transaction():
        await connection.execute(_OWNED, pid, at_ms)
        epoch = await connection.fetchval(_RAISE, own.fence.log_id, session.life)
    return replace(own, fence=Fence(own.fence.log_id, epoch))


async def take_all(
    connection: Connection, session: Session, address: Address, *, pid: int, at_ms: int
) -> bool:
    """Take the whole ledger, and make every fence an old one.

    Returns:
        `False` while anybody writes it, or may be on the way back to it.

    Raises:
        LedgerError: The ledger was moved away.
    """
    await facts.refuse_moved(connection, address)
    if not session.holds(locks.ALONE) and await connection.fetchval(_AWAITED, session.trusted):
        return False
    if not await session.take(locks.ALONE, connection):
        return False
    async with connection.transaction():
        await connection.execute(_OWNED, pid, at_ms)
        await connection.execute(_RAISE_ALL)
    return True


async def adopt(connection: Connection, own: OwnLog, call_id: str, trusted: Trusted) -> bool:
    """Take a call whose writer is gone; that writer, if it lives after all, is fenced off."""
    async with connection.transaction():
        row = await connection.fetchrow(_DRIVER, call_id)
        if row is None:
            return False
        driver, is_free = row[0], {None, own.fence.log_id}
        if driver not in is_free and not await _fence_off(connection, driver, trusted):
            return False
        await connection.execute(_DRIVE, call_id, own.fence.log_id)
        return True


async def _fence_off(connection: Connection, log_id: str, trusted: Trusted) -> bool:
    """Make the fence of a writer that is gone an old one; `False` where it lives, or may."""
    found = await connection.fetchrow(_NUMBER, log_id, trusted)
    if found is None:
        return trusted is None
    number, is_trusted = found
    if not is_trusted or not await connection.fetchval(locks.of_log(number).take_for_transaction):
        return False
    await connection.execute(_FENCE_OFF, log_id)
    return True


async def _free(connection: Connection, session: Session) -> tuple[str, int] | None:
    for log_id, number in await connection.fetch(_FREE, session.trusted):
        if await session.take(locks.of_log(number), connection):
            return log_id, number
    return None


async def _new(connection: Connection, session: Session) -> tuple[str, int]:
    log_id = new_name("log")
    number = await connection.fetchval(_NEW, log_id)
    # Nobody else sees it before this commits: its lock is free.
    await session.take(locks.of_log(number), connection)
    return log_id, number
