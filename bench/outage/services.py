"""The services that tools need, the tools, and a client that calls the services without a road."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from random import Random
from typing import Any, Final

from bench.outage.plan import ATTEMPT_S, SICK, Plan, Trouble
from highroad import ToolContext, tool
from highroad.domain.tool import ToolDefinition
from highroad.ports.clock import Clock
from highroad.testing import Faults

Body = Callable[..., Awaitable[Any]]

_PAUSES_S: Final = (0.5, 1.0)
"""Of the client without a road: those of the road (`highroad.resilience.retry_table`)."""


@dataclass(frozen=True, slots=True)
class Log:
    """What a service has seen and done."""

    came_s: list[float] = field(default_factory=list)
    """When each attempt came, also those that were refused."""
    probed_s: list[float] = field(default_factory=list)
    """When it was asked what had become of an attempt."""
    done: Counter[str] = field(default_factory=Counter)
    """How often the order of each name was carried out."""

    @property
    def asked_s(self) -> Sequence[float]:
        """When anything came: attempts, and probes."""
        return [*self.came_s, *self.probed_s]


class Service:
    """Somebody else's service."""

    def __init__(self, name: str, clock: Clock, plan: Plan) -> None:
        self._clock = clock
        self._plan = plan
        self._random = Random(f"{plan.seed} {name}")  # noqa: S311 - repeatable
        self.log = Log()

    async def read(self, order: str) -> str:
        """Answer after 20 to 80 ms."""
        await self._clock.sleep(self._random.uniform(0.02, 0.08))
        return order

    async def change(self, order: str) -> str:
        """Carry an order out, as often as it comes."""
        await self.read(order)
        self.log.done[order] += 1
        return order

    async def change_once(self, order: str) -> str:
        """Carry an order out that is known by its name, and has not been before."""
        await self.read(order)
        self.log.done[order] = 1
        return order

    async def has_changed(self, order: str) -> bool:
        """Whether an order was carried out; in trouble, it cannot say."""
        self.log.probed_s.append(self._clock.monotonic_s())
        if self._plan.is_on(self._clock.monotonic_s()) and self._plan.trouble is not Trouble.HALF:
            raise ConnectionRefusedError
        return self.log.done[order] > 0


class Services:
    """All of them, the bodies that call them, and the faults on the way."""

    def __init__(self, clock: Clock, plan: Plan) -> None:
        self.of = {name: Service(name, clock, plan) for name in (SICK, "stock", "mail")}
        self.faults = Faults(*plan.faults, clock=clock, seed=plan.seed)
        self._clock = clock

    @property
    def logs(self) -> Mapping[str, Log]:
        """What each has seen and done, by name."""
        return {name: service.log for name, service in self.of.items()}

    @property
    def bodies(self) -> Mapping[str, Body]:
        """What each tool does, given the name of an order."""
        payments = self.of[SICK]
        return {
            "balance": payments.read,
            "refund": payments.change_once,
            "transfer": payments.change,
            "payout": payments.change,
            "stock": self.of["stock"].read,
            "mail": self.of["mail"].change,
        }

    def door(self, definition: ToolDefinition, body: Body) -> Body:
        """The body of a tool, whose every attempt the service sees."""
        came_s = self.of[definition.needs].log.came_s

        @wraps(body)
        async def counted(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - the body's own
            came_s.append(self._clock.monotonic_s())
            return await body(*given, **named)

        return counted


def tools_of(services: Services) -> Sequence[Body]:
    """The tools, one of each effect class that needs `payments`."""
    bodies = services.bodies

    async def has_happened(key: str, _: ToolContext[None]) -> bool:
        return await services.of[SICK].has_changed(key)

    @tool(tier="read", dependency=SICK, timeout_s=ATTEMPT_S)
    async def balance(order: str) -> str:
        """Read a balance."""
        return str(await bodies["balance"](order))

    @tool(tier="reversible", effect="idempotent", dependency=SICK, timeout_s=ATTEMPT_S)
    async def refund(order: str, context: ToolContext[None]) -> str:
        """Pay back."""
        del order
        return str(await bodies["refund"](context.idempotency_key))

    @tool(
        tier="reversible",
        effect="checkable",
        probe=has_happened,
        dependency=SICK,
        timeout_s=ATTEMPT_S,
    )
    async def transfer(order: str, context: ToolContext[None]) -> str:
        """Transfer money."""
        del order
        return str(await bodies["transfer"](context.idempotency_key))

    @tool(tier="reversible", effect="unprotected", dependency=SICK, timeout_s=ATTEMPT_S)
    async def payout(order: str) -> str:
        """Pay out."""
        return str(await bodies["payout"](order))

    @tool(tier="read", timeout_s=ATTEMPT_S)
    async def stock(order: str) -> str:
        """Say how many are left."""
        return str(await bodies["stock"](order))

    @tool(tier="reversible", effect="unprotected", timeout_s=ATTEMPT_S)
    async def mail(order: str) -> str:
        """Send mail."""
        return str(await bodies["mail"](order))

    return balance, refund, transfer, payout, stock, mail


class Client:
    """A caller without a road: three attempts with pauses between them, whatever it calls."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = Random(f"{seed} client")  # noqa: S311 - repeatable

    async def call(self, body: Body, order: str) -> bool:
        """Whether it got an answer in the end."""
        for pause_s in (*_PAUSES_S, None):
            try:
                async with asyncio.timeout(ATTEMPT_S):
                    await body(order)
            except (ConnectionError, TimeoutError):
                if pause_s is not None:
                    await self._clock.sleep(pause_s * self._random.uniform(0.8, 1.2))
            else:
                return True
        return False
