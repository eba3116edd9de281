"""Health checks: what tools need is asked whether it is well, before a real call is risked.

A check is an attempt of its dependency. A breaker that is open keeps it away, and one that is
half-open takes it for a trial, so that a dependency comes back without anybody waiting for it.
"""

import asyncio
import inspect
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, NoReturn

from highroad.domain.demand import AttemptResult
from highroad.domain.error import CallError, Code, CountersError, HighroadError
from highroad.domain.failure import Failure
from highroad.domain.failure_kind import FailureKind
from highroad.domain.health import Checkup
from highroad.domain.identity import Principal
from highroad.pipeline import passing
from highroad.pipeline.called_off import is_called_off
from highroad.pipeline.judgement import raised, timed_out
from highroad.pipeline.services import Services
from highroad.pipeline.timer import within
from highroad.resilience.passage import Passage, Way
from highroad.tools.body.context import ToolContext
from highroad.tools.compile import RegisteredTool

_log: Final = logging.getLogger("highroad.dependencies")

_UNWELL: Final = Failure(
    kind=FailureKind.TRANSIENT,
    error=CallError(code=Code.EXECUTION_ERROR, message="The health check says no."),
    rule="tool.health",
)


class Checks:
    """Runs the health checks that tools declare.

    Args:
        services: Of the runtime.
        principal: For whom deps are made that a check wants.
    """

    def __init__(self, services: Services, principal: Principal) -> None:
        self._services = services
        self._principal = principal
        self._astray: dict[str, Future[object]] = {}
        """Synchronous checks that ran on behind their time, by tool."""

    @property
    def due(self) -> Mapping[str, float]:
        """Dependencies of which a tool declares a health check, and how often each is asked."""
        names = {tool.definition.needs for tool in self._services.registry if tool.health}
        ways = self._services.ways
        return {name: ways.to(name).dependency.check_s for name in sorted(names)}

    async def run(self, dependency: str) -> None:
        """Ask once what each tool declares that needs this dependency."""
        for tool in self._services.registry:
            if tool.health is not None and tool.definition.needs == dependency:
                await self._check(self._services.ways.to(dependency), tool)

    async def _check(self, way: Way, tool: RegisteredTool[Any]) -> None:
        timeout_s = tool.definition.timeout_s or self._services.limits.attempt_s
        check_id = self._services.ids.new("check")
        try:
            passage = await way.enter(check_id, left_s=timeout_s)
        except CountersError as error:
            _log.warning("%s cannot be checked: %s", way.dependency.name, error)
            return
        if isinstance(passage, Passage):
            await self._attempt(passage, tool, check_id, timeout_s)

    async def _attempt(
        self, passage: Passage, tool: RegisteredTool[Any], check_id: str, timeout_s: float
    ) -> None:
        inform = partial(passing.inform, passage, self._services, check_id)
        try:
            failure = await self._ask(tool, check_id, timeout_s)
        except BaseException:
            await asyncio.shield(inform(AttemptResult.ABANDONED))
            raise
        now_ms = self._services.clock.now_ms()
        kind = None if failure is None else failure.kind
        passage.way.note(Checkup(tool=tool.name, at_ms=now_ms, kind=kind))
        said = AttemptResult.SUCCESS if failure is None else passing.result_of_failure(failure)
        await inform(said)

    async def _ask(
        self, tool: RegisteredTool[Any], check_id: str, timeout_s: float
    ) -> Failure | None:
        """What the check says is wrong; its code may raise what it likes, as a body may."""
        last = self._astray.get(tool.name)
        if last is not None and not last.done():
            return timed_out()  # it hangs, and another thread would hang beside it
        try:
            answer = await within(timeout_s, self._answer(tool, check_id, timeout_s))
        except asyncio.CancelledError as error:
            if is_called_off():
                raise
            return raised(error, tool)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - author's code; see above
            return raised(error, tool)
        return _UNWELL if answer is False else None

    async def _answer(self, tool: RegisteredTool[Any], check_id: str, timeout_s: float) -> object:
        check = tool.health
        if check is None:
            return None
        deps = None
        if tool.deps is not None and check.takes_context:
            make = self._services.deps.make
            deps = await make(tool.deps, self._principal, check_id, is_kept=False)
        context: ToolContext[Any] = ToolContext(
            call_id=check_id,
            run_id=check_id,
            principal=self._principal,
            deps=deps,
            progress=_NoCall(timeout_s),
        )
        start = partial(check.start, context)
        answer = start() if check.is_async else await self._in_thread(tool, start)
        return await answer if inspect.isawaitable(answer) else answer

    async def _in_thread(self, tool: RegisteredTool[Any], start: partial[object]) -> object:
        keep = partial(self._astray.__setitem__, tool.name)
        needs = tool.definition.needs
        return await self._services.threads.run(needs, start, begin=_nothing, leave=keep)


def _nothing() -> None:
    """There is no proof to give up before a check begins."""


class _NoCall:
    """The road's side of a health check, which is on no road."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def remaining_s(self) -> float:
        """Seconds that the check was given."""
        return self._timeout_s

    async def call(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
        """Refuse: a health check is nobody's call.

        Raises:
            HighroadError: Always.
        """
        raise HighroadError("a health check makes no governed calls: ask the dependency itself")

    call_all = call
    run_program = call
    credential = call

    def secret(self, name: str) -> NoReturn:
        """Refuse: nobody asked for what a health check would be given.

        Raises:
            HighroadError: Always.
        """
        del name
        raise HighroadError("a health check has no secrets: ask what answers without")

    def traceparent(self) -> NoReturn:
        """Refuse: a health check is part of no trace.

        Raises:
            HighroadError: Always.
        """
        raise HighroadError("a health check is part of no trace: ask without a traceparent")

    def completion_token(self) -> NoReturn:
        """Refuse: a health check has no result that could come later.

        Raises:
            HighroadError: Always.
        """
        raise HighroadError("a health check answers at once: it has nothing to be completed")

    def defer(self, expires_s: float) -> NoReturn:
        """Refuse, as `completion_token` does."""
        del expires_s
        self.completion_token()

    def report(self, text: str, *, done: float | None, total: float | None) -> None:
        """Nobody follows a health check."""
        del text, done, total
