"""Judging what one attempt brought: a result, or a failure and whether it proves anything."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

from highroad.domain.error import CallError, Code, ToolError
from highroad.domain.outcome import Ending, Proof, Status
from highroad.tools.compile import RegisteredTool

_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class Failure:
    """What one attempt ended with."""

    error: CallError
    applied: bool | None
    """`False` proves that nothing was; `None` is not known."""
    is_transient: bool
    proof: Proof = Proof.TOOL_SAID
    """What kind of proof a `False` is."""


class Told(Exception):  # noqa: N818 - what happened
    """An attempt failed elsewhere, where it was judged: there the exception was at hand."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error.code)
        self.failure = failure


def returned(result: object, tool: RegisteredTool[Any]) -> Ending | Failure:
    """The result, or the failure that it means.

    What `error_when` raises is mapped by nothing that the tool declares: an exception that comes
    only before an effect proves nothing once the body has returned.
    """
    try:
        said = tool.error_in(result)
    except ToolError as error:
        said = error
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - it is the tool's, and may raise what it likes as the body may
        return _broken(error)
    if said is not None:
        return _said_by_tool(said)
    return Ending(status=Status.COMPLETED, result=result, decided_by="execute")


def timed_out() -> Failure:
    """The time was up; what the body does meanwhile nobody sees."""
    return Failure(
        CallError(
            code=Code.TIMEOUT,
            message="The tool did not answer in time.",
            hint="Try again later, or ask for less at once.",
            retryable=True,
        ),
        applied=None,
        is_transient=True,
    )


def overloaded() -> Failure:
    """Bodies that run on behind their deadline have every thread that the tool may have."""
    return Failure(
        CallError(
            code=Code.OVERLOADED,
            message="Earlier calls of this tool still run, so this one was not begun.",
            hint="Try again later, or go on without it.",
            retryable=True,
        ),
        applied=False,
        is_transient=False,
        proof=Proof.NOT_STARTED,
    )


def raised(error: BaseException, tool: RegisteredTool[Any]) -> Failure:
    """What an error means: the author's own says it, others are mapped as declared."""
    if isinstance(error, Told):
        return error.failure
    if isinstance(error, ToolError):
        return _said_by_tool(error)
    return _broken(
        error,
        applied=False if isinstance(error, tool.not_applied) else None,
        is_transient=isinstance(error, tool.transient),
    )


def _broken(
    error: BaseException, *, applied: bool | None = None, is_transient: bool = False
) -> Failure:
    """The name of the exception's class and nothing that it says, which may be anything (P7)."""
    return Failure(
        CallError(
            code=Code.EXECUTION_ERROR,
            message=f"The tool failed ({type(error).__name__}).",
            hint="Do not repeat the call unchanged; tell the user that the tool failed.",
            retryable=is_transient,
        ),
        applied=applied,
        is_transient=is_transient,
        proof=Proof.MAPPED,
    )


def _said_by_tool(error: ToolError) -> Failure:
    """The author's words, in a form that can be stored and sent; a code stands in the ledger."""
    return Failure(
        CallError(
            code=error.code if _CODE.fullmatch(error.code) else Code.EXECUTION_ERROR,
            message=_writable(error.message),
            hint=_writable(error.hint),
            retryable=error.retryable,
            is_authored=True,
        ),
        applied=error.applied,
        is_transient=error.retryable,
    )


def _writable(text: str) -> str:
    """Half a surrogate pair has no UTF-8 form."""
    return text.encode(errors="replace").decode()
