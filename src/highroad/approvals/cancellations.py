"""Calling off calls and runs: what is under way is ended, what waits is ended, and it is recorded.

A call that is called off is answered like any other (P5): as cancelled where something proves that
nothing was applied, else as unknown (P3). A run that was called off stays so: its later calls are
refused, also after a restart; who goes on takes another run.
"""

import asyncio
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final

import orjson

from highroad.approvals.waiting import Waiting
from highroad.domain.cancellation import Cancellation
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, NotRecorded
from highroad.domain.identity import Principal
from highroad.domain.outcome import AnyOutcome, Held
from highroad.domain.payload import PayloadKind, SealedPayload
from highroad.ledger import entries
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline.inflight import Flight
from highroad.pipeline.services import Services

CANCEL: Final = "calls:cancel"
"""The permission to call off what others began."""
_PAGE: Final = 1_000


class Cancellations:
    """Takes people's word that a call or a run is off, and sees to it.

    Args:
        services: Of the runtime.
        waiting: Ends calls that are held.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
    """

    def __init__(
        self,
        services: Services,
        waiting: Waiting,
        *,
        permissions: Callable[[Principal], AbstractSet[str]] | None,
    ) -> None:
        self._services = services
        self._ledger = services.ledger
        self._waiting = waiting
        self._permissions = permissions

    async def cancel(
        self, *, call_id: str | None, run: str | None, by: Principal, reason: str
    ) -> tuple[AnyOutcome, ...]:
        """Call off a call, or a run with all its calls; see `highroad.Runtime.cancel`."""
        if (call_id is None) == (run is None):
            raise DecisionRefused("either a call or a run is called off: give one of the two")
        if not reason.strip():
            raise DecisionRefused("a reason is needed: say why it is called off")
        if self._permissions is not None and CANCEL not in self._permissions(by):
            raise DecisionRefused(
                f"calling off needs the permission {CANCEL}; ask whoever grants permissions"
            )
        run_id = await self._run_of(call_id, run, by)
        key = self._ledger.keyring.organization(by.organization)
        cancellation = Cancellation(
            run_id=run_id,
            call_id=call_id,
            by=key.opaque(by.id),
            at_ms=self._services.clock.now_ms(),
            reason=key.seal_profile(call_id or run_id, reason.encode()),
            profile=self._ledger.sealed_profile(by),
        )
        # In a task of its own: who calls off the run that it belongs to is cancelled itself.
        recording = asyncio.ensure_future(self.record(cancellation, by.organization))
        self._services.tasks.add(recording)
        recording.add_done_callback(self._services.tasks.discard)
        return await asyncio.shield(recording)

    async def record(self, cancellation: Cancellation, organization: str) -> tuple[AnyOutcome, ...]:
        """End what is called off, and write down by whom.

        The entry comes last, when the run has its key, under which the reason is kept.

        Returns:
            The outcome of each call that it reached, in the order in which they had begun.

        Raises:
            DecisionRefused: The call has ended, or another process drives it.
            LedgerError: It could not be recorded; what was reached has ended all the same.
        """
        if cancellation.call_id is None:
            outcomes = await self._end_run(cancellation)
        else:
            outcomes = await self._end_call(cancellation, cancellation.call_id)
        reason = await self._sealed_reason(cancellation, organization)
        entry = entries.cancelled(cancellation, organization=organization, reason=reason)
        await self._ledger.writer.write(entry)
        return outcomes

    async def _end_run(self, cancellation: Cancellation) -> tuple[AnyOutcome, ...]:
        services, run_id = self._services, cancellation.run_id
        services.cancelled.add(run_id)
        flights = services.inflight.of(run_id=run_id)
        ended = await self._land(flights, cancellation.by)
        for call_id in await self._held(run_id):
            outcome = await self._waiting.call_off(call_id, cancellation.by)
            if outcome is not None:
                ended.append(outcome)
        return tuple(outcome for outcome in ended if not isinstance(outcome, Held))

    async def _end_call(self, cancellation: Cancellation, call_id: str) -> tuple[AnyOutcome, ...]:
        flights = self._services.inflight.of(call_id=call_id)
        ended = await self._land(flights, cancellation.by)
        if not ended or isinstance(ended[0], Held):
            outcome = await self._waiting.call_off(call_id, cancellation.by)
            if outcome is None:
                raise DecisionRefused(await self._why_not(call_id))
            ended[:1] = [outcome]
        return tuple(ended)

    async def _land(self, flights: Iterable[Flight], by: str) -> list[AnyOutcome]:
        """Call flights off, and wait until each is answered; too late, it is answered anyway."""
        landings = [flight.landing() for flight in flights]
        for flight in flights:
            flight.call_off(by)
        if landings:
            await asyncio.wait(landings)
        return [landing.result() for landing in landings if not landing.cancelled()]

    async def _held(self, run_id: str) -> list[str]:
        """Calls of a run that were held at some time, each once."""
        await self._ledger.writer.flush()
        found: dict[str, None] = {}
        after = None
        while page := await self._ledger.store.entries(
            run_id=run_id, kind=EntryKind.HELD, after=after, limit=_PAGE
        ):
            found |= {entry.call_id: None for entry in page if entry.call_id is not None}
            after = page[-1].position
        return list(found)

    async def _run_of(self, call_id: str | None, run: str | None, by: Principal) -> str:
        """Id of the run that is meant; nobody learns of what is another organization's.

        Raises:
            NotRecorded: There is no such call or run.
        """
        if call_id is not None:
            return await self._run_of_call(call_id, by)
        if not run:
            raise DecisionRefused("a run has a name that is not empty")
        organization = self._ledger.keyring.organization(by.organization)
        for run_id in (run, organization.run_id(run)):
            if await self._is_there(run_id, by):
                return run_id
        await check_not_archived(self._ledger.store, "run", run)
        raise NotRecorded(f"the ledger has no run {run}")

    async def _run_of_call(self, call_id: str, by: Principal) -> str:
        flights = self._services.inflight.of(call_id=call_id)
        call = next((flight.call for flight in flights if flight.call_id == call_id), None)
        if call is not None and call.organization == by.organization:
            return call.run_id
        history = await self._ledger.history(call_id)
        if history is not None and history.organization == by.organization:
            return history.run_id
        await check_not_archived(self._ledger.store, "call", call_id)
        raise NotRecorded(f"the ledger has no call {call_id}")

    async def _is_there(self, run_id: str, by: Principal) -> bool:
        flights = self._services.inflight.of(run_id=run_id)
        if any(flight.call.organization == by.organization for flight in flights):
            return True
        await self._ledger.writer.flush()
        found = await self._ledger.store.entries(run_id=run_id, limit=1)
        return any(entry.organization == by.organization for entry in found)

    async def _why_not(self, call_id: str) -> str:
        history = await self._ledger.history(call_id)
        status = None if history is None else history.status
        if status is None:
            return f"call {call_id} is under way in another process; call it off there"
        return f"call {call_id} has ended as {status}; nothing changed"

    async def _sealed_reason(
        self, cancellation: Cancellation, organization: str
    ) -> SealedPayload | None:
        """What they wrote, moved from the organization's key to that of the run, if it has one."""
        if cancellation.reason is None:
            return None
        await self._ledger.writer.flush()
        run_key = await self._ledger.vault.key_of_run(cancellation.run_id)
        if run_key.pending is not None:
            return None
        key = self._ledger.keyring.organization(organization)
        plain = key.open_profile(cancellation.subject, cancellation.reason)
        _, sealed = self._ledger.vault.seal(
            run_key,
            f"{cancellation.subject}.cancelled.{cancellation.at_ms}",
            PayloadKind.MESSAGE,
            orjson.dumps(plain.decode()),
        )
        return sealed
