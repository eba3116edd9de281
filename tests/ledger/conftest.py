"""A ledger over a store in memory, and the ways of a call through it."""

from dataclasses import replace
from functools import partial

import pytest

from highroad.domain.approval import Approval, ApprovalState, Level, Obligation, Ruling
from highroad.domain.call import Call
from highroad.domain.dead_letter import DeadLetter, letter_id
from highroad.domain.deferral import Deferral
from highroad.domain.entry import KeyClaim, Written
from highroad.domain.identity import Principal
from highroad.domain.model import Finish, TokenUsage
from highroad.domain.order import Decision
from highroad.domain.outcome import Ending, Status
from highroad.domain.payload import PayloadKind
from highroad.domain.run import ReplyRecord, ReplyStatus, RequestRecord, RunHead, RunStatus
from highroad.domain.tool import Effect, Tier, ToolDefinition
from highroad.ledger import entries
from highroad.ledger.entries import runs
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.writer import GroupWriter
from highroad.testing import FakeClock, FixedKeys, MemoryStore

ALICE = Principal("alice", "acme", name="Alice Archer")
BOB = Principal("bob", "acme", name="Bob Baker", permissions={"audit:reveal"})
READ = ToolDefinition(
    name="get_order",
    description="Reads an order.",
    input_schema={},
    digest="0" * 64,
    tier=Tier.READ,
    effect=Effect.REPEATABLE,
)
REFUND = ToolDefinition(
    name="refund", description="Refunds.", input_schema={}, digest="1" * 64, cost_usd=0.01
)
PASSED = (
    ("resolve", "proceed", None, None, 11),
    ("validate", "proceed", None, None, 7),
    ("authorize", "proceed", None, "policy.rules.own", 5),
)
COMPLETED = Ending(status=Status.COMPLETED, decided_by="execute")


class Books:
    """Drives calls as the road does, as far as the ledger can see."""

    def __init__(self, store, ledger, clock, *, calls=0):
        self.store = store
        self.ledger = ledger
        self.clock = clock
        self.calls = calls

    def call(self, using=REFUND, **facts):
        self.calls += 1
        number = f"{self.calls:026}"
        known = {
            "id": f"call_{number}",
            "run_id": f"run_{number}",
            "trace_id": number.zfill(32),
            "tool": "nonsense" if using is None else using.name,
            "raw": {"order": 7},
            "principal": ALICE,
            "deadline_ms": self.clock.now_ms() + 120_000,
            "created_ms": self.clock.now_ms(),
            "definition": using,
            "arguments": None if using is None else {"order": 7},
        }
        return Call(**(known | facts))

    async def record(self, call, trace=PASSED):
        record = await self.ledger.record(call, policy_version="policy-1")
        if call.definition is not None:
            record.tool_name = call.definition.name
            record.rules = ("policy.allow",)
        record.trace.extend(trace)
        return record

    def claim(self, call, digest=b"key"):
        expires_ms = self.clock.now_ms() + 1_000_000
        return KeyClaim(call.organization, digest, b"arguments", call.id, expires_ms)

    async def intend(self, record, *, claim=None, spends=False):
        now_ms, receipt = self.clock.now_ms(), None
        record.reserved_microusd = 10_000
        if record.call.known_definition.has_effects:
            self.ledger.seal_arguments(record, b'{"order":7}')
            entry = entries.intent(record, at_ms=now_ms, claim=claim, spends=spends)
            receipt = await self.ledger.write(record, entry)
        else:
            await self.ledger.put_intent(record, b'{"order":7}', at_ms=now_ms)
        record.has_intent = True
        record.trace.append(("execute", "conclude", None, None, 90))
        return receipt

    async def hold(self, record, *, claim=None):
        call = record.call
        approval = Approval(
            id=call.id.replace("call", "apr"),
            call_id=call.id,
            run_id=call.run_id,
            organization=call.organization,
            requester=record.principal_id,
            tool=call.tool,
            digest="d" * 64,
            level=Level.HUMAN,
            quorum=1,
            obligations=(Obligation("ask_rule", "More than 50 euros."),),
            created_ms=self.clock.now_ms(),
            expires_ms=self.clock.now_ms() + 86_400_000,
        )
        self.ledger.seal_arguments(record, b'{"order":7}')
        self.ledger.seal_call(record)
        record.trace.append(("approve", "hold", "ask_rule", None, 3))
        entry = entries.held(record, approval, at_ms=self.clock.now_ms(), claim=claim)
        await self.ledger.write(record, entry)
        return approval

    async def defer(self, call, *, claim=None):
        """A call that waits for its result."""
        record = await self.record(call)
        await self.intend(record)
        record.attempts += 1
        deferral = Deferral(
            call_id=call.id,
            run_id=call.run_id,
            organization=call.organization,
            principal_id=record.principal_id,
            tool=call.tool,
            deferred_ms=self.clock.now_ms(),
            expires_ms=self.clock.now_ms() + 3_600_000,
        )
        self.ledger.seal_call(record)
        entry = entries.deferred(
            record,
            deferral,
            at_ms=self.clock.now_ms(),
            latency_us=777,
            is_in_doubt=False,
            claim=claim,
        )
        await self.ledger.write(record, entry)
        return record, deferral

    async def decide(self, approval, ruling=Ruling.APPROVE, by=BOB):
        opaque = self.ledger.keyring.opaque(by)
        state = ApprovalState.APPROVED if ruling is Ruling.APPROVE else ApprovalState.REJECTED
        decided = replace(approval, state=state, approvers=(opaque,))
        decision = Decision(
            approval_id=approval.id,
            organization=approval.organization,
            ruling=ruling,
            by=opaque,
            digest=approval.digest,
            at_ms=self.clock.now_ms(),
            profile=self.ledger.sealed_profile(by),
        )
        await self.ledger.writer.write(entries.decided(decided, decision, reason=None))
        return decided

    async def reopen(self, call):
        """Drive a held call on: every stage anew."""
        history = await self.ledger.history(call.id)
        thawed = replace(
            await self.ledger.thaw(history), definition=call.definition, arguments=call.arguments
        )
        record = await self.ledger.reopened(thawed, history)
        record.rules = ("policy.allow",)
        record.trace.extend(PASSED)
        return record

    async def end(self, record, ending=COMPLETED, *, code=None, message=None, **facts):
        """The terminal record, with a result where the call completed."""
        call = record.call
        record.attempts += record.has_intent
        record.trace.append(("finish", ending.status, code, None, 0))
        terminal = partial(self.terminal, record, ending, message, code=code, **facts)
        if record.has_intent and not call.known_definition.has_effects:
            return await self.ledger.put_end(record, terminal)
        return await self.ledger.write_drawn(record, terminal)

    def terminal(self, record, ending, message, **facts):
        call, ledger, result = record.call, self.ledger, None
        if record.arguments is None:
            ledger.seal_arguments(record, b'{"raw":"{order"}')
        if ending.status is Status.COMPLETED and ending.source is None:
            result = ledger.seal(record, f"{call.id}.result", PayloadKind.RESULT, b'{"done":true}')
        if message is not None:
            message = ledger.seal(record, f"{call.id}.message", PayloadKind.MESSAGE, message)
        return entries.ended(
            record,
            ending,
            keeps_key=ending.keeps_key,
            at_ms=self.clock.now_ms(),
            latency_us=1234,
            cost_microusd=10_000 if record.has_intent else 0,
            result=result,
            message=message,
            **facts,
        )

    async def complete(self, call):
        """A call that runs, from its first entry to its last."""
        record = await self.record(call)
        await self.intend(record)
        await self.end(record)
        return call

    async def give_up(self, call):
        """A call whose dependency is down; the letter that it leaves."""
        record = await self.record(call)
        await self.intend(record)
        letter = DeadLetter(
            id=letter_id(call.id),
            call_id=call.id,
            run_id=call.run_id,
            organization=call.organization,
            principal_id=record.principal_id,
            tool=call.tool,
            dependency="payments",
            effect=call.known_definition.effect,
            status=Status.FAILED,
            code="max_retries_exceeded",
            kind="transient",
            attempts=3,
            created_ms=self.clock.now_ms(),
            changed_ms=self.clock.now_ms(),
        )
        ending = Ending(status=Status.FAILED, proof="mapped", decided_by="execute")
        await self.end(record, ending, code=letter.code, letter=letter)
        return letter

    async def refuse(self, call, *lines, code, rule=None, decided_by="resolve"):
        """A call that never reaches its intent."""
        record = await self.record(call, lines)
        ending = Ending(status=Status.REFUSED, rule=rule, decided_by=decided_by)
        await self.end(record, ending, code=code)
        return call


class Agency:
    """Runs agents as their loop does, as far as the ledger can see."""

    def __init__(self, ledger, clock):
        self.ledger = ledger
        self.clock = clock
        self.requests = 0

    def _seal(self, key, payload_id, kind, content):
        return self.ledger.vault.seal(key, payload_id, kind, content)

    async def _write(self, entry):
        receipt = await self.ledger.writer.write(entry)
        assert isinstance(receipt, Written)

    async def start(self, run_id="run_a", *, principal=ALICE, content=b'"Refund it."', **facts):
        """A run that has begun; what all its entries say of it."""
        head = RunHead(
            **{
                "run_id": run_id,
                "organization": principal.organization,
                "principal_id": self.ledger.keyring.opaque(principal),
                "agent": "support",
                "definition": "a" * 64,
                "trace_id": run_id.encode().hex().zfill(32),
                "started_ms": self.clock.now_ms(),
            }
            | facts
        )
        key = await self.ledger.vault.key_of_run(run_id)
        request = self._seal(key, runs.request_ref(run_id), PayloadKind.REQUEST, content)
        entry = runs.run_started(
            head,
            request,
            at_ms=self.clock.now_ms(),
            run_key=key.pending,
            profile=self.ledger.profile_row(principal),
        )
        await self._write(entry)
        key.pending, key.is_new = None, False
        return head

    async def ask(self, head, **facts):
        """A request that is on its way to a model."""
        self.requests += 1
        known = {
            "id": f"req_{self.requests:026}",
            "number": self.requests,
            "path": "",
            "purpose": "step",
            "model": "openai:gpt-x",
            "shape": "openai",
            "tools": ("get_order", "refund"),
            "messages": 3,
            "reserved_tokens": 2_000,
            "reserved_microusd": 900,
        }
        request = RequestRecord(**(known | facts))
        await self._write(runs.model_asked(head, request, at_ms=self.clock.now_ms()))
        return request

    async def reply(self, head, request, content=b'"Done."', **facts):
        """What came of a request: a reply, or a failure where there is no content."""
        known = {
            "id": request.id,
            "number": request.number,
            "path": request.path,
            "status": ReplyStatus.FAILED if content is None else ReplyStatus.REPLIED,
            "code": "timeout" if content is None else None,
            "model": "gpt-x-2026-01-01",
            "finish": None if content is None else Finish.CALLS,
            "usage": TokenUsage(input=300, output=40, cache_read=200, cache_write=9, ungoverned=1),
            "cost_microusd": 70,
            "latency_us": 5_000,
            "calls": 2,
        }
        key = await self.ledger.vault.key_of_run(head.run_id)
        name, sealed = runs.reply_ref(head.run_id, request.id), None
        if content is not None:
            sealed = self._seal(key, name, PayloadKind.REPLY, content)
        record = ReplyRecord(**(known | facts))
        await self._write(runs.model_replied(head, record, sealed, at_ms=self.clock.now_ms()))
        return record

    async def say(self, head, *, by=ALICE, content=b"Make it 4.", number=1):
        """A message to a run."""
        key = await self.ledger.vault.key_of_run(head.run_id)
        name = runs.message_ref(head.run_id, f"msg_{number}")
        entry = runs.run_message(
            head,
            self._seal(key, name, PayloadKind.MESSAGE, content),
            message_id=f"msg_{number}",
            by=self.ledger.keyring.opaque(by),
            when="now",
            at_ms=self.clock.now_ms(),
        )
        await self._write(entry)

    async def hold(self, head, *calls):
        """A run that rests."""
        await self._write(runs.run_held(head, calls, at_ms=self.clock.now_ms()))

    async def resume(self, head):
        """A run that is driven on."""
        await self._write(runs.run_resumed(head, at_ms=self.clock.now_ms()))

    async def end(self, head, status=RunStatus.COMPLETED, *, content=b'"5 euros."', code=None):
        """A run that is over."""
        key = await self.ledger.vault.key_of_run(head.run_id)
        result = None
        if content is not None:
            name = runs.result_ref(head.run_id)
            result = self._seal(key, name, PayloadKind.RESULT, content)
        entry = runs.run_ended(
            head,
            status,
            code=code,
            result=result,
            steps=self.requests,
            tokens_in=300,
            tokens_out=40,
            cost_microusd=70,
            at_ms=self.clock.now_ms(),
        )
        await self._write(entry)


@pytest.fixture
def agency(ledger, clock):
    return Agency(ledger, clock)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def keys():
    return FixedKeys()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
async def ledger(store, keys, clock):
    fence = await store.acquire(pid=1, at_ms=clock.now_ms())
    return Ledger(store, GroupWriter(store, fence), Keyring(keys), clock)


@pytest.fixture
def books(store, ledger, clock):
    return Books(store, ledger, clock)


@pytest.fixture
def books_of(clock):
    """Makes books for one of several processes; their calls have ids of their own."""
    return lambda ledger, number: Books(ledger.store, ledger, clock, calls=1_000_000 * number)


@pytest.fixture(scope="session")
def people():
    """Who calls, and who may decide and look."""
    return ALICE, BOB


@pytest.fixture(scope="session")
def tools():
    """A read, and a tool with effects."""
    return READ, REFUND
