"""What was used of budgets, with what still waits to be written."""

from highroad.domain.demand import NOTHING, Amount
from highroad.domain.identity import shadow_payer
from highroad.domain.limits import Scope
from highroad.domain.outcome import Status
from highroad.domain.run import Spent, Usage
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.period import Period
from highroad.ledger.tables.rows import Record, record, records, selection


class LedgerUsage:
    """Reads from the store, behind all that this process has answered.

    Args:
        ledger: Whose writer is waited for.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tables = ledger.store.tables

    async def usage(self, run_id: str) -> Usage:
        """What a run, and all runs below it, have used."""
        await self._catch_up()
        return await self._ledger.store.usage(run_id, at_ms=self._ledger.clock.now_ms())

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What calls took that were received between two moments.

        What shadows took is none of their organization's: they have an account of their own.
        """
        await self._catch_up()
        store = self._ledger.store
        spent = await store.spent(scope, whose, since_ms=since_ms, until_ms=until_ms)
        if scope is not Scope.ORGANIZATION:
            return spent
        shadows = await store.spent(
            Scope.USER, self._shadows(whose), since_ms=since_ms, until_ms=until_ms
        )
        return spent.without(shadows)

    def _shadows(self, organization: str) -> str:
        """Opaque id of whoever pays for the shadows of an organization."""
        return self._ledger.keyring.opaque(shadow_payer(organization))

    async def asked(
        self, purpose: str, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What model requests for one purpose took, of a run and those below it or between moments.

        Each counts as one call.
        """
        await self._catch_up()
        if scope is Scope.RUN:
            parts = [{"run_id": run_id} for run_id in await self._tree(whose)]
        elif scope is Scope.USER:
            parts = [{"principal_id": whose}]
        else:
            parts = [{scope.value: whose}]
        used, held = NOTHING, dict[str, Amount]()
        for part in parts:
            replies = {
                reply["request_id"]: _used(reply)
                async for reply in records(
                    self._tables,
                    selection(
                        "model_reply", within="replied_ms", period=Period(since_ms=since_ms), **part
                    ),
                )
            }
            async for asked in records(
                self._tables,
                selection(
                    "model_request",
                    within="asked_ms",
                    period=Period(since_ms=since_ms, until_ms=until_ms),
                    purpose=purpose,
                    **part,
                ),
            ):
                if scope is Scope.ORGANIZATION and asked["principal_id"] == self._shadows(whose):
                    continue
                took = replies.get(asked["id"])
                if took is None:
                    held[asked["id"]] = _reserved(asked)
                else:
                    used = used.plus(took)
        return Spent(used=used, held=held)

    async def _tree(self, run_id: str) -> list[str]:
        """A run, and all runs below it."""
        found = [run_id]
        for each in found:  # it grows while it is gone through
            below = records(self._tables, selection("agent_run", parent_id=each))
            found += [run["id"] async for run in below]
        return found

    async def taken(self, holder: str) -> Amount | None:
        """What became of what a call, or a model request, reserved; `None` while it counts in full.

        Args:
            holder: Its id.
        """
        await self._catch_up()
        if await record(self._tables, "model_request", {"id": holder}) is not None:
            return await self._taken_by_request(holder)
        return await self._taken_by_call(holder)

    async def _taken_by_request(self, request_id: str) -> Amount | None:
        reply = await record(self._tables, "model_reply", {"request_id": request_id})
        if reply is None:
            return None
        tokens = reply["tokens_in"] + reply["tokens_out"]
        return Amount(tokens=tokens, microusd=reply["cost_microusd"])

    async def _taken_by_call(self, call_id: str) -> Amount | None:
        history = await self._ledger.history(call_id)
        if history is None or history.intent is None:
            return NOTHING
        ended, cost = history.ended, 0
        if ended is None:
            return None
        if history.status is not Status.UNKNOWN:
            cost = ended["cost"]
        elif history.settled is None:
            return None
        elif history.settled:
            cost = history.opening["reserved"]
        return Amount(
            calls=1,
            attempts=ended["attempts"],
            microusd=cost,
            wall_ms=ended["latency_us"] // 1_000,
        )

    async def _catch_up(self) -> None:
        # The store knows only what was committed; what waits must count as well.
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()


def _used(reply: Record) -> Amount:
    """What an answered request took, as one call."""
    tokens = reply["tokens_in"] + reply["tokens_out"]
    return Amount(calls=1, tokens=tokens, microusd=reply["cost_microusd"])


def _reserved(asked: Record) -> Amount:
    """What one without an answer counts."""
    return Amount(calls=1, tokens=asked["reserved_tokens"], microusd=asked["reserved_microusd"])
