"""An agent that is killed while an approval waits, and between approval and effect: one effect."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from highroad import Principal, Runtime

CLERK = Path(__file__).with_name("clerk.py")
BOB = Principal("bob", name="Bob")


def clerk(task, killed_at=""):
    """Run the agent in a process of its own; gives what it said, and whether it was killed."""
    done = subprocess.run(
        [sys.executable, str(CLERK), task, killed_at],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == (-signal.SIGKILL if killed_at else 0), done.stderr[-2_000:]
    return json.loads(done.stdout) if done.stdout else None


def effects():
    return Path("effects").read_text("utf-8").split() if Path("effects").exists() else []


async def approve(approval_id):
    """Somebody at another terminal; nobody is the ledger's owner now."""
    async with Runtime.open() as runtime:
        await runtime.approvals.approve(approval_id, by=BOB, reason="seen")


@pytest.mark.nightly
@pytest.mark.promise("P11")
async def test_killed_while_the_approval_waits_it_pays_once(ungrounded):
    (pause,) = clerk("ask", killed_at="waiting")["pauses"]
    assert clerk("resume")["pauses"] == [pause]
    await approve(pause["approval_id"])
    assert effects() == []
    told = clerk("resume")
    assert told == {"pauses": [], "answers": ["paid 600"]}
    assert effects() == ["600"]


@pytest.mark.promise("P11")
async def test_killed_while_it_waits_and_between_approval_and_execution_it_pays_once(ungrounded):
    (pause,) = clerk("ask", killed_at="waiting")["pauses"]
    await approve(pause["approval_id"])
    assert clerk("resume", killed_at="decision") is None
    assert effects() == []
    assert clerk("resume")["answers"] == ["paid 600"]
    assert effects() == ["600"]


@pytest.mark.nightly
@pytest.mark.promise("P11")
async def test_killed_behind_the_effect_it_does_not_pay_again(ungrounded):
    (pause,) = clerk("ask", killed_at="waiting")["pauses"]
    await approve(pause["approval_id"])
    assert clerk("resume", killed_at="effect") is None
    (answer,) = clerk("resume")["answers"]
    assert json.loads(answer)["code"] == "outcome_unknown"
    assert effects() == ["600"]
