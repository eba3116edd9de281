"""Faults by plan and by seed: what a test, or a rehearsal of an outage, puts in a tool's way."""

import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from random import Random  # noqa: TID251 - chance by a seed, which a test repeats
from typing import Any, Final

import anyio

from highroad.domain.tool import ToolDefinition
from highroad.ports.clock import Clock
from highroad.runtime import Runtime
from highroad.testing.clock import FakeClock

Body = Callable[..., Any]

EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong, where, and when. Without a word of when it does each time.

    Args:
        on: A tool, or the dependency that tools name; `*` is every tool.
        attempts: Which attempts at a tool, counted from 1 since the faults were injected.
        chance: How probable it is each time, by the seed.
        since_s: From when, in seconds of the clock's `monotonic_s`.
        until_s: Up to when.
        latency_s: Seconds that pass before the body runs.
        raises: Raised in the body's place; where `is_late`, once it has run: the effect took place
            and its answer is lost.
        is_late: See `raises`.
        hangs: The body is not run, and no answer comes until the attempt is called off or the
            faults end.
        answers: Makes of what the body returns what is answered: a part of it, or something wrong.
        sets_back_s: Seconds by which Unix time jumps back first.
    """

    on: str = EVERYWHERE
    attempts: Container[int] | None = None
    chance: float = 1.0
    since_s: float = float("-inf")
    until_s: float = float("inf")
    latency_s: float = 0.0
    raises: Exception | type[Exception] | None = None
    is_late: bool = False
    hangs: bool = False
    answers: Callable[[Any], Any] | None = None
    sets_back_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a fault that could never come, or that would do nothing."""
        if not 0 < self.chance <= 1:
            message = f"chance is {self.chance}; it is above 0 and at most 1"
            raise ValueError(message)
        if self.is_late and self.raises is None:
            message = "is_late says when `raises` comes: say what is raised"
            raise ValueError(message)
        if not (self.latency_s or self.raises or self.hangs or self.answers or self.sets_back_s):
            message = "a fault does something: latency_s, raises, hangs, answers or sets_back_s"
            raise ValueError(message)


class Faults:
    """Faults that strike the bodies of a runtime's tools, and what came of it.

    The same plan, seed and order of attempts at each tool strike the same attempts, however the
    tools' attempts lie between each other.

    Args:
        *plan: Every fault that applies to an attempt strikes, in this order.
        seed: For those that have a chance.
        clock: Whose time latency and windows are in: that of the runtime.
    """

    def __init__(self, *plan: Fault, clock: Clock, seed: int = 0) -> None:
        self._plan = plan
        self._seed = seed
        self._clock = clock
        self._attempts: Counter[str] = Counter()
        self._struck: list[tuple[str, int, Fault]] = []
        self._is_over = threading.Event()
        self._hanging: list[anyio.Event] = []
        """Of async bodies; each waits in the loop."""

    @property
    def attempts(self) -> dict[str, int]:
        """Attempts at each tool so far."""
        return dict(self._attempts)

    @property
    def struck(self) -> Sequence[tuple[str, int, Fault]]:
        """Tool, number of the attempt, and the fault, for each that struck."""
        return tuple(self._struck)

    @contextmanager
    def injected(self, runtime: Runtime) -> Iterator["Faults"]:
        """Strike the tools of `runtime` until the block ends; what hangs is let go then."""
        put_back = runtime.wrap(self.around)
        try:
            yield self
        finally:
            put_back()
            self._is_over.set()
            for hanging in self._hanging:
                hanging.set()

    def around(self, definition: ToolDefinition, body: Body) -> Body:
        """The body with faults around it."""
        return (
            self._around_async(definition, body)
            if iscoroutinefunction(body)
            else (self._around_sync(definition, body))
        )

    def _around_async(
        self, definition: ToolDefinition, body: Callable[..., Awaitable[Any]]
    ) -> Body:
        @wraps(body)
        async def faulty(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - the body's own
            faults = self._strike(definition)
            for fault in faults:
                if fault.latency_s:
                    await self._clock.sleep(fault.latency_s)
                if fault.hangs:
                    await self._hang()
                _raise(fault, is_late=False)
            return _answered(faults, await body(*given, **named))

        return faulty

    def _around_sync(self, definition: ToolDefinition, body: Body) -> Body:
        @wraps(body)
        def faulty(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - the body's own
            faults = self._strike(definition)
            for fault in faults:
                if fault.latency_s:
                    anyio.from_thread.run(self._clock.sleep, fault.latency_s)
                if fault.hangs:
                    self._is_over.wait()
                    raise TimeoutError("the faults are over")
                _raise(fault, is_late=False)
            return _answered(faults, body(*given, **named))

        return faulty

    async def _hang(self) -> None:
        over = anyio.Event()
        self._hanging.append(over)
        await over.wait()
        raise TimeoutError("the faults are over")

    def _strike(self, definition: ToolDefinition) -> list[Fault]:
        name = definition.name
        self._attempts[name] += 1
        number = self._attempts[name]
        chances = Random(f"{self._seed} {name} {number}")  # noqa: S311 - for repeatable tests
        found = []
        for fault in self._plan:
            # Drawn for each of them, so that one more fault in the plan moves no other.
            is_drawn = chances.random() < fault.chance
            if is_drawn and self._is_due(fault, definition, number):
                found.append(fault)
                self._struck.append((name, number, fault))
                if fault.sets_back_s and isinstance(self._clock, FakeClock):
                    self._clock.set_back(fault.sets_back_s)
        return found

    def _is_due(self, fault: Fault, definition: ToolDefinition, number: int) -> bool:
        return (
            fault.on in {EVERYWHERE, definition.name, definition.needs}
            and (fault.attempts is None or number in fault.attempts)
            and fault.since_s <= self._clock.monotonic_s() < fault.until_s
        )


def _raise(fault: Fault, *, is_late: bool) -> None:
    if fault.raises is not None and fault.is_late is is_late:
        raise fault.raises


def _answered(faults: Sequence[Fault], answer: Any) -> Any:  # noqa: ANN401 - the body's own
    for fault in faults:
        _raise(fault, is_late=True)
        if fault.answers is not None:
            answer = fault.answers(answer)
    return answer
