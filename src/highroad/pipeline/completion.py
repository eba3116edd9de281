"""Completions: what is handed in for a call whose result comes later, and how the call ends by it.

A result is judged here as one that a body returned, and a failure as one that a body raised. Only
there is no other attempt: whoever made the call went on without it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeGuard

from pydantic import ValidationError

from highroad.domain.deferral import Deferral
from highroad.domain.error import CallError, Code, HighroadError, Problem, ResultRefused, ToolError
from highroad.domain.failure import Failure
from highroad.domain.failure_kind import FailureKind
from highroad.domain.limits import Limits
from highroad.domain.order import Completion, Order
from highroad.domain.order_form import read_order
from highroad.domain.outcome import Ending
from highroad.ledger.authorship import author
from highroad.ledger.history import CallHistory
from highroad.ledger.keyring import Keyring
from highroad.pipeline.answer import Answer, result_of
from highroad.pipeline.attempts import settle_failure
from highroad.pipeline.context import RoadContext
from highroad.pipeline.judgement import returned, said_by_tool
from highroad.pipeline.services import Services
from highroad.tools.body.result import OTHER_TYPE, ResultCodec, anything
from highroad.tools.compile import RegisteredTool

OVERDUE: Final = CallError(
    code=Code.TIMEOUT,
    message="The result of this call did not come in time.",
    hint="Make the call again if it is still wanted.",
    retryable=True,
)
EXPIRED: Final = "deferral.expired"
"""The rule of a call whose result did not come."""


def rule_of(completion_id: str) -> str:
    """The rule in the terminal record, by which a completion is known that has ended a call."""
    return f"completion.{completion_id}"


def answer_of(result: object, tool: RegisteredTool[Any] | None, limits: Limits) -> Answer:
    """A result as it is kept until it ends its call.

    Args:
        result: Of the tool's return type, or the JSON of one.
        tool: That the call is of; `None` where this process does not have it, and the owner judges.
        limits: In force.

    Raises:
        ResultRefused: It is not what the tool promises, or too large.
    """
    codec = ResultCodec(anything()) if tool is None else tool.result
    encoded = codec.encode(result)
    if encoded.problems:
        raise _not_promised(_told(encoded.problems))
    size = len(encoded.data) + sum(len(blob.data) for blob in encoded.blobs)
    if size > limits.result_bytes:
        raise ResultRefused(
            f"the result has {size} bytes, and {limits.result_bytes} are allowed: hand in a "
            "smaller one, such as where to find it; the token stays good",
            code=Code.RESULT_TOO_LARGE,
        )
    return Answer.of(encoded)


def answer_of_failure(error: ToolError) -> Answer:
    """The news that there is no result, as it is kept until it ends its call."""
    return Answer(failure=said_by_tool(error))


def checked(answer: Answer, tool: RegisteredTool[Any], limits: Limits) -> Answer:
    """An answer that another process has taken, as this one takes it.

    Raises:
        ResultRefused: It is not what the tool promises.
    """
    if answer.failure is not None:
        return answer
    if answer.blobs:  # only a process that has the tool takes those; it may be declared anew since
        try:
            result_of(answer, tool)
        except ValidationError:
            raise _not_promised(_told([OTHER_TYPE])) from None
        return answer
    return answer_of(anything().validate_json(answer.data), tool, limits)


def _not_promised(problems: str) -> ResultRefused:
    return ResultRefused(
        f"the result is not what the tool promises to return ({problems}): hand in one that is; "
        "the token stays good",
        code=Code.RESULT_INVALID,
    )


def _told(problems: Sequence[Problem]) -> str:
    return "; ".join(
        f"{problem.pointer or 'it'}: expected {problem.expected}" for problem in problems
    )


async def ending_by(answer: Answer, completion_id: str, context: RoadContext) -> Ending:
    """How a call ends by what was handed in for it."""
    came = answer.failure or returned(result_of(answer, context.tool), context.tool)
    if isinstance(came, Failure):
        if came.applied is False:
            context.doubt.dispel(context.record.attempts, came.proof)
        came = await settle_failure(context.record.call, context, came)
    return replace(came, rule=rule_of(completion_id))


async def overdue(deferral: Deferral, context: RoadContext) -> Ending:
    """How a call ends whose result did not come in time; a checkable tool is asked first."""
    age_s = (context.services.clock.now_ms() - deferral.deferred_ms) / 1_000
    failure = Failure(kind=FailureKind.TIMEOUT, error=OVERDUE, rule=EXPIRED)
    ending = await settle_failure(context.record.call, context, failure, age_s=max(0.0, age_s))
    return replace(ending, rule=ending.rule or EXPIRED)


def sealed(answer: Answer, completion_id: str, organization: str, keyring: Keyring) -> bytes:
    """An answer as it may lie in an inbox, under the key of whoever leaves it there."""
    return keyring.organization(organization).seal_profile(completion_id, answer.write())


def opened(order: Completion, keyring: Keyring) -> Answer:
    """What an order brings.

    Raises:
        VaultError: It was altered.
    """
    key = keyring.organization(order.organization)
    return Answer.read(key.open_profile(order.id, order.answer))


async def handed_in(services: Services, history: CallHistory) -> tuple[str, Answer] | None:
    """What lies in the inbox for a call whose process died before it could put the call down.

    Returns:
        The id of the completion, and the answer; `None` where there is none that counts.
    """
    ledger = services.ledger
    tool = services.registry.find(history.opening["tool"] or "", history.opening.get("version"))
    for posted in await ledger.store.inbox():
        try:
            order = read_order(posted)
            if tool is not None and _is_of(order, history):
                author(ledger.keyring, order)
                answer = opened(order, ledger.keyring)
                return order.id, checked(answer, tool, services.limits)
        except (HighroadError, ValueError):  # the inbox tells what is wrong with it
            continue
    return None


def _is_of(order: Order, history: CallHistory) -> TypeGuard[Completion]:
    return isinstance(order, Completion) and order.call_id == history.call_id
