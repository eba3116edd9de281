"""The writing session of a store: one connection, which holds the lock of its log.

A session that breaks is opened again within a bounded time, and takes the lock of its log back
unless somebody else has taken the log meanwhile: the fence tells. Whoever sees a lock that
nobody holds may take it for the death of a writer. After a restart of the server nobody holds
one, so a store that has just come back itself trusts no absence for a while, and one that is new
none of a writer from before the restart (`lives.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from highroad.adapters.stores.postgres import lives, locks, migrations, partitions
from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Connection, connect
from highroad.adapters.stores.postgres.failures import LedgerErrors, is_away, is_lost, is_raced
from highroad.domain.error import LedgerError

T = TypeVar("T")

_log: Final = logging.getLogger("highroad.ledger")

_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 1.0
_RACES: Final = 10
"""How often a transaction is tried that others were in the way of."""
_UNSAFE: Final = ("synchronous_commit",)
_ITSELF: Final = (
    "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
)
# Another server, after a failover, has other processes under the same numbers.
_END: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid = $1 AND backend_start::text = $2"
)


class Session:
    """The connection that a store writes over.

    Args:
        address: Of the ledger.
        patience_s: How long to try to reach a server that is away.
        grace_s: How long after its own return it takes nobody else for dead, and after the server's
            nobody who was there before.
    """

    def __init__(self, address: Address, *, patience_s: float, grace_s: float) -> None:
        self._address = address
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._errors = LedgerErrors(address)
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._locks: list[locks.Lock] = []
        """What it holds, and takes again after a break."""
        self._served_by: tuple[int, str] | None = None
        """Process of the server, and when it began."""
        self._trusts_from_s = 0.0
        self._trusts_all_from_s = 0.0
        self._life = lives.Life(lives.GIVEN_BACK, 0.0)
        self._is_closed = False

    @property
    def life(self) -> str:
        """Name of the life of the server that this session is of."""
        return self._life.name

    @property
    def trusted(self) -> lives.Trusted:
        """Lives of the server in which a lock that nobody holds means that its writer is gone."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._trusts_from_s:
            return ()
        return (lives.GIVEN_BACK, self.life) if now_s < self._trusts_all_from_s else None

    def holds(self, lock: locks.Lock) -> bool:
        """Whether this session has taken a lock, and not lost it."""
        return lock in self._locks

    async def work(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `job` over the connection, nothing else beside it.

        A job that the connection breaks under, or that races with another writer, is run
        again from its beginning: it must find out itself whether it was done already. Being
        cancelled does not stop it half way.

        Raises:
            LedgerError: The server was away for too long, or refuses.
        """
        working = asyncio.ensure_future(self._work(job))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            if not working.done():
                await asyncio.wait((working,))
            if not working.cancelled():
                working.exception()  # looked at: who would have raised it is gone
            raise

    async def prepare(self) -> None:
        """Connect, and so make sure that the ledger can be used and has its schema."""
        await self.work(_nothing)

    async def take(self, lock: locks.Lock, connection: Connection) -> bool:
        """Take a lock until this session ends, inside a job."""
        if lock in self._locks:
            return True
        if not await connection.fetchval(lock.take):
            return False
        self._locks.append(lock)
        return True

    async def give_back(self, lock: locks.Lock) -> None:
        """Let go of a lock, if this session still has it."""

        async def let_go(connection: Connection) -> None:
            """Within the turn of this session."""
            if lock in self._locks:
                await connection.execute(lock.give_back)
                self._locks.remove(lock)

        if self.holds(lock):  # of a session that was closed nothing is left
            await self.work(let_go)

    async def close(self) -> None:
        """Let go of locks and connection. Safe to call twice."""
        async with self._turn:
            self._is_closed = True
            connection, self._connection = self._connection, None
            taken = tuple(self._locks)
            self._locks.clear()
            if connection is None or connection.is_closed():
                return
            try:
                # The server would free them too, but only once it has seen that we are gone.
                await lives.keep(connection, lives.GIVEN_BACK, taken)
                await connection.execute("SELECT pg_advisory_unlock_all()")
                await connection.close(timeout=self._patience_s)
            except Exception as error:
                connection.terminate()
                if not is_lost(error):
                    raise

    async def _work(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._turn:
            with self._errors:
                patience = Patience(self._patience_s)
                races = 0
                while True:
                    try:
                        return await job(await self._connected(patience))
                    except Exception as error:
                        if is_raced(error) and races < _RACES:
                            races += 1
                        elif is_lost(error):
                            self._drop()
                            await patience.pause(error)
                        else:
                            raise

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _connected(self, patience: "Patience") -> Connection:
        if self._is_closed:
            raise LedgerError(f"the ledger {self._address.name} was closed; open it again")
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        self._connection = None
        connection = await self._reached(patience)
        try:
            await self._prepare(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        return connection

    async def _reached(self, patience: "Patience") -> Connection:
        while True:
            try:
                return await connect(self._address)
            except Exception as error:
                if not is_away(error):
                    raise
                await patience.pause(error)

    async def _prepare(self, connection: Connection) -> None:
        """Make sure of what is promised, on a connection that is new."""
        for setting in _UNSAFE:
            if await connection.fetchval("SELECT current_setting($1)", setting) == "off":
                raise LedgerError(
                    f"the ledger {self._address.name} has {setting} = off, and could lose what it "
                    "has answered as written; switch it on for this server, database and user"
                )
        if self._served_by is None:
            await migrations.migrate(connection, name=self._address.name)
            await partitions.provide(connection)
        else:
            # The server may not know yet that the session before this one is gone.
            await connection.execute(_END, *self._served_by)
            self._trusts_from_s = asyncio.get_running_loop().time() + self._grace_s
        self._life = await lives.current(connection)
        left_s = max(0.0, self._grace_s - self._life.age_s)
        self._trusts_all_from_s = asyncio.get_running_loop().time() + left_s
        served_by = await connection.fetchrow(_ITSELF)
        self._served_by = None if served_by is None else (served_by[0], served_by[1])
        for lock in tuple(self._locks):
            if not await _retake(connection, lock):
                _log.warning("the ledger %s: a lock was taken by another", self._address.name)
                self._locks.remove(lock)
        await lives.keep(connection, self.life, self._locks)


async def _nothing(connection: Connection) -> None:
    del connection


async def _retake(connection: Connection, lock: locks.Lock) -> bool:
    """Take a lock again; the session that had it may need a moment to end."""
    for pause_s in (0.0, 0.01, 0.05, 0.2, 0.5):
        await asyncio.sleep(pause_s)
        if await connection.fetchval(lock.take):
            return True
    return False


class Patience:
    """A bounded wait for a server that is away; pauses grow, and none outlasts the bound."""

    def __init__(self, patience_s: float) -> None:
        self._until_s = asyncio.get_running_loop().time() + patience_s
        self._pause_s = _FIRST_PAUSE_S

    async def pause(self, error: Exception) -> None:
        """Wait a little, or give up with `error`."""
        left_s = self._until_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise error
        await asyncio.sleep(min(self._pause_s, left_s))
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
