"""Whatever an attacker wrote into an export, and is malformed, is a problem with its index."""

import json
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_audits import COMPLETENESS, INTEGRITY, codes, exported, first, pushed
from proof_author import FIRST, LEDGER, SECOND, Author, canonical, signed_line
from proof_stories import call, small_bundle

from highroad_auditor import Audit, Code, PublicKey
from highroad_auditor.export import LONGEST, UnusableError

pytestmark = pytest.mark.promise("P12")

BASE = small_bundle()
FILES = BASE.files()
LINES = FILES["entries-main.jsonl"].splitlines(keepends=True)
DEEP = b"[" * 100_000
DIGITS = b"9" * 5_000


def line_of(index, **changes):
    """A line of entries with other fields."""
    return json.dumps(json.loads(LINES[index]) | changes).encode() + b"\n"


def with_line(index, line):
    return FILES | {"entries-main.jsonl": b"".join([*LINES[:index], line, *LINES[index + 1 :]])}


MALFORMED_LINES = {
    "empty": b"\n",
    "not json": b"seq\n",
    "not utf-8": b"\xff\xfe\n",
    "a list": b"[]\n",
    "nested deeply": b'{"seq":' + DEEP + b"\n",
    "objects nested deeply": b'{"a":' * 100_000 + b"\n",
    "huge integer": LINES[5].replace(b'"seq":5', b'"seq":' + DIGITS),
    "beyond exact": LINES[5].replace(b'"seq":5', b'"seq":9007199254740993'),
    "negative": LINES[5].replace(b'"seq":5', b'"seq":-5'),
    "float": LINES[5].replace(b'"seq":5', b'"seq":5.0'),
    "boolean": LINES[5].replace(b'"schema":1', b'"schema":true'),
    "nan": LINES[5].replace(b'"schema":1', b'"schema":NaN'),
    "twice": LINES[5].replace(b'"seq":5', b'"seq":5,"seq":5'),
    "another field": line_of(5, more=1),
    "a field less": LINES[5].replace(b'"run":"run-1",', b""),
    "run is a number": line_of(5, run=5),
    "kind is null": line_of(5, kind=None),
    "body is an object": line_of(5, body={}),
    "half a surrogate": line_of(5, body="\ud800"),
    "two bodies": line_of(5, body_base64=""),
    "too long": b" " * (LONGEST + 5) + LINES[5],
    "a byte order mark": b"\xef\xbb\xbf" + LINES[5],
}


@pytest.mark.parametrize("line", MALFORMED_LINES.values(), ids=MALFORMED_LINES.keys())
def test_a_malformed_line_of_entries_is_named_and_the_rest_is_read(line, tmp_path):
    report = exported(with_line(5, line), tmp_path)
    assert first(report.integrity) == 5
    assert first(report.completeness) == 5
    assert codes(report, INTEGRITY) == {Code.LINE_MALFORMED, Code.ENTRY_MISSING}
    assert report.logs[0].size == 35


def test_the_longest_line_is_read(tmp_path):
    line = LINES[5].rstrip(b"\n")
    longest = line + b" " * (LONGEST - len(line)) + b"\n"
    assert exported(with_line(5, longest), tmp_path).holds
    report = exported(with_line(5, b" " + longest), tmp_path)
    assert codes(report, INTEGRITY) == {Code.LINE_MALFORMED, Code.ENTRY_MISSING}


@pytest.mark.parametrize("text", ["!", "YQ", "YR==", "YQ==\n", "\u00e9"])
def test_a_body_in_base64_has_one_form(text, tmp_path):
    fields = json.loads(LINES[5])
    del fields["body"]
    line = json.dumps(fields | {"body_base64": text}).encode() + b"\n"
    report = exported(with_line(5, line), tmp_path)
    assert Code.LINE_MALFORMED in codes(report)


MALFORMED_BODIES = {
    "empty": b"",
    "not utf-8": b'{"v":1,"note":"\xff"}',
    "utf-16": '{"v":1}'.encode("utf-16"),
    "a list": b"[]",
    "nested deeply": b'{"v":' + DEEP,
    "huge integer": b'{"v":1,"at":%b}' % DIGITS,
    "fields missing": b"{}",
    "v is true": b'{"v":true,"kind":"k","at":1,"org":"acme"}',
    "at is a float": b'{"v":1,"kind":"k","at":1.0,"org":"acme"}',
    "call is a list": b'{"v":1,"kind":"call.ended","at":1,"org":"acme","call":[]}',
    "twice": b'{"v":1,"kind":"k","at":1,"at":1,"org":"acme"}',
    "twice within": b'{"v":1,"kind":"k","at":1,"org":"acme","x":[{"y":1,"y":2}]}',
    "nan": b'{"v":1,"kind":"k","at":1,"org":"acme","x":NaN}',
    "line feed": b'{"v":1,\n"kind":"k","at":1,"org":"acme"}',
}


@pytest.mark.parametrize("body", MALFORMED_BODIES.values(), ids=MALFORMED_BODIES.keys())
def test_a_malformed_body_is_named_though_it_was_signed(body, tmp_path):
    author = Author(key=FIRST)
    place = author.append("k")
    entry = author.entries["main"][place]
    entry.body, entry.kind, entry.at = body, "k", 1
    author.append("k")
    author.sign()
    report = exported(author.bundle().files(), tmp_path, key=FIRST)
    assert first(report.integrity) == place
    assert codes(report) == {Code.BODY_MALFORMED}


@pytest.mark.parametrize("column", ["schema", "kind", "organization", "run", "call", "at"])
def test_a_column_that_disagrees_with_its_body_is_named(column, tmp_path):
    other = 2 if column in ("schema", "at") else "other"
    report = exported(with_line(5, line_of(5, **{column: other})), tmp_path)
    assert first(report.integrity) == 5
    assert codes(report) == {Code.COLUMN_DIFFERS}


@pytest.mark.parametrize(
    "fields",
    [
        (None, 1, "k", "o", None, None, 1, b"{}"),
        (True, 1, "k", "o", None, None, 1, b"{}"),
        (0, 1, "k", "o", None, None, 1, "{}"),
        (0, True, "k", "o", None, None, 1, b'{"v":1,"kind":"k","at":1,"org":"o"}'),
        (0, 1.0, "k", "o", None, None, 1, b'{"v":1,"kind":"k","at":1,"org":"o"}'),
        (0, 1, "k", b"o", None, None, None, b'{"v":1,"kind":"k","at":1,"org":"o"}'),
    ],
    ids=["no seq", "boolean seq", "text body", "boolean column", "float column", "bytes"],
)
def test_columns_of_other_types_are_named_in_push_style_too(fields):
    audit = Audit(LEDGER, [], {}, PublicKey(FIRST.public))
    audit.log("main").take(*fields)
    assert first(audit.report().integrity) == 0


def test_a_gap_as_wide_as_integers_costs_nothing(tmp_path):
    far = line_of(34, seq=2**53 - 1)
    report = exported(with_line(34, far), tmp_path)
    assert first(report.completeness) == 34
    assert report.logs[0].size == 2**53


STATEMENT = json.loads(json.loads(BASE.heads[1])["statement"])
TREE = STATEMENT["trees"][0]


def stated(**changes):
    return signed_line(FIRST, canonical(STATEMENT | changes))


MALFORMED_HEADS = {
    "empty": b"",
    "not json": b"{",
    "not utf-8": b"\xff",
    "nested deeply": DEEP,
    "another field": canonical(json.loads(BASE.heads[1]) | {"x": 1}).encode(),
    "white space": BASE.heads[1].replace(b",", b", ", 1),
    "carriage return": BASE.heads[1] + b"\r",
    "order": json.dumps(dict(reversed(json.loads(BASE.heads[1]).items()))).encode(),
    "twice": b'{"signature":"","signature":"","statement":""}',
    "upper case": BASE.heads[1].replace(b'"signature":"', b'"signature":"AB', 1),
    "signature is a number": b'{"signature":1,"statement":"{}"}',
    "statement is no text": b'{"signature":"","statement":{}}',
    "statement is not canonical": signed_line(FIRST, json.dumps(STATEMENT)),
    "statement nested deeply": signed_line(FIRST, DEEP.decode()),
    "half a surrogate": b'{"signature":"%b","statement":"\\ud800"}' % (b"0" * 128),
    "another version": stated(v=2),
    "version is true": stated(v=True),
    "version is a float": stated(v=1.0),
    "another ledger": stated(ledger="another"),
    "number is a boolean": stated(number=True),
    "number is negative": stated(number=-1),
    "number is huge": stated(number=2**64),
    "at is a float": stated(at=1.5),
    "at is missing": signed_line(
        FIRST, canonical({k: v for k, v in STATEMENT.items() if k != "at"})
    ),
    "key in upper case": stated(key=STATEMENT["key"].upper() + "A"),
    "no previous": stated(previous=None),
    "previous of the first": stated(number=0),
    "trees is an object": stated(trees={}),
    "trees out of order": stated(trees=[TREE | {"log": "z"}, TREE]),
    "a tree twice": stated(trees=[TREE, TREE]),
    "a tree is a list": stated(trees=[[]]),
    "size is a boolean": stated(trees=[TREE | {"size": True}]),
    "size is a float": stated(trees=[TREE | {"size": 10.0}]),
    "size is huge": stated(trees=[TREE | {"size": 2**53}]),
    "root in upper case": stated(trees=[TREE | {"root": TREE["root"].upper()}]),
    "root is short": stated(trees=[TREE | {"root": "00"}]),
    "root in other digits": stated(trees=[TREE | {"root": "\u0661" * 64}]),
    "log is a number": stated(trees=[TREE | {"log": 1}]),
}


@pytest.mark.parametrize("line", MALFORMED_HEADS.values(), ids=MALFORMED_HEADS.keys())
def test_a_malformed_head_is_named(line):
    bundle = BASE.copy()
    bundle.heads[1] = line
    bundle.anchors = {}
    report = pushed(bundle)
    assert first(report.integrity) == "head 1"
    assert Code.HEAD_MALFORMED in codes(report)


@pytest.mark.parametrize("line", MALFORMED_HEADS.values(), ids=MALFORMED_HEADS.keys())
def test_a_malformed_line_of_an_anchor_is_named(line):
    bundle = BASE.copy()
    bundle.anchors = {"far": [BASE.heads[0], line]}
    report = pushed(bundle)
    assert codes(report) == {Code.ANCHOR_MALFORMED}
    assert (report.integrity.first.anchor, report.integrity.first.line) == ("far", 2)
    assert report.anchors == {"far": 0}


def test_lines_may_be_text_with_anything_in_it():
    bundle = BASE.copy()
    bundle.heads = [line.decode() for line in BASE.heads]
    assert pushed(bundle).holds
    bundle.heads[1] = "\ud800"
    assert Code.HEAD_MALFORMED in codes(pushed(bundle))


MALFORMED_KEYS = {
    "no public key": {"public": None},
    "upper case": {"public": SECOND.public.hex().upper()},
    "another id": {"key": FIRST.id},
    "endorsement without previous": {"previous": None},
    "previous without endorsement": {"endorsement": None},
    "short endorsement": {"endorsement": "00"},
    "previous is a list": {"previous": []},
}


@pytest.mark.parametrize("changes", MALFORMED_KEYS.values(), ids=MALFORMED_KEYS.keys())
def test_a_malformed_announcement_is_named(changes):
    author = Author(key=FIRST)
    facts = {
        "key": SECOND.id,
        "public": SECOND.public.hex(),
        "previous": FIRST.id,
        "endorsement": FIRST.endorsement(LEDGER, SECOND.public).hex(),
    }
    place = author.append("ledger.rekeyed", **(facts | changes))
    author.sign()
    report = pushed(author.bundle(), key=FIRST)
    assert first(report.integrity) == place
    assert codes(report) == {Code.KEY_MALFORMED}


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("call.ended", {}),
        ("call.intent", {"call": "c-x", "approval": ["a-1"]}),
        ("approval.decided", {"approval": "a-1"}),
        ("approval.decided", {"approval": {"id": 5}}),
    ],
)
def test_an_entry_about_no_call_is_named(kind, facts):
    author = Author(key=FIRST)
    place = author.append(kind, **facts)
    author.sign()
    report = pushed(author.bundle(), key=FIRST)
    assert first(report.completeness) == place
    assert codes(report) == {Code.CALL_MALFORMED}


MANIFESTS = {
    "not json": b"{",
    "nested deeply": DEEP,
    "twice": b'{"ledger":"x","ledger":"y","logs":[],"v":1}',
    "another version": b'{"ledger":"x","logs":[],"v":2}',
    "version is true": b'{"ledger":"x","logs":[],"v":true}',
    "no ledger": b'{"ledger":null,"logs":[],"v":1}',
    "half a surrogate": b'{"ledger":"\\ud800","logs":[],"v":1}',
    "logs is an object": b'{"ledger":"x","logs":{},"v":1}',
    "a log twice": canonical(
        {"ledger": LEDGER, "logs": [{"entries": 1, "first": 0, "log": "a"}] * 2, "v": 1}
    ).encode(),
    "first is a boolean": canonical(
        {"ledger": LEDGER, "logs": [{"entries": 1, "first": True, "log": "a"}], "v": 1}
    ).encode(),
    "entries is negative": canonical(
        {"ledger": LEDGER, "logs": [{"entries": -1, "first": 0, "log": "a"}], "v": 1}
    ).encode(),
}


@pytest.mark.parametrize("content", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_an_unusable_manifest_gives_no_verdict(content, tmp_path):
    with pytest.raises(UnusableError, match=r"ledger\.json"):
        exported(FILES | {"ledger.json": content}, tmp_path)


@pytest.mark.parametrize(
    "log", ["../main", "a/b", ".", "..", ".hidden", "", "a\\b", "a\x00", "a\n", "x" * 129, "\u00e9"]
)
def test_the_id_of_a_log_leads_nowhere_else(log, tmp_path):
    manifest = {"ledger": LEDGER, "logs": [{"entries": 0, "first": 0, "log": log}], "v": 1}
    with pytest.raises(UnusableError, match="id of a log"):
        exported(FILES | {"ledger.json": json.dumps(manifest).encode()}, tmp_path)


@pytest.mark.parametrize("name", sorted(name for name in FILES if "/" not in name))
def test_links_and_pipes_are_not_read(name, tmp_path):
    exported(FILES, tmp_path)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    others = {other: content for other, content in FILES.items() if other != name}
    with pytest.raises(UnusableError, match="cannot be read"):
        exported(others, tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(UnusableError, match="no plain file"):
        exported(others, tmp_path)


@pytest.mark.parametrize("name", ["entries-main.jsonl", "leaves-main.bin", "heads.jsonl"])
def test_a_missing_file_is_a_problem(name, tmp_path):
    others = {other: content for other, content in FILES.items() if other != name}
    report = exported(others, tmp_path)
    assert Code.EXPORT_SHORT in codes(report) or name == "heads.jsonl"
    assert not report.completeness.holds


def test_a_log_that_is_not_listed_is_missing(tmp_path):
    manifest = {"ledger": LEDGER, "logs": [], "v": 1}
    report = exported(FILES | {"ledger.json": canonical(manifest).encode()}, tmp_path)
    assert first(report.completeness) == 0
    assert Code.LOG_SHORT in codes(report)


@pytest.mark.parametrize("change", [-33, -1, 1, 32, 32_000])
def test_leaf_hashes_of_another_length_are_a_problem(change, tmp_path):
    leaves = FILES["leaves-main.bin"]
    changed = leaves[:change] if change < 0 else leaves + b"\x00" * change
    report = exported(FILES | {"leaves-main.bin": changed}, tmp_path)
    assert codes(report) == {Code.EXPORT_SHORT}


def test_a_ledger_full_of_problems_lists_twenty_of_a_class_and_counts_the_others():
    author = Author(key=FIRST)
    for number in range(300):
        call(author, "c-same", note=number)
    author.sign()
    report = pushed(author.bundle(), key=FIRST)
    assert report.completeness.problems == 299
    assert len(report.problems) == 20
    assert first(report.completeness) == 4


def test_names_are_cut_and_counted():
    author = Author(key=FIRST)
    for number in range(300):
        author.append("call.intent", call=f"c-{number}-" + "x" * 1_000)
    author.sign()
    opened = pushed(author.bundle(), key=FIRST).open_calls
    assert opened.count == 300
    assert len(opened.names) == 100
    assert max(map(len, opened.names)) == 80


def test_a_report_brings_no_control_characters_to_the_terminal():
    author = Author(ledger="ledger\x1b[2J", key=FIRST)
    author.append("call.intent", call="c\x1b]0;\x07\u202e\n")
    author.sign()
    bundle = author.bundle()
    bundle.anchors = {"an\x1bchor": []}
    for line in pushed(bundle, key=FIRST).lines():
        assert line.isascii()
        assert line.isprintable()


def test_a_call_costs_about_a_hundred_bytes():
    calls = 40_000
    audit = Audit(LEDGER, [], {}, PublicKey(FIRST.public))
    log = audit.log("main")
    tracemalloc.start()
    try:
        for seq in range(calls):
            body = b'{"v":1,"kind":"call.ended","at":1,"org":"o","call":"call-%024d"}' % seq
            log.take(seq, 1, "call.ended", "o", None, f"call-{seq:024d}", 1, body)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / calls < 150


@pytest.mark.parametrize("length", [48, 49, 10_000])
def test_ids_are_told_apart_by_their_last_character_however_long_they_are(length):
    audit = Audit(LEDGER, [], {}, PublicKey(FIRST.public))
    log = audit.log("main")
    for seq, last in enumerate("abca"):
        call = "é" * (length - 1) + last
        body = json.dumps({"v": 1, "kind": "call.ended", "at": 1, "org": "o", "call": call})
        log.take(seq, 1, "call.ended", "o", None, call, 1, body.encode())
    report = audit.report()
    assert codes(report, COMPLETENESS) == {Code.CALL_ENDED_TWICE}
    assert first(report.completeness) == 3
    assert report.completeness.problems == 1


@given(content=st.binary(max_size=200), where=st.sampled_from(sorted(FILES)))
def test_whatever_stands_in_a_file_ends_in_a_report(content, where, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "hostile"
    try:
        report = exported(FILES | {where: content}, folder)
    except UnusableError:
        assert where == "ledger.json"
    else:
        assert not report.holds or where.startswith("anchors/")


JSON = (
    st.sampled_from(
        [None, True, False, 0, -1, 1.0, -0.0, 1e300, 2**53, 2**64, 10**400, "", "\ud800", "a\x00b"]
    )
    | st.sampled_from([[], [[]], {}, {"id": None}, {"id": "a-1", "state": []}, ["a-1"], [True]])
    | st.text(max_size=20)
)


@given(
    index=st.integers(0, 34),
    field=st.sampled_from(sorted(json.loads(LINES[0]))),
    value=JSON,
)
def test_whatever_stands_in_a_field_ends_in_a_report(index, field, value, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "fields"
    changed = json.loads(LINES[index]) | {field: value}
    if changed == json.loads(LINES[index]):
        return
    report = exported(with_line(index, line_of(index, **{field: value})), folder)
    assert index >= 33 or not report.integrity.holds


@given(kind=st.sampled_from(["call.intent", "approval.decided", "ledger.rekeyed"]), facts=JSON)
def test_whatever_a_body_says_ends_in_a_report(kind, facts):
    author = Author(key=FIRST)
    known = {"call": facts, "approval": facts, "public": facts, "previous": facts, "key": facts}
    body = {"v": 1, "kind": kind, "at": 1, "org": "acme"} | known
    entry = author.entries["main"][author.append(kind)]
    entry.body = json.dumps(body, allow_nan=True).encode()
    author.sign()
    assert pushed(author.bundle(), key=FIRST).logs[0].entries == 2


ANYTHING = st.recursive(
    st.sampled_from([-1, 2**53 - 1, 2**53, 2**63, 2**64, -(2**64), 10**400, 1.5, float("nan")])
    | st.sampled_from([float("inf"), -0.0, True, None, "", "0" * 64, "\ud800", "é" * 100]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
MANIFEST = json.loads(FILES["ledger.json"])


def altered(found, path, value):
    """The same with another value at a path."""
    if not path:
        return value
    copy = list(found) if isinstance(found, list) else dict(found)
    copy[path[0]] = altered(found[path[0]], path[1:], value)
    return copy


def paths(found):
    """Where values stand in an object."""
    inside = found.items() if isinstance(found, dict) else enumerate(found)
    for name, value in inside:
        yield [name]
        if isinstance(value, (dict, list)):
            yield from ([name, *rest] for rest in paths(value))


@given(path=st.sampled_from([*paths(STATEMENT)]), value=ANYTHING, where=st.integers(0, 1))
def test_whatever_a_head_states_ends_in_a_report(path, value, where):
    stated = altered(STATEMENT, path, value)
    if json.dumps(stated) == json.dumps(STATEMENT):
        return
    line = signed_line(FIRST, json.dumps(stated, sort_keys=True, separators=(",", ":")))
    bundle = BASE.copy()
    bundle.heads[1] = line if where else bundle.heads[1]
    bundle.anchors = {} if where else {"far": [line]}
    report = pushed(bundle)
    assert not report.holds
    assert all(shown.isascii() for shown in report.lines())
    json.dumps(report.as_json())


@given(path=st.sampled_from([*paths(MANIFEST)]), value=ANYTHING)
def test_whatever_a_manifest_says_ends_in_a_report_or_in_none(path, value, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "manifests"
    content = json.dumps(altered(MANIFEST, path, value)).encode()
    try:
        report = exported(FILES | {"ledger.json": content}, folder)
    except UnusableError:
        return
    assert content == json.dumps(MANIFEST).encode() or not report.holds


@given(
    kind=st.sampled_from(["call.ended", "ledger.archived", "ledger.rekeyed", "call.amended"]),
    name=st.sampled_from(["v", "at", "org", "run", "call", "log", "first", "key", "applied"]),
    value=ANYTHING,
)
def test_whatever_an_entry_says_ends_in_a_report(kind, name, value):
    author = Author(key=FIRST)
    entry = author.entries["main"][author.append(kind, call="c-1")]
    body = {"v": 1, "kind": kind, "at": 1, "org": "acme", "call": "c-1"} | {name: value}
    entry.body = json.dumps(body).encode()
    author.sign()
    assert pushed(author.bundle(), key=FIRST).logs[0].entries == 2


def test_a_ledger_of_many_logs_whose_sizes_are_as_large_as_integers_costs_nothing():
    largest = 2**53 - 1
    trees = [{"log": f"log-{n:03d}", "root": "00" * 32, "size": largest} for n in range(100)]
    author = Author(key=FIRST)
    author.sign(trees=[*trees, json.loads(author_head(author))])
    report = pushed(author.bundle(), key=FIRST)
    assert report.completeness.problems == 100
    assert (report.completeness.first.log, report.completeness.first.seq) == ("log-000", 0)


def author_head(author):
    """What a head would state of the log."""
    author.sign()
    (tree,) = json.loads(author.statements.pop())["trees"]
    author.heads.pop()
    return json.dumps(tree)
