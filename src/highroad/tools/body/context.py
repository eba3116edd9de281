"""What the body of a tool sees of the call that it serves."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar, overload

from highroad.domain.identity import Principal
from highroad.domain.outcome import AnyOutcome, Outcome
from highroad.domain.proposed import OnFailure, ProposedCalls, Terms

Deps = TypeVar("Deps")
T = TypeVar("T")


class CallInProgress(Protocol):
    """What the road does for a body while it runs; the runtime hands it in."""

    def remaining_s(self) -> float:
        """Seconds until the deadline of the call; negative when it has passed."""
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
