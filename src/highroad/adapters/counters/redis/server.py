"""The Redis that counts: one script, asked in one round trip, and errors that say what to do."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1
from secrets import token_hex
from typing import Any, Final, NoReturn, TypeAlias

import orjson
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from highroad.adapters.counters.redis.holdings import LEASE_S, SETTLING_S
from highroad.adapters.counters.redis.script import GREETING, SCRIPT
from highroad.adapters.counters.redis.wire import MICRO
from highroad.domain.error import CountersError

_log: Final = logging.getLogger("highroad.limits")

# All keys lie in one slot of a cluster: what is taken together must be.
PREFIX: Final = "{highroad}:"
_META: Final = f"{PREFIX}meta"
_Greet: TypeAlias = Callable[[AbstractConnection], Awaitable[None]]
_AT_ONCE: Final = 16
"""Questions under way; others wait in line."""
_WAIT_S: Final = 5.0
"""How long they do."""
_OLDEST: Final = (6, 2)
"""Version of Redis whose commands the script uses."""
_FULL: Final = "has no memory left; give it more (maxmemory)"
_REPLICA: Final = "is a replica; name the primary"
_FORBIDDEN: Final = "does not permit this user what counting takes (docs/redis.md); grant it"
_SENTENCES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (AuthenticationError, "does not let this user in; check user and password"),
    (NoPermissionError, _FORBIDDEN),
    (OutOfMemoryError, _FULL),
    (ReadOnlyError, _REPLICA),
    (BusyLoadingError, "is still loading what it has on disk; try again"),
    (NoConnectionError, "cannot be reached; look after the server or the network, then try again"),
    (NoAnswerError, "did not answer in time; look what it is busy with, then try again"),
    (ResponseError, "refused the script; please report this"),
)
_INSIDE: Final = {
    "BUSY": "is busy with a script that does not end; look which (SCRIPT KILL), then try again",
    "MISCONF": "cannot write its disk; look into its log",
    "NOPERM": _FORBIDDEN,
    "The user executing the script": _FORBIDDEN,  # of Redis 6
    "ACL failure in script": _FORBIDDEN,  # of Redis 7
    "NOREPLICAS": "has too few replicas that follow it (min-replicas-to-write); look after them",
    "OOM": _FULL,
    "READONLY": _REPLICA,
}
"""What went wrong inside a script, where the client tells no more than that Redis refused it."""
_WORDS: Final = re.compile(rf"\b({'|'.join(_INSIDE)})\b")


async def _greet(connection: AbstractConnection) -> None:
    """Make sure, before anything is asked, that counts have not gone back in time unnoticed."""
    await connection.on_connect()
    await connection.send_command("EVAL", GREETING, 1, _META)
    await connection.read_response()


class Server:
    """One Redis, as whoever counts asks it.

    Args:
        connect: Makes a client with bounded timeouts, each of whose connections begins with what
            it is given.
        name: Of it, without user and password (P7).
        script: What counts.
    """

    def __init__(
        self, connect: Callable[[_Greet], Redis], *, name: str, script: str = SCRIPT
    ) -> None:
        self._client = connect(_greet)
        self._name = name
        self._script = script
        self._digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._is_fit = False
        self._turns = asyncio.Semaphore(_AT_ONCE)
        """In order: a pool of connections lets newcomers pass those who wait."""
        self._constants = (
            PREFIX,
            token_hex(8),
            str(int(LEASE_S * MICRO)),
            str(int(SETTLING_S * MICRO)),
        )

    async def ask(self, request: Sequence[object]) -> tuple[str, Any]:
        """Run the script; which life of Redis answers, and what.

        Raises:
            CountersError: It cannot be reached, refuses, or must not be counted on.
        """
        arguments = (_META, orjson.dumps(request), *self._constants)
        await self._stand_in_line()
        try:
            life, _, answer = (await self._run(arguments)).partition(b" ")
        except (RedisError, OSError) as error:
            self._fail(error)
        finally:
            self._turns.release()
        return life.decode(), orjson.loads(answer) if answer else ()

    async def prepare(self) -> None:
        """Make sure of what it must be set to. One that cannot be reached is asked again later.

        Raises:
            CountersError: It must not be counted on.
        """
        try:
            await self._check()
        except (NoConnectionError, NoAnswerError, BusyLoadingError, OSError) as error:
            _log.warning("%s; until then what needs a limit is refused", self._said(error))
        except RedisError as error:
            self._fail(error)

    async def close(self) -> None:
        """Give up connections. Safe to call twice."""
        try:
            await self._client.aclose()
        except (RedisError, OSError) as error:
            _log.debug("%s", self._said(error))

    async def _stand_in_line(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise CountersError(f"the counters {self._name}: too many ask at once") from None

    async def _run(self, arguments: Sequence[str | bytes]) -> bytes:
        if not self._is_fit:
            await self._check()
        try:
            said = await self._client.evalsha(self._digest, 1, *arguments)
        except NoScriptError:  # it has started anew since
            self._is_fit = False
            said = await self._client.eval(self._script, 1, *arguments)
        return bytes(said)

    async def _check(self) -> None:
        """Refuse a Redis that would forget on its own what it was told, or that is too old."""
        told = await self._client.info()
        version = tuple(map(int, str(told["redis_version"]).split(".")[:2]))
        if version < _OLDEST:
            raise CountersError(f"the counters {self._name} are of Redis {version}; it needs 6.2")
        policy = told.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise CountersError(
                f"the counters {self._name} have maxmemory-policy {policy}, and would forget what "
                "was counted when memory is short; set it to noeviction, or name another Redis"
            )
        self._is_fit = True

    def _fail(self, error: Exception) -> NoReturn:
        raise CountersError(self._said(error)) from None

    def _said(self, error: Exception) -> str:
        return f"the counters {self._name}: Redis {_sentence(error)} ({type(error).__name__})"


def _sentence(error: Exception) -> str:
    """What is wrong and what to do; its own words are left out, which may quote what was sent."""
    words = _WORDS.search(str(error)) if isinstance(error, ResponseError) else None
    if words is not None:
        return _INSIDE[words[1]]
    # Over a socket the client takes being turned away for being unable to connect.
    known = error.__context__ if isinstance(error.__context__, AuthenticationError) else error
    found = (said for kind, said in _SENTENCES if isinstance(known, kind))
    return next(found, "cannot be reached; look after the server, then try again")
