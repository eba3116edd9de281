"""A runtime remembers beside its ledger, and an erasure takes it along."""

import pytest

from highroad import Principal, Runtime
from highroad.agents.memory.tools import recall, remember

ALICE = Principal("alice", permissions={"audit:erase"})
BOB = Principal("bob")


async def remembered(runtime, principal):
    outcome = await runtime.call(recall, {"query": "graz"}, principal=principal)
    return [each.text for each in outcome.unwrap().by_others]


@pytest.mark.promise("P7")
async def test_an_erasure_takes_what_agents_remember_along(tmp_path):
    async with Runtime.open("sqlite:///own/shop.db", tools=[remember, recall]) as runtime:
        for principal in (ALICE, BOB):
            text = {"text": f"{principal.id} lives in Graz"}
            await runtime.call(remember, text, principal=principal)
    async with Runtime.open("sqlite:///own/shop.db", tools=[remember, recall]) as runtime:
        assert await remembered(runtime, BOB) == ["bob lives in Graz"]
        await runtime.audit.erase("bob", by=ALICE)
        assert await remembered(runtime, BOB) == []
        assert await remembered(runtime, ALICE) == ["alice lives in Graz"]


async def test_where_nothing_is_remembered_no_file_is_made(tmp_path):
    async with Runtime.open("sqlite:///own/shop.db", tools=[recall]) as runtime:
        await runtime.audit.erase("bob", by=ALICE)
    assert not list(tmp_path.rglob("*memories*"))
