"""The writing side makes what the golden vectors of `docs/proof.md` hold, byte for byte."""

import json

import pytest

from highroad.domain.egress import Clearance
from highroad.domain.entry import EntryKind
from highroad.domain.label import Integrity
from highroad.domain.proof import TreeHead
from highroad.ledger import signing
from highroad.ledger.bodies import strange_field
from highroad.ledger.entries.form import integrity_body, sandbox_body, sources_body
from highroad.ledger.history import CallHistory
from highroad.ledger.proof import paths
from highroad.ledger.proof.merkle import HASH, RightEdge, is_consistent, is_included, leaf_hash
from highroad.ledger.signing import SigningKey, head_line
from highroad.testing import MemoryStore

pytestmark = pytest.mark.promise("P12")


@pytest.fixture(scope="session")
def vectors(repository):
    return json.loads((repository / "tests" / "data" / "proof" / "vectors.json").read_text("utf-8"))


@pytest.fixture
def signing_keys(vectors):
    return [SigningKey(bytes.fromhex(key["seed"])) for key in vectors["keys"]]


def test_keys_have_the_ids_and_endorsements_of_the_vectors(vectors, signing_keys):
    for key, told in zip(signing_keys, vectors["keys"], strict=True):
        assert (key.public.hex(), key.id) == (told["public"], told["id"])
    old, new = signing_keys
    rotation = vectors["rotation"]
    assert old.endorse(rotation["ledger"], new.public).hex() == rotation["endorsement"]


def test_heads_are_signed_word_for_word(vectors, signing_keys):
    last = None
    for line, key in zip(vectors["heads"], signing_keys, strict=True):
        told = json.loads(json.loads(line)["statement"])
        trees = [
            TreeHead(log_id=tree["log"], size=tree["size"], root=bytes.fromhex(tree["root"]))
            for tree in reversed(told["trees"])
        ]
        last = signing.sign(key, ledger=told["ledger"], after=last, trees=trees, at_ms=told["at"])
        assert head_line(last) == line


def parts_of(text):
    whole = bytes.fromhex(text)
    return [whole[at : at + HASH] for at in range(0, len(whole), HASH)]


async def test_roots_and_proofs_of_tiles_are_those_of_the_vectors(vectors):
    told = vectors["trees"]
    leaves = [leaf_hash(body.encode()) for body in told["bodies"]]
    edge, store = RightEdge("log"), MemoryStore()
    edge.extend(leaves)
    store.ledger.tiles = {("log", tile.level, tile.position): tile for tile in edge.unstored()}
    roots = {}
    for size, root in told["roots"].items():
        roots[int(size)] = await paths.root(store.proofs, "log", int(size))
        assert roots[int(size)].hex() == root
    for sizes, text in told["inclusion"].items():
        index, size = map(int, sizes.split(" in "))
        proof = await paths.inclusion(store.proofs, "log", index=index, size=size)
        assert proof == parts_of(text)
        facts = {"index": index, "size": size, "proof": proof, "root": roots[size]}
        assert is_included(leaves[index], **facts)
    for sizes, text in told["consistency"].items():
        first, second = map(int, sizes.split(" to "))
        proof = await paths.consistency(store.proofs, "log", first=first, second=second)
        assert proof == parts_of(text)
        heads = {"first_root": roots[first], "second_root": roots[second]}
        assert is_consistent(first=first, second=second, proof=proof, **heads)


JUDGED = ("sources", "integrity", "confidential", "endorsed", "ran_in")


@pytest.fixture
def judged(vectors):
    """A call of the vectors, as the ledger reads it, and what it is to hold."""
    told = vectors["judged"]
    lines = told["files"]["entries-main.jsonl"].splitlines()
    bodies = [json.loads(json.loads(line)["body"]) for line in lines]
    for body in bodies:
        fields = {name: body[name] for name in JUDGED if name in body}
        assert strange_field(EntryKind(body["kind"]), fields) is None
    by_kind = {body["kind"]: body for body in bodies if body.get("call") == told["call"]}
    return told, CallHistory(
        call_id=told["call"],
        run_id="run-1",
        organization="acme",
        opening=by_kind["call.intent"],
        intent=by_kind["call.intent"],
        deferred=None,
        ended=by_kind["call.ended"],
        approval=None,
        remaining_ms=None,
        decisions=(by_kind["approval.decided"],),
        amendments=(),
        letter=None,
        stages=(),
        positions=(),
    )


@pytest.mark.promise("P9")
def test_what_values_are_worth_is_read_and_written_as_the_vectors_have_it(judged):
    told, history = judged
    to, cents, note = history.sources
    assert (to.pointer, to.kind, to.source, to.how) == ("/to", "result", "c-read", "same")
    assert (to.integrity, to.needs) == (Integrity.SYSTEM, Integrity.THIRD_PARTY)
    assert (cents.integrity, cents.needs) == (Integrity.USER, Integrity.SYSTEM)
    assert (note.kind, note.integrity) == (None, Integrity.UNTRUSTED)
    assert [each.falls_short for each in history.sources] == [False, False, True]
    assert sources_body(history.sources) == told["sources"]
    assert integrity_body(history.sources) == told["worth"]
    assert history.confidential == tuple(told["confidential"])
    assert history.endorsed == tuple(digest for _, digest in told["endorsed"])


def test_where_something_ran_is_read_and_written_as_the_vectors_have_it(judged):
    told, history = judged
    (use,) = history.ran_in
    assert (use.sandbox, use.strength, use.count) == ("bubblewrap", "strong", 3)
    assert use.connections[0].clearance is Clearance.OPENED
    assert json.loads(json.dumps([sandbox_body(use)])) == told["ran_in"]


@pytest.mark.parametrize(
    ("kind", "field", "wrong"),
    [
        ("call.intent", "integrity", [[4, 1]]),
        ("call.intent", "integrity", [[2]]),
        ("call.intent", "integrity", [[True, 1]]),
        ("call.intent", "confidential", "note"),
        ("call.intent", "confidential", [1]),
        ("approval.decided", "endorsed", [["/note"]]),
        ("approval.decided", "endorsed", [["/note", None]]),
        ("call.ended", "ran_in", [{"sandbox": "bubblewrap"}]),
        ("call.ended", "ran_in", {}),
    ],
)
def test_what_is_none_of_it_is_found(kind, field, wrong):
    assert strange_field(EntryKind(kind), {"kind": kind, field: wrong}) == field
