"""What can go wrong, in words that a model, a person and a program can act on.

Expected refusals are values (`CallError` inside an outcome). Exceptions are for what breaks a
promise, for a wrong use of the library, and for `unwrap`.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from highroad.domain.failure_kind import FailureKind
from highroad.domain.showing import USUAL_SHOWING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from highroad.domain.entry import Receipt
    from highroad.domain.json_value import JsonObject


class Code(StrEnum):
    """Stable error codes; `docs/errors.md` says of each what happened and what to do."""

    UNKNOWN_TOOL = "unknown_tool"
    INVALID_ARGUMENTS = "invalid_arguments"
    DEFINITION_CHANGED = "definition_changed"
    DENIED = "denied"
    CONFIRMATION_REQUIRED = "confirmation_required"
    REJECTED = "rejected"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_VOID = "approval_void"
    RATE_LIMITED = "rate_limited"
    BUDGET_EXCEEDED = "budget_exceeded"
    DEPENDENCY_UNAVAILABLE = "dependency_unavailable"
    OVERLOADED = "overloaded"
    LIMITS_UNAVAILABLE = "limits_unavailable"
    LOOP_DETECTED = "loop_detected"
    PSEUDONYM_UNKNOWN = "pseudonym_unknown"
    HANDLE_UNKNOWN = "handle_unknown"
    HANDLE_CLOSED = "handle_closed"
    UNGROUNDED = "ungrounded"
    VERIFICATION_REJECTED = "verification_rejected"
    VERIFIER_UNAVAILABLE = "verifier_unavailable"
    BLOCKED = "blocked"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    TIMEOUT = "timeout"
    EXECUTION_ERROR = "execution_error"
    MAX_RETRIES_EXCEEDED = "max_retries_exceeded"
    RESULT_INVALID = "result_invalid"
    RESULT_TOO_LARGE = "result_too_large"
    RESULT_WITHHELD = "result_withheld"
    SECRET_BY_VALUE = "secret_by_value"  # noqa: S105 - the name of a code, not a credential
    SECRET_UNAVAILABLE = "secret_unavailable"  # noqa: S105 - the same
    SECRET_UNDECLARED = "secret_undeclared"  # noqa: S105 - the same
    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    SANDBOX_LIMIT = "sandbox_limit"
    PROGRAM_FAILED = "program_failed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the arguments; it never quotes the value (P7)."""

    pointer: str
    """RFC 6901; the empty string is the whole."""
    code: str
    """Stable, for example `type`, `required`, `enum`, `unknown_argument`."""
    expected: str
    """The form that would have been right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidArguments:
    """Arguments that were refused, as the ledger has it: where and what, and no value (P7)."""

    attempt: int
    """So many refusals in a row had those of this tool in the run, with this one."""
    problems: tuple[tuple[str, str], ...]
    """Pointer and code of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """Why a call did not complete, as data.

    `message` and `hint` are free of values, unless `is_authored` says that a tool's author or a
    person wrote them: such text goes to the model and the vault, never to the ledger.
    """

    code: str
    message: str
    hint: str = ""
    retryable: bool = False
    """The same call may succeed later without a change."""
    problems: tuple[Problem, ...] = ()
    repair: str = ""
    """What would have been right, word by word, where it was wrong before: a JSON object."""
    is_authored: bool = False

    def for_model(self, call_id: str) -> "JsonObject":
        """Shape that a model is answered with: five fields, and `problems` and `repair` if any."""
        # What a tool's author or a stranger wrote is shown as results are.
        show = USUAL_SHOWING.text if self.is_authored else str
        answer: JsonObject = {
            "code": self.code,
            "message": show(self.message),
            "hint": show(self.hint),
            "retryable": self.retryable,
            "call_id": call_id,
        }
        if self.problems:
            answer["problems"] = [
                {"pointer": p.pointer, "code": p.code, "expected": p.expected}
                for p in self.problems
            ]
        if self.repair:
            answer["repair"] = json.loads(self.repair)
        return answer


def code_of(error: Exception) -> str:
    """The code that an exception is told by: its own, or its name in the form of one."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return code
    name = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class HighroadError(Exception):
    """Root of every exception that Highroad raises.

    Each subclass says what happened, whether trying again is safe, and what to do next.
    """


class ToolError(HighroadError):
    """Raised by a tool's author to end a call with words for the model.

    Args:
        message: For the model; it may hold values, and so never reaches ledger, logs or traces.
        code: Stable name for programs, 1 to 64 of `a` to `z`, `0` to `9` and `_`, which stands in
            the ledger in plain; `execution_error` where it has another form.
        hint: What the model should do next.
        retryable: The same call may succeed later. It is tried again, if the effect class
            permits (`docs/failures.md`). Where `kind` is given, that says it.
        applied: Whether the effect took place. `False` proves that nothing was applied; `None`
            is "not known".
        kind: What went wrong, for example `throttled`: one of the values of `FailureKind`.
        retry_after_s: Seconds before the dependency may be asked again.

    Raises:
        ValueError: There is no such kind.
    """

    def __init__(  # noqa: PLR0913 - what an author may say of an error, each by name
        self,
        message: str,
        *,
        code: str = Code.EXECUTION_ERROR,
        hint: str = "",
        retryable: bool = False,
        applied: bool | None = None,
        kind: FailureKind | str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code: str = str(code)
        self.hint = hint
        self.kind: FailureKind | None = None if kind is None else _kind(kind)
        self.retryable: bool = retryable if self.kind is None else self.kind.may_pass
        self.applied = applied
        self.retry_after_s: float | None = retry_after_s


def _kind(word: str) -> FailureKind:
    try:
        return FailureKind(word)
    except ValueError:
        raise ValueError(
            f"there is no kind {word!r} of failure; there are {', '.join(FailureKind)}"
        ) from None


class NotCompleted(HighroadError):  # noqa: N818 - a promised public name: it reads as the outcome
    """`unwrap` of an outcome that is not `Completed`.

    Whether a retry is safe stands in `error.retryable`; `status` tells the ending.
    """

    def __init__(self, status: str, error: CallError, call_id: str) -> None:
        super().__init__(f"{status}: {error.code}: {error.message} (call {call_id})")
        self.status = status
        self.error = error
        self.code: str = error.code
        self.call_id = call_id

    def __reduce__(self) -> tuple[type["NotCompleted"], tuple[str, CallError, str]]:
        """Survive pickling, whose default would call `__init__` with the message alone."""
        return (type(self), (self.status, self.error, self.call_id))


class DeclarationError(HighroadError):
    """A tool was declared wrongly. Nothing ran; mend the declaration that the message names."""


class SettingsError(HighroadError):
    """The configuration is wrong. Nothing was opened; the message names file, line and setting."""


class LedgerError(HighroadError):
    """The ledger cannot be used. Calls with effects are refused until it can (P2)."""


class AnchorError(HighroadError):
    """An anchor cannot be reached, read or written. Nothing is lost: heads are sent to it again."""


class CountersError(HighroadError):
    """What limits count cannot be reached. What needs a limit is refused until it can (P6)."""


class CacheError(HighroadError):
    """The cache of results cannot be reached. Calls run without it, and it is asked again later."""


class LedgerOwned(LedgerError):  # noqa: N818 - named by its code, `ledger_owned`
    """Another process owns the ledger and only it may drive calls.

    Nothing ran. Make the call by the runtime that is open there, or stop it and try again. Within
    one process it is another runtime that is open.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"ledger_owned: process {pid} owns this ledger, and only the owner runs calls; "
            f"make the call by the runtime that is open there, end it and try again, or keep the "
            f"ledger in PostgreSQL, which processes share"
        )
        self.pid = pid
        self.code: str = "ledger_owned"


class FenceLost(LedgerError):  # noqa: N818 - what happened, in the field's word
    """Somebody newer took over what this process was driving. It must stop.

    Of what was to be written only amendments have landed: `receipts` has one for each of them, and
    `None` for whatever else there was, in order.
    """

    def __init__(self, message: str, receipts: "Sequence[Receipt | None]" = ()) -> None:
        super().__init__(message)
        self.receipts: tuple[Receipt | None, ...] = tuple(receipts)


class DecisionRefused(HighroadError):  # noqa: N818 - what happened
    """What a person decided does not count; nothing changed. The message says why."""


class ResultRefused(HighroadError):  # noqa: N818 - what happened
    """What was handed in for a call does not count; nothing changed. The message says what to do.

    Its code is `result_invalid` or `result_too_large`, after which the token is still good, or
    `call_ended`, after which nothing that is handed in counts any more.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code: str = str(code)


class NotYet(HighroadError):  # noqa: N818 - what is the case
    """An order cannot be carried out yet. It stays in the inbox, and is looked at again."""


class ErasureRefused(DecisionRefused):
    """Somebody cannot be forgotten now; nothing was destroyed. The message names what is open."""


class NotRecorded(HighroadError, LookupError):  # noqa: N818 - what is the case
    """The ledger has nothing of that id. Look it up anew; ids are given whole."""


class Unauthenticated(HighroadError, PermissionError):  # noqa: N818 - what is the case
    """Credentials do not show who calls. Which way they fail is not said to whoever shows them.

    Trying again with the same ones is of no use. The ledger's entry, the log, and
    `highroad identity check` have the reason.
    """

    def __init__(self) -> None:
        super().__init__("these credentials are not accepted: sign in again")


class IdentityUnavailable(HighroadError):  # noqa: N818 - what is the case
    """The keys that a token is to be verified with cannot be fetched. Nobody was let in.

    Try again later; the message names the issuer.
    """


class AddressError(HighroadError, ValueError):
    """A text is no IP address, or no network, and nothing happened.

    Write it as `203.0.113.7` or `2001:db8::/32`.
    """


class NotPermitted(HighroadError, PermissionError):  # noqa: N818 - what is the case
    """Whoever asked may not see this; nothing was shown. The message names the permission."""


class VaultError(LedgerError):
    """A payload cannot be read: its key is missing, wrong or erased. The message names which."""


class BrokenPromise(HighroadError):  # noqa: N818 - what happened
    """The road found itself in a state that its rules exclude: a bug of ours; please report it."""
