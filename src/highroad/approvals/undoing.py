"""Undo: a call that took effect is taken back by another call, which its tool names.

That call takes the whole road, for whoever undoes: what they may not do they cannot undo, and
where people have to agree they are asked. Its key is made of the call that it takes back, so that
it happens once, whoever asks for it and however often.
"""

from typing import Any, Final

import orjson

from highroad.domain.error import (
    BrokenPromise,
    DecisionRefused,
    LedgerOwned,
    NotRecorded,
    VaultError,
)
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Status
from highroad.domain.tool import ToolDefinition
from highroad.ledger.history import CallHistory
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline import doorway, keys
from highroad.pipeline.doorway import Proposal
from highroad.pipeline.drive import enter
from highroad.pipeline.personal import masked_in
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.compensation import Compensation
from highroad.tools.declaring.digest import pinned_fields

_SAID: Final = "compensation"
"""The field of a definition that says what takes back."""


class Undoing:
    """Takes calls back.

    Args:
        services: Of the runtime.
        owner_pid: The process that owns the ledger; `None` where this one may make calls.
    """

    def __init__(self, services: Services, *, owner_pid: int | None) -> None:
        self._services = services
        self._owner_pid = owner_pid

    async def undo(self, call_id: str, by: Principal, *, door: str = "python") -> AnyOutcome:
        """Make the call that takes another one back.

        Args:
            call_id: Of the call that took effect.
            by: For whom it is taken back.
            door: Which door the wish came in by, for the record.

        Returns:
            The outcome of the call that takes it back; of the first one where there is one.

        Raises:
            NotRecorded: The ledger has no such call.
            DecisionRefused: It took no effect that is known, its tool does not say what takes it
                back, or it is too long ago.
            LedgerOwned: Another process owns the ledger.
        """
        if self._owner_pid is not None:
            raise LedgerOwned(self._owner_pid)
        history = await self._history(call_id, by)
        compensation = await self._compensation(history)
        found = self._services.registry.find(compensation.to)
        if found is None:
            raise BrokenPromise(f"{compensation.name} was there when the tools were put together")
        proposal = Proposal(
            tool=found.name,
            arguments=await self._arguments(history, compensation, found),
            principal=by,
            compensates=call_id,
            door=door,
        )
        return await enter(self._services, doorway.take_in(self._services, proposal, by))

    async def _history(self, call_id: str, by: Principal) -> CallHistory:
        """The call, which took effect and not too long ago."""
        history = await self._services.ledger.history(call_id)
        if history is None or history.organization != by.organization:
            await check_not_archived(self._services.ledger.store, "call", call_id)
            raise NotRecorded(f"the ledger has no call {call_id}")
        ended = history.ended
        if ended is None:
            raise DecisionRefused(f"{call_id} has not ended; cancel it, or wait for it")
        if "source" in ended:
            raise DecisionRefused(
                f"{call_id} did nothing itself, {ended['source']} did; undo that one"
            )
        if history.status is not Status.COMPLETED or history.intent is None:
            raise DecisionRefused(
                f"{call_id} {history.status} and so is not known to have taken effect; there is "
                "nothing to undo"
            )
        undo_ms = keys.undo_ms(self._services.approval_rules)
        if self._services.clock.now_ms() >= ended["at"] + undo_ms:
            raise DecisionRefused(f"{call_id} is too long ago (approvals.undo_s); nothing changed")
        return history

    async def _compensation(self, history: CallHistory) -> Compensation:
        """What takes back what the tool of a call does."""
        name = history.opening["tool"]
        tool = self._services.registry.find(name, history.opening.get("version"))
        if tool is None:
            raise DecisionRefused(
                f"the tool {name} is not here in the version that was called; open the ledger with "
                "it"
            )
        if tool.compensation is None:
            raise DecisionRefused(f"nothing takes back what {name} did: it names no compensation")
        await self._check_said(history, tool.definition)
        return tool.compensation

    async def _check_said(self, history: CallHistory, now: ToolDefinition) -> None:
        """See that what takes a call back is what its tool said when it was called (P8)."""
        digest = history.opening["definition"]
        if digest == now.digest:
            return
        pin = await self._services.ledger.pin(now.name, digest)
        before = None if pin is None else pin.fields
        if before is None or before.get(_SAID) != pinned_fields(now).get(_SAID):
            raise DecisionRefused(
                f"{now.name} said otherwise what takes {history.call_id} back when it was called, "
                "or nobody knows what; undo by hand what it did"
            )

    async def _arguments(
        self, history: CallHistory, compensation: Compensation, found: RegisteredTool[Any]
    ) -> JsonObject:
        """What the compensation is called with."""
        given = await self._content(history, "arguments")
        result = await self._content(history, "result")
        taken = found.definition.input_schema.get("properties")
        names = set(taken) if isinstance(taken, dict) else set()
        try:
            made = compensation.arguments_of(given, result, names)
            arguments: JsonObject = orjson.loads(orjson.dumps(made))  # code may make anything
        except LookupError:
            raise DecisionRefused(
                f"{history.call_id} has not all that its compensation {found.name} needs; undo by "
                "hand what it did"
            ) from None
        except Exception as error:  # noqa: BLE001 - an author's code may raise what it likes
            # Its name and no more: what it says may quote a value (P7).
            raise DecisionRefused(
                f"the arguments of {found.name} cannot be made: what its author wrote raised "
                f"{type(error).__name__}"
            ) from None
        self._check_whole(arguments, found.definition)
        return arguments

    def _check_whole(self, arguments: JsonObject, definition: ToolDefinition) -> None:
        """See that nothing is kept from what takes a call back: it would do it to another."""
        masked = masked_in(arguments, definition, self._services.redaction)
        if masked:
            raise DecisionRefused(
                f"{definition.name} would not be handed all of {', '.join(masked)} "
                f"(redaction.arguments): declare it with personal={orjson.dumps(masked).decode()}"
            )

    async def _content(self, history: CallHistory, name: str) -> Any:  # noqa: ANN401 - JSON of others
        try:
            content = await self._services.ledger.open_json(history, name)
        except VaultError:
            raise DecisionRefused(
                f"the {name} of {history.call_id} cannot be read any more; undo by hand what it did"
            ) from None
        return None if content is None else orjson.loads(content)
