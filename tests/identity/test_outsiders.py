"""Whoever is of another organization learns of no id whether there is something of it."""

import re

import pytest

from highroad import Principal, ToolContext, tool
from highroad.domain.error import HighroadError

ALICE = Principal("alice", "acme", authenticated=True)
EVERYTHING = frozenset(
    {
        *("audit:reveal", "audit:erase", "identity:keys", "identity:sessions", "calls:settle"),
        *("calls:cancel", "runs:cancel", "dead_letters:redrive", "dead_letters:discard"),
    }
)
MALLORY = Principal("mallory", "globex", permissions=EVERYTHING, authenticated=True)
MISSING = "00000000000000000000000000"


@tool(tier="irreversible", effect="repeatable")
def send(text: str) -> str:
    return text


@tool(tier="reversible", effect="idempotent")
async def work(text: str, context: ToolContext[None]) -> str:
    context.defer(expires_s=600)


@tool(tier="reversible", effect="idempotent")
def take_back(text: str) -> str:
    return text


@tool(tier="reversible", effect="idempotent", compensation=take_back)
def put(text: str) -> str:
    return text


async def answered(doing):
    """What somebody is told, without ids."""
    try:
        told = await doing
    except HighroadError as error:
        told = f"{type(error).__name__}: {error}"
    return re.sub(r"[a-z]+_[0-9a-z]{26}", "ID", str(told))


WAYS = {
    "approve": lambda of, ids: of.approvals.approve(ids["approval"], by=MALLORY),
    "approve with a code": lambda of, ids: of.approvals.approve(
        ids["approval"], by=MALLORY, code="0" * 18
    ),
    "reject": lambda of, ids: of.approvals.reject(ids["approval"], by=MALLORY),
    "edit": lambda of, ids: of.approvals.edit(ids["approval"], {"text": "x"}, by=MALLORY),
    "ask": lambda of, ids: of.approvals.ask(ids["approval"], "Why?", by=MALLORY),
    "answer": lambda of, ids: of.approvals.answer(ids["approval"], "So.", by=MALLORY),
    "revoke": lambda of, ids: of.approvals.revoke(ids["approval"], by=MALLORY),
    "case": lambda of, ids: of.approvals.case(ids["approval"], by=MALLORY),
    "send a code": lambda of, ids: of.approvals.send_code(ids["approval"], by=MALLORY),
    "undo what is done": lambda of, ids: of.undo(ids["done"], by=MALLORY),
    "undo what is held": lambda of, ids: of.undo(ids["held"], by=MALLORY),
    "settle": lambda of, ids: of.settle(ids["held"], applied=True, by=MALLORY, reason="x"),
    "cancel what is held": lambda of, ids: of.cancel(call_id=ids["held"], by=MALLORY, reason="x"),
    "cancel what is deferred": lambda of, ids: of.cancel(
        call_id=ids["deferred"], by=MALLORY, reason="x"
    ),
    "reconsider": lambda of, ids: of.reconsider(ids["done"], by=MALLORY),
    "reveal": lambda of, ids: of.audit.explain(ids["done"], reveal_by=MALLORY),
    "complete": lambda of, ids: of.complete(ids["deferred"], "x" * 43, "y"),
    "revoke a key": lambda of, ids: of.identity.keys.revoke(ids["key"], by=MALLORY),
}


@pytest.mark.parametrize("way", WAYS)
async def test_what_there_is_elsewhere_reads_as_what_there_is_not(opened, memory_store, way):
    async with opened(memory_store, tools=[send, work, put, take_back]) as runtime:
        held = await runtime.call("send", {"text": "a"}, principal=ALICE)
        deferred = await runtime.call("work", {"text": "a"}, principal=ALICE)
        done = await runtime.call("put", {"text": "a"}, principal=ALICE)
        key = await runtime.identity.keys.create(ALICE, by=ALICE)
        ids = {
            "approval": held.approval_id,
            "held": held.call_id,
            "deferred": deferred.call_id,
            "done": done.call_id,
            "key": key.key.id,
        }
        assert (held.status, deferred.status, done.status) == ("held", "held", "completed")
        missing = {name: f"{each.partition('_')[0]}_{MISSING}" for name, each in ids.items()}
        before = len(await opened.ledger.store.entries())
        there = await answered(WAYS[way](runtime, ids))
        written = len(await opened.ledger.store.entries()) - before
        assert there == await answered(WAYS[way](runtime, missing))
        assert written == 0
