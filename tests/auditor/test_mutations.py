"""Whatever is done to a ledger behind its back is found, and where it was done.

The ledger of the story has 35 entries. Heads cover 10, 18, 19 and 33 of them; the first three heads
are anchored. So entries from 33 on are the unsigned tail, those from 19 on the unanchored one. What
is done without the key is found up to 33; what is done with it, up to 19.
"""

import json
import random
from contextlib import contextmanager
from dataclasses import replace

import pytest
from proof_audits import COMPLETENESS, INTEGRITY, audited, codes, exported, first, pushed
from proof_author import FIRST, SECOND, STRANGER, Author, canonical, leaf, signed_line
from proof_stories import call, runs, small, small_bundle

from highroad_auditor import Code

pytestmark = pytest.mark.promise("P12")

SIZE, SIGNED, ANCHORED, ROTATED = 35, 33, 19, 18
BASE = small_bundle()
ENTRIES = BASE.entries["main"]
EVERY = range(SIZE)
FORGED = replace(ENTRIES[2], body=ENTRIES[2].body.replace(b"refund", b"refuse"))


def edited(entries, **others):
    """The bundle with other entries; its manifest says what is true of them."""
    bundle = BASE.copy()
    bundle.entries["main"] = list(entries)
    for name, value in others.items():
        setattr(bundle, name, value)
    return bundle


def renumbered(entries):
    return [entry.moved(seq) for seq, entry in enumerate(entries)]


def without(index):
    return [*ENTRIES[:index], *ENTRIES[index + 1 :]]


def swapped(index):
    return [
        *ENTRIES[:index],
        ENTRIES[index + 1],
        ENTRIES[index],
        *ENTRIES[index + 2 :],
    ]


def test_the_story_is_as_these_tests_say():
    report = pushed(BASE)
    assert report.holds
    assert report.logs[0].size == SIZE
    assert report.logs[0].signed == SIGNED
    assert report.unsigned.entries == SIZE - SIGNED
    assert report.unanchored.entries == SIZE - ANCHORED
    assert report.keys[1].seq == ROTATED


# Entries, without the key


@pytest.mark.parametrize("index", EVERY)
def test_a_deleted_entry_breaks_both_at_its_number(index):
    report = pushed(edited(without(index)))
    if index == SIZE - 1:
        assert report.holds
        assert report.unsigned.entries == 1
        return
    assert first(report.completeness) == index
    assert Code.ENTRY_MISSING in codes(report, COMPLETENESS)
    assert first(report.integrity) == (index if index < SIGNED else None)


@pytest.mark.parametrize("index", EVERY)
def test_a_deleted_entry_is_found_though_those_behind_it_were_renumbered(index):
    report = pushed(edited(renumbered(without(index))))
    assert first(report.integrity) == (index if index < SIGNED else None)
    assert report.unsigned.entries == 1


@pytest.mark.parametrize("index", EVERY)
def test_an_inserted_entry_is_found(index):
    forged = [*ENTRIES[:index], FORGED.moved(index), *ENTRIES[index:]]
    assert first(pushed(edited(forged)).integrity) == (index if index < SIGNED else index + 1)
    report = pushed(edited(renumbered(forged)))
    assert first(report.integrity) == (index if index < SIGNED else None)
    assert report.unsigned.entries == 3


@pytest.mark.parametrize("index", range(SIZE - 1))
def test_neighbours_that_changed_places_are_found(index):
    report = pushed(edited(swapped(index)))
    assert first(report.completeness) == index
    assert first(report.integrity) == (index if index < SIGNED else SIZE)
    report = pushed(edited(renumbered(swapped(index))))
    assert first(report.integrity) == (index if index < SIGNED else None)
    assert report.unsigned.entries == 2


@pytest.mark.parametrize("index", EVERY)
def test_a_doubled_entry_is_found(index):
    doubled = [*ENTRIES[: index + 1], *ENTRIES[index:]]
    report = pushed(edited(doubled))
    assert first(report.integrity) == index + 1
    assert codes(report, INTEGRITY) == {Code.ENTRY_REPEATED}
    report = pushed(edited(renumbered(doubled)))
    assert first(report.integrity) == (index + 1 if index + 1 < SIGNED else None)
    assert report.unsigned.entries == 3


@pytest.mark.parametrize("index", range(1, SIZE))
def test_a_head_that_was_cut_off_is_found(index):
    report = pushed(edited(ENTRIES[index:]))
    assert (first(report.integrity), first(report.completeness)) == (0, 0)
    report = pushed(edited(renumbered(ENTRIES[index:])))
    assert first(report.integrity) == 0
    assert report.completeness.holds == (SIZE - index >= SIGNED)


@pytest.mark.parametrize("index", range(1, SIZE))
def test_nobody_can_call_deleted_entries_archived(index):
    report = pushed(edited(ENTRIES[index:], first={"main": index}))
    assert first(report.completeness) == 0
    assert Code.ARCHIVE_UNANNOUNCED in codes(report)


@pytest.mark.parametrize("index", EVERY)
def test_a_tail_that_was_cut_off_is_found_up_to_the_last_head(index):
    report = pushed(edited(ENTRIES[:index]))
    assert first(report.completeness) == (index if index < SIGNED else None)
    if index > ROTATED:  # else the announcement of the second key is gone as well
        assert report.integrity.holds
    if index >= SIGNED:
        assert report.unsigned.entries == index - SIGNED


@pytest.mark.parametrize("index", range(ANCHORED, SIGNED))
def test_what_a_cut_log_has_left_is_not_called_whole_without_proof(index):
    changed = [*ENTRIES[: index - 1], replace(ENTRIES[index - 1], body=FORGED.body)]
    with_leaves = pushed(edited(changed))
    assert first(with_leaves.integrity) == index - 1
    leaves = BASE.leaves["main"][: 32 * index]
    report = pushed(edited(ENTRIES[:index], leaves={"main": leaves}))
    assert (Code.ENTRY_UNPROVEN in codes(report)) == (index > ANCHORED)


@pytest.mark.parametrize("heads", range(5))
@pytest.mark.parametrize("key", [FIRST, SECOND], ids=["first", "second"])
def test_a_ledger_rolled_back_to_an_earlier_head_disagrees_with_its_anchors(heads, key):
    size = (0, 10, 18, 19, 33)[heads]
    bundle = edited(
        ENTRIES[:size], heads=BASE.heads[:heads], leaves={"main": BASE.leaves["main"][: size * 32]}
    )
    report = pushed(bundle, key=key)
    if heads < 3:
        assert Code.HEAD_MISSING in codes(report, COMPLETENESS)
        assert report.completeness.first.head == heads or first(report.completeness) == size
    else:
        assert report.holds
        assert report.unanchored.entries == size - ANCHORED
    if heads < 3 and key is SECOND:
        assert Code.KEY_UNPROVEN in codes(report)


@pytest.mark.parametrize("heads", range(1, 4))
def test_without_anchors_the_newest_key_shows_a_rollback_behind_its_announcement(heads):
    size = (0, 10, 18, 19)[heads]
    bundle = edited(
        ENTRIES[:size],
        heads=BASE.heads[:heads],
        leaves={"main": BASE.leaves["main"][: size * 32]},
        anchors={},
    )
    assert pushed(bundle).holds == (heads == 3)


@pytest.mark.parametrize("index", range(SIGNED))
def test_a_changed_leaf_hash_is_told_from_a_changed_entry(index):
    leaves = bytearray(BASE.leaves["main"])
    leaves[32 * index + 5] ^= 1
    report = pushed(edited(ENTRIES, leaves={"main": bytes(leaves)}))
    assert first(report.integrity) == index
    assert codes(report) == {Code.LEAF_CHANGED}


@pytest.mark.parametrize("index", range(SIGNED))
def test_an_entry_changed_along_with_its_leaf_hash_is_found_between_two_heads(index):
    forged = replace(ENTRIES[index], body=ENTRIES[index].body.replace(b'"v":1', b'"v": 1'))
    leaves = bytearray(BASE.leaves["main"])
    leaves[32 * index : 32 * index + 32] = leaf(forged.body)
    entries = [*ENTRIES[:index], forged, *ENTRIES[index + 1 :]]
    problem = pushed(edited(entries, leaves={"main": bytes(leaves)})).integrity.first
    sizes = (0, 10, 18, 19, 33)
    assert problem.code is Code.ROOT_DIFFERS
    assert problem.seq == max(size for size in sizes if size <= index)
    assert problem.until == min(size for size in sizes if size > index)


@pytest.mark.parametrize("index", range(SIGNED))
def test_without_leaf_hashes_a_changed_entry_is_found_between_two_heads(index):
    forged = replace(ENTRIES[index], body=ENTRIES[index].body.replace(b'"v":1', b'"v": 1'))
    entries = [*ENTRIES[:index], forged, *ENTRIES[index + 1 :]]
    problem = pushed(edited(entries), with_leaves=False).integrity.first
    assert problem.code is Code.ROOT_DIFFERS
    assert problem.seq <= index < problem.until


def test_several_bad_entries_are_each_named():
    bad = [2, 12, 25]
    entries = list(ENTRIES)
    for index in bad:
        entries[index] = replace(entries[index], body=entries[index].body + b" ")
    report = pushed(edited(entries))
    assert [p.seq for p in report.problems if p.code is Code.ENTRY_CHANGED] == bad
    assert codes(report) == {Code.ENTRY_CHANGED}


@pytest.mark.parametrize(("entry", "stored"), [(2, 25), (25, 2)])
def test_an_entry_and_the_leaf_hash_of_another_are_each_named(entry, stored):
    entries, leaves = list(ENTRIES), bytearray(BASE.leaves["main"])
    entries[entry] = replace(entries[entry], body=entries[entry].body + b" ")
    leaves[32 * stored] ^= 1
    report = pushed(edited(entries, leaves={"main": bytes(leaves)}))
    assert {(problem.code, problem.seq) for problem in report.problems} == {
        (Code.ENTRY_CHANGED, entry),
        (Code.LEAF_CHANGED, stored),
    }


def test_a_bad_entry_is_named_once_though_every_head_covers_it():
    author = small()
    author.sign()
    author.sign()
    bundle = author.bundle()
    index = SIGNED + 1
    entry = bundle.entries["main"][index]
    bundle.entries["main"][index] = replace(entry, body=entry.body + b" ")
    assert pushed(bundle).integrity.problems == 1


def test_stored_leaf_hashes_stand_in_for_no_entry_that_is_missing():
    leaves = bytearray(BASE.leaves["main"])
    leaves[32 * 15] ^= 1
    report = pushed(edited([*ENTRIES[:8], *ENTRIES[12:]], leaves={"main": bytes(leaves)}))
    found = [(one.code, one.seq, one.until) for one in report.problems if one.aspect == INTEGRITY]
    assert found == [
        (Code.ENTRY_MISSING, 8, None),
        *((Code.ROOT_DIFFERS, 10, size) for size in (18, 19, 33)),
    ]


# Heads


@pytest.mark.parametrize("index", range(4))
def test_a_deleted_head_is_found(index):
    heads = [*BASE.heads[:index], *BASE.heads[index + 1 :]]
    for anchors in (BASE.anchors, {}):
        report = pushed(edited(ENTRIES, heads=heads, anchors=anchors))
        if index == 3:
            assert report.holds
            assert (report.unsigned.entries, report.unsigned.head) == (SIZE - ANCHORED, 2)
        else:
            assert first(report.completeness) == f"head {index}"
            assert first(report.integrity) == f"head {index}"


@pytest.mark.parametrize("index", range(4))
def test_a_doubled_or_moved_head_is_found(index):
    doubled = [*BASE.heads[: index + 1], *BASE.heads[index:]]
    assert first(pushed(edited(ENTRIES, heads=doubled)).integrity) == f"head {index + 1}"
    moved = BASE.heads[::-1] if index == 3 else BASE.heads[index:] + BASE.heads[:index]
    if moved != BASE.heads:
        assert Code.HEAD_NUMBER in codes(pushed(edited(ENTRIES, heads=moved)), INTEGRITY)


def test_a_ledger_without_heads_proves_nothing():
    report = pushed(edited(ENTRIES, heads=[], anchors={}))
    assert codes(report, INTEGRITY) == {Code.NOTHING_SIGNED, Code.KEY_UNPROVEN}


def test_heads_that_are_not_chained_are_found_though_each_is_signed():
    author = small()
    author.sign(previous="00" * 32)
    report = pushed(author.bundle())
    assert first(report.integrity) == "head 4"
    assert codes(report) == {Code.HEAD_PREVIOUS}


# Histories that somebody wrote anew


def rewritten(*, key, rotate_to=SECOND, claims=None):
    """Another history of the same ledger, in which a call never happened."""
    author = Author(key=key)
    author.append("ledger.opened", session="s-1", door="python")
    for number in range(3):
        call(author, f"c-{number}")
    author.sign(**(claims or {}))
    if rotate_to is not None:
        author.rekey(rotate_to)
        author.sign(**(claims or {}))
    call(author, "c-9")
    author.sign(**(claims or {}))
    return author


@pytest.mark.parametrize("signer", [STRANGER, FIRST], ids=["stranger", "old key"])
@pytest.mark.parametrize("claimed", [STRANGER, FIRST, SECOND], ids=["stranger", "first", "second"])
def test_a_history_chained_anew_without_the_newest_key_is_found(signer, claimed):
    author = rewritten(key=FIRST)
    last = canonical(json.loads(author.statements[-1]) | {"key": claimed.id})
    author.heads[-1] = signed_line(signer, last)
    report = pushed(author.bundle())
    assert first(report.integrity) == "head 2"
    assert codes(report) <= {Code.HEAD_KEY, Code.HEAD_SIGNATURE}


def test_a_history_under_a_strangers_key_is_found():
    report = pushed(rewritten(key=STRANGER, rotate_to=None).bundle())
    assert codes(report) == {Code.KEY_UNPROVEN}


def test_a_stranger_who_announces_the_true_key_behind_every_head_is_found():
    author = rewritten(key=STRANGER, rotate_to=None)
    author.rekey(SECOND)
    assert codes(pushed(author.bundle())) == {Code.KEY_UNPROVEN}


def test_a_stranger_who_announces_the_true_key_cannot_sign_on():
    author = rewritten(key=STRANGER, claims={"key": STRANGER})
    report = pushed(author.bundle())
    assert first(report.integrity) == "head 1"
    assert Code.HEAD_KEY in codes(report)


def test_a_leaked_old_key_cannot_name_another_successor():
    report = pushed(rewritten(key=FIRST, rotate_to=STRANGER).bundle())
    assert codes(report) == {Code.KEY_UNPROVEN}
    author = rewritten(key=FIRST, rotate_to=STRANGER)
    author.keys = [FIRST]
    place = author.rekey(SECOND)
    report = pushed(author.bundle())
    assert first(report.integrity) == place
    assert codes(report) == {Code.KEY_ORDER, Code.KEY_UNPROVEN}


def test_a_leaked_old_key_shows_against_an_anchor():
    bundle = rewritten(key=FIRST, rotate_to=None).bundle()
    assert pushed(bundle, key=FIRST).holds  # what the page says: give the newest key
    bundle.anchors = {"far": BASE.heads[:1]}
    report = pushed(bundle, key=FIRST)
    assert Code.ANCHOR_DIFFERS in codes(report)
    assert first(report.integrity) == 0


def test_a_fork_with_the_key_shows_against_an_anchor():
    author = small()
    bundle = rewritten(key=FIRST).bundle()
    for count in range(1, 4):
        report = pushed(replace(bundle, anchors={"far": author.heads[:count]}))
        assert Code.ANCHOR_DIFFERS in codes(report, INTEGRITY)
        assert not report.integrity.holds


def test_a_fork_with_the_key_behind_the_last_anchored_head_is_in_the_tail_that_is_printed():
    author = small()
    del author.entries["main"][ANCHORED:], author.heads[3:], author.statements[3:]
    call(author, "another")
    author.sign()
    bundle = replace(author.bundle(), anchors=BASE.anchors)
    report = pushed(bundle)
    assert report.holds
    assert (report.unanchored.head, report.unanchored.entries) == (2, 2)
    assert report.unanchored.ms > 0


# Keys


def test_a_forged_endorsement_is_found():
    author = Author(key=FIRST)
    author.sign()
    place = author.rekey(SECOND, endorsed_by=STRANGER)
    author.sign()
    report = pushed(author.bundle())
    assert first(report.integrity) == place
    assert codes(report) == {Code.KEY_ENDORSEMENT, Code.HEAD_KEY, Code.KEY_UNPROVEN}


def test_an_endorsement_for_another_ledger_is_found():
    author = Author(key=FIRST)
    other = Author(ledger="another", key=FIRST)
    other.rekey(SECOND)
    author.entries["main"].append(other.entries["main"][1])
    author.keys.append(SECOND)
    author.sign()
    assert Code.KEY_ENDORSEMENT in codes(pushed(author.bundle()))


def test_a_key_that_follows_none_of_the_ledger_is_found():
    author = Author(key=FIRST)
    author.keys = [STRANGER]
    place = author.rekey(SECOND)
    author.sign(key=FIRST)
    report = pushed(author.bundle(), key=FIRST)
    assert first(report.integrity) == place
    assert codes(report) == {Code.KEY_ORDER}


def test_a_key_cannot_come_back():
    author = Author(key=FIRST)
    author.rekey(SECOND)
    place = author.rekey(FIRST)
    author.sign(key=SECOND)
    report = pushed(author.bundle())
    assert first(report.integrity) == place
    assert codes(report) == {Code.KEY_ORDER}


def test_a_key_is_not_announced_before_the_one_that_endorses_it():
    author = Author(key=FIRST)
    author.rekey(SECOND)
    author.entries["main"] = renumbered(reversed(author.entries["main"]))
    author.sign(key=FIRST)
    report = pushed(author.bundle(), key=FIRST)
    assert first(report.integrity) == 0
    assert codes(report) == {Code.KEY_ORDER}


# What the holder of the key should not have written


def test_a_second_end_of_a_call_is_found():
    author = small()
    place = author.append("call.ended", run="run-1", call="c-2", status="failed")
    author.sign()
    report = pushed(author.bundle())
    assert report.integrity.holds
    assert first(report.completeness) == place
    assert codes(report) == {Code.CALL_ENDED_TWICE}


def test_an_approval_that_is_spent_twice_is_found():
    author = small()
    place = author.append("call.intent", run="run-2", call="c-new", approval="a-1")
    author.sign()
    report = pushed(author.bundle())
    assert first(report.completeness) == place
    assert codes(report) == {Code.APPROVAL_SPENT_TWICE}


@pytest.mark.parametrize("state", [None, "waiting", "rejected"])
def test_an_approval_that_nobody_gave_is_found(state):
    author = small()
    if state:
        author.append("approval.decided", approval={"id": "a-9", "state": state}, call="c-new")
    place = author.append("call.intent", run="run-2", call="c-new", approval="a-9")
    author.sign()
    report = pushed(author.bundle())
    assert first(report.completeness) == place
    assert codes(report) == {Code.APPROVAL_NOT_GIVEN}


@pytest.mark.parametrize(
    ("kind", "facts", "code"),
    [
        ("run.started", {"run": "run-1"}, Code.RUN_STARTED_TWICE),
        ("run.ended", {"run": "run-1"}, Code.RUN_ENDED_TWICE),
        ("run.ended", {"run": "run-9"}, Code.RUN_NOT_STARTED),
        ("run.held", {"run": "run-9"}, Code.RUN_NOT_STARTED),
        ("run.resumed", {"run": "run-9"}, Code.RUN_NOT_STARTED),
        ("run.message", {"run": "run-9", "id": "msg-9"}, Code.RUN_NOT_STARTED),
        ("run.held", {}, Code.RUN_MALFORMED),
        ("model.asked", {"run": "run-1", "id": "req-run-1-0"}, Code.REQUEST_ASKED_TWICE),
        ("model.replied", {"run": "run-1", "id": "req-run-1-0"}, Code.REQUEST_ANSWERED_TWICE),
        ("model.replied", {"run": "run-1", "id": "req-never"}, Code.REQUEST_NOT_ASKED),
        ("model.asked", {"run": "run-1"}, Code.RUN_MALFORMED),
        ("model.replied", {"run": "run-1", "id": 5}, Code.RUN_MALFORMED),
    ],
)
def test_what_a_run_should_not_have_left_is_found(kind, facts, code):
    author = runs()
    place = author.append(kind, **facts)
    author.sign()
    report = pushed(author.bundle(), key=FIRST)
    assert report.integrity.holds
    assert first(report.completeness) == place
    assert codes(report) == {code}


@pytest.mark.parametrize("kind", ["run.ended", "model.replied"])
def test_a_run_or_request_that_begins_behind_what_speaks_of_it_is_found(kind):
    """In one log; in two nobody can say which was first."""
    later = {"run.ended": "run.started", "model.replied": "model.asked"}[kind]
    for log, holds in (("main", False), ("other", True)):
        author = runs()
        place = author.append(kind, run="run-7", id="req-7")
        author.append(later, run="run-7", id="req-7", log=log)
        author.sign()
        report = pushed(author.bundle(), key=FIRST)
        assert report.completeness.holds is holds
        assert holds or first(report.completeness) == place


def test_open_runs_are_listed_and_no_fault():
    author = runs()
    report = pushed(author.bundle(), key=FIRST)
    assert report.holds
    assert report.open_runs.names == ("run-2",)
    author.append("run.ended", run="run-2", status="failed")
    assert pushed(author.bundle(), key=FIRST).open_runs.count == 0


def test_what_amends_a_call_that_has_not_ended_is_found():
    author = small()
    place = author.append("call.amended", call="c-flight", applied=True)
    author.sign()
    assert first(pushed(author.bundle()).completeness) == place
    author.append("call.ended", call="c-flight", status="completed")
    assert first(pushed(author.bundle()).completeness) == place


def test_what_is_known_of_a_call_may_stand_before_its_end():
    """Whoever could not write the end says it; the call is open, or somebody else ends it."""
    author = small()
    author.append("call.amended", call="c-flight", source="late", applied=True)
    author.sign()
    report = pushed(author.bundle())
    assert report.holds
    assert "c-flight" in report.open_calls.names
    author.append("call.ended", call="c-flight", status="unknown")
    author.sign()
    report = pushed(author.bundle())
    assert report.holds
    assert "c-flight" not in (*report.open_calls.names, *report.unknown_calls.names)


@pytest.mark.parametrize("begins", ["call.intent", "call.ended"])
def test_what_is_known_late_of_a_call_that_has_not_begun_is_found(begins):
    author = small()
    place = author.append("call.amended", call="c-new", source="late", applied=True)
    author.append(begins, call="c-new", status="unknown")
    author.sign()
    report = pushed(author.bundle())
    assert first(report.completeness) == place
    assert codes(report) == {Code.CALL_NOT_ENDED}


# Bits


def bits(name, content, *, every):
    """(byte, bit) pairs of a file: all, or a sample that a seed by its name chooses."""
    if every:
        return [(byte, bit) for byte in range(len(content)) for bit in range(8)]
    chance = random.Random(name)  # noqa: S311  a sample, no secret
    return [(byte, chance.randrange(8)) for byte in range(chance.randrange(37), len(content), 37)]


@contextmanager
def flipped(path, byte, bit):
    """One bit of a file is another. It is flipped in its place: to write all files takes longer."""

    def flip():
        with path.open("r+b", buffering=0) as file:
            file.seek(byte)
            (was,) = file.read(1)
            file.seek(byte)
            file.write(bytes([was ^ 1 << bit]))

    flip()
    yield
    flip()


FILES = BASE.files()
FLIPPED = [name for name in FILES if name != "ledger.json"]


def check_bits(name, chosen, folder):
    content = FILES[name]
    exported(FILES, folder)
    for byte, bit in chosen:
        with flipped(folder / name, byte, bit):
            report = audited(FILES, folder)
        _expect_found(name, content, byte, report, f"bit {bit} of byte {byte} of {name}")


def _expect_found(name, content, byte, report, what):
    """Assert precisely what one flipped bit leads to."""
    line = content.count(b"\n", 0, byte)
    problem = report.integrity.first
    if name.startswith("leaves"):
        assert (problem.code, problem.seq) == (Code.LEAF_CHANGED, byte // 32), what
    elif name.startswith("entries") and line < SIGNED:
        assert problem.seq == line, what
    elif name.startswith("entries"):  # the unsigned tail, where a number alone is found
        assert problem is None or problem.seq >= SIGNED, what
        missing = report.completeness.first
        assert missing is None or missing.seq is None or missing.seq >= line, what
        assert problem is not None or report.unsigned.entries >= 1, what
    elif name.startswith("anchors"):
        assert (problem.seq, problem.anchor) == (None, name), what
    else:
        assert (problem.seq, problem.head) == (None, line), what


@pytest.mark.parametrize("name", FLIPPED)
def test_a_flipped_bit_is_found_where_it_is(name, tmp_path):
    check_bits(name, bits(name, FILES[name], every=False), tmp_path)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("name", FLIPPED)
def test_every_flipped_bit_is_found_where_it_is(name, part, tmp_path):
    check_bits(name, bits(name, FILES[name], every=True)[part::8], tmp_path)
