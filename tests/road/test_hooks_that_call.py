"""A hook may call a tool before its own call is on record: both have one key, and stay readable."""

import pytest

from highroad import Principal, Runtime, ToolContext, tool

BOB = Principal("bob", authenticated=True, permissions=frozenset({"audit:reveal"}))


@tool(tier="read")
async def look(cents: int) -> str:
    """Look something up."""
    return "seen"


async def checked(args, context: ToolContext[None]):
    """Object to nothing."""
    assert (await context.call(look, args)).unwrap() == "seen"


async def shown(args, context: ToolContext[None]):
    """What would change."""
    return (await context.call(look, args)).json


@tool(tier="irreversible", ask="true", data_checks=[checked])
async def wire(cents: int) -> str:
    """Wire money."""
    return "wired"


@tool(tier="irreversible", ask="true", preview=shown)
async def send(cents: int) -> str:
    """Send money."""
    return "sent"


@tool(tier="reversible", data_checks=[checked])
async def pay(cents: int) -> str:
    """Pay."""
    return "paid"


@tool(tier="read", data_checks=[checked])
async def read(cents: int) -> str:
    """Read."""
    return "read"


@pytest.mark.promise("P1")
@pytest.mark.parametrize("name", ["wire", "send", "pay", "read"])
async def test_a_call_whose_hook_calls_is_driven_on_and_explained(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with Runtime.open(tools=[look, wire, send, pay, read]) as runtime:
        outcome = await runtime.call(name, {"cents": 5})
        if name in {"wire", "send"}:
            await runtime.approvals.approve(outcome.approval_id, by=BOB)
        done = await runtime.wait(outcome.call_id)
        assert done.unwrap() == {"wire": "wired", "send": "sent", "pay": "paid"}.get(name, "read")
        told = await runtime.audit.explain(outcome.call_id, reveal_by=BOB)
        assert told.arguments == {"cents": 5}
        assert (await runtime.audit.compare_tables()).holds
