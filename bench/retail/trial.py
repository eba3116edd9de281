"""The set on trial: every write, and every proposal that is made of it, met by the road."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from examples.retail.shop import Shop, ShopError
from examples.retail.tools import TOOLS

from bench.retail.changes.situation import Family, Proposal, Situation
from bench.retail.judge import Fault, Judge, broken
from bench.retail.proposals import proposals, scene_reads
from bench.retail.requests import Request, Stock, requests
from bench.retail.road import Deed, Met, Road, Scene, open_road, unguarded
from highroad import Principal
from highroad.ports.model import Model
from highroad.settings import load
from highroad.testing import tool_context

SEED: Final = 20261122
EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "retail"

_TOOLS: Final[Mapping[str, Callable[..., object]]] = {each.__name__: each for each in TOOLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A proposal, and what the road made of it."""

    request: int
    place: int
    proposal: Proposal
    met: Met

    @property
    def is_wrong(self) -> bool:
        """Whether it should have been stopped."""
        return self.proposal.family is not Family.CORRECT


class Trial:
    """Plays the set.

    Args:
        road: That meets the proposals.
        counter: Where the shop is that its tools work on.
        seed: Of what is made up.
    """

    def __init__(self, road: Road, counter: "Counter", seed: int = SEED) -> None:
        self._road = road
        self._counter = counter
        self._seed = seed
        self._stock = Stock.of()
        self._requests = requests()
        self._broken = broken(self._stock)
        self._first = Shop.stocked()

    @property
    def writes(self) -> list[tuple[int, int]]:
        """All writes of the set, by request and place."""
        return [(each.number, at) for each in self._requests for at in range(len(each.writes))]

    def faults(self, number: int, place: int) -> list[Fault]:
        """The rules that a write of the set breaks, as the judge finds it."""
        return self._broken.get((number, place), [])

    async def correct(self, number: int, place: int) -> Case:
        """A write of the set as it stands, after the reads of a careful agent."""
        now = self._situation(number, place)
        faults = self.faults(number, place)
        family = Family.RULE if faults else Family.CORRECT
        kind = f"in the set itself: {', '.join(faults)}" if faults else now.deed.tool
        proposal = Proposal(deed=now.deed, family=family, kind=kind)
        return (await self._meet(now, [proposal], self._shop(now)))[0]

    async def mutated(self, number: int, place: int) -> list[Case]:
        """What is made of a correct write; of one that breaks a rule nothing is."""
        if self.faults(number, place):
            return []
        now = self._situation(number, place)
        made = proposals(now)
        shop = self._shop(now)
        cases = await self._meet(now, [each for each in made if not each.is_late], shop)
        late = [each for each in made if each.is_late]
        if late:
            _apply(shop, now.deed, now.request.customer)
            cases += await self._meet(now, late, shop)
        return cases

    async def _meet(self, now: Situation, made: Sequence[Proposal], shop: Shop) -> list[Case]:
        self._counter.shop = shop
        scene = Scene(
            request=now.request.text,
            principal=_customer(now.request.customer),
            reads=scene_reads(now, made),
            proposals=[each.deed for each in made],
        )
        met = await self._road.meet(scene)
        return [
            Case(request=now.request.number, place=now.place, proposal=each, met=answer)
            for each, answer in zip(made, met, strict=True)
        ]

    def _situation(self, number: int, place: int) -> Situation:
        request = self._requests[number]
        judge = Judge(self._stock, request.customer, moves_money=True)
        for deed in self._before(request, place):
            judge.apply(deed)
        return Situation(
            stock=self._stock,
            request=request,
            place=place,
            judge=judge,
            others=tuple(
                each
                for each in self._requests
                if each.customer == request.customer and each.number != number
            ),
            random=Random(f"{self._seed}:{number}:{place}"),  # noqa: S311 - to be repeated
        )

    def _shop(self, now: Situation) -> Shop:
        shop = self._first.copied()
        for deed in self._before(now.request, now.place):
            _apply(shop, deed, now.request.customer)
        return shop

    def _before(self, request: Request, place: int) -> list[Deed]:
        """The writes before, but for those that no shop would have carried out."""
        return [
            deed
            for at, deed in enumerate(request.writes[:place])
            if not self.faults(request.number, at)
        ]


class Counter:
    """Where the tools find the shop of the scene that is on."""

    def __init__(self) -> None:
        self.shop: Shop | None = None


@asynccontextmanager
async def open_trial(
    *, is_guarded: bool = True, seed: int = SEED, verifier: Model | None = None
) -> AsyncIterator[Trial]:
    """A trial over the example's tools; without owners and checks where not guarded."""
    counter = Counter()
    tools = TOOLS if is_guarded else unguarded(TOOLS)
    deps: Mapping[type, Any] = {Shop: lambda: counter.shop}
    async with open_road(tools, deps, load(EXAMPLE, {}), verifier=verifier) as road:
        yield Trial(road, counter, seed)


def _customer(user_id: str) -> Principal:
    return Principal(user_id, "shop", authenticated=True)


def _apply(shop: Shop, deed: Deed, customer: str) -> None:
    """Carry out a write of the set; what the shop declines stays undone."""
    context = tool_context(
        shop, principal=_customer(customer), idempotency_key=f"{deed.tool}:{deed.arguments}"
    )
    try:
        _TOOLS[deed.tool](**deed.arguments, context=context)
    except ShopError:
        return
