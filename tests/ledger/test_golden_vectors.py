"""The writing side makes what the golden vectors of `docs/proof.md` hold, byte for byte."""

import json

import pytest

from highroad.domain.proof import TreeHead
from highroad.ledger import signing
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
