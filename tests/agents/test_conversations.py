"""What was said earlier in a conversation is read from the runs that have ended."""

from dataclasses import replace
from itertools import count

import orjson
import pytest

from highroad.agents.context.conversations import Conversations
from highroad.agents.context.tokens import tokens_of
from highroad.agents.snapshot import Errand, freeze_errand
from highroad.domain.entry import Entry, EntryKind, Erasure
from highroad.domain.identity import Principal
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.payload import PayloadKind
from highroad.domain.run import RunHead, RunStatus
from highroad.ledger.entries import runs as entries
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.writer import GroupWriter
from highroad.testing import FakeClock, FixedKeys, MemoryStore

ALICE = Principal("alice", "acme")
BOB = Principal("bob", "acme")


class Talk:
    """Writes runs of a conversation, and reads its history."""

    def __init__(self, ledger, clock):
        self.ledger = ledger
        self.clock = clock
        self._numbers = count(1)

    def head(self, principal, name, **facts):
        key = self.ledger.keyring.organization(principal.organization)
        return RunHead(
            run_id=f"run_{next(self._numbers):026}",
            organization=principal.organization,
            principal_id=key.opaque(principal.id),
            agent="support",
            definition="digest",
            trace_id="0" * 32,
            started_ms=self.clock.now_ms(),
            conversation_id=key.conversation_id(name),
            **facts,
        )

    async def begin(self, text, *, principal=ALICE, name="main", **facts):
        head = self.head(principal, name, **facts)
        key = await self.ledger.vault.key_of_run(head.run_id)
        payload = entries.request_ref(head.run_id)
        request = self.ledger.vault.seal(
            key, payload, PayloadKind.REQUEST, freeze_errand(Errand(text=text, principal=principal))
        )
        await self.ledger.writer.write(
            entries.run_started(head, request, at_ms=head.started_ms, run_key=key.pending)
        )
        key.pending = None
        self.clock.advance(1)
        return head

    async def end(self, head, answer=None, status=RunStatus.COMPLETED):
        result = None
        if answer is not None:
            key = await self.ledger.vault.key_of_run(head.run_id)
            payload = entries.result_ref(head.run_id)
            result = self.ledger.vault.seal(key, payload, PayloadKind.RESULT, orjson.dumps(answer))
        await self.ledger.writer.write(
            entries.run_ended(
                head,
                status,
                result=result,
                steps=1,
                tokens_in=1,
                tokens_out=1,
                cost_microusd=0,
                at_ms=self.clock.now_ms(),
            )
        )
        self.clock.advance(1)

    async def say(self, text, answer, **facts):
        head = await self.begin(text, **facts)
        await self.end(head, answer)
        return head

    async def history(self, *, principal=ALICE, name="main", run=None, **most):
        """Before a run, or one that would begin now."""
        head = self.head(principal, name) if run is None else run
        return await Conversations(self.ledger, **most).before(head)


@pytest.fixture
async def talk():
    clock, store = FakeClock(), MemoryStore()
    fence = await store.acquire(pid=1, at_ms=clock.now_ms())
    ledger = Ledger(store, GroupWriter(store, fence), Keyring(FixedKeys()), clock)
    return Talk(ledger, clock)


def texts(history):
    return [message.text for message in history]


async def test_requests_and_answers_come_in_their_order(talk):
    await talk.say("where is my order?", "It is on its way.")
    await talk.say("and when?", {"day": "Thursday"})
    assert await talk.history() == (
        UserMessage(text="where is my order?"),
        ModelMessage(text="It is on its way."),
        UserMessage(text="and when?"),
        ModelMessage(text='{"day":"Thursday"}'),
    )


async def test_a_conversation_without_earlier_runs_has_no_history(talk):
    assert await talk.history() == ()


async def test_a_run_of_no_conversation_has_no_history(talk):
    await talk.say("here", "yes")
    assert await talk.history(run=replace(talk.head(ALICE, "main"), conversation_id=None)) == ()


async def test_other_conversations_are_not_told(talk):
    await talk.say("here", "yes")
    await talk.say("there", "no", name="other")
    assert texts(await talk.history()) == ["here", "yes"]


@pytest.mark.promise("P7")
@pytest.mark.parametrize("other", [BOB, Principal("alice", "evil")], ids=["user", "organization"])
async def test_whoever_picks_the_name_of_another_s_conversation_is_shown_nothing_of_it(talk, other):
    await talk.say("my salary is 5000", "Noted.")
    assert await talk.history(principal=other) == ()


async def test_runs_that_go_on_or_began_later_are_none_of_the_history(talk):
    await talk.say("first", "one")
    now = await talk.begin("second")
    begun = await talk.history(run=now)
    await talk.say("third", "three")
    await talk.end(now, "two")
    assert texts(begun) == ["first", "one"]
    assert await talk.history(run=now) == begun, "a resumed run has the same"
    assert texts(await talk.history()) == ["first", "one", "second", "two", "third", "three"]


async def test_runs_below_others_are_none_of_the_history(talk):
    await talk.say("part of it", "done", parent_id="run_above")
    assert await talk.history() == ()


async def test_a_run_below_another_has_no_history(talk):
    await talk.say("my salary is 5000", "Noted.")
    assert await talk.history(run=talk.head(ALICE, "main", parent_id="run_above")) == ()


async def test_a_run_without_an_answer_says_how_it_ended(talk):
    await talk.end(await talk.begin("refund it"), status=RunStatus.CANCELLED)
    assert texts(await talk.history()) == [
        "refund it",
        "[This run ended without an answer: cancelled.]",
    ]


async def test_the_newest_are_told_where_not_all_fit(talk):
    for number in range(30):
        await talk.say(f"question {number} " + "word " * 50, f"answer {number}")
    found = await talk.history(most_tokens=1_000)
    assert sum(map(tokens_of, found)) <= 1_000
    assert texts(found)[-1] == "answer 29"
    assert 4 < len(found) < 60
    assert texts(await talk.history(most_runs=2))[1::2] == ["answer 28", "answer 29"]


async def test_a_text_that_is_too_long_is_told_in_its_beginning(talk):
    await talk.say("x " * 50_000, "short")
    asked, answered = await talk.history(most_tokens=1_000)
    assert asked.text.startswith("x x ")
    assert asked.text.endswith("characters were left out]")
    assert answered.text == "short"


async def test_an_erased_run_is_left_out(talk):
    gone = await talk.say("my name is Alice", "Hello Alice.")
    await talk.say("thanks", "Welcome.")
    await talk.ledger.writer.write(
        Entry(
            kind=EntryKind.ERASED,
            body=b"{}",
            organization="acme",
            at_ms=talk.clock.now_ms(),
            erases=Erasure(runs=(gone.run_id,)),
        )
    )
    assert texts(await talk.history()) == ["thanks", "Welcome."]
