"""Ledgers of random shape, and what may be done to them: chosen by a seed, the same each time."""

import json
from dataclasses import replace

from proof_author import FIRST, SECOND, STRANGER, Author, canonical, leaf, signed_line
from proof_stories import call, deferred, held, run

LOGS = ("main", "a.second", "Z_third")


def ledger(chance, deeds=()):
    """A ledger that follows the page, or one whose writer, who has the key, did not."""
    logs = LOGS[: chance.choice([1, 1, 2, 3])]
    author = Author(log=logs[0], key=FIRST)
    for number in range(chance.randrange(3, 16)):
        chance.choice(deeds or DEEDS)(author, f"c-{number}", chance.choice(logs), chance)
    if chance.random() < 0.9:
        author.sign()
    if chance.random() < 0.4:
        author.append("tool.pinned", tool="refund")
    return author


def _refuse(author, name, log, _):
    author.append("call.ended", call=name, log=log, status="refused")


def _settle(author, name, log, chance):
    call(author, name, log=log, status="unknown")
    author.append("call.amended", call=name, log=chance.choice([log, author.log]), applied=True)


def _know_late(author, name, log, chance):
    """Say what is known of a call before its end is there, if it ever is."""
    author.append("call.intent", log=log, call=name)
    at = chance.choice([log, author.log])
    author.append("call.amended", call=name, log=at, source="late", applied=True)
    if chance.random() < 0.5:
        author.append("call.ended", call=name, log=author.log, status="unknown")


def _note(author, name, log, _):
    author.append("policy.loaded", log=log, version=name, note="caf\u00e9 \u20ac")


def _begin(author, name, log, _):
    author.append("call.intent", log=log, call=name, run="run-1")


def _sign(author, *_):
    author.sign()


def _rotate(author, _, log, __):
    if author.keys == [FIRST]:
        author.rekey(SECOND, log=log)
        author.sign()


def _sin(author, name, log, chance):
    """What the writer should not have written."""
    kind = chance.choice(["call.ended", "call.amended", "call.intent", "approval.decided"])
    approval = chance.choice(["a-c-1", "a-c-2", None, {"id": "a-c-1"}, {"state": "approved"}, 5])
    others = chance.choice([{}, {"approval": approval}, {"source": "late"}])
    author.append(kind, log=log, call=chance.choice(["c-0", "c-1", name, None]), **others)


def _sin_of_run(author, name, log, chance):
    kind = chance.choice(["run.started", "run.ended", "run.held", "model.asked", "model.replied"])
    subject = chance.choice(["run-c-0", "run-c-1", f"run-{name}", None])
    request = chance.choice([f"req-{subject}-0", "req-never", None, 5])
    author.append(kind, log=log, run=subject, id=request)


def _run(author, name, log, chance):
    run(author, f"run-{name}", log=log, requests=chance.randrange(3), ended=chance.random() < 0.7)


DEEDS = (
    *[lambda author, name, log, _: call(author, name, log=log)] * 4,
    *[lambda author, name, log, _: held(author, name, f"a-{name}", log=log)] * 2,
    lambda author, name, log, chance: deferred(author, name, log=log, ended=chance.random() < 0.5),
    *[_sign] * 4,
    *[_rotate] * 2,
    _refuse,
    _settle,
    _know_late,
    _note,
    _begin,
)


def ledger_of_runs(chance):
    """One in which agents run."""
    return ledger(chance, (*DEEDS, *[_run] * 5))


def sinful_of_runs(chance):
    """One in which agents run, and whose writer wrote one thing too many of that."""
    author = ledger_of_runs(chance)
    number = chance.randrange(len(author.entries) + 3)
    _sin_of_run(author, f"c-{number}", chance.choice(sorted(author.entries)), chance)
    if chance.random() < 0.8:
        author.sign()
    return author


def sinful(chance):
    """A ledger whose writer, who has the key, wrote one thing too many."""
    author = ledger(chance)
    _sin(author, "c-new", chance.choice(sorted(author.entries)), chance)
    if chance.random() < 0.8:
        author.sign()
    return author


def bundle(author, chance):
    """Its export, with none to two anchors; archived in part sometimes."""
    counts = [chance.randint(0, len(author.heads)) for _ in range(chance.randrange(3))]
    if chance.random() < 0.3:
        return archived(author, chance)
    return author.bundle(**{f"anchor-{at}": count for at, count in enumerate(counts)})


def archived(author, chance):
    """Its export without what was archived, given as a segment or not."""
    log = chance.choice(sorted(author.entries))
    first = chance.randint(1, len(author.entries[log]))
    announced = max(0, first + chance.choice([0, 0, 0, 2, -1]))
    place = author.append("ledger.archived", first=announced)
    entry = author.entries[author.log][place]
    entry.body = json.dumps(json.loads(entry.body) | {"log": log}).encode()
    if chance.random() < 0.9:
        author.sign()
    made = author.bundle(anchor=chance.randint(0, len(author.heads)))
    before = made.entries[log][:first]
    lasting = [entry for entry in before if entry.kind in {"ledger.rekeyed", "ledger.archived"}]
    made.entries[log] = [*lasting, *made.entries[log][first:]]
    made.first = {log: first}
    if log == author.log and len(author.entries) == 1 and chance.random() < 0.5:
        made.segments = [entry.line() for entry in before]
    return made


# What is done to a bundle: each takes it as it is, and the chance, and changes it


def _place(entries, chance):
    return chance.randrange(len(entries))


def _some_log(made, chance):
    """One that has entries, or `None`."""
    logs = [log for log, entries in sorted(made.entries.items()) if entries]
    return chance.choice(logs) if logs else None


def _renumbered(entries, start):
    return [entry.moved(start + at) for at, entry in enumerate(entries)]


def on_entries(change):
    """A mutation of the entries of one log, that may renumber them."""

    def mutation(made, chance):
        log = _some_log(made, chance)
        if log is None:
            return
        entries = list(made.entries[log])
        change(entries, _place(entries, chance), chance)
        if chance.random() < 0.5:
            entries = _renumbered(entries, made.first.get(log, 0))
        made.entries[log] = entries

    mutation.__name__ = change.__name__
    return mutation


@on_entries
def delete(entries, at, _):
    del entries[at]


@on_entries
def double(entries, at, _):
    entries.insert(at, entries[at])


@on_entries
def insert(entries, at, chance):
    other = chance.choice(entries)
    forged = other.body.replace(b"refund", b"refuse").replace(b'"c-', b'"d-')
    entries.insert(at, replace(other, seq=entries[at].seq, body=forged))


@on_entries
def swap(entries, at, chance):
    other = _place(entries, chance)
    entries[at], entries[other] = entries[other], entries[at]


@on_entries
def cut_tail(entries, at, _):
    del entries[at:]


@on_entries
def cut_start(entries, at, _):
    del entries[:at]


@on_entries
def change_body(entries, at, chance):
    body = bytearray(entries[at].body)
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(7)
    entries[at] = replace(entries[at], body=bytes(body))


@on_entries
def space_body(entries, at, _):
    entries[at] = replace(entries[at], body=entries[at].body + b" ")


@on_entries
def change_column(entries, at, chance):
    column = chance.choice(["schema", "kind", "organization", "run", "call", "at"])
    other = 2 if column in {"schema", "at"} else chance.choice(["other", None])
    entries[at] = replace(entries[at], **{column: other})


def change_with_leaf(made, chance):
    """An entry and its leaf hash."""
    log = _some_log(made, chance)
    if log is None:
        return
    entries = list(made.entries[log])
    at = _place(entries, chance)
    entries[at] = replace(entries[at], body=entries[at].body + b" ")
    leaves = bytearray(made.leaves.get(log, b""))
    seq = entries[at].seq
    if 32 * seq < len(leaves):
        leaves[32 * seq : 32 * seq + 32] = leaf(entries[at].body)
    made.entries[log], made.leaves[log] = entries, bytes(leaves)


def change_leaves(made, chance):
    log = chance.choice(sorted(made.entries))
    leaves = made.leaves.get(log, b"")
    at = chance.randrange(len(leaves) + 1)
    made.leaves[log] = chance.choice(
        [
            b"",
            leaves[:at],
            leaves[: at // 32 * 32],
            leaves + bytes(32),
            leaves[: at // 32 * 32] + bytes(32) + leaves[at // 32 * 32 + 32 :],
        ]
    )


def claim_archived(made, chance):
    log = chance.choice(sorted(made.entries))
    entries = made.entries[log]
    made.first[log] = made.first.get(log, 0) + chance.randint(0, 3)
    if chance.random() < 0.7:
        made.entries[log] = [entry for entry in entries if entry.seq >= made.first[log]]


def lose_log(made, chance):
    log = chance.choice(sorted(made.entries))
    del made.entries[log]
    made.leaves.pop(log, None)
    made.first.pop(log, None)
    made.entries = made.entries or {"other": []}


def on_lines(change):
    """A mutation of the lines of signed heads, or of an anchor."""

    def mutation(made, chance):
        lines = chance.choice([made.heads, made.heads, *made.anchors.values()])
        if lines:
            change(lines, chance.randrange(len(lines)), chance)

    mutation.__name__ = change.__name__
    return mutation


@on_lines
def delete_line(lines, at, _):
    del lines[at]


@on_lines
def double_line(lines, at, _):
    lines.insert(at, lines[at])


@on_lines
def swap_lines(lines, at, chance):
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


@on_lines
def roll_back(lines, at, _):
    del lines[at:]


@on_lines
def garble_line(lines, at, chance):
    lines[at] = chance.choice([b"", b"{}", lines[at][:-1], b"\xff", lines[at] + b" "])


@on_lines
def sign_anew(lines, at, chance):
    """A head with another field or signer: sometimes by somebody who has the key."""
    try:
        stated = json.loads(json.loads(lines[at])["statement"])
    except (ValueError, LookupError):
        return  # it was garbled before
    field = chance.choice(["at", "number", "previous", "ledger", "v", "key", "trees", "more"])
    changed = {
        "at": stated["at"] + 5,
        "number": stated["number"] + 1,
        "previous": "00" * 32,
        "ledger": "another",
        "v": 2,
        "key": STRANGER.id,
        "trees": _other_trees(stated["trees"], chance),
        "more": 1,
    }[field]
    key = chance.choice([FIRST, SECOND, STRANGER])
    lines[at] = signed_line(key, canonical(stated | {field: changed}))


def _other_trees(trees, chance):
    if not trees:
        return [{"log": "another", "root": "00" * 32, "size": 0}]
    tree = chance.choice(trees)
    other = tree | chance.choice(
        [
            {"size": tree["size"] + chance.choice([-1, 1, 5, 2**52])},
            {"root": "00" * 32},
            {"log": "another"},
            {"log": ".hidden"},
        ]
    )
    return chance.choice([[other if one == tree else one for one in trees], trees[1:]])


MUTATIONS = (
    delete,
    double,
    insert,
    swap,
    cut_tail,
    cut_start,
    change_body,
    space_body,
    change_column,
    change_with_leaf,
    change_leaves,
    claim_archived,
    lose_log,
    delete_line,
    double_line,
    swap_lines,
    roll_back,
    garble_line,
    sign_anew,
)


def spoil(files, chance):
    """Change bytes of a file, without a thought of what they mean."""
    name = chance.choice(sorted(name for name, content in files.items() if content))
    content = files[name]
    lines = content.splitlines(keepends=True)
    at, line = chance.randrange(len(content)), chance.randrange(len(lines))
    bit = bytes([content[at] ^ 1 << chance.randrange(8)])
    changed = {
        "flip": lambda: content[:at] + bit + content[at + 1 :],
        "cut": lambda: content[:at],
        "drop": lambda: b"".join([*lines[:line], *lines[line + 1 :]]),
        "double": lambda: b"".join([*lines[: line + 1], *lines[line:]]),
        "empty": lambda: b"".join([*lines[:line], b"\n", *lines[line:]]),
    }
    return files | {name: changed[chance.choice([*["flip"] * 4, *changed])]()}
