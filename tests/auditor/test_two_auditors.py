"""Two auditors, written apart from one page, come to the same verdicts and the same bad index.

Where they did not, one of the three was wrong: the page, which now says it, or one of the two.
"""

import json
import random

import proof_chance
import proof_vectors
import pytest
import second_auditor
from proof_audits import exported
from proof_author import FIRST, SECOND, STRANGER, write
from proof_chance import MUTATIONS

from highroad_auditor.export import UnusableError

pytestmark = pytest.mark.promise("P12")

PARTS, EACH = 8, 30
NIGHTLY_PARTS, NIGHTLY_EACH = 20, 500
NO_VERDICT = "no verdict"


def first_says(files, folder, key):
    """Of integrity and completeness: `True`, or the first bad entry, `None` where none is named."""
    try:
        report = exported(files, folder, key=key)
    except UnusableError:
        return NO_VERDICT
    return tuple(_index(verdict) for verdict in (report.integrity, report.completeness))


def _index(verdict):
    if verdict.holds:
        return True
    return None if verdict.first.seq is None else (verdict.first.log, verdict.first.seq)


def second_says(files, folder, key):
    """The same, on the files that the first left in the folder."""
    anchors = [folder / name for name in files if name.startswith("anchors/")]
    segments = [folder / name for name in files if name.startswith("segments/")]
    if segments and len(logs_of(files)) != 1:
        return NO_VERDICT  # nobody says of which log they are
    try:
        answer = second_auditor.verify(
            folder, key.public.hex(), anchors, dict.fromkeys(logs_of(files), segments)
        )
    except second_auditor.MalformedError:
        return NO_VERDICT
    verdicts = (answer[name] for name in ("integrity", "completeness"))
    return tuple(one["holds"] or (one["first"] and tuple(one["first"])) for one in verdicts)


def logs_of(files):
    """Ids of logs as `ledger.json` has them; segments are given where there is one."""
    try:
        return [log["log"] for log in json.loads(files["ledger.json"])["logs"]]
    except (ValueError, LookupError, TypeError):
        return []


OF_CALLS = (proof_chance.ledger, proof_chance.ledger, proof_chance.sinful)
OF_RUNS = (proof_chance.ledger_of_runs, proof_chance.sinful_of_runs)


def mutant(seed, stories=OF_CALLS):
    """Files of an export, the key to audit them with, and what was done to them."""
    chance = random.Random(seed)  # noqa: S311  a sample, no secret
    author = chance.choice(stories)(chance)
    made = proof_chance.bundle(author, chance)
    done = chance.sample(MUTATIONS, chance.choice([0, 1, 1, 1, 2]))
    for mutation in done:
        mutation(made, chance)
    files = made.files()
    if chance.random() < 0.3:
        files = proof_chance.spoil(files, chance)
    key = author.keys[-1] if chance.random() < 0.9 else chance.choice([FIRST, SECOND, STRANGER])
    return files, key, [mutation.__name__ for mutation in done]


def check_seeds(seeds, folder, stories=OF_CALLS):
    for seed in seeds:
        files, key, done = mutant(seed, stories)
        place = folder / str(seed)
        first = first_says(files, place, key)
        assert second_says(files, place, key) == first, (seed, done)


def test_they_agree_on_the_golden_bundle(tmp_path):
    golden = json.loads(proof_vectors.VECTORS.read_text(encoding="utf-8"))
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in golden["bundle"]["files"].items()
    }
    assert first_says(files, tmp_path, SECOND) == (True, True)
    assert second_says(files, tmp_path, SECOND) == (True, True)


def test_the_second_reads_the_golden_trees_keys_and_heads():
    golden = json.loads(proof_vectors.VECTORS.read_text(encoding="utf-8"))
    for found in (golden["rfc_6962"], golden["trees"]):
        leaves = [bytes.fromhex(text) for text in found.get("leaves", ())]
        leaves = leaves or [text.encode() for text in found["bodies"]]
        tree = second_auditor.Tree([second_auditor.leaf_hash(leaf) for leaf in leaves])
        roots = found["roots"]
        pairs = roots.items() if isinstance(roots, dict) else enumerate(roots)
        assert all(tree.root(int(size)).hex() == root for size, root in pairs)
    for key, line in zip(golden["keys"], golden["heads"], strict=True):
        head = second_auditor.read_head(line.encode(), golden["rotation"]["ledger"])
        assert head.is_by(bytes.fromhex(key["public"]))
        assert head.key == key["id"]


@pytest.mark.parametrize("seed", range(40))
def test_they_agree_that_what_follows_the_page_holds(seed, tmp_path):
    chance = random.Random(seed)  # noqa: S311  a sample, no secret
    author = proof_chance.ledger(chance)
    author.sign()
    files = author.bundle(far=chance.randint(0, len(author.heads))).files()
    assert first_says(files, tmp_path, author.keys[-1]) == (True, True)
    assert second_says(files, tmp_path, author.keys[-1]) == (True, True)


@pytest.mark.parametrize("part", range(PARTS))
def test_they_agree_on_what_was_changed(part, tmp_path):
    check_seeds(range(part * EACH, (part + 1) * EACH), tmp_path)


@pytest.mark.parametrize("part", range(PARTS // 2))
def test_they_agree_on_what_was_changed_where_agents_ran(part, tmp_path):
    check_seeds(range(part * EACH, (part + 1) * EACH), tmp_path, OF_RUNS)


def test_a_sample_of_runs_has_both_verdicts(tmp_path):
    """Else they could agree because nothing was asked."""
    found = set()
    for seed in range(EACH):
        author = proof_chance.sinful_of_runs(random.Random(seed))  # noqa: S311  a sample
        author.sign()
        verdicts = first_says(author.bundle().files(), tmp_path / str(seed), author.keys[-1])
        assert verdicts[0] is True, seed
        found.add(verdicts[1] is True)
    assert found == {True, False}


def test_they_agree_on_the_golden_bundle_of_runs(tmp_path):
    golden = json.loads(proof_vectors.VECTORS.read_text(encoding="utf-8"))["runs"]
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in golden["files"].items()
    }
    assert first_says(files, tmp_path, FIRST) == (True, True)
    assert second_says(files, tmp_path, FIRST) == (True, True)
    (anchor,) = [tmp_path / name for name in files if name.startswith("anchors/")]
    answer = second_auditor.verify(tmp_path, FIRST.public.hex(), [anchor])
    assert answer["open_runs"] == golden["open_runs"]


def test_they_agree_on_the_golden_bundle_of_what_was_judged(tmp_path):
    golden = json.loads(proof_vectors.VECTORS.read_text(encoding="utf-8"))["judged"]
    files = {
        name: bytes.fromhex(content) if name.endswith(".bin") else content.encode()
        for name, content in golden["files"].items()
    }
    assert first_says(files, tmp_path, FIRST) == (True, True)
    assert second_says(files, tmp_path, FIRST) == (True, True)


def test_they_agree_where_an_anchored_root_lies_before_the_first_of_the_export(tmp_path):
    check_seeds([1889, 4582, 6042], tmp_path)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(NIGHTLY_PARTS))
def test_they_agree_on_much_that_was_changed(part, tmp_path):
    start = PARTS * EACH + part * NIGHTLY_EACH
    check_seeds(range(start, start + NIGHTLY_EACH), tmp_path)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(NIGHTLY_PARTS))
def test_they_agree_on_much_that_was_changed_where_agents_ran(part, tmp_path):
    start = PARTS * EACH + part * NIGHTLY_EACH
    check_seeds(range(start, start + NIGHTLY_EACH), tmp_path, OF_RUNS)


def test_the_sample_has_every_mutation_and_every_pair_of_verdicts(tmp_path):
    """Else they could agree because nothing was asked."""
    names, pairs = set(), set()
    for seed in range(PARTS * EACH):
        files, key, done = mutant(seed)
        names.update(done)
        if seed < 3 * EACH:
            verdicts = second_says_of(files, tmp_path / str(seed), key)
            pairs.add(verdicts if verdicts == NO_VERDICT else tuple(v is True for v in verdicts))
    assert names == {mutation.__name__ for mutation in MUTATIONS}
    assert pairs == {(True, True), (True, False), (False, True), (False, False), NO_VERDICT}


def second_says_of(files, folder, key):
    """The second alone."""
    write(files, folder)
    return second_says(files, folder, key)
