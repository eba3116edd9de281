"""What a ledger remembers of itself, and what follows for those who want to work on it."""

from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Connection
from highroad.domain.error import LedgerError
from highroad.domain.moving import Fact


async def refuse_moved(connection: Connection, address: Address) -> None:
    """Nobody works on a ledger that goes on elsewhere.

    Raises:
        LedgerError: It was moved; the message says where.
    """
    moved_to = await _fact(connection, Fact.MOVED_TO)
    if moved_to:
        raise LedgerError(
            f"the ledger {address.name} was moved, and goes on in {moved_to}; name that one in "
            "`ledger`"
        )


async def refuse_half(connection: Connection, address: Address) -> None:
    """Nobody works on half a ledger.

    Raises:
        LedgerError: It is a copy that is not complete; the message says of what.
    """
    source = await _fact(connection, Fact.ARRIVING)
    if source:
        raise LedgerError(
            f"the ledger {address.name} is a copy of {source} that is not complete; "
            f"run `highroad store copy` again, from {source} to here"
        )


async def _fact(connection: Connection, fact: Fact) -> str:
    value = await connection.fetchval("SELECT value FROM ledger WHERE name = $1", fact)
    return "" if value is None else str(value)
