"""No word of a model, a person or a tool stands in plain in the ledger (P7).

A canary sits in every place where a call can carry free text; then all that a reader of the file
can see is searched for it.
"""

import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.approval import Ruling
from highroad.domain.error import LedgerError, VaultError
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.identity import Principal
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.payload import PayloadKind
from highroad.ledger.audit import Audit
from highroad.ledger.canonical import canonical

CANARY = "canary-4711"
WHO = Principal(
    f"{CANARY}-id",
    "acme",
    roles={f"{CANARY}-role"},
    permissions={f"{CANARY}-permission", "audit:reveal"},
    name=f"{CANARY}-name",
)

pytestmark = pytest.mark.promise("P7")


@pytest.fixture
async def store(tmp_path):
    store = SQLiteStore.open(tmp_path / "ledger.db")
    yield store
    await store.close()


@pytest.fixture
def seen(tmp_path):
    """Every byte of the ledger's files."""
    return lambda: b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))


def carrying(books, *tool, **facts):
    arguments = {CANARY: [CANARY, {"deep": CANARY}]}
    return books.call(
        *tool,
        principal=WHO,
        raw=arguments,
        arguments=arguments,
        idempotency_key=CANARY,
        evidence=Evidence((Source(CANARY, EvidenceKind.REQUEST),)),
        **facts,
    )


async def whole_life(books, ledger):
    """A call that is held, approved, driven on, and fails with words of its author."""
    call = carrying(books)
    organization = ledger.keyring.organization("acme")
    record = await books.record(call)
    record.key_digest = organization.digest(b"key", CANARY.encode()).hex()
    content = canonical(call.arguments)
    ledger.seal_arguments(record, content)
    approval = await books.hold(record, claim=books.claim(call, record.key_digest.encode()))
    await books.decide(approval, by=WHO)
    again = await books.reopen(call)
    await books.intend(again, spends=True)
    failed = Ending(status=Status.FAILED, proof=Proof.TOOL_SAID, decided_by="execute")
    await books.end(again, failed, code="sold_out", message=canonical([CANARY, CANARY]))
    return call


async def test_whatever_a_call_carries_stands_nowhere_in_the_files(books, ledger, seen, tools):
    await whole_life(books, ledger)
    await books.complete(carrying(books, tools[0]))
    made_up = carrying(books, None, tool=CANARY)
    await books.refuse(made_up, ("resolve", "refuse", "unknown_tool", None, 1), code="unknown_tool")
    rejected = carrying(books)
    await books.decide(await books.hold(await books.record(rejected)), Ruling.REJECT, by=WHO)
    await ledger.writer.flush()
    assert CANARY.encode() not in seen()


async def test_whatever_is_said_in_a_run_stands_nowhere_in_the_files(agency, ledger, seen):
    said = CANARY.encode()
    head = await agency.start(principal=WHO, content=said)
    await agency.reply(head, await agency.ask(head), said)
    await agency.say(head, by=WHO, content=said)
    await agency.end(head, content=said)
    await ledger.writer.flush()
    assert said not in seen()


async def test_what_is_revealed_and_explained_leaves_no_trace_of_itself(books, ledger, seen):
    call = await whole_life(books, ledger)
    audit = Audit(ledger, is_owner=True)
    found = await audit.explain(call.id, reveal_by=WHO)
    assert found.message == [CANARY, CANARY]
    assert found.arguments == call.arguments
    assert CANARY.encode() not in seen()


async def test_equal_content_of_two_runs_cannot_be_seen_to_be_equal(books, ledger):
    first, second = [await books.record(books.call()) for _ in range(2)]
    ledger.seal_arguments(first, b"{}")
    ledger.seal_arguments(second, b"{}")
    assert first.arguments.digest != second.arguments.digest


async def test_errors_name_what_cannot_be_read_and_not_what_it_says(books, ledger, store):
    record = await books.record(carrying(books))
    _, sealed = ledger.vault.seal(record.run_key, "p", PayloadKind.RESULT, CANARY.encode())
    with pytest.raises(VaultError) as altered:
        record.run_key.open("q", sealed.ciphertext)
    await store.close()
    with pytest.raises(LedgerError) as closed:
        await books.intend(record)
    for error in (altered.value, closed.value):
        assert CANARY not in repr(error)


async def test_nothing_that_is_passed_around_shows_itself_when_printed(books):
    record = await books.record(carrying(books))
    for thing in (record, record.run_key, books.ledger, books.ledger.vault):
        assert CANARY not in repr(thing)
