"""A `ToolContext` for unit tests, which call a tool as the plain function that it is."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

from highroad.domain.deferral import Deferred
from highroad.domain.error import HighroadError, ToolError
from highroad.domain.identity import Principal
from highroad.domain.outcome import AnyOutcome
from highroad.domain.proposed import ProposedCalls, Terms
from highroad.domain.sandbox import Program, ProgramLimits, ProgramResult
from highroad.domain.secret import SecretText
from highroad.pipeline.judgement import undeclared
from highroad.tools.body.context import ToolContext

Deps = TypeVar("Deps")
_NONE: Final[Mapping[str, str]] = {}

COMPLETION_TOKEN: Final = "token_test"  # noqa: S105 - it opens nothing
"""What a context made by hand has for a token."""
TRACEPARENT: Final = f"00-{1:032x}-{1:016x}-01"
"""And what for a place in a trace."""


class _Alone:
    """The road's side of a call that no road drives."""

    def __init__(
        self, remaining_s: float, credentials: Mapping[str, str], secrets: Mapping[str, str]
    ) -> None:
        self._remaining_s = remaining_s
        self._credentials = credentials
        self._secrets = secrets

    def secret(self, name: str) -> SecretText:
        if name not in self._secrets:
            raise undeclared("this context", name)
        return SecretText(self._secrets[name])

    def remaining_s(self) -> float:
        return self._remaining_s

    def traceparent(self) -> str:
        return TRACEPARENT

    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None,
    ) -> AnyOutcome:
        del tool, arguments, idempotency_key
        raise _drives_none()

    async def call_all(self, calls: ProposedCalls, terms: Terms) -> tuple[AnyOutcome, ...]:
        del calls, terms
        raise _drives_none()

    async def run_program(self, program: Program, limits: ProgramLimits | None) -> ProgramResult:
        del program, limits
        raise _drives_none()

    async def credential(self, name: str) -> SecretText:
        found = self._credentials.get(name)
        if found is None:
            raise ToolError("none", code="credential_missing", applied=False)
        return SecretText(found)

    def completion_token(self) -> str:
        return COMPLETION_TOKEN

    def defer(self, expires_s: float) -> NoReturn:
        raise Deferred(expires_s)

    def report(self, text: str, *, done: float | None, total: float | None) -> None:
        del text, done, total


def _drives_none() -> HighroadError:
    return HighroadError(
        "this context stands alone and drives no calls and no programs: test a tool that has "
        "others do something with the fixture `runtime`"
    )


def tool_context(  # noqa: PLR0913 - what a body may see, each by name
    deps: Deps,
    *,
    principal: Principal | None = None,
    idempotency_key: str | None = "key",
    attempt: int = 1,
    remaining_s: float = 30.0,
    credentials: Mapping[str, str] = _NONE,
    secrets: Mapping[str, str] = _NONE,
) -> ToolContext[Deps]:
    """What a tool's body sees, made by hand; of secrets it has those that are given."""
    return ToolContext(
        call_id="call_test",
        run_id="run_test",
        principal=principal or Principal("tester"),
        deps=deps,
        idempotency_key=idempotency_key,
        attempt=attempt,
        progress=_Alone(remaining_s, credentials, secrets),
    )
