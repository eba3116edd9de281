"""A model that plays a script."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

import anyio.lowlevel

from highroad.domain.error import HighroadError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    ModelError,
    ModelMessage,
    ModelRequest,
    ReplyPart,
    ToolMessage,
    UserMessage,
)
from highroad.domain.reply import on_the_way
from highroad.ports.clock import Clock
from highroad.testing.clock import FakeClock
from highroad.testing.models.line import Improvised, Line, Play, line_of

_SHOWN: Final = 80


class ScriptOver(HighroadError, AssertionError):  # noqa: N818 - what is the case
    """A model was asked beyond its script. Write a line more, or find out why it was asked."""


class ScriptedModel:
    """Plays a script (`highroad.ports.model.Model`): a line for each request, in order.

    What it says is held to nothing: it may call tools that were not offered, or that it must not.

    Args:
        *script: Texts, calls, several of them in a list, lines, errors, and functions that make
            one of these from the request.
        by_turn: Which line is played, says the request: the one behind as many lines as it has
            replies. So it goes on rightly in a run that another process began, and plays a line
            again that is asked for again.
        name: `provider:model`.
        shape: Of the provider that it stands for.
        context_tokens: How much a request and its reply may hold together.
        clock: Whose time latency is in. By default one of its own, on which nobody waits.
    """

    def __init__(
        self,
        *script: Play | Improvised,
        by_turn: bool = False,
        name: str = "scripted:model",
        shape: str = "openai",
        context_tokens: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._script = script
        self._by_turn = by_turn
        self._name = name
        self._shape = shape
        self._context_tokens = context_tokens
        self._clock: Clock = clock or FakeClock(autojump=True)
        self._requests: list[ModelRequest] = []
        self._played: set[int] = set()
        self.overrun: ScriptOver | None = None
        """That it was asked beyond its script; a run only says that its strategy failed."""
        self.under_way: int = 0
        """Requests that are being answered."""

    @classmethod
    def answering(cls, improvised: Improvised, *, clock: Clock | None = None) -> "ScriptedModel":
        """A model without an end, each of whose replies is made from the request alone."""
        return _Improviser(improvised, clock=clock)

    @property
    def name(self) -> str:
        """`provider:model`."""
        return self._name

    @property
    def shape(self) -> str:
        """Of the provider that it stands for."""
        return self._shape

    @property
    def context_tokens(self) -> int | None:
        """How much a request and its reply may hold together."""
        return self._context_tokens

    @property
    def requests(self) -> Sequence[ModelRequest]:
        """What it was asked, in order."""
        return tuple(self._requests)

    def assert_complete(self) -> None:
        """Say which lines were not asked for, or that it was asked for more.

        Raises:
            AssertionError: The script was not played as it stands.
        """
        if self.overrun is not None:
            raise self.overrun
        left = [
            f"\n  {number}. {_shown(play)}"
            for number, play in enumerate(self._script, start=1)
            if number not in self._played
        ]
        if left:
            raise AssertionError(
                f"the model was asked {_times(len(self._requests))}, and of its script of "
                f"{len(self._script)} lines these were never asked for:{''.join(left)}"
            )

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Play the next line.

        Raises:
            ModelError: The line says so, or takes longer than the request has.
            ScriptOver: There is none.
        """
        # A caller's list grows on; what was asked stays what it was.
        request = replace(request, messages=tuple(request.messages))
        self._requests.append(request)
        number = self._number(request)
        line = self._line(number, request)
        self.under_way += 1
        try:
            async for part in self._parts(line, number, request):
                yield part
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """Nothing is held open."""

    async def _parts(
        self, line: Line, number: int, request: ModelRequest
    ) -> AsyncGenerator[ReplyPart, None]:
        timeout_s = request.settings.timeout_s
        await self._take(min(line.latency_s, timeout_s))
        if line.latency_s >= timeout_s:
            raise _timed_out()
        reply = line.reply(number, self._name)
        if request.is_streamed:
            for part in on_the_way(reply):
                yield part
                await anyio.lowlevel.checkpoint()
        if line.hangs:
            await self._take(timeout_s - line.latency_s)
            raise _timed_out()
        if line.raises is not None:
            raise line.raises
        yield reply

    async def _take(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    def _number(self, request: ModelRequest) -> int:
        """Of the line that is due, from 1."""
        return turn_of(request) if self._by_turn else len(self._requests)

    def _line(self, number: int, request: ModelRequest) -> Line:
        if number > len(self._script):
            self.overrun = ScriptOver(
                f"the script of {len(self._script)} lines is over, and the model was asked for "
                f"line {number}, {_told(request)}: write it, or see why it was asked"
            )
            raise self.overrun
        self._played.add(number)
        return _played(self._script[number - 1], request)


class _Improviser(ScriptedModel):
    """Makes each reply from the request alone."""

    def __init__(self, improvised: Improvised, *, clock: Clock | None) -> None:
        super().__init__(by_turn=True, clock=clock)
        self._improvised = improvised

    def _line(self, number: int, request: ModelRequest) -> Line:
        del number
        return _played(self._improvised, request)


def turn_of(request: ModelRequest) -> int:
    """Which reply a request asks for, from 1, as it holds those before."""
    return 1 + sum(isinstance(message, ModelMessage) for message in request.messages)


def _played(play: Play | Improvised, request: ModelRequest) -> Line:
    return line_of(play(request) if callable(play) else play)


def _timed_out() -> ModelError:
    return ModelError("the script has the model take too long", kind=FailureKind.TIMEOUT)


def _told(request: ModelRequest) -> str:
    """What a request is about: a test may see it in plain."""
    last = request.messages[-1] if request.messages else None
    match last:
        case UserMessage():
            return f"after the user's words {_short(last.text)}"
        case ToolMessage():
            return f"after the result of {last.tool}: {_short(last.content)}"
        case ModelMessage():
            return f"after its own words {_short(last.text)}"
        case None:
            return "with no message at all"


def _shown(play: Play | Improvised) -> str:
    match play:
        case str():
            return _short(play)
        case Line(raises=error) if error is not None:
            return f"fails({error.kind.value!r})"
        case Line(hangs=True):
            return "hangs()"
        case Line():
            return ", ".join([*([_short(play.text)] if play.text else []), *map(str, play.calls)])
        case list() | tuple():
            return ", ".join(_shown(each) for each in play)
        case _:
            return str(play)


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")
