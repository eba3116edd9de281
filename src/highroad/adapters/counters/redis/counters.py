"""Counters that all processes share: what is demanded together is one round trip."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, TypeVar

from highroad.adapters.counters.redis.holdings import LEASE_S, Holdings
from highroad.adapters.counters.redis.server import Server
from highroad.adapters.counters.redis.wire import (
    TAKEN,
    Wire,
    amount_of,
    encoded,
    encoded_return,
    exact,
    reading,
    rule_of,
    shortage,
    taken,
)
from highroad.domain.demand import (
    Amount,
    BudgetDemand,
    Demand,
    Lack,
    RateDemand,
    Return,
    Shortage,
    Taken,
)
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.domain.error import CountersError
from highroad.ports.clock import Clock

T = TypeVar("T")

BEAT_S: Final = LEASE_S / 4
"""How often leases are renewed: three may be missed."""
_AT_ONCE: Final = 500
"""Leases renewed, and turns recalled, by one run of the script, during which Redis does nothing
else."""


class RedisCounters:
    """Counts in Redis, by its time.

    Args:
        server: Where.
        clock: Of this process; only for how long it may be sure of what it holds.
        beat_s: How often it renews its leases.
    """

    def __init__(self, server: Server, clock: Clock, *, beat_s: float = BEAT_S) -> None:
        self._server = server
        self._clock = clock
        self._beat_s = beat_s
        self._holdings = Holdings()
        self._unseeded: dict[str, str] = {}
        """In which life of Redis an account was not known, for whoever reads the ledger then."""
        self._heart: asyncio.Task[None] | None = None

    @property
    def is_shared(self) -> bool:
        """Other processes count here too."""
        return True

    async def prepare(self) -> None:
        """Make sure that nothing counted is forgotten there unasked."""
        await self._server.prepare()

    async def look(self, demands: Sequence[Demand]) -> Shortage | None:
        """Which of the demands could not be met now."""
        life, said = await self._ask("look", list(map(encoded, demands)))
        return self._short(said["short"], demands, life) if said else None

    async def take(self, demands: Sequence[Demand], *, holder: str) -> Shortage | Taken:
        """Take all of them, or nothing and say which one is short."""
        asked_s = self._clock.monotonic_s()
        life, said = await self._ask("take", list(map(encoded, demands)), holder)
        if "short" in said:
            return self._short(said["short"], demands, life)
        self._holdings.note(holder, demands, life=life, asked_s=asked_s)
        if self._heart is None and self._holdings:
            self._heart = asyncio.get_running_loop().create_task(self._beat())
        return taken(said["near"], demands) if said else TAKEN

    async def give(self, returns: Sequence[Return], *, holder: str) -> Sequence[BreakerReading]:
        """Give back, settle and report what `holder` took."""
        self._holdings.forget(holder)
        if not returns:
            return ()
        _, moved = await self._ask("give", list(map(encoded_return, returns)), holder)
        return tuple(map(reading, moved))

    def is_held(self, holder: str) -> bool:
        """Whether what `holder` took is its own yet."""
        return self._holdings.is_sure(holder, self._clock.monotonic_s())

    async def renew(self, holders: Sequence[str]) -> None:
        """Begin the leases of these holders anew, where this process took them."""
        for some in _some(self._holdings.leases(holders)):
            asked_s = self._clock.monotonic_s()
            life, lost = await self._ask("renew", [lease for _, lease in some])
            self._holdings.renewed(
                {holder for holder, _ in some},
                {some[at][0] for at in lost},
                life=life,
                asked_s=asked_s,
            )

    async def keep(self, account: str, holders: Sequence[str]) -> None:
        """Count what these holders have in full, though nobody renews it."""
        await self._ask("keep", account, list(holders))

    async def seed(
        self,
        account: str,
        used: Amount,
        *,
        held: Mapping[str, Amount] = MappingProxyType({}),
        until_ms: int | None = None,
    ) -> None:
        """Let an account begin with what the ledger says, if that was read in this life."""
        read_in = self._unseeded.pop(account, None)
        if read_in is None:
            read_in, _ = await self._ask("look", [])
        holding = {holder: exact(amount) for holder, amount in held.items()}
        await self._ask("seed", account, exact(used), holding, until_ms, read_in)

    async def recall(self, turns: Sequence[tuple[RateDemand, int]]) -> None:
        """Count turns that were taken earlier."""
        told = [
            [encoded(demand), at_ms, f"recalled/{number}/{at_ms}"]
            for number, (demand, at_ms) in enumerate(turns)
        ]
        for some in _some(told):
            await self._ask("recall", some)

    async def usage(self, account: str) -> Amount | None:
        """What an account has used and holds."""
        _, said = await self._ask("usage", account)
        return amount_of(said) if said else None

    def own_breaker(self, dependency: str, rule: BreakerRule) -> None:
        """None: whether attempts may come is everybody's."""
        del dependency, rule

    async def breakers(self, rules: Mapping[str, BreakerRule]) -> Sequence[BreakerReading]:
        """How the breakers of these dependencies stand."""
        wanted = [[dependency, rule_of(rule)] for dependency, rule in rules.items()]
        _, told = await self._ask("breakers", wanted)
        return tuple(map(reading, told))

    async def force(self, dependency: str, state: BreakerState | None) -> None:
        """Open or close a breaker by hand; `None` lets it go."""
        await self._ask("force", dependency, state)

    async def close(self) -> None:
        """Renew nothing any more, and give up connections."""
        heart, self._heart = self._heart, None
        self._holdings.clear()  # a client that is waiting for Redis may swallow a cancellation
        if heart is not None:
            heart.cancel()
            await asyncio.wait((heart,))
        await self._server.close()

    async def _ask(self, *request: object) -> tuple[str, Any]:
        """Which life of Redis answers, and what."""
        question = self._holdings.ask()
        life, answer = await self._server.ask(request)
        self._holdings.hear(life, question)
        return life, answer

    def _short(self, said: Wire, demands: Sequence[Demand], life: str) -> Shortage:
        at, lack = said
        short = shortage(lack, demands[at])
        if short.lack is Lack.UNSEEDED and isinstance(short.demand, BudgetDemand):
            self._unseeded[short.demand.account] = life
        return short

    async def _beat(self) -> None:
        """Renew whatever is held, as long as something is."""
        while self._holdings:
            await self._clock.sleep(self._beat_s)
            with suppress(CountersError):  # what cannot be renewed lapses
                await self.renew(list(self._holdings))
        self._heart = None


def _some(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one run of the script takes."""
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))
