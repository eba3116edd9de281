"""Forgetting a person: the keys of their runs, payloads, names, and claims on idempotency keys.

Entries stay as they are, so every proof holds. What makes their digests unguessable is gone with
the keys: a run's digests are HMACs under the run's key alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, TypeAlias

from highroad.domain.audit import AGENT_RUN
from highroad.domain.entry import (
    CallsOpen,
    Entry,
    EntryKind,
    Erasure,
    ErasureReason,
    Written,
)
from highroad.domain.error import CacheError, ErasureRefused, LedgerError, NotPermitted
from highroad.domain.identity import Principal
from highroad.domain.memory import MemoriesError
from highroad.domain.order import ErasureOrder
from highroad.domain.permission import Permissions
from highroad.ledger import entries
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import read_body
from highroad.ledger.ledger import Ledger
from highroad.ledger.names import Names
from highroad.ledger.projections import Body
from highroad.ledger.results import Results
from highroad.ledger.tables.derivation import stored
from highroad.ledger.tables.rows import record, records, selection
from highroad.ledger.upkeep.doubt import is_over, is_through

ERASE: Final = "audit:erase"
"""The permission to have somebody forgotten."""

_REFS: Final = ("arguments", "request", "reply", "result", "message")
"""Fields of entries that refer to one payload."""
Forget: TypeAlias = Callable[[str, str], Awaitable[object]]
"""Destroys something of a principal: given their organization and opaque id."""

_RUNS: Final = 500
"""Runs whose keys go with one entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What forgetting a person destroys."""

    principal: str
    """Opaque id."""
    organization: str
    name: str | None
    """How people call them, while that is known."""
    runs: tuple[str, ...]
    """Runs in which a call was made for them, or an agent ran: all that these runs carried becomes
    unreadable."""
    calls: int
    """Theirs."""
    calls_of_others: int
    """In the same runs; what those carried goes as well."""
    reasons: tuple[str, ...]
    """Payloads with what they wrote about calls of other runs, or to other runs."""
    unfinished: tuple[str, ...]
    """Calls in these runs that are open, or unknown and not settled, and runs of agents that have
    not ended: as long as there are any, nothing is destroyed."""


class Eraser:
    """Plans erasures, and carries them out where this process owns the ledger.

    Args:
        ledger: Where people are forgotten.
        results: Kept in a cache, and destroyed as well.
        permissions: What a principal holds, by the policy.
        is_owner: Whether this process may write to the ledger.
        forget: Destroys what agents remember of a principal, and is safe to repeat.
    """

    def __init__(
        self,
        ledger: Ledger,
        results: Results | None = None,
        permissions: Permissions = attrgetter("permissions"),
        *,
        is_owner: bool,
        forget: Forget | None = None,
    ) -> None:
        self._ledger = ledger
        self._forget = forget
        self._tables = ledger.store.tables
        self._results = results
        self._permissions = permissions
        self._is_owner = is_owner

    async def plan(self, principal_id: str, organization: str) -> ErasurePlan:
        """What forgetting a principal would destroy; nothing happens."""
        runs = await self._runs_of(principal_id, organization)
        return await self._plan(principal_id, organization, runs)

    async def _plan(
        self, principal_id: str, organization: str, runs: tuple[str, ...]
    ) -> ErasurePlan:
        calls = others = 0
        unfinished: list[str] = []
        for run_id in runs:
            if not await is_through(self._tables, run_id):
                unfinished.append(run_id)
            async for call in records(self._tables, selection("tool_call", run_id=run_id)):
                is_theirs = call["principal_id"] == principal_id
                calls, others = calls + is_theirs, others + (not is_theirs)
                if not await is_over(self._tables, call["id"]):
                    unfinished.append(call["id"])
        return ErasurePlan(
            principal=principal_id,
            organization=organization,
            name=await Names(self._ledger).of(principal_id, organization),
            runs=runs,
            calls=calls,
            calls_of_others=others,
            reasons=await self._reasons_of(principal_id, organization, set(runs)),
            unfinished=tuple(unfinished),
        )

    def judge(self, by: Principal, organization: str) -> None:
        """Refuse whoever may not have people forgotten.

        Raises:
            NotPermitted: `by` lacks `audit:erase`, or is of another organization.
        """
        if ERASE not in self._permissions(by) or by.organization != organization:
            raise NotPermitted(
                f"having somebody forgotten needs the permission {ERASE} in their organization; "
                "ask whoever grants permissions"
            )

    async def order(self, principal_id: str, *, by: Principal) -> ErasurePlan:
        """Have a principal of the same organization forgotten.

        The owner does it at once; any other process leaves an order in the inbox.

        Returns:
            What was, or will be, destroyed.

        Raises:
            NotPermitted: `by` lacks `audit:erase`.
            ErasureRefused: Calls are open, or unknown and not settled; nothing was destroyed.
            LedgerError: It could not be recorded, and so was not done.
        """
        ledger = self._ledger
        order = ErasureOrder(principal_id=principal_id, **authorship(ledger, by))
        if self._is_owner:
            return await self.record(order, by)
        self.judge(by, order.organization)
        plan = await self.plan(principal_id, by.organization)
        _refuse_unfinished(plan)
        await post(ledger, order)
        return plan

    async def record(self, order: ErasureOrder, by: Principal) -> ErasurePlan:
        """Judge an order, from here or from the inbox, and do what it asks for.

        Raises:
            NotPermitted: `by` lacks `audit:erase`, or is of another organization.
            ErasureRefused: Calls are open, or unknown and not settled; nothing was destroyed.
            LedgerError: It could not be recorded.
        """
        self.judge(by, order.organization)
        return await self.carry_out(order)

    async def carry_out(self, order: ErasureOrder) -> ErasurePlan:
        """Do what an order asks for; the same order given again destroys nothing more.

        Raises:
            ErasureRefused: Calls are open, or unknown and not settled; nothing was destroyed, or
                where another process began one meanwhile, at most earlier batches of runs.
            LedgerError: It could not be recorded.
        """
        await self._ledger.writer.flush()
        runs = await self._runs_of(order.principal_id, order.organization)
        # From here on no call of this process can begin in these runs, and so none is missed by
        # the plan; of one that another process begins the store tells.
        with self._ledger.vault.destroying(runs) as free:
            plan = await self._plan(order.principal_id, order.organization, runs)
            if await record(self._tables, "erasure", {"id": _id_of(order)}) is None:
                _refuse_unfinished(plan)
                _refuse_busy(set(runs) - free)
                await self._destroy(plan, order)
        return plan

    async def _destroy(self, plan: ErasurePlan, order: ErasureOrder) -> None:
        batches = [plan.runs[at : at + _RUNS] for at in range(0, len(plan.runs), _RUNS)]
        for number, runs in enumerate(batches):
            await self._write(
                await self._entry(order, Erasure(runs=runs, frees_keys=True), f".{number}")
            )
        await self._clear_results(order.organization)
        await self._clear_memories(order)
        # Last: whoever finds this row finds all of it done.
        rest = Erasure(payloads=plan.reasons, profiles=(order.principal_id,))
        await self._write(await self._entry(order, rest, ""))
        self._ledger.forget(order.organization, order.principal_id)

    async def _clear_memories(self, order: ErasureOrder) -> None:
        """Destroy what agents remember of them.

        Raises:
            LedgerError: It is out of reach, so the erasure is not done yet.
        """
        try:
            if self._forget is not None:
                await self._forget(order.organization, order.principal_id)
        except MemoriesError as error:
            raise LedgerError(
                f"the erasure is not done: {error}, and memories are kept there; order it again "
                "once they can be reached"
            ) from None

    async def _clear_results(self, organization: str) -> None:
        """Destroy what is kept: for whom a public result was fetched cannot be told from its key.

        Raises:
            LedgerError: It is out of reach, so the erasure is not done yet.
        """
        try:
            if self._results is not None:
                await self._results.clear(organization)
        except CacheError as error:
            raise LedgerError(
                f"the erasure is not done: {error}, and results are kept there; order it again "
                "once the cache can be reached"
            ) from None

    async def _entry(self, order: ErasureOrder, erases: Erasure, suffix: str) -> Entry:
        payloads = len(erases.payloads)
        for run_id in erases.runs:
            payloads += await self._payloads_of(run_id)
        is_self = order.by == order.principal_id
        return entries.erased(
            erases,
            erasure_id=_id_of(order) + suffix,
            reason=ErasureReason.REQUEST,
            organization=order.organization,
            at_ms=self._ledger.clock.now_ms(),
            payloads=payloads,
            principal=order.principal_id,
            by=order.by,
            profile=None if is_self else order.profile,
        )

    async def _write(self, entry: Entry) -> None:
        receipt = await self._ledger.writer.write(entry)
        if isinstance(receipt, CallsOpen):
            raise ErasureRefused(
                "another process has begun calls meanwhile; try again when they have ended: "
                + ", ".join(receipt.call_ids)
            )
        if not isinstance(receipt, Written):
            raise LedgerError("the erasure could not be recorded: nothing more was destroyed")

    async def _runs_of(self, principal_id: str, organization: str) -> tuple[str, ...]:
        found: set[str] = set()
        for table, column in (("tool_call", "run_id"), (AGENT_RUN.name, "id")):
            wanted = selection(table, principal_id=principal_id, organization=organization)
            found |= {str(run) for run, _ in await self._tables.totals(wanted, by=(column,))}
        return tuple(sorted(found))

    async def _reasons_of(
        self, principal_id: str, organization: str, runs: AbstractSet[str]
    ) -> tuple[str, ...]:
        """What they wrote in runs that stay."""
        wanted = (
            selection("approval_decision", decided_by=principal_id, organization=organization),
            selection("amendment", amended_by=principal_id, organization=organization),
        )
        return tuple(
            [
                row["reason_ref"]
                for each in wanted
                async for row in records(self._tables, each)
                if row["reason_ref"] is not None and row["run_id"] not in runs
            ]
            + await self._messages_of(principal_id, organization, runs)
        )

    async def _messages_of(
        self, principal_id: str, organization: str, runs: AbstractSet[str]
    ) -> list[str]:
        """What they said to runs that stay."""
        found: list[str] = []
        async for page in stored(self._ledger.store, kind=EntryKind.RUN_MESSAGE):
            for entry in page:
                body = read_body(entry)
                is_theirs = (body["by"], entry.organization) == (principal_id, organization)
                if is_theirs and entry.run_id not in runs:
                    found.append(body["message"][0])
        return found

    async def _payloads_of(self, run_id: str) -> int:
        """How many payloads the entries of a run name."""
        named: set[str] = set()
        async for page in stored(self._ledger.store, run_id=run_id):
            for entry in page:
                named.update(_named(read_body(entry)))
        return len(named)


def _named(body: Body) -> list[str]:
    refs: Sequence[Sequence[str]] = (
        *(body[name] for name in _REFS if name in body),
        *body.get("parts", ()),
        *_of_verification(body),
    )
    reason = body.get("reason")
    return [ref[0] for ref in refs] + ([] if reason is None else [reason])


def _of_verification(body: Body) -> list[Sequence[str]]:
    content = body.get("verification", {}).get("content")
    return [] if content is None else [content]


def _refuse_unfinished(plan: ErasurePlan) -> None:
    if plan.unfinished:
        raise ErasureRefused(
            f"{plan.principal} cannot be forgotten while calls are open, or unknown and not "
            "settled, or runs of agents go on; end or settle them first: "
            f"{', '.join(plan.unfinished)}"
        )


def _refuse_busy(runs: AbstractSet[str]) -> None:
    if runs:
        raise ErasureRefused(f"calls are on their way in {', '.join(sorted(runs))}: try again")


def _id_of(order: ErasureOrder) -> str:
    return f"erasure_{order.at_ms}_{order.principal_id}"
