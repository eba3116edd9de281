"""The golden vectors, by which any reading of the page can be tried."""

import json

import proof_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proof_audits import exported
from proof_author import FIRST, LEDGER, SECOND

from highroad_auditor import PublicKey
from highroad_auditor.heads import read_head
from highroad_auditor.merkle import Tree, extends, includes, leaf_hash, node_hash

pytestmark = pytest.mark.promise("P12")


@pytest.fixture(scope="module")
def golden():
    return json.loads(proof_vectors.VECTORS.read_text(encoding="utf-8"))


def tree_of(leaves):
    """One leaf after the other, and all at once, with the parts in between."""
    tree = Tree()
    for start, leaf in enumerate(leaves):
        tree += Tree.over(leaf, start)
    for cut in range(len(leaves) + 1):
        before, behind = b"".join(leaves[:cut]), b"".join(leaves[cut:])
        assert Tree.over(before) + Tree.over(behind, cut) == tree
    return tree


def steps(text):
    found = bytes.fromhex(text)
    return [found[start : start + 32] for start in range(0, len(found), 32)]


def numbers(name, word):
    return [int(number) for number in name.split(f" {word} ")]


def test_the_vectors_are_what_the_plain_reading_of_the_page_makes():
    assert proof_vectors.VECTORS.read_text(encoding="utf-8") == proof_vectors.text()


def test_the_eight_leaves_that_all_implementations_share_have_their_published_roots(golden):
    known = golden["rfc_6962"]
    assert known["roots"][0] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert known["roots"][1] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert known["roots"][8] == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    leaves = [leaf_hash(bytes.fromhex(text)) for text in known["leaves"]]
    assert [leaf.hex() for leaf in leaves] == known["leaf_hashes"]
    assert [tree_of(leaves[:size]).root().hex() for size in range(9)] == known["roots"]


def test_a_node_is_hashed_apart_from_a_leaf(golden):
    node = golden["node"]
    left, right = bytes.fromhex(node["left"]), bytes.fromhex(node["right"])
    assert node_hash(left, right).hex() == node["hash"]
    assert leaf_hash(left + right) != node_hash(left, right)


def test_every_inclusion_proof_holds_and_none_of_its_forgeries(golden):
    trees = golden["trees"]
    leaves = [leaf_hash(body.encode()) for body in trees["bodies"]]
    for name, text in trees["inclusion"].items():
        index, size = numbers(name, "in")
        proof = {
            "leaf": leaves[index],
            "index": index,
            "size": size,
            "path": steps(text),
            "root": bytes.fromhex(trees["roots"][str(size)]),
        }
        assert includes(**proof), name
        for forged in forged_inclusions(proof, leaves):
            assert not includes(**forged), (name, forged)


def forged_inclusions(proof, leaves):
    """Every single change; a tree of one leaf has no other index to claim."""
    path, index, size = proof["path"], proof["index"], proof["size"]
    yield proof | {"path": [*path, leaves[0]]}
    yield proof | {"path": [*path, b""]}
    yield proof | {"leaf": leaves[(index + 1) % len(leaves)]}
    yield proof | {"root": leaf_hash(proof["root"])}
    yield proof | {"index": -1}
    yield proof | {"index": size}
    yield from (proof | {"index": other} for other in range(size) if other != index)
    for place, step in enumerate(path):
        yield proof | {"path": [*path[:place], *path[place + 1 :]]}
        yield proof | {"path": [*path[:place], bytes([step[0] ^ 1]) + step[1:], *path[place + 1 :]]}
        yield proof | {"path": [*path[:place], step[:31], *path[place + 1 :]]}


def test_every_consistency_proof_holds_and_none_of_its_forgeries(golden):
    trees = golden["trees"]
    roots = {int(size): bytes.fromhex(root) for size, root in trees["roots"].items()}
    for name, text in trees["consistency"].items():
        size, later = numbers(name, "to")
        proof = {
            "size": size,
            "root": roots[size],
            "later_size": later,
            "later_root": roots[later],
            "path": steps(text),
        }
        assert extends(**proof), name
        for forged in forged_consistencies(proof, roots):
            assert not extends(**forged), (name, forged)


def forged_consistencies(proof, roots):
    path, size, later = proof["path"], proof["size"], proof["later_size"]
    yield proof | {"path": [*path, roots[1]]}
    yield proof | {"root": roots[size % 20 + 1]}
    yield proof | {"later_root": roots[later % 20 + 1]}
    yield proof | {"size": -1}
    yield proof | {"size": later + 1}
    yield proof | {"size": 0}
    for place, step in enumerate(path):
        yield proof | {"path": [*path[:place], *path[place + 1 :]]}
        yield proof | {"path": [*path[:place], bytes([step[0] ^ 1]) + step[1:], *path[place + 1 :]]}
        yield proof | {"path": [*path[:place], step + b"\x00", *path[place + 1 :]]}


def test_a_proof_for_a_larger_tree_holds_for_no_smaller_one(golden):
    leaves = [leaf_hash(body.encode()) for body in golden["trees"]["bodies"]]
    two = node_hash(leaves[0], leaves[1])
    for index, leaf, step in ((0, leaves[1], leaves[0]), (0, leaves[0], leaves[1])):
        assert not includes(leaf=leaf, index=index, size=1, path=[step], root=two)
    three, four = tree_of(leaves[:3]).root(), tree_of(leaves[:4]).root()
    path = [*steps(golden["trees"]["consistency"]["3 to 4"]), leaves[9]]
    roots = {"root": node_hash(leaves[9], three), "later_root": node_hash(leaves[9], four)}
    assert not extends(size=3, later_size=4, path=path, **roots)


def test_an_empty_tree_is_the_beginning_of_every_tree():
    empty, later = Tree().root(), leaf_hash(b"any")
    assert extends(size=0, root=empty, later_size=1, later_root=later, path=[])
    assert not extends(size=0, root=later, later_size=1, later_root=later, path=[])
    assert not extends(size=0, root=empty, later_size=1, later_root=later, path=[later])


def test_keys_have_their_ids_and_hand_over(golden):
    seeds = [bytes.fromhex(key["seed"]) for key in golden["keys"]]
    publics = [
        Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() for seed in seeds
    ]
    keys = [PublicKey(public) for public in publics]
    assert [key["public"] for key in golden["keys"]] == [public.hex() for public in publics]
    assert [key["id"] for key in golden["keys"]] == [key.id for key in keys]
    rotation = golden["rotation"]
    endorsement, ledger = bytes.fromhex(rotation["endorsement"]), rotation["ledger"].encode()
    assert keys[0].endorsed(endorsement, ledger, publics[1])
    assert not keys[0].endorsed(endorsement, ledger + b"x", publics[1])
    assert not keys[1].endorsed(endorsement, ledger, publics[1])


def test_heads_are_read_and_signed_as_written(golden):
    lines = [line.encode() for line in golden["heads"]]
    keys = [PublicKey(bytes.fromhex(key["public"])) for key in golden["keys"]]
    for number, (line, key) in enumerate(zip(lines, keys, strict=True)):
        head = read_head(line, LEDGER)
        assert (head.number, head.key) == (number, key.id)
        assert list(head.sizes) == ["a-second", "main"]
        assert key.signed_head(head.signature, head.statement)


def test_the_bundle_comes_to_its_verdicts(golden, tmp_path):
    bundle = golden["bundle"]
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in bundle["files"].items()
    }
    report = exported(files, tmp_path, key=SECOND)
    assert bundle["public_key"] == SECOND.public.hex()
    assert report.integrity.holds is bundle["integrity"]
    assert report.completeness.holds is bundle["completeness"]
    assert list(report.open_calls.names) == bundle["open_calls"]
    assert list(report.unknown_calls.names) == bundle["unknown_calls"]
    assert report.unsigned.entries == bundle["unsigned_entries"]
    assert report.unanchored.entries == bundle["unanchored_entries"]


def test_the_bundle_of_runs_comes_to_its_verdicts(golden, tmp_path):
    bundle = golden["runs"]
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in bundle["files"].items()
    }
    report = exported(files, tmp_path, key=FIRST)
    assert bundle["public_key"] == FIRST.public.hex()
    assert report.integrity.holds is bundle["integrity"]
    assert report.completeness.holds is bundle["completeness"]
    assert list(report.open_runs.names) == bundle["open_runs"]


def test_the_bundle_of_what_was_judged_comes_to_its_verdicts(golden, tmp_path):
    bundle = golden["judged"]
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in bundle["files"].items()
    }
    report = exported(files, tmp_path, key=FIRST)
    assert bundle["public_key"] == FIRST.public.hex()
    assert report.integrity.holds is bundle["integrity"]
    assert report.completeness.holds is bundle["completeness"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[0,1]]", "[3,1]]"),
        ('\\"confidential\\":[\\"note\\"]', '\\"confidential\\":[\\"to\\"]'),
        ('[[\\"/note\\",\\"ab', '[[\\"/note\\",\\"ac'),
        ('\\"sandbox\\":\\"bubblewrap\\"', '\\"sandbox\\":\\"process\\"'),
    ],
)
def test_whoever_changes_what_was_judged_is_found_out(golden, tmp_path, before, after):
    content = golden["judged"]["files"]["entries-main.jsonl"]
    assert before in content
    files = {
        name: bytes.fromhex(text) if name.endswith(".bin") else text.encode()
        for name, text in golden["judged"]["files"].items()
    }
    files["entries-main.jsonl"] = content.replace(before, after, 1).encode()
    assert not exported(files, tmp_path, key=FIRST).integrity.holds
