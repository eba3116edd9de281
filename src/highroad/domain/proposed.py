"""Calls that are proposed together, such as those in one answer of a model, and on what terms."""

import math
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from highroad.domain.error import HighroadError
from highroad.domain.evidence import NO_EVIDENCE, Evidence
from highroad.domain.value import value


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call that is to be made together with others.

    Args:
        tool: The function itself, or the name of one.
        arguments: A mapping, or raw JSON as a model wrote it.
        key: Idempotency key; derived where there is none.
        evidence: Sources of its values.
    """

    tool: Callable[..., Any] | str
    arguments: Mapping[str, object] | str | bytes = field(repr=False)
    key: str | None = field(default=None, repr=False)
    evidence: Evidence = field(default=NO_EVIDENCE, repr=False)

    @classmethod
    def of(cls, given: "Proposed") -> "ProposedCall":
        """One as it stands, or made of a pair of tool and arguments.

        Raises:
            HighroadError: It is neither.
        """
        match given:
            case ProposedCall():
                return given
            case (tool, arguments) if callable(tool) or isinstance(tool, str):
                return cls(tool, arguments)
            case _:
                raise HighroadError(
                    "a call is a ProposedCall(tool, arguments), or a pair of the two, not "
                    f"{type(given).__name__}"
                )


Proposed: TypeAlias = (
    ProposedCall | tuple[Callable[..., Any] | str, Mapping[str, object] | str | bytes]
)
ProposedCalls: TypeAlias = Iterable[Proposed] | AsyncIterable[Proposed]


class OnFailure(StrEnum):
    """What becomes of a call whose declared order puts it behind one that is not completed."""

    STOP = "stop"
    """It is not begun, and ends cancelled."""
    GO_ON = "go_on"
    """It is begun all the same, in its turn."""


@value
class Terms:
    """On what terms calls are made together.

    Args:
        parallel: Calls that run at once; `None` is as many as a run may have.
        deadline_s: Seconds until all of them have to be over; `None` leaves each its own time.
        on_failure: Whether a declared order stops calls.
    """

    parallel: int | None = None
    deadline_s: float | None = None
    on_failure: OnFailure = OnFailure.STOP

    @classmethod
    def of(
        cls, parallel: int | None, deadline_s: float | None, on_failure: OnFailure | str
    ) -> "Terms":
        """Terms as somebody gives them.

        Raises:
            HighroadError: Nothing could ever run so, or there is no such word.
        """
        if parallel is not None and parallel < 1:
            raise HighroadError(f"parallel is {parallel}; it is 1 or more")
        if deadline_s is not None and not 0 < deadline_s < math.inf:
            raise HighroadError(f"deadline_s is {deadline_s}; it is above 0, and finite")
        if on_failure not in set(OnFailure):
            words = " or ".join(OnFailure)
            raise HighroadError(f"on_failure is {on_failure!r}; it is {words}")
        return cls(parallel=parallel, deadline_s=deadline_s, on_failure=OnFailure(on_failure))
