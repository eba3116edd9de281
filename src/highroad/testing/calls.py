"""What runs called, read from their trail, and assertions about it."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from highroad.domain.error import HighroadError
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.json_value import JsonValue
from highroad.domain.run import Run
from highroad.ports.tables import Selection
from highroad.runtime import Runtime
from highroad.testing.rehearsal import Rehearsal
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse

Expected: TypeAlias = object | Callable[[JsonValue], object]
"""What an argument must equal; or a function that says whether it will do."""

_PAGE: Final = 1_000
_SHOWN: Final = 120
_RAW: Final = {"tool", "raw"}
"""What the ledger keeps of a call that was turned down before its arguments were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RanCall:
    """One call of a run, as the ledger has it."""

    call_id: str
    run_id: str
    tool: str
    """Its name; as it was called, where no tool has that name."""
    arguments: JsonValue
    """As the tool would have got them; as they came, where they are no JSON object."""
    status: str
    """An ending, or `running` or `held`."""
    code: str | None = None
    """Why, where it did not complete."""
    is_repeated: bool = False
    """An earlier call's outcome answered, and nothing was done."""

    def has(self, arguments: Mapping[str, Expected]) -> bool:
        """Whether it has all of these arguments, whatever it has besides."""
        own = self.arguments
        return isinstance(own, dict) and all(
            name in own and _is(expected, own[name]) for name, expected in arguments.items()
        )

    def __str__(self) -> str:
        """As a failing assertion shows it."""
        why = f" ({self.code})" if self.code else ""
        repeated = ", repeated" if self.is_repeated else ""
        return f"{_call(self.tool, self.arguments)}: {self.status}{why}{repeated}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls of runs in the order in which they were proposed, whatever became of them.

    Each assertion gives the calls that it was about, for the next: a call that was proposed and
    refused was called; `.ended("completed")` leaves it out.
    """

    every: tuple[RanCall, ...]
    """All that was called."""
    found: tuple[RanCall, ...]
    """Those that are left."""
    wanted: str = "anything"
    """What they were narrowed by, in words."""

    @classmethod
    def of(cls, calls: tuple[RanCall, ...]) -> "Calls":
        """All of these."""
        return cls(every=calls, found=calls)

    def __iter__(self) -> Iterator[RanCall]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def called(self, tool: str, /, **arguments: Expected) -> "Calls":
        """Assert that a tool was called, with these arguments if there are any.

        Args:
            tool: Its name.
            **arguments: Each equal to what is given, or such that the function which is given
                says so; others do not matter.
        """
        __tracebackhide__ = True
        found = tuple(each for each in self.found if each.tool == tool)
        narrowed = replace(self, found=found, wanted=tool)
        if not found:
            raise narrowed.failed(f"{tool} was not called")
        return narrowed.with_(**arguments) if arguments else narrowed

    def not_called(self, tool: str, /, **arguments: Expected) -> None:
        """Assert that a tool was not called, or never with these arguments."""
        __tracebackhide__ = True
        found = [each for each in self.found if each.tool == tool and each.has(arguments)]
        if found:
            raise self.failed(f"{_call(tool, arguments)} was called {_times(len(found))}")

    def with_(self, **arguments: Expected) -> "Calls":
        """Assert that one of them had these arguments."""
        __tracebackhide__ = True
        wanted = _call(self.wanted, arguments)
        found = tuple(each for each in self.found if each.has(arguments))
        if not found:
            raise self.failed(f"{wanted} was not called")
        return replace(self, found=found, wanted=wanted)

    def ended(self, status: str, code: str | None = None) -> "Calls":
        """Assert that one of them ended so: `completed`, `refused`; or that it is `held`."""
        __tracebackhide__ = True
        found = tuple(
            each
            for each in self.found
            if each.status == status and (code is None or each.code == code)
        )
        ending = status if code is None else f"{status} ({code})"
        if not found:
            raise self.failed(f"no call of {self.wanted} is {ending}")
        return replace(self, found=found, wanted=f"{self.wanted}: {ending}")

    def once(self) -> "Calls":
        """Assert that it is one call."""
        __tracebackhide__ = True
        return self.times(1)

    def times(self, number: int) -> "Calls":
        """Assert that it is so many calls."""
        __tracebackhide__ = True
        if len(self.found) != number:
            raise self.failed(
                f"{self.wanted} was called {_times(len(self.found))}, and not {_times(number)}"
            )
        return self

    def before(self, tool: str, /, **arguments: Expected) -> "Calls":
        """Assert that the first of them came before the first call of another tool."""
        __tracebackhide__ = True
        self._compare(tool, arguments, is_before=True)
        return self

    def after(self, tool: str, /, **arguments: Expected) -> "Calls":
        """Assert that the first of them came after the first call of another tool."""
        __tracebackhide__ = True
        self._compare(tool, arguments, is_before=False)
        return self

    def failed(self, what: str) -> AssertionError:
        """What is wrong, and what was called instead."""
        lines = [f"\n  {number}. {each}" for number, each in enumerate(self.every, start=1)]
        return AssertionError(
            f"{what}. {'Called were:' if lines else 'Nothing was.'}" + "".join(lines)
        )

    def _compare(self, tool: str, arguments: Mapping[str, Expected], *, is_before: bool) -> None:
        __tracebackhide__ = True
        other = _call(tool, arguments)
        others = [each for each in self.every if each.tool == tool and each.has(arguments)]
        word = "before" if is_before else "after"
        if not others or not self.found:
            missing = self.wanted if others else other
            raise self.failed(f"{self.wanted} was not called {word} {other}: {missing} never was")
        first = self.every.index(self.found[0]) < self.every.index(others[0])
        if first is not is_before:
            raise self.failed(f"{self.wanted} was not called {word} {other}")


async def ran(
    runtime: Rehearsal | Runtime,
    run: Run | str | None = None,
    *,
    organization: str = DEFAULT_ORGANIZATION,
) -> Calls:
    """What runs called, by the trail of each and the arguments that the ledger keeps.

    That somebody looked is recorded, as always when arguments are revealed.

    Args:
        runtime: Where they ran.
        run: One run, or its id, with all runs below it in a `Rehearsal`; without it every run of a
            `Rehearsal`.
        organization: In which they ran.

    Raises:
        HighroadError: A run is to be named, or what it called cannot be read.
    """
    reader = Principal("reader", organization, permissions={"audit:reveal"})
    calls = [
        call
        async for run_id in _runs(runtime, run if isinstance(run, str | None) else run.id)
        async for call in _calls_of(runtime, run_id, reader)
    ]
    # Ids of calls are in the order of time.
    return Calls.of(tuple(sorted(calls, key=lambda call: call.call_id)))


async def _runs(runtime: Rehearsal | Runtime, run_id: str | None) -> AsyncIterator[str]:
    if run_id is not None:
        yield run_id
    if isinstance(runtime, Runtime):
        if run_id is None:
            raise HighroadError("say which run: `await ran(runtime, run)`")
        return
    wanted = {"parent_id": run_id} if run_id is not None else {}
    audit = (await runtime.start()).audit
    await audit.last_call()  # brings the tables up to date
    tables, after = runtime.store.tables, tuple[str, ...]()
    while page := await tables.rows(
        Selection(table="agent_run", equals=wanted), after=after, limit=_PAGE
    ):
        for row in page:
            found = str(row[0])
            if run_id is None:
                yield found
            else:
                async for below in _runs(runtime, found):
                    yield below
        after = (str(page[-1][0]),)


async def _calls_of(
    runtime: Rehearsal | Runtime, run_id: str, reader: Principal
) -> AsyncIterator[RanCall]:
    trail = await runtime.audit.trail(run_id)
    for step in trail.steps:
        told = await runtime.audit.explain(step.call_id, reveal_by=reader)
        tool, arguments = _as_called(step.tool, told.arguments)
        yield RanCall(
            call_id=step.call_id,
            run_id=run_id,
            tool=tool,
            arguments=arguments,
            status=step.status,
            code=step.code,
            is_repeated=step.is_repeated,
        )


def _as_called(tool: str | None, kept: JsonValue) -> tuple[str, JsonValue]:
    """Name and arguments, also of a call that was turned down before it had any."""
    if not (isinstance(kept, dict) and kept.keys() == _RAW and isinstance(kept["tool"], str)):
        return tool or "", kept
    raw = kept["raw"]
    read = parse(raw) if isinstance(raw, str) else raw
    return tool or kept["tool"], raw if isinstance(read, Invalid) else read


def _is(expected: Expected, actual: JsonValue) -> bool:
    return bool(expected(actual)) if callable(expected) else bool(expected == actual)


def _call(tool: str, arguments: object) -> str:
    """A call in words: `refund(cents=500)`, or its tool where nothing is said of arguments."""
    if not arguments and not isinstance(arguments, str):
        return tool
    if not isinstance(arguments, Mapping):
        return f"{tool}({_short(arguments)})"
    return f"{tool}({', '.join(f'{name}={_short(each)}' for name, each in arguments.items())})"


def _short(what: object) -> str:
    text = getattr(what, "__qualname__", None) if callable(what) else None
    text = text or repr(what)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
