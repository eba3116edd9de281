"""A process that is killed under a host, and the next one, which guards its tools when it is open.

It settles what was in flight as one that is given its tools as it opens.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys

import pytest
from tests.frameworks.langgraph import dying

from highroad import Runtime
from highroad.frameworks.langgraph import guard, tools

ENDINGS = {
    "repeatable_before": ("completed", 1),
    "repeatable_after": ("completed", 2),
    "idempotent_before": ("completed", 1),
    "idempotent_after": ("completed", 2),  # no key reaches this shop, so it cannot honour one
    "checkable_before": ("failed", 0),
    "checkable_after": ("completed", 1),
    "unprotected_before": ("unknown", 0),
    "unprotected_after": ("unknown", 1),
}
"""How each call ends, and how often it takes effect."""


@pytest.fixture
def killed(ungrounded, tmp_path):
    """Two folders with what a process left that was killed with a call of each class in flight."""
    with subprocess.Popen(
        [sys.executable, dying.__file__],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
    ) as process:
        assert process.stdout.readline() == b"begun\n"
        process.kill()
    other = tmp_path.with_name(f"{tmp_path.name}-other")
    shutil.copytree(tmp_path, other)
    return tmp_path, other


def made():
    return [dying.made(name, hangs=False) for name in dying.NAMES]


OF_ITS_OWN = re.compile(
    r"\b[a-z]+_[0-9a-z]{26,}|[0-9a-f]{32,}|(?<=_[mu]s=)\d+|(?<=positions=)[^)]+"
)
"""Ids, digests, times and places in the ledger."""


async def told(runtime, on_record):
    """What is on record of each call, and how often it took effect."""
    made = {call["tool"]: call for call in await on_record(runtime)}
    return {
        name: (
            call["status"],
            dying.effects(name),
            OF_ITS_OWN.sub("…", repr(await runtime.audit.explain(call["id"]))),
        )
        for name, call in made.items()
    }


@pytest.mark.promise("P11")
async def test_what_was_in_flight_is_settled_as_where_the_tools_are_given_at_the_opening(
    killed, monkeypatch, on_record
):
    here, other = killed
    monkeypatch.chdir(here)
    declared = tools(made(), contracts=dying.CONTRACTS)
    async with Runtime.open(principal=dying.ALICE, tools=declared) as runtime:
        at_opening = await told(runtime, on_record)
    monkeypatch.chdir(other)
    async with Runtime.open(principal=dying.ALICE) as runtime:
        pass
    async with Runtime.open(principal=dying.ALICE) as runtime:
        await asyncio.sleep(0.1)
        left = await runtime.unsettled()
        assert {each.tool for each in left if each.standing == "abandoned"} == set(dying.NAMES)
        guard(made(), runtime, contracts=dying.CONTRACTS)
        for each in left:
            await runtime.wait(each.call_id)
        later = await told(runtime, on_record)
    assert {name: each[:2] for name, each in at_opening.items()} == ENDINGS
    assert later == at_opening
