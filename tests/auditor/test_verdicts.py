"""The two verdicts, and what is printed beside them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_audits import COMPLETENESS, INTEGRITY, codes, exported, first, pushed
from proof_author import FIRST, LEDGER, SECOND, START, Author
from proof_stories import call, deferred, held, small, small_bundle

from highroad_auditor import Audit, Code, PublicKey

pytestmark = pytest.mark.promise("P12")


@pytest.mark.parametrize("with_leaves", [True, False])
def test_a_good_ledger_holds(with_leaves):
    report = pushed(small_bundle(), with_leaves=with_leaves)
    assert report.integrity.holds
    assert report.completeness.holds
    assert report.problems == ()


def test_files_and_calls_of_the_engine_come_to_the_same_report(tmp_path):
    bundle = small_bundle()
    files = exported(bundle.files(), tmp_path).as_json()
    fed = pushed(bundle).as_json()
    assert files.pop("anchors") == {"anchors/far.jsonl": 2, "anchors/near.jsonl": 1}
    assert fed.pop("anchors") == {"far": 2, "near": 1}
    assert files == fed


def test_open_and_unknown_calls_are_listed_and_no_fault():
    report = pushed(small_bundle())
    assert report.open_calls.names == ("c-waiting", "c-flight")
    assert report.unknown_calls.names == ("c-unsure",)


def test_an_unknown_call_stays_unknown_while_nobody_knows_better():
    author = small()
    author.append("call.amended", call="c-unsure", source="probed", applied=None)
    assert pushed(author.bundle()).unknown_calls.count == 1
    author.append("call.amended", call="c-unsure", source="settled", applied=False)
    assert pushed(author.bundle()).unknown_calls.count == 0


def test_tails_are_counted_in_entries_and_time():
    report = pushed(small_bundle())
    assert (report.unsigned.head, report.unsigned.entries, report.unsigned.ms) == (3, 2, 500)
    assert (report.unanchored.head, report.unanchored.entries) == (2, 16)
    later = pushed(small_bundle(), now_ms=START + 60_000)
    assert (
        later.unanchored.ms
        == START + 60_000 - json.loads(json.loads(small_bundle().heads[2])["statement"])["at"]
    )
    assert pushed(small_bundle(), now_ms=0).unanchored.ms == 0


def test_without_an_anchor_all_of_the_ledger_is_the_unanchored_tail():
    bundle = small_bundle()
    bundle.anchors = {"empty": []}
    report = pushed(bundle)
    assert report.holds
    assert (report.unanchored.head, report.unanchored.entries) == (None, 35)
    assert report.anchors == {"empty": None}


def test_the_newest_of_several_anchors_counts():
    author = small()
    assert pushed(author.bundle(a=4, b=1)).unanchored.head == 3
    assert pushed(author.bundle(a=1, b=4)).unanchored.head == 3


def test_an_anchor_may_have_a_head_twice_and_not_all_of_them():
    bundle = small_bundle()
    bundle.anchors = {"far": [bundle.heads[2], bundle.heads[0], bundle.heads[2]]}
    assert pushed(bundle).holds
    assert pushed(bundle).anchors == {"far": 2}


def test_keys_are_listed_with_what_they_signed():
    report = pushed(small_bundle())
    assert [(key.key, key.seq, key.heads, key.is_given) for key in report.keys] == [
        (FIRST.id, 0, 2, False),
        (SECOND.id, 18, 2, True),
    ]


def test_an_older_key_serves_where_nothing_leaked():
    assert pushed(small_bundle(), key=FIRST).holds


def test_a_key_that_was_just_announced_proves_nothing_before_a_head_covers_it():
    author = Author(key=FIRST)
    author.sign()
    author.rekey(SECOND)
    assert codes(pushed(author.bundle())) == {Code.KEY_UNPROVEN}
    author.sign()
    assert pushed(author.bundle()).holds


def several_logs():
    """Three logs; a call begins in one and ends in another, an approval comes from a third."""
    author = Author(log="b", key=FIRST)
    author.append("ledger.opened", log="a", session="s-1")
    author.append("ledger.opened", log="c", session="s-2")
    author.sign()
    author.append("call.held", log="c", call="c-1", approval={"id": "a-1"})
    author.append("approval.decided", log="c", approval={"id": "a-1", "state": "approved"})
    author.append("call.intent", log="b", call="c-1", approval="a-1")
    author.append("call.amended", log="a", call="c-1", source="late", applied=True)
    author.append("call.ended", log="b", call="c-1", status="unknown")
    author.rekey(SECOND, log="a")
    author.sign()
    call(author, "c-2", log="c")
    author.sign()
    return author


@pytest.mark.parametrize("order", ["abc", "cba", "bac", "cab"])
def test_logs_have_no_order_among_them(order):
    bundle = several_logs().bundle(far=3)
    bundle.entries = {log: bundle.entries[log] for log in order}
    report = pushed(bundle)
    assert report.holds
    assert report.open_calls.count == 0
    assert report.unknown_calls.count == 0
    assert [log.log for log in report.logs] == ["a", "b", "c"]


@pytest.mark.parametrize("log", ["a", "b", "c"])
def test_a_log_that_is_gone_is_missed(log):
    bundle = several_logs().bundle(far=3)
    del bundle.entries[log], bundle.leaves[log]
    report = pushed(bundle)
    short = [problem for problem in report.problems if problem.code is Code.LOG_SHORT]
    assert [(problem.log, problem.seq) for problem in short] == [(log, 0)]


def test_a_log_that_disappears_from_the_heads_is_found():
    author = several_logs()
    sizes = author.sizes()
    del sizes["c"]
    author.sign(sizes=sizes)
    report = pushed(author.bundle())
    assert codes(report) == {Code.HEAD_SHRINKS}
    assert (report.integrity.first.head, report.integrity.first.log) == (3, "c")


def test_a_log_that_shrinks_from_head_to_head_is_found():
    author = small()
    author.sign(sizes={"main": 30})
    assert codes(pushed(author.bundle())) == {Code.HEAD_SHRINKS}


def test_a_log_that_no_head_covers_is_all_tail():
    author = small()
    author.append("ledger.opened", log="unseen")
    report = pushed(author.bundle())
    assert report.holds
    assert report.unsigned.entries == 3


def test_leaf_hashes_may_follow_an_end_that_came_too_soon():
    bundle = small_bundle()
    audit = Audit(bundle.ledger, bundle.heads, bundle.anchors, PublicKey(SECOND.public))
    log = audit.log("main")
    leaves = bundle.leaves["main"]
    log.expect(leaves[: 32 * 25])
    for e in bundle.entries["main"][:25]:
        log.take(e.seq, e.schema, e.kind, e.organization, e.run, e.call, e.at, e.body)
    log.close()
    log.expect(leaves[32 * 25 :])
    log.skip(log.covered)
    report = audit.report()
    assert report.integrity.holds
    assert first(report.completeness) == 25
    assert codes(report) == {Code.LOG_SHORT}


def test_leaf_hashes_that_come_behind_their_entries_prove_nothing_and_harm_nothing():
    bundle = small_bundle()
    audit = Audit(bundle.ledger, bundle.heads, bundle.anchors, PublicKey(SECOND.public))
    log = audit.log("main")
    leaves = bundle.leaves["main"]
    log.expect(leaves[: 32 * 5])
    for e in bundle.entries["main"]:
        log.take(e.seq, e.schema, e.kind, e.organization, e.run, e.call, e.at, e.body)
        if e.seq == 20:
            log.expect(leaves[32 * 5 :])
    assert audit.report().holds


@pytest.mark.parametrize("order", ["abc", "cba", "bac"])
def test_an_amendment_before_the_end_in_its_own_log_is_found_whatever_other_logs_say(order):
    author = Author(log="a", key=FIRST)
    author.append("call.amended", log="c", call="c-1", applied=True)
    author.append("call.amended", log="b", call="c-1", applied=True)
    author.append("call.ended", log="b", call="c-1", status="unknown")
    author.sign()
    bundle = author.bundle()
    bundle.entries = {log: bundle.entries[log] for log in order}
    report = pushed(bundle, key=FIRST)
    found = [(problem.log, problem.seq) for problem in report.problems]
    assert found == [("b", 0)]
    assert codes(report) == {Code.CALL_NOT_ENDED}


@pytest.mark.parametrize("order", ["abc", "cba", "bac"])
@pytest.mark.parametrize(("elsewhere", "found"), [("c-1", []), ("c-2", [("b", 0)])])
def test_what_is_known_late_counts_the_beginning_in_another_log(order, elsewhere, found):
    author = Author(log="a", key=FIRST)
    author.append("call.amended", log="b", call="c-1", source="late", applied=True)
    author.append("call.intent", log="b", call="c-1")
    author.append("call.held", log="c", call=elsewhere)
    author.sign()
    bundle = author.bundle()
    bundle.entries = {log: bundle.entries[log] for log in order if log in bundle.entries}
    report = pushed(bundle, key=FIRST)
    assert [(problem.log, problem.seq) for problem in report.problems] == found


@pytest.mark.parametrize("order", ["abc", "cba", "bac"])
def test_an_approval_that_another_log_gave_may_be_given_again_later(order):
    author = Author(log="a", key=FIRST)
    given = {"id": "a-1", "state": "approved"}
    author.append("call.intent", log="b", call="c-1", approval="a-1")
    author.append("approval.decided", log="b", call="c-1", approval=given)
    author.append("approval.decided", log="c", call="c-1", approval=given)
    author.sign()
    bundle = author.bundle()
    bundle.entries = {log: bundle.entries[log] for log in order}
    assert pushed(bundle, key=FIRST).holds


def test_what_may_have_come_earlier_in_an_archive_is_not_judged():
    bundle, _ = archived()
    assert pushed(bundle).holds
    author = small()
    author.append("call.intent", call="c-new", approval="a-old")
    author.append("approval.decided", call="c-new", approval={"id": "a-old", "state": "approved"})
    place = author.append("ledger.archived", first=12)
    entry = author.entries["main"][place]
    entry.body = json.dumps(json.loads(entry.body) | {"log": "main"}).encode()
    author.sign()
    whole = author.bundle()
    assert codes(pushed(whole)) == {Code.APPROVAL_NOT_GIVEN}
    kept = [e for e in whole.entries["main"] if e.seq >= 12 or e.kind.startswith("ledger.")]
    whole.entries, whole.first = {"main": kept}, {"main": 12}
    assert pushed(whole).holds


def test_a_head_that_stands_once_more_does_not_make_those_behind_it_missing():
    author = small()
    author.sign()
    bundle = author.bundle()
    bundle.heads.insert(3, bundle.heads[0])
    report = pushed(bundle)
    assert report.completeness.holds
    assert not report.integrity.holds


@pytest.mark.parametrize("log", [".hidden", "../main", "", "a" * 129])
def test_a_head_of_a_log_whose_id_is_none_is_malformed(log):
    author = small()
    tree = {"log": log, "root": "00" * 32, "size": 0}
    author.sign(trees=sorted([tree, *_trees(author)], key=lambda one: one["log"]))
    assert Code.HEAD_MALFORMED in codes(pushed(author.bundle()))


def _trees(author):
    return json.loads(author.statements[-1])["trees"]


def test_two_logs_are_never_begun_twice():
    audit = Audit(LEDGER, [], {}, PublicKey(FIRST.public))
    audit.log("main")
    with pytest.raises(ValueError, match="begun"):
        audit.log("main")


def test_a_root_of_no_leaves_is_the_hash_of_nothing():
    author = Author(key=FIRST)
    sizes = {"empty": 0, "main": 1}
    author.entries["empty"] = []
    author.sign(sizes=sizes)
    assert pushed(author.bundle(), key=FIRST).holds
    bad = {"log": "empty", "root": "00" * 32, "size": 0}
    author.sign(trees=[bad, json.loads(author.statements[0])["trees"][1]])
    report = pushed(author.bundle(), key=FIRST)
    assert report.integrity.first.log == "empty"
    assert codes(report) == {Code.ROOT_DIFFERS}


# Archives


def archived(first_here=12, announced=12):
    """A ledger whose entries before 12 were archived, which a later entry announces."""
    author = small()
    place = author.append("ledger.archived", first=announced)
    entry = author.entries["main"][place]
    entry.body = json.dumps(json.loads(entry.body) | {"log": "main"}).encode()
    author.sign()
    bundle = author.bundle(far=5)
    before, here = bundle.entries["main"][:first_here], bundle.entries["main"][first_here:]
    lasting = [entry for entry in before if entry.kind.startswith("ledger.")]
    bundle.entries["main"] = [*lasting, *here]
    bundle.first = {"main": first_here}
    return bundle, [entry.line() for entry in before]


def test_archived_entries_are_not_missed_where_their_hashes_are_there(tmp_path):
    bundle, _ = archived()
    for report in (pushed(bundle), exported(bundle.files(), tmp_path)):
        assert report.holds, report.problems
        assert (report.logs[0].archived, report.logs[0].first) == (10, 12)


def test_segments_stand_in_for_what_was_archived(tmp_path):
    bundle, lines = archived()
    bundle.segments = lines
    report = exported(bundle.files(), tmp_path)
    assert report.holds, report.problems
    assert report.logs[0].archived == 0
    bundle.segments = [*lines[:4], lines[4].replace(b"refund", b"refuse"), *lines[5:]]
    assert first(exported(bundle.files(), tmp_path).integrity) == 4


def test_an_entry_missing_between_segments_and_export_counts_as_archived(tmp_path):
    bundle, lines = archived()
    bundle.segments = lines[:-1]
    report = exported(bundle.files(), tmp_path)
    assert report.logs[0].archived == 1
    assert report.holds


def test_without_leaf_hashes_archived_entries_leave_the_rest_unproven():
    bundle, _ = archived()
    report = pushed(bundle, with_leaves=False)
    assert codes(report, INTEGRITY) == {Code.ENTRY_UNPROVEN}
    assert not report.integrity.holds


def test_a_log_of_which_all_was_archived_holds(tmp_path):
    author = Author(key=FIRST)
    for number in range(5):
        call(author, f"c-{number}", log="old")
    author.sign()
    place = author.append("ledger.archived", first=10)
    entry = author.entries["main"][place]
    entry.body = json.dumps(json.loads(entry.body) | {"log": "old"}).encode()
    author.sign()
    bundle = author.bundle()
    bundle.entries["old"], bundle.first = [], {"old": 10}
    report = exported(bundle.files(), tmp_path, key=FIRST)
    assert report.holds, report.problems
    assert [(log.log, log.archived, log.size) for log in report.logs] == [
        ("main", 0, 2),
        ("old", 10, 10),
    ]


def test_more_archived_than_announced_is_found():
    bundle, _ = archived(first_here=14, announced=12)
    report = pushed(bundle)
    assert codes(report, COMPLETENESS) == {Code.ARCHIVE_UNANNOUNCED}
    assert report.integrity.holds


def test_the_first_number_that_no_announcement_covers_is_named():
    bundle, _ = archived(first_here=14, announced=12)
    problem = pushed(bundle).completeness.first
    assert (problem.seq, problem.until) == (12, 14)
    bundle, lines = archived(first_here=14, announced=12)
    bundle.segments = lines[12:]
    entries = [entry for entry in small().entries["main"] if 12 <= entry.seq < 14]
    bundle.entries["main"] = sorted([*bundle.entries["main"], *entries], key=lambda e: e.seq)
    assert pushed(bundle).holds


def test_an_announcement_that_no_head_covers_excuses_nothing():
    bundle, _ = archived()
    bundle.heads = bundle.heads[:-1]
    bundle.anchors = {}
    report = pushed(bundle)
    assert codes(report, COMPLETENESS) == {Code.ARCHIVE_UNANNOUNCED}


def test_a_changed_entry_that_outlived_its_archive_is_found():
    bundle, _ = archived()
    opened = bundle.entries["main"][1]
    opened.body = opened.body.replace(b"python", b"pyth0n")
    report = pushed(bundle)
    assert first(report.integrity) == 1
    assert codes(report) == {Code.ENTRY_CHANGED}


# Whatever is written as the page says, holds

STEPS = st.lists(
    st.sampled_from(
        ["call", "held", "deferred", "refused", "unknown", "settled", "note", "sign", "rotate"]
    ),
    max_size=30,
)


@given(steps=STEPS, logs=st.integers(1, 3), anchored=st.integers(0, 4), with_leaves=st.booleans())
def test_every_ledger_that_follows_the_page_holds(steps, logs, anchored, with_leaves):
    author = Author(log="log-0", key=FIRST)
    author.sign()
    for number, step in enumerate(steps):
        _take(author, step, f"c-{number}", f"log-{number % logs}")
    author.sign()
    bundle = author.bundle(far=min(anchored, len(author.heads)))
    report = pushed(bundle, key=author.keys[-1], with_leaves=with_leaves)
    assert report.holds, report.problems
    assert report.unsigned.entries == 0
    total = sum(len(entries) for entries in bundle.entries.values())
    assert sum(log.entries for log in report.logs) == total


def _take(author, step, name, log):
    match step:
        case "call":
            call(author, name, log=log)
        case "held":
            held(author, name, f"a-{name}", log=log)
        case "deferred":
            deferred(author, name, log=log)
        case "refused":
            author.append("call.ended", call=name, log=log, status="refused")
        case "unknown":
            call(author, name, log=log, status="unknown")
        case "settled":
            call(author, name, log=log, status="unknown")
            author.append("call.amended", call=name, log=log, applied=False)
        case "note":
            author.append("policy.loaded", log=log, version=name)
        case "sign":
            author.sign()
        case "rotate" if author.keys == [FIRST]:
            author.rekey(SECOND, log=log)
            author.sign()
