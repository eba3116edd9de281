"""What the body of a tool sees of the call that it serves."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NoReturn, Protocol, TypeVar, overload

from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonValue
from highroad.domain.outcome import AnyOutcome, Outcome
from highroad.domain.proposed import OnFailure, ProposedCalls, Terms
from highroad.domain.sandbox import Language, Program, ProgramLimits, ProgramResult
from highroad.domain.secret import SecretText

Deps = TypeVar("Deps")
T = TypeVar("T")


class CallInProgress(Protocol):
    """What the road does for a body while it runs; the runtime hands it in."""

    def remaining_s(self) -> float:
        """Seconds until the deadline of the call; negative when it has passed."""
        ...

    def traceparent(self) -> str:
        """The header that names the call as the parent in its trace."""
        ...

    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None,
    ) -> AnyOutcome:
        """Drive a governed call whose parent is this one."""
        ...

    async def call_all(self, calls: ProposedCalls, terms: Terms) -> tuple[AnyOutcome, ...]:
        """Drive several of them together."""
        ...

    async def run_program(self, program: Program, limits: ProgramLimits | None) -> ProgramResult:
        """Run a program in a sandbox that is strong enough for the tool's tier."""
        ...

    async def credential(self, name: str) -> SecretText:
        """What the principal has elsewhere under a name."""
        ...

    def secret(self, name: str) -> SecretText:
        """A secret that the tool declares."""
        ...

    def completion_token(self) -> str:
        """What whoever hands in the result of this call later has to show."""
        ...

    def defer(self, expires_s: float) -> NoReturn:
        """Leave the body: its result comes later."""
        ...

    def report(self, text: str, *, done: float | None, total: float | None) -> None:
        """Tell those who follow the run how far the body has come; from any thread."""
        ...


# Not slotted, for the reason that `Completed` is not: `ToolContext[Shop](...)` sets
# `__orig_class__`, which a frozen slotted class refuses on Python 3.11.
@dataclass(frozen=True, kw_only=True)
class ToolContext(Generic[Deps]):
    """Handed to a parameter annotated `ToolContext[Deps]`, which models never see.

    Args:
        call_id: This call.
        run_id: The run that it belongs to.
        principal: For whom the call is made.
        deps: What the factory named in `open(deps=…)` made for this principal and run.
        idempotency_key: To hand to the other side: one key is one effect (effect class
            `idempotent`). The same on every attempt.
        attempt: Which try this is, from 1.
        progress: The road's side of the call.
    """

    call_id: str
    run_id: str
    principal: Principal = field(repr=False)
    deps: Deps = field(repr=False)
    idempotency_key: str | None = field(default=None, repr=False)
    attempt: int = 1
    progress: CallInProgress = field(repr=False, compare=False)

    @property
    def remaining_s(self) -> float:
        """Seconds that are left of the call's deadline."""
        return self.progress.remaining_s()

    @property
    def traceparent(self) -> str:
        """The header `traceparent` for requests of the body, which become part of the call's trace.

        See https://www.w3.org/TR/trace-context/. Of a host that traces with OpenTelemetry, what is
        instrumented there sends a header by itself.
        """
        return self.progress.traceparent()

    @overload
    async def call(
        self,
        tool: Callable[..., Coroutine[Any, Any, T]],
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> Outcome[T]: ...
    @overload
    async def call(
        self,
        tool: Callable[..., T],
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> Outcome[T]: ...
    @overload
    async def call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> AnyOutcome: ...
    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> AnyOutcome:
        """Call another tool over the road, for the same principal and within the same limits.

        It cannot be held: where a person would have to agree it is refused.
        """
        return await self.progress.call(tool, arguments, idempotency_key=idempotency_key)

    async def run_program(
        self,
        program: str | Program,
        inputs: Mapping[str, JsonValue] | None = None,
        *,
        language: Language | Literal["python", "javascript"] = Language.PYTHON,
        limits: ProgramLimits | None = None,
    ) -> ProgramResult:
        """Run a program that a stranger wrote in a sandbox, and wait for it.

        It has no network but what `limits.egress` asks for and settings allow.

        Args:
            program: Its text; the value of its last expression, in JSON, is the result. A module
                in WebAssembly or a command line is given as a `Program`, with its inputs.
            inputs: Global names of the program.
            language: Of the text.
            limits: No further than `sandbox` in settings lets them go, which hold unless given.

        Raises:
            ToolError: No sandbox is strong enough (`sandbox_unavailable`), a limit was exceeded
                (`sandbox_limit`), or the program failed (`program_failed`).
        """
        if isinstance(program, str):
            program = Program(language=Language(language), text=program, inputs=inputs or {})
        return await self.progress.run_program(program, limits)

    async def credential(self, name: str) -> SecretText:
        """What the principal of this call has elsewhere, such as their token of `github`.

        It is that of nobody else, whatever the arguments say, and stands in no argument, result or
        entry: hand it to the client that needs it, and keep it no longer than the body runs.

        Args:
            name: Under which it was stored (`runtime.identity.credentials`).

        Raises:
            ToolError: They have none of that name (`credential_missing`).
        """
        return await self.progress.credential(name)

    def secret(self, name: str) -> SecretText:
        """A secret that the tool declares with `secrets=`, as it is now.

        Ask for it where you hand it on (`.reveal()`), and keep it nowhere: in a long body its lease
        may end, and the next one be another. Hooks and dry runs have no secrets.

        Args:
            name: As it was declared.

        Raises:
            ToolError: It was not declared (`secret_undeclared`).
        """
        return self.progress.secret(name)

    @property
    def completion_token(self) -> str:
        """What whoever hands in the result of this call has to show: for the job, before `defer`.

        Hand it on with `call_id`, over a way that others cannot read: with both anybody completes
        the call, once. It is the same on every attempt.

        Raises:
            ToolError: The call comes from inside another tool, and cannot wait.
        """
        return self.progress.completion_token()

    def defer(self, *, expires_s: float) -> NoReturn:
        """End the body here: the job was started, and its result comes later.

        It never returns, and needs no `await`. The call is held until `Runtime.complete` or
        `Runtime.fail` is given its `completion_token`. It ends by itself after `expires_s`: as
        unknown, or as failed where its tool is repeatable.

        Args:
            expires_s: Seconds within which the result has to come; at most a year.

        Raises:
            ToolError: The call comes from inside another tool, and cannot wait.
            ValueError: `expires_s` is no such time.
        """
        self.progress.defer(expires_s)

    def report(
        self, text: str = "", *, done: float | None = None, total: float | None = None
    ) -> None:
        """Tell those who follow the run how far this call has come; it waits for nobody.

        It is shown and not recorded: put nothing in it that the reader may not see. Of several
        reports at once only the last may be told. Behind the end of the attempt it does nothing.

        Args:
            text: For people, such as "page 3 of 10"; at most 1,000 characters of it are told.
            done: How much is done, of
            total: what there is, in any unit.
        """
        self.progress.report(text, done=done, total=total)

    async def call_all(
        self,
        calls: ProposedCalls,
        *,
        parallel: int | None = None,
        deadline_s: float | None = None,
        on_failure: OnFailure | Literal["stop", "go_on"] = "stop",
    ) -> tuple[AnyOutcome, ...]:
        """Call several tools together, each as `call` does; see `highroad.Runtime.call_all`.

        Raises:
            HighroadError: They cannot be made on these terms, or one of them is no call.
            DeclarationError: A function was not given to this runtime.
        """
        return await self.progress.call_all(calls, Terms.of(parallel, deadline_s, on_failure))
