"""The payment service goes down and comes back, and no refund is lost or made twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from highroad import Completed
from highroad.demo.people import ALICE, BOB
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line, result
from highroad.demo.tools import PAYMENTS
from highroad.domain.dead_letter import DeadLetter, LetterState
from highroad.domain.dependency import BreakerState, dependency_named
from highroad.domain.error import Code
from highroad.domain.health import DependencyHealth
from highroad.domain.trail import Explanation

_ORDER: Final = {"order_id": "ORD-000042"}
_REFUNDS: Final = ({**_ORDER, "cents": 500}, {**_ORDER, "cents": 700})


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    stage = stage.in_run("outage")
    outage = _Outage(stage)
    await stage.call("get_payments", _ORDER, by=ALICE)
    stage.shop.stop_payments()
    try:
        yield await outage.tried_again()
        yield await outage.explained()
        yield await outage.turned_away()
        yield await outage.answered_by_the_last_result()
        yield await outage.open_breaker()
        yield await outage.left()
    finally:
        stage.shop.start_payments()
    yield await outage.back()
    yield await outage.redriven()
    yield await outage.asked_for_once_more()


class _Outage:
    """What became of two refunds while nobody could be paid back."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._refunds = stage.shop.count("refunds")
        self._calls: list[str] = []
        """Of the two refunds."""

    @property
    def _made(self) -> int:
        return self._stage.shop.count("refunds") - self._refunds

    async def tried_again(self) -> Beat:
        """Three attempts with pauses between, and then no more."""
        failed = await self._stage.call("refund", _REFUNDS[0], by=ALICE)
        self._calls.append(failed.call_id)
        attempts = (await self._explanation(failed.call_id)).attempts
        return Beat(
            tried="The payment service goes down, and refuses every connection. Alice refunds "
            "5 euros.",
            call=line("refund", _REFUNDS[0]),
            status=failed.status,
            shown=answer(failed, "call_id"),
            why="A connection that was refused proves that nothing was done, so the call may be "
            "tried again, and has failed for certain. Where nobody can tell, it would be unknown.",
            claims=(
                Claim("Three attempts were made.", attempts == len(_PAUSES_S) + 1),
                Claim("No money moved.", self._made == 0),
            ),
        )

    async def explained(self) -> Beat:
        """The same call, as the ledger has it."""
        explanation = await self._explanation(self._calls[0])
        pauses_s = _pauses_s(explanation)
        return Beat(
            tried="What was tried, and when?",
            call=f"highroad explain {explanation.call_id}",
            status="recorded",
            shown=explanation,
            why="Pauses double and are spread a little, so that callers who failed together do not "
            "come back together. What was given up on has left a dead letter.",
            claims=(
                Claim(
                    "The pauses were half a second and a second, give or take a fifth.",
                    len(pauses_s) == len(_PAUSES_S)
                    and all(
                        abs(pause_s / planned_s - 1) <= _SPREAD
                        for pause_s, planned_s in zip(pauses_s, _PAUSES_S, strict=True)
                    ),
                ),
                Claim(
                    "It has a dead letter, which is open.",
                    explanation.dead_letter is not None and explanation.dead_letter.is_open,
                ),
            ),
        )

    async def turned_away(self) -> Beat:
        """The breaker is open: no attempt is made."""
        refused = await self._stage.call("refund", _REFUNDS[1], by=ALICE)
        self._calls.append(refused.call_id)
        told = answer(refused, "call_id")
        attempts = (await self._explanation(refused.call_id)).attempts
        return Beat(
            tried="Alice refunds another 7 euros.",
            call=line("refund", _REFUNDS[1]),
            status=refused.status,
            shown=told,
            why="Three failures opened the breaker of the payment service. Nobody waits for what "
            "is known to be down, and it gets no load while it tries to come up.",
            claims=(
                Claim(
                    "The answer names the reason.", told.get("code") == Code.DEPENDENCY_UNAVAILABLE
                ),
                Claim("No attempt was made.", attempts == 0),
            ),
        )

    async def answered_by_the_last_result(self) -> Beat:
        """A read that declares what stands in."""
        found = await self._stage.call("get_payments", _ORDER, by=ALICE)
        told = answer(found, "call_id")
        return Beat(
            tried="She looks up what was paid.",
            call=line("get_payments", _ORDER),
            status=found.status,
            shown=told,
            why="This tool declares what may stand in for it: the last result, if it is not older "
            "than an hour. The model is told that it is.",
            claims=(
                Claim("It is the last result.", isinstance(found, Completed)),
                Claim("It is marked as stale.", told.get("stale") is True),
            ),
        )

    async def open_breaker(self) -> Beat:
        """What an operator sees."""
        health = await self._health()
        return Beat(
            tried="How is the payment service doing?",
            call="highroad tools health",
            status=health.state,
            shown=health,
            why="A breaker is of the dependency, and shared by all tools that need it. A person "
            "may hold it open or closed.",
            claims=(
                Claim("The breaker is open.", health.state is BreakerState.OPEN),
                Claim("It says until when.", health.until_ms is not None),
            ),
        )

    async def left(self) -> Beat:
        """What a person has to do something about."""
        letters = await self._letters()
        return Beat(
            tried="And what has become of the refunds?",
            call=f"highroad dead-letters show {self._calls[0]}",
            status=f"{len(letters)} open",
            shown=letters[0] if letters else None,
            why="Whatever changes something and was given up on is kept, until it is done after "
            "all or a person says that it need not be. Its arguments are encrypted, and not shown.",
            claims=(
                Claim(
                    "Each of the two refunds has a letter.",
                    [letter.call_id for letter in letters] == self._calls,
                ),
                Claim("All of them are open.", all(letter.is_open for letter in letters)),
            ),
        )

    async def back(self) -> Beat:
        """A trial, once the breaker has been open for long enough."""
        dependencies = self._stage.runtime.settings.dependencies
        recovery_s = dependency_named(PAYMENTS, dependencies).breaker.recovery_s
        await asyncio.sleep(recovery_s)
        found = await self._stage.call("get_payments", _ORDER, by=ALICE)
        told, health = answer(found, "call_id"), await self._health()
        return Beat(
            tried=f"The payment service comes back. {recovery_s:g} seconds later she looks again.",
            call=line("get_payments", _ORDER),
            status=found.status,
            shown=told,
            why="After a while the breaker lets a call through, to try. It succeeds, and so the "
            "breaker closes by itself; a tool may declare a health check that tries instead.",
            claims=(
                Claim("The answer is fresh.", "stale" not in told),
                Claim("The breaker is closed.", health.state is BreakerState.CLOSED),
            ),
        )

    async def redriven(self) -> Beat:
        """The letters, done after all."""
        letters = self._stage.runtime.dead_letters
        batch = await letters.redrive_many(by=BOB, dependency=PAYMENTS, per_minute=600)
        states = {letter.state for letter in await self._letters()}
        statuses = [
            f"{done.letter.id} {done.outcome.status}" for done in batch.redriven if done.outcome
        ]
        return Beat(
            tried="Bob, a manager, has everything made that the payment service missed.",
            call=f"highroad dead-letters redrive --dependency {PAYMENTS} --as bob",
            status=", ".join(sorted(states)),
            shown="\n".join(statuses),
            why="Each is a new call on the road, for Alice, with the arguments and the key of the "
            "one that failed. Policy and limits are asked anew, and people where they must be.",
            claims=(
                Claim("Both letters are done with.", states == {LetterState.REDRIVEN}),
                Claim("The shop's database has two refunds more.", self._made == len(_REFUNDS)),
            ),
        )

    async def asked_for_once_more(self) -> Beat:
        """The key of the redriven call is that of the first."""
        again = await self._stage.call("refund", _REFUNDS[0], by=ALICE)
        return Beat(
            tried="The model knows nothing of that, and tries its refund once more.",
            call=line("refund", _REFUNDS[0]),
            status="completed, repeated" if _is_repeated(again) else again.status,
            shown=result(again),
            why="The key says that this refund was made, whoever made it. Its result answers.",
            claims=(
                Claim("It is marked as repeated.", _is_repeated(again)),
                Claim("Still two refunds: none was made twice.", self._made == len(_REFUNDS)),
            ),
        )

    async def _explanation(self, call_id: str) -> Explanation:
        return await self._stage.runtime.audit.explain(call_id)

    async def _health(self) -> DependencyHealth:
        health = await self._stage.runtime.dependencies.health()
        return next(each for each in health if each.dependency == PAYMENTS)

    async def _letters(self) -> Sequence[DeadLetter]:
        """Those of this telling; the ledger may have others."""
        found = await self._stage.runtime.dead_letters.list(state=None, dependency=PAYMENTS)
        return [letter for letter in found if letter.call_id in self._calls]


_PAUSES_S: Final = (0.5, 1.0)
_SPREAD: Final = 0.2 + 0.02
"""Of the pauses; the ledger has them in hundredths of a second."""


def _pauses_s(explanation: Explanation) -> list[float]:
    """The pauses between the attempts of a call, as its record has them."""
    lines = [stage.rule or "" for stage in explanation.stages if stage.verdict == "retry"]
    return [float(rule.rpartition("again in ")[2].removesuffix(" s")) for rule in lines]


def _is_repeated(outcome: object) -> bool:
    return isinstance(outcome, Completed) and outcome.is_repeated


CHAPTER: Final = Chapter(
    name="outage", title="The payment service goes down, and comes back", tell=_tell
)
