"""Handles as an agent's model is shown them, and the arguments that it meant by them."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from highroad.agents.record import arguments_in
from highroad.domain.error import VaultError
from highroad.domain.handle import has_handle
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.outcome import AnyOutcome, Completed
from highroad.pipeline.referring import recorded_result
from highroad.pipeline.services import Services
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse

Arguments: TypeAlias = Mapping[str, object] | str | bytes

INSTRUCTIONS: Final = (
    "Each result has a `handle`, such as $v7qm. In any argument you may name a value of a result "
    "by it, in place of writing the value: the handle, and behind it the way to the value with "
    "points between, such as $v7qm.items.0.price. Prefer that to copying. A handle stands alone: "
    "within a longer text it is text. It names one value, and no list or object."
)


def answered(services: Services, run_id: str, outcome: AnyOutcome) -> JsonObject:
    """What a model is told of a call, with the handle of what it has brought."""
    answer = outcome.for_model()
    handles = services.handles.of(run_id)
    if handles is None or not isinstance(outcome, Completed) or outcome.dry_run:
        return answer
    root = handles.root(outcome.call_id)
    return answer if root is None else {**answer, "handle": root}


async def meant(
    services: Services, run_id: str, arguments: Arguments, outcome: AnyOutcome
) -> Arguments:
    """Arguments as they were looked up; as they came where no handle stood in them."""
    handles = services.handles.of(run_id)
    if handles is None or not _has_handle(arguments):
        return arguments
    known = handles.given.pop(outcome.call_id, None)
    if known is not None:
        return known
    history = await services.ledger.history(outcome.call_id)
    if history is None:
        return {}
    try:
        kept = arguments_in(await services.ledger.open_json(history, "arguments"))
    except VaultError:
        return {}  # they were erased
    return kept if isinstance(kept, dict) else {}


async def as_recorded(services: Services, outcome: AnyOutcome) -> JsonValue:
    """A result with what its caller is not shown: a handle may name that too.

    `None` where they are shown all of it, or there is none.
    """
    may_hide = not services.redaction.is_off or services.registry.has_readers
    if not may_hide or not isinstance(outcome, Completed) or outcome.dry_run:
        return None
    history = await services.ledger.history(outcome.call_id)
    return None if history is None else await recorded_result(services, history)


def _has_handle(arguments: Arguments) -> bool:
    read = parse(arguments)
    return not isinstance(read, Invalid) and has_handle(read)
