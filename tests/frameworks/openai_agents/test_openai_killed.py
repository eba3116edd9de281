"""An agent that is killed while an approval waits, and between approval and effect: one effect."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from highroad import Runtime

CLERK = Path(__file__).with_name("clerk.py")


@pytest.fixture(scope="module")
def office():
    """Where agents are forked off: what they import is imported once."""
    with subprocess.Popen(
        [sys.executable, str(CLERK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def clerk(office):
    """Run the agent in a process of its own; gives what it said before it ended."""

    def run(task, killed_at=""):
        asked = {"cwd": str(Path.cwd()), "task": task, "killed_at": killed_at}
        office.stdin.write(json.dumps(asked) + "\n")
        office.stdin.flush()
        answer = json.loads(office.stdout.readline())
        assert answer["exit"] == (-signal.SIGKILL if killed_at else 0)
        return json.loads(answer["said"]) if answer["said"] else None

    return run


def effects():
    return Path("effects").read_text("utf-8").split() if Path("effects").exists() else []


async def approve(approval_id, bob):
    """Somebody at another terminal; nobody is the ledger's owner now."""
    async with Runtime.open() as runtime:
        await runtime.approvals.approve(approval_id, by=bob, reason="seen")


@pytest.mark.promise("P11")
async def test_killed_while_it_waits_and_between_approval_and_execution_it_pays_once(clerk, bob):
    (waits,) = clerk("ask", killed_at="waiting")["waits"]
    await approve(waits, bob)
    assert clerk("resume", killed_at="decision") is None
    assert effects() == []
    assert clerk("resume") == {"waits": [], "told": ["paid 600"]}
    assert effects() == ["600"]


@pytest.mark.nightly
@pytest.mark.promise("P11")
async def test_killed_while_the_approval_waits_the_host_alone_decides_nothing(clerk, bob):
    (waits,) = clerk("ask", killed_at="waiting")["waits"]
    assert clerk("resume")["waits"] == [waits]
    await approve(waits, bob)
    assert effects() == []
    assert clerk("resume")["told"] == ["paid 600"]
    assert clerk("resume")["told"] == ["paid 600"]
    assert effects() == ["600"]


@pytest.mark.nightly
@pytest.mark.promise("P11")
async def test_killed_behind_the_effect_it_does_not_pay_again(clerk, bob):
    (waits,) = clerk("ask", killed_at="waiting")["waits"]
    await approve(waits, bob)
    assert clerk("resume", killed_at="effect") is None
    (answer,) = clerk("resume")["told"]
    assert json.loads(answer)["code"] == "outcome_unknown"
    assert effects() == ["600"]
