"""How a chapter is told: beat by beat, each with claims that the program checks."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from highroad import Completed, Outcome, Principal, Runtime
from highroad.demo.database import Shop
from highroad.demo.home import Home
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.health import DependencyHealth
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.trail import Explanation, Trail

Record: TypeAlias = Trail | Explanation | DependencyHealth | DeadLetter
"""What a command shows of what is known."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said about what happened, and whether it is so."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One thing that was tried, what happened, and why.

    Args:
        tried: Who tried what, in a sentence.
        call: The call as it was made, in a line; empty where it was something else.
        status: How it ended, in a word.
        shown: What came back: the answer as a model gets it, or a record.
        why: The rule behind it.
        claims: What is said about it, each computed from outcomes, the shop's database and the
            ledger.
    """

    tried: str
    status: str
    why: str
    call: str = ""
    shown: "JsonValue | Record" = None
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What a chapter is played on: the runtime, the folder it is at home in, and the run's name."""

    runtime: Runtime
    home: Home
    run: str

    @property
    def shop(self) -> Shop:
        """The shop of this folder."""
        return self.home.shop

    async def call(
        self, tool: str, arguments: Mapping[str, object], *, by: Principal
    ) -> Outcome[Any]:
        """One governed call in the run of this telling."""
        return await self.runtime.call(tool, arguments, principal=by, run=self.run)

    def in_run(self, name: str) -> "Stage":
        """The same stage with a run of its own."""
        return replace(self, run=f"{self.run}-{name}")


Telling: TypeAlias = Callable[[Stage], AsyncIterator[Beat]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A short piece of the demo that stands alone."""

    name: str
    title: str
    tell: Telling


def line(tool: str, arguments: Mapping[str, object]) -> str:
    """A call as it would be typed."""
    return f"{tool} {json.dumps(arguments)}"


def result(outcome: Outcome[Any]) -> JsonValue:
    """The result in JSON, or `None` where there is none."""
    return outcome.json if isinstance(outcome, Completed) else None


def answer(outcome: Outcome[Any], *without: str) -> JsonObject:
    """What a model would be given, less what differs from one telling to the next."""
    return {name: value for name, value in outcome.for_model().items() if name not in without}
