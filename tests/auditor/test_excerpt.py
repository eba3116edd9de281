"""Excerpts that Highroad writes are checked by the auditor alone, and no other line holds."""

import json

import pytest

from highroad import tool
from highroad.testing import Rehearsal
from highroad_auditor.command import main

pytestmark = pytest.mark.promise("P12")


@tool(tier="reversible")
async def note_order(order_id: str) -> str:
    """Note something about an order."""
    return order_id


@pytest.fixture
async def proved(tmp_path):
    """A file that proves the first call's entries and a later head, and the key."""
    rehearsal = Rehearsal(note_order)
    runtime = await rehearsal.start()
    calls = []
    for number in range(5):
        calls.append((await rehearsal.call(note_order, {"order_id": f"ORD-{number}"})).call_id)
        await runtime.audit.sign()
    lines = [proof.line() for proof in await runtime.audit.prove(calls[1])]
    lines.append((await runtime.audit.prove_continuation(1)).line())
    key = (await runtime.audit.public_key()).hex()
    await runtime.close()
    file = tmp_path / "excerpt.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file, key


def findings(file, key, capsys):
    code = main([str(file), "--key", key, "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_entries_and_a_later_head_are_proved_without_the_ledger(proved, capsys):
    code, found = findings(*proved, capsys)
    assert code == 0
    assert [each["holds"] for each in found] == [True, True, True]
    assert found[2]["says"].startswith("head ")


async def test_another_key_proves_nothing(proved, capsys):
    file, _ = proved
    other = "8f" * 32
    code, found = findings(file, other, capsys)
    assert code == 1
    assert not any(each["holds"] for each in found)


@pytest.mark.parametrize(
    ("line", "field", "change"),
    [
        (0, "body", lambda body: body.replace("note_order", "note_ordeR")),
        (0, "seq", lambda seq: seq + 1),
        (0, "path", lambda path: path[:-1]),
        (0, "path", lambda path: [*path, path[0]]),
        (0, "path", lambda path: ["00" * 32, *path[1:]]),
        (0, "log", lambda log: log + "x"),
        (0, "head", lambda head: head.replace('\\"number\\":', '\\"number\\":1')),
        (0, "head", lambda head: 7),
        (2, "earlier", lambda head: head.replace('\\"size\\":', '\\"size\\":1')),
        (2, "paths", lambda paths: {}),
        (2, "paths", lambda paths: {log: path[:-1] for log, path in paths.items()}),
        (2, "later", lambda head: head[:-1]),
    ],
    ids=[
        "body changed",
        "another position",
        "path cut",
        "path longer",
        "path changed",
        "another log",
        "head changed",
        "no head",
        "earlier head changed",
        "no paths",
        "paths cut",
        "later head cut",
    ],
)
async def test_what_was_changed_does_not_hold(proved, capsys, line, field, change):
    file, key = proved
    lines = file.read_text().splitlines()
    fields = json.loads(lines[line])
    before = json.dumps(fields)
    fields[field] = change(fields[field])
    assert json.dumps(fields) != before
    lines[line] = json.dumps(fields)
    file.write_text("\n".join(lines) + "\n")
    code, found = findings(file, key, capsys)
    assert code == 1
    assert [each["line"] for each in found if not each["holds"]] == [line + 1]


@pytest.mark.parametrize("line", ["", "{}", "[]", "no JSON", '{"body": 1}', "\xff"])
async def test_a_line_of_another_form_is_named(proved, capsys, line):
    file, key = proved
    file.write_bytes(file.read_bytes() + line.encode("latin-1") + b"\n")
    code, found = findings(file, key, capsys)
    assert code == 1
    assert [each["line"] for each in found if not each["holds"]] == [4]


def test_an_empty_file_gives_no_verdict(tmp_path, capsys):
    file = tmp_path / "excerpt.jsonl"
    file.touch()
    assert main([str(file), "--key", "8f" * 32]) == 4
    assert "empty" in capsys.readouterr().err
