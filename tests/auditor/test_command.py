"""The command line of the auditor, and that it stands alone."""

import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from proof_author import SECOND
from proof_stories import small_bundle

from highroad_auditor.command import main

pytestmark = pytest.mark.promise("P12")

KEY = SECOND.public.hex()


@pytest.fixture
def export(tmp_path):
    return small_bundle().write(tmp_path / "export")


def edit(export, name, old, new):
    file = export / name
    file.write_bytes(file.read_bytes().replace(old, new, 1))


def test_a_good_export_exits_with_0(export, capsys):
    anchor = str(export / "anchors" / "far.jsonl")
    assert main([str(export), "--key", KEY, "--anchor", anchor]) == 0
    shown = capsys.readouterr().out
    assert "integrity: holds\ncompleteness: holds\n" in shown
    assert "unsigned tail: 2 entries, 0.500 s behind head 3" in shown
    assert "unanchored tail: 16 entries" in shown
    assert "open calls: 2: c-waiting, c-flight" in shown


def test_a_changed_byte_is_pointed_at(export, capsys):
    edit(export, "entries-main.jsonl", b"refund", b"refuse")
    assert main([str(export), "--key", KEY]) == 1
    assert "integrity: BROKEN, first at log main entry 2 head 0; 1 problem" in (
        capsys.readouterr().out
    )


def test_each_verdict_has_its_exit_code(export):
    lines = (export / "entries-main.jsonl").read_bytes().splitlines(keepends=True)
    (export / "entries-main.jsonl").write_bytes(b"".join(lines[:30]))
    assert main([str(export), "--key", KEY]) == 2
    edit(export, "entries-main.jsonl", b"refund", b"refuse")
    assert main([str(export), "--key", KEY]) == 3


def test_the_report_as_json_says_all_of_it(export, capsys):
    edit(export, "entries-main.jsonl", b"refund", b"refuse")
    assert main([str(export), "--key", KEY, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["holds"] is False
    assert report["integrity"]["holds"] is False
    assert (report["integrity"]["first"]["log"], report["integrity"]["first"]["seq"]) == ("main", 2)
    assert report["completeness"] == {
        "aspect": "completeness",
        "problems": 0,
        "first": None,
        "holds": True,
    }
    assert report["classes"] == [{"aspect": "integrity", "code": "entry_changed", "count": 1}]


def pem(key):
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_the_key_may_be_a_file(export, tmp_path):
    file = tmp_path / "key"
    for content in (f"{KEY}\n".encode(), pem(Ed25519PublicKey.from_public_bytes(SECOND.public))):
        file.write_bytes(content)
        assert main([str(export), "--key", str(file)]) == 0


OTHER_KEYS = {
    "upper case": KEY.upper().encode(),
    "short": b"00",
    "binary": b"\xff" * 64,
    "broken pem": b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n",
    "another kind": pem(generate_private_key(SECP256R1()).public_key()),
}


@pytest.mark.parametrize("content", OTHER_KEYS.values(), ids=OTHER_KEYS.keys())
def test_another_key_file_gives_no_verdict(content, export, tmp_path, capsys):
    file = tmp_path / "key"
    file.write_bytes(content)
    assert main([str(export), "--key", str(file)]) == 4
    assert capsys.readouterr().err.startswith("highroad-auditor: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere", "--key", KEY],
        ["export", "--key", "no-such-file"],
        ["export", "--key", KEY, "--anchor", "no-such-file"],
        ["export", "--key", KEY, "--anchor", "export"],
        ["export", "--key", KEY, "--segment", "other=no-such-file"],
        ["export", "--key", KEY, "--segment", "main=no-such-file"],
    ],
)
def test_what_cannot_be_read_gives_no_verdict(arguments, export, monkeypatch, capsys):
    monkeypatch.chdir(export.parent)
    assert main(arguments) == 4
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["export"], ["export", "--key", KEY, "--other"]])
def test_wrong_options_exit_with_4(arguments):
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 4


def test_the_help_tells_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for code in range(5):
        assert f"\n  {code}  " in shown


def unread(arguments, repository):
    """Exit code and complaints where nobody reads what is printed."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "highroad_auditor", *arguments],
            stdout=writer,
            stderr=subprocess.PIPE,
            cwd=repository / "auditor",
            check=False,
            timeout=50,
        )
    finally:
        os.close(writer)
    return ran.returncode, ran.stderr


def test_the_verdict_stands_where_nobody_reads_the_report(export, repository):
    good = [str(export), "--key", KEY]
    assert unread(["--help"], repository) == (0, b"")
    assert unread(good, repository) == (0, b"")
    assert unread([*good, "--json"], repository) == (0, b"")
    edit(export, "entries-main.jsonl", b"refund", b"refuse")
    others = [part for number in range(200) for part in ("--anchor", anchor(export, number))]
    assert unread([*good, *others], repository) == (1, b"")  # more than is held back before


def anchor(export, number):
    """A file that is no anchor, by a name of its own."""
    file = export / f"{number}-{'x' * 100}"
    file.write_text("no head\n")
    return str(file)


@pytest.mark.parametrize("moment", ["-1", "1.5", "soon", str(2**53), "9" * 400, "9" * 5_000])
def test_a_moment_that_no_entry_can_have_is_refused(moment, export, capsys):
    with pytest.raises(SystemExit) as exited:
        main([str(export), "--key", KEY, f"--now-ms={moment}"])
    assert exited.value.code == 4
    assert "Traceback" not in capsys.readouterr().err


def test_the_auditor_runs_without_highroad(export, repository):
    script = (
        "import sys; sys.modules['highroad'] = None; sys.path.insert(0, sys.argv.pop(1));"
        "from highroad_auditor.command import main; code = main();"
        "assert not [name for name in sys.modules if name.startswith('highroad.')];"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", script, str(repository / "auditor"), str(export)]
    ran = subprocess.run(
        [*command, "--key", KEY], capture_output=True, text=True, check=False, timeout=50
    )
    assert (ran.returncode, ran.stderr) == (0, "")
