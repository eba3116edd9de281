"""Tests of a tool, to be run with pytest: by itself, over the road, and with another body.

`pytest examples/testing_a_tool.py` runs them wherever Highroad is installed.
"""

# ruff: noqa: S101 - tests are made of asserts

import pytest

from highroad import Held, Principal, ToolContext, tool
from highroad.testing import Rehearsal, tool_context


class Mailbox:
    """Where messages go."""

    def __init__(self) -> None:
        self.sent: list[str] = []


@tool(tier="irreversible", ask='!args.to.endsWith("@example.com")')
async def send(to: str, text: str, context: ToolContext[Mailbox]) -> int:
    """Send a message."""
    context.deps.sent.append(f"{to}: {text}")
    return len(context.deps.sent)


@pytest.fixture
def anyio_backend() -> str:
    """Belongs into conftest.py."""
    return "asyncio"


@pytest.mark.anyio
async def test_by_itself_it_is_a_plain_function() -> None:
    """`tool_context` makes what the body is handed."""
    mailbox = Mailbox()
    assert await send("ada@example.com", "hello", tool_context(mailbox)) == 1
    assert mailbox.sent == ["ada@example.com: hello"]


@pytest.mark.anyio
async def test_over_the_road_a_stranger_waits_for_a_person(runtime: Rehearsal) -> None:
    """`runtime` is real but for store, clock and ids."""
    mailbox = Mailbox()
    runtime.provide(Mailbox, lambda: mailbox)
    outcome = await runtime.call(send, {"to": "eve@elsewhere.example", "text": "hello"})
    assert isinstance(outcome, Held)
    assert mailbox.sent == []

    assert outcome.approval_id is not None
    await runtime.approvals.reject(outcome.approval_id, by=Principal("bob"))
    assert (await runtime.wait(outcome.call_id)).status == "refused"
    assert mailbox.sent == []


@pytest.mark.anyio
async def test_what_becomes_of_a_call_that_breaks(runtime: Rehearsal) -> None:
    """`replace` puts a fake in place of the body; tier and checks stay those of the tool."""

    async def breaks(**_: object) -> int:
        raise ConnectionResetError

    runtime.provide(Mailbox, Mailbox)
    runtime.replace(send, breaks)
    outcome = await runtime.call(send, {"to": "ada@example.com", "text": "hello"})
    assert outcome.status == "unknown"
