"""What follows once it is known of an ended call, from a person or late, whether it was applied."""

import orjson

from highroad.domain.error import VaultError
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import Status
from highroad.ledger.history import CallHistory
from highroad.pipeline import caching
from highroad.pipeline.services import Services
from highroad.recovery.reservations import settle_reservation


async def follow_up(services: Services, history: CallHistory, *, applied: bool) -> None:
    """Settle what the call holds, and let go of the results that its effect may have changed.

    Args:
        services: Of the runtime.
        history: Of the call, as it stood before that was known.
        applied: Whether it took effect; with what did not, nothing changed.
    """
    if history.status is Status.UNKNOWN:
        await settle_reservation(services, history, applied=applied)
    if applied:
        await _let_go(services, history)


async def _let_go(services: Services, history: CallHistory) -> None:
    """Void what the tool names; of a call whose arguments were erased, whatever they may say."""
    opening = history.opening
    tool = services.registry.find(opening["tool"] or "", opening.get("version"))
    if tool is None or not tool.invalidates:
        return
    arguments: JsonObject = {}
    try:
        content = await services.ledger.open_json(history, "arguments")
    except VaultError:
        content = None
    if content is not None:
        arguments = orjson.loads(content)
    await caching.void(services, tool, history.organization, arguments)
