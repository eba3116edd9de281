"""The last chapter: what is claimed of the proof is computed, and what is printed can be typed."""

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from highroad.demo.chapters import proof
from highroad.ledger.audit import Audit

pytestmark = pytest.mark.promise("P12")

BOUND_S = 50
HOLDS, INTEGRITY, COMPLETENESS = 0, 1, 2


async def tell(stage):
    return [beat async for beat in proof.CHAPTER.tell(stage)]


def broken(beats):
    return [claim.text for beat in beats for claim in beat.claims if not claim.holds]


async def test_it_ends_with_one_byte_and_the_auditor_pointing_at_its_entry(stage):
    *_, last = await tell(stage)

    [before, after, _, integrity, completeness] = last.shown.splitlines()
    assert sum(was != now for was, now in zip(before, after, strict=True)) == 1
    assert integrity.startswith("integrity: BROKEN, first at log ")
    assert completeness == "completeness: holds"
    entry = next(c.text for c in last.claims if "points at it" in c.text)
    assert entry.split("entry ")[1].split()[0] == integrity.split("entry ")[1].split()[0]


async def test_told_again_in_the_same_folder_it_holds(stage):
    for _ in range(2):
        assert broken(await tell(stage)) == []


def blind(stage, audit):
    """Looks at the untouched export, whatever it is shown."""
    return lambda folder, key, *, anchors: audit(
        stage.home.demo / "export", key, anchors={} if folder.name == "export" else anchors
    )


def deaf(_, audit):
    """Never asks an anchor."""
    return lambda folder, key, **_: audit(folder, key)


def beside(_, audit):
    """Points at the entry behind the bad one."""

    def audited(folder, key, *, anchors):
        report = audit(folder, key, anchors=anchors)
        integrity, first = report.integrity, report.integrity.first
        if first is None or first.seq is None:
            return report
        return replace(
            report, integrity=replace(integrity, first=replace(first, seq=first.seq + 1))
        )

    return audited


def suspicious(_, audit):
    """Finds fault with everything, for it has another key in mind."""
    return lambda folder, _, *, anchors: audit(
        folder, proof.PublicKey(bytes.fromhex("d7" * 32)), anchors=anchors
    )


@pytest.mark.parametrize(
    ("auditor", "claim"),
    [
        (blind, "points at it"),
        (blind, "what is missing is named"),
        (deaf, "what is missing is named"),
        (beside, "points at it"),
        (suspicious, "Both verdicts hold"),
        (suspicious, "Without the anchor"),
        (suspicious, "nothing else"),
    ],
)
async def test_an_auditor_that_is_broken_makes_a_claim_false(stage, monkeypatch, auditor, claim):
    monkeypatch.setattr(proof, "audit_export", auditor(stage, proof.audit_export))

    assert any(claim in text for text in broken(await tell(stage)))


async def test_an_erasure_that_forgets_nobody_makes_a_claim_false(stage, monkeypatch):
    async def keep(*_, **__):
        """Destroy nothing."""

    monkeypatch.setattr(Audit, "erase", keep)

    assert broken(await tell(stage)) == ["It is not any more."]


@pytest.fixture
def typed(monkeypatch):
    """Runs a line as a shell in this folder would."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "zoe")
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")

    def run(line):
        return subprocess.run(
            shlex.split(line), capture_output=True, text=True, check=False, timeout=BOUND_S
        )

    return run


def commands_in(printed):
    lines = [line.strip() for line in printed.splitlines()]
    return [line for line in lines if line.startswith(("highroad-auditor ", "highroad audit "))]


def test_the_commands_that_are_printed_work_afterwards_as_they_stand(typed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    told = typed("highroad demo --chapter proof")
    assert told.returncode == HOLDS, told.stdout + told.stderr

    ended = {line: typed(line) for line in commands_in(told.stdout)}

    assert {line: (done.returncode, done.stderr) for line, done in ended.items()} == {
        "highroad-auditor .highroad/demo/export --key .highroad/demo/key.pub": (HOLDS, ""),
        "highroad audit verify": (HOLDS, ""),
        "highroad-auditor .highroad/demo/cut --key .highroad/demo/key.pub "
        "--anchor .highroad/demo/anchor.jsonl": (COMPLETENESS, ""),
        "highroad-auditor .highroad/demo/altered --key .highroad/demo/key.pub": (INTEGRITY, ""),
    }
    shown = "".join(told.stdout.split())
    for line, done in ended.items():
        verdicts = [each for each in done.stdout.splitlines() if each.startswith("integrity:")]
        assert verdicts
        if line.startswith("highroad-auditor"):
            assert "".join(verdicts[0].split()) in shown
