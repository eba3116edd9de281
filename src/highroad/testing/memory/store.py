"""A store without a disk, for tests: the rules of `highroad.ports.store`, in plain Python.

Nothing is durable and nothing is fast about it; what it does is what every store must do.
"""

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.audit import (
    AGENT_RUN_COLUMNS,
    LOGIN_SESSION,
    OWNED,
    agent_run_of,
    approval_of,
)
from highroad.domain.demand import NOTHING, Amount
from highroad.domain.entry import (
    AlreadyEnded,
    ApprovalSpent,
    CallsOpen,
    CredentialsEnded,
    Entry,
    EntryKind,
    Erasure,
    Fence,
    KeyClaim,
    KeyDestroyed,
    KeyTaken,
    Position,
    Receipt,
    StoredEntry,
    Written,
)
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.leaning import leaned_on, shown_by
from highroad.domain.limits import Scope
from highroad.domain.moving import Fact
from highroad.domain.order import Order
from highroad.domain.order_form import ASIDE, PostedOrder, put_aside, write_order
from highroad.domain.outcome import Status
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.run import AgentRun, RunStatus, Spent, Usage
from highroad.ports.store import Ownership
from highroad.testing.memory.ledger import MemoryLedger, Record, seq_of
from highroad.testing.memory.proofs import MemoryProofs
from highroad.testing.memory.tables import MemoryTables
from highroad.testing.memory.upkeep import MemoryUpkeep

_WAITS: Final = (
    ("approval", "created_ms", "decided_ms"),
    ("deferral", "deferred_ms", "ended_ms"),
)
"""Tables of calls that are held, with the columns that say from when and until when."""
_TURNS: Final = (EntryKind.RUN_HELD, EntryKind.RUN_RESUMED, EntryKind.RUN_ENDED)
"""Entries by which an agent's run begins to rest, or ceases to."""
_UNENDED: Final[Record] = {"status": None, "attempts": 1, "latency_us": 0}


class MemoryStore:
    """A ledger in memory; fulfils `highroad.ports.store.Store`.

    Args:
        ledger: Shared with another store, as two processes share a file; a new one if absent.
    """

    is_shared: bool = False

    def __init__(self, ledger: MemoryLedger | None = None) -> None:
        self.ledger: MemoryLedger = MemoryLedger() if ledger is None else ledger
        self._is_closed = False
        self.upkeep: MemoryUpkeep = MemoryUpkeep(self._open, self._take)
        self.proofs: MemoryProofs = MemoryProofs(self._open, lambda: self.ledger.holder is self)

    @property
    def tables(self) -> MemoryTables:
        """Its audit tables."""
        return MemoryTables(self._open)

    async def acquire(self, *, pid: int, at_ms: int) -> Fence | None:
        """Become the owner, or `None` while another store is."""
        source = self._open().facts.get(Fact.ARRIVING)
        if source:
            raise LedgerError(f"the ledger in memory is a copy of {source} that is not complete")
        return self._take(pid=pid, at_ms=at_ms)

    async def ownership(self) -> Ownership | None:
        """The present owner, or the last one."""
        return self._open().owner

    async def append(self, entries: Sequence[Entry], *, fence: Fence) -> tuple[Receipt, ...]:
        """Write entries in order, each whole or not at all."""
        ledger = self._open()
        is_lost = fence != Fence(ledger.log_id, ledger.epoch)
        receipts = tuple(
            None if is_lost and entry.kind is not EntryKind.AMENDED else self._land(entry)
            for entry in entries
        )
        landed = tuple(receipt for receipt in receipts if receipt is not None)
        if len(landed) < len(receipts):
            raise FenceLost(f"somebody took over the ledger after epoch {fence.epoch}", receipts)
        return landed

    async def claim(self, organization: str, digest: bytes, *, at_ms: int) -> KeyClaim | None:
        """The claim on a key that lasts at `at_ms`."""
        claim = self._open().claims.get((organization, digest))
        return claim if claim is not None and claim.expires_ms > at_ms else None

    async def entries(  # noqa: PLR0913 - what may narrow them, each by name
        self,
        *,
        log_id: str | None = None,
        run_id: str | None = None,
        call_id: str | None = None,
        kind: str | None = None,
        after: Position | None = None,
        limit: int = 1_000,
    ) -> Sequence[StoredEntry]:
        """Entries in order of position, from behind `after`, narrowed by what is given."""
        ledger = self._open()
        is_narrowed = {run_id, call_id, kind} != {None}
        behind = -1 if after is None else after.seq
        start = behind + 1 if is_narrowed else max(behind + 1, ledger.first)
        found = (
            entry
            for entry in ledger.entries[bisect_left(ledger.entries, start, key=seq_of) :]
            if log_id in {None, entry.position.log_id}
            and run_id in {None, entry.run_id}
            and call_id in {None, entry.call_id}
            and kind in {None, entry.kind}
        )
        return list(itertools.islice(found, limit))

    async def last_call(self, *, refused: bool = False) -> str | None:
        """Id of the newest ended call, or of the newest that was refused."""
        ledger = self._open()
        results = ledger.tables["tool_result"]
        for call_id in reversed(ledger.ended):
            if not refused:
                return call_id
            result = results.get((call_id,))
            if result is not None and result["status"] == Status.REFUSED:
                return call_id
        return None

    async def open_calls(self) -> Sequence[str]:
        """Ids of calls with an intent or a hold and no terminal record, oldest first."""
        return list(self._open().open_calls)

    async def unknown_calls(self, *, after: str = "", limit: int = 100) -> Sequence[str]:
        """A page of calls that ended unknown and that no amendment has settled, oldest first."""
        return [call for call in self._open().unsettled() if call > after][:limit]

    async def adopt(self, call_id: str) -> bool:
        """Whether a call is open: an owner drives alone."""
        return call_id in self._open().open_calls

    async def is_driven(self, call_id: str) -> bool:
        """Whether another process has a call in flight: nobody but the owner has one."""
        del call_id
        return False

    async def is_live(self, log_id: str) -> bool:
        """Whether another process writes a log: nobody but the owner does."""
        del log_id
        return False

    async def abandoned(self) -> Sequence[str]:
        """None: the owner settled them when it became that."""
        return []

    async def payload(self, payload_id: str) -> SealedPayload | None:
        """A payload, or `None` where it was erased."""
        return self._open().payloads.get(payload_id)

    async def payloads(self, run_id: str) -> Sequence[SealedPayload]:
        """All that a run and its calls carry, in order of id."""
        found = [each for each in self._open().payloads.values() if each.run_id == run_id]
        return sorted(found, key=lambda payload: payload.id)

    async def profile(self, opaque_id: str) -> bytes | None:
        """Who a principal is, encrypted, or `None` where that was erased."""
        row = self._open().tables["app_user"].get((opaque_id,))
        return None if row is None else row["sealed_profile"]

    async def run_key(self, run_id: str) -> SealedKey | None:
        """The wrapped data key of a run, or `None` where it was erased."""
        return self._open().run_keys.get(run_id)

    async def begin_run(self, key: SealedKey) -> SealedKey:
        """Store the key of a run that is new, and give the one that stands."""
        return self._open().run_keys.setdefault(key.run_id, key)

    async def approval(self, approval_id: str) -> Approval | None:
        """An approval by its id."""
        row = self._open().tables["approval"].get((approval_id,))
        return None if row is None else approval_of(tuple(row.values()))

    async def approvals(
        self, *, state: ApprovalState | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Approval]:
        """A page of approvals, oldest first, behind the id `after`."""
        rows = self._open().tables["approval"].values()
        found = [row for row in rows if row["id"] > after and state in {None, row["state"]}]
        found.sort(key=lambda row: str(row["id"]))
        return [approval_of(tuple(row.values())) for row in found[:limit]]

    async def runs(
        self,
        *,
        status: RunStatus | None = None,
        after: str = "",
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[AgentRun]:
        """A page of agents' runs, from behind the id `after`."""
        rows = self._open().tables["agent_run"].values()
        found = [
            row
            for row in rows
            if row["agent"] is not None
            and status in {None, row["status"]}
            and (not after or (row["id"] < after if newest_first else row["id"] > after))
        ]
        found.sort(key=lambda row: str(row["id"]), reverse=newest_first)
        return [agent_run_of([row[name] for name in AGENT_RUN_COLUMNS]) for row in found[:limit]]

    async def usage(self, run_id: str, *, at_ms: int) -> Usage:
        """What a run and all below it have used until `at_ms`, and where it belongs."""
        tables = self._open().tables
        run = tables["agent_run"].get((run_id,), {})
        own = [tables["tool_call"][call,] for call in self.ledger.calls_of.get(run_id, ())]
        tree = self._below(run_id)
        calls = [call for call in tables["tool_call"].values() if call["run_id"] in tree]
        requests = [each for each in tables["model_request"].values() if each["run_id"] in tree]
        is_agent = run.get("agent") is not None
        own_ms = min((call["created_ms"] for call in own), default=0)
        if is_agent:
            rested_ms = self._agent_rested(run_id, at_ms)
        else:
            rested_ms = self._rested({call["id"] for call in own}, at_ms)
        by_tool = Counter(call["tool"] for call in calls if call["has_intent"])
        return Usage(
            steps=len(own),
            spent=self._spent(calls, requests),
            by_tool=tuple(sorted(by_tool.items())),
            started_ms=run["started_ms"] if is_agent else own_ms,
            rested_ms=rested_ms,
            parent_id=run.get("parent_id"),
            conversation_id=run.get("conversation_id"),
        )

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int = 0, until_ms: int | None = None
    ) -> Spent:
        """What calls took that were received from `since_ms` on and before `until_ms`."""
        tables = self._open().tables
        runs = tables["agent_run"].values()
        within = {row["id"] for row in runs if row["conversation_id"] == whose}

        def is_theirs(work: Record, at_ms: int) -> bool:
            """Whether a call, or a model request, draws on their budget in the window."""
            if at_ms < since_ms or (until_ms is not None and at_ms >= until_ms):
                return False
            match scope:
                case Scope.CONVERSATION:
                    return work["run_id"] in within
                case Scope.USER:
                    return bool(work["principal_id"] == whose)
                case _:
                    return bool(work["organization"] == whose)

        calls, requests = tables["tool_call"].values(), tables["model_request"].values()
        return self._spent(
            [call for call in calls if is_theirs(call, call["created_ms"])],
            [request for request in requests if is_theirs(request, request["asked_ms"])],
        )

    def _below(self, run_id: str) -> set[str]:
        """The run, its children, theirs, and so on."""
        runs, found, more = self._open().tables["agent_run"].values(), {run_id}, {run_id}
        while more:
            more = {row["id"] for row in runs if row["parent_id"] in more} - found
            found |= more
        return found

    def _spent(self, calls: Iterable[Record], requests: Iterable[Record]) -> Spent:
        tables = self._open().tables
        used, held = self._asked(requests)
        for call in calls:
            used = used.plus(Amount(proposals=1))
            if not call["has_intent"]:
                continue
            ended = tables["tool_result"].get((call["id"],), _UNENDED)
            is_known = ended["status"] not in {None, Status.UNKNOWN}
            applied = True if is_known else self._settled(call["id"])
            reserved = call["reserved_microusd"] if applied is not False else 0
            took = Amount(
                calls=1,
                attempts=ended["attempts"],
                microusd=ended["cost_microusd"] if is_known else reserved,
                wall_ms=ended["latency_us"] // 1_000,
            )
            if applied is None:
                held[call["id"]] = took
            else:
                used = used.plus(took)
        return Spent(used=used, held=held)

    def _asked(self, requests: Iterable[Record]) -> tuple[Amount, dict[str, Amount]]:
        """What model requests took, and those that were not answered."""
        used, held = NOTHING, dict[str, Amount]()
        for request in requests:
            reply = self._open().tables["model_reply"].get((request["id"],))
            if reply is None:
                tokens, microusd = request["reserved_tokens"], request["reserved_microusd"]
                held[request["id"]] = Amount(tokens=tokens, microusd=microusd)
            else:
                tokens = reply["tokens_in"] + reply["tokens_out"]
                used = used.plus(Amount(tokens=tokens, microusd=reply["cost_microusd"]))
        return used, held

    def _settled(self, call_id: str) -> bool | None:
        """Whether an unknown call was applied, by the last amendment that says so."""
        said = [
            (row["amended_ms"], row["applied"])
            for row in self._open().tables["amendment"].values()
            if row["call_id"] == call_id and row["applied"] is not None
        ]
        return bool(max(said)[1]) if said else None

    async def admitted_since(self, at_ms: int) -> Sequence[tuple[str, str, str, int]]:
        """Each call with an intent since `at_ms`, oldest first."""
        calls = self._open().tables["tool_call"].values()
        found = [call for call in calls if call["has_intent"] and call["created_ms"] >= at_ms]
        found.sort(key=lambda call: str(call["id"]))
        return [
            (call["organization"], call["principal_id"], call["tool"], call["created_ms"])
            for call in found
        ]

    async def post(self, order: Order) -> None:
        """Leave an order for the owner."""
        self._refuse_moved()
        inbox = self._open().inbox
        inbox[max(inbox, default=0) + 1] = write_order(order)

    async def inbox(self) -> Sequence[PostedOrder]:
        """Orders that no entry answers yet, oldest first."""
        return [
            PostedOrder(number, kind, content)
            for number, (kind, content) in self._open().inbox.items()
            if kind != ASIDE
        ]

    async def forget(self, numbers: Sequence[int]) -> None:
        """Take orders from the inbox."""
        ledger = self._open()
        ledger.inbox = {n: order for n, order in ledger.inbox.items() if n not in numbers}

    async def put_aside(self, posted: PostedOrder, *, reason: str) -> None:
        """Keep what is no order, with the reason, where nobody takes it for one."""
        self._open().inbox[posted.number] = (ASIDE, put_aside(posted, reason))

    async def expire(self, at_ms: int) -> None:
        """Drop claims and sessions that have expired."""
        ledger = self._open()
        ledger.claims = {
            key: claim for key, claim in ledger.claims.items() if claim.expires_ms > at_ms
        }
        sessions = ledger.tables[LOGIN_SESSION.name]
        for key in [key for key, row in sessions.items() if row["expires_ms"] <= at_ms]:
            del sessions[key]

    async def close(self) -> None:
        """Give up ownership. Safe to call twice."""
        self._is_closed = True
        if self.ledger.holder is self:
            self.ledger.holder = None

    def _open(self) -> MemoryLedger:
        if self._is_closed:
            raise LedgerError("the ledger in memory was closed; open it again")
        return self.ledger

    def _land(self, entry: Entry) -> Receipt:
        obstacle = self._obstacle(entry)
        if obstacle is not None:
            return obstacle
        ledger = self.ledger
        if entry.claim is not None:
            scope = (entry.claim.organization, entry.claim.digest)
            ledger.claims[scope] = replace(entry.claim, replaces=None)
        if entry.spends is not None:
            ledger.tables["approval"][entry.spends,]["state"] = ApprovalState.CONSUMED
        for row in entry.rows:
            ledger.put(row)
        for payload in entry.payloads:
            ledger.payloads.setdefault(payload.id, replace(payload, sealed_under=None))
        if entry.run_key is not None:
            ledger.run_keys.setdefault(entry.run_key.run_id, entry.run_key)
        if entry.call_id is not None:
            self._follow(entry, entry.call_id)
        if entry.erases is not None:
            self._erase(entry.erases)
        position = Position(ledger.log_id, ledger.size)
        ledger.entries.append(
            StoredEntry(
                position=position,
                kind=entry.kind,
                schema=entry.schema,
                organization=entry.organization,
                run_id=entry.run_id,
                call_id=entry.call_id,
                at_ms=entry.at_ms,
                body=entry.body,
            )
        )
        return Written(position)

    def _obstacle(self, entry: Entry) -> Receipt | None:
        ledger = self.ledger
        if entry.ends is not None and self._has_ended(entry.ends):
            return AlreadyEnded(entry.ends)
        for payload in entry.payloads:
            if payload.sealed_under is not None and not self._stands(payload, entry.run_key):
                return KeyDestroyed(payload.run_id)
        if entry.erases is not None:
            runs = {call: run for run in entry.erases.runs for call in ledger.calls_of.get(run, ())}
            if open_calls := tuple(sorted(ledger.open_calls.keys() & runs.keys())):
                return CallsOpen(open_calls)
        fallen = self._fallen(entry)
        if fallen is not None:
            return fallen
        claim = entry.claim
        if claim is not None:
            standing = ledger.claims.get((claim.organization, claim.digest), claim)
            is_ours = standing.call_id in {claim.call_id, claim.replaces}
            if not is_ours and standing.expires_ms > entry.at_ms:
                return KeyTaken(standing)
        return None

    def _fallen(self, entry: Entry) -> ApprovalSpent | CredentialsEnded | None:
        """What the entry leans on, and does not stand as it must."""
        tables = self.ledger.tables
        for approval_id, states in leaned_on(entry):
            approval = tables["approval"].get((approval_id,))
            if approval is None or approval["state"] not in states:
                return ApprovalSpent(approval_id)
        for table, subject in shown_by(entry):
            shown = tables[table].get((subject,))
            if shown is None or shown["ended_ms"] is not None:
                return CredentialsEnded(subject)
        return None

    def _has_ended(self, subject: str) -> bool:
        run = self.ledger.tables["agent_run"].get((subject,), {"agent": None})
        is_over = run["agent"] is not None and run["ended_ms"] is not None
        return is_over or subject in self.ledger.ended

    def _stands(self, payload: SealedPayload, brought: SealedKey | None) -> bool:
        """Whether a payload is sealed under its run's key, or under one that is new with it."""
        key = self.ledger.run_keys.get(payload.run_id, brought)
        return key is not None and (key.run_id, key.wrapped) == (
            payload.run_id,
            payload.sealed_under,
        )

    def _take(self, *, pid: int, at_ms: int) -> Fence | None:
        ledger = self._open()
        self._refuse_moved()
        if ledger.holder not in {None, self}:
            return None
        ledger.holder = self
        ledger.owner = Ownership(pid, at_ms)
        ledger.epoch += 1
        return Fence(ledger.log_id, ledger.epoch)

    def _refuse_moved(self) -> None:
        moved_to = self.ledger.facts.get(Fact.MOVED_TO)
        if moved_to:
            raise LedgerError(f"the ledger in memory was moved, and goes on in {moved_to}")

    def _follow(self, entry: Entry, call_id: str) -> None:
        ledger = self.ledger
        if entry.kind in {EntryKind.INTENT, EntryKind.HELD}:
            ledger.open_calls.setdefault(call_id, ledger.size)
        elif entry.kind is EntryKind.ENDED:
            ledger.open_calls.pop(call_id, None)
            ledger.ended[call_id] = None
        if entry.frees_key:
            own = [key for key, claim in ledger.claims.items() if claim.call_id == call_id]
            for key in own:
                del ledger.claims[key]

    def _erase(self, erasure: Erasure) -> None:
        ledger = self.ledger
        kept = {
            id_: payload
            for id_, payload in ledger.payloads.items()
            if id_ not in erasure.payloads and payload.run_id not in erasure.runs
        }
        ledger.payloads = kept
        for run_id in erasure.runs:
            ledger.run_keys.pop(run_id, None)
        if erasure.frees_keys:
            calls = {call for run_id in erasure.runs for call in ledger.calls_of.get(run_id, ())}
            for key in [key for key, claim in ledger.claims.items() if claim.call_id in calls]:
                del ledger.claims[key]
        for opaque_id in erasure.profiles:
            known = ledger.tables["app_user"].get((opaque_id,))
            if known is not None:
                known["sealed_profile"] = None
        for table in OWNED:
            rows = ledger.tables[table.name]
            for key in [
                key for key, row in rows.items() if row["principal_id"] in erasure.profiles
            ]:
                del rows[key]

    def _agent_rested(self, run_id: str, at_ms: int) -> int:
        """How long an agent's run rested, by its own word."""
        turns = [
            (entry.kind, entry.at_ms)
            for entry in self.ledger.entries
            if entry.run_id == run_id and entry.kind in _TURNS
        ]
        behind = [*(at for _, at in turns[1:]), at_ms]
        return sum(
            max(0, until - since)
            for (kind, since), until in zip(turns, behind, strict=False)
            if kind is EntryKind.RUN_HELD
        )

    def _rested(self, call_ids: set[str], at_ms: int) -> int:
        waits = sorted(
            (row[since], at_ms if row[until] is None else row[until])
            for table, since, until in _WAITS
            for row in self.ledger.tables[table].values()
            if row["call_id"] in call_ids
        )
        rested, reached = 0, 0
        for since, until in waits:
            rested += max(0, until - max(since, reached))
            reached = max(reached, until)
        return rested
