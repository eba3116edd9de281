"""Agents of LangGraph with a scripted model, as their users build them."""

from contextlib import closing
from pathlib import Path
from typing import ClassVar

import apsw
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from highroad import Principal

COLUMNS = ("id", "run_id", "tool", "door", "origin", "status", "code")
ALICE = Principal("alice", name="Alice", permissions=frozenset({"audit:reveal"}))


class Scripted(GenericFakeChatModel):
    """Says what it was told to, one message after the other, and keeps what it was bound to."""

    bound: ClassVar[list] = []

    def bind_tools(self, tools, **_):
        self.bound[:] = tools
        return self


@pytest.fixture(autouse=True)
def ungrounded(request):
    """Where a test is not about what was said, nothing is looked for in it."""
    if "grounded" not in request.fixturenames:
        Path("highroad.toml").write_text('[grounding]\nmode = "off"\n[provenance]\nmode = "off"\n')


@pytest.fixture
def calls():
    """A reply that proposes calls: name, arguments and id of each."""

    def reply(*proposed):
        return AIMessage(
            "",
            tool_calls=[
                {"name": name, "args": args, "id": each, "type": "tool_call"}
                for name, args, each in proposed
            ],
        )

    return reply


@pytest.fixture
def scripted():
    """A model that says the messages given, and then `done` for ever."""

    def make(*messages):
        def script():
            yield from messages
            while True:
                yield AIMessage("done")

        return Scripted(messages=script(), disable_streaming=True)

    return make


@pytest.fixture
def alice():
    return ALICE


@pytest.fixture
def on_record():
    """The calls that a runtime's ledger has, in order, as dictionaries."""

    async def read(runtime):
        await runtime.flush()
        # By the library that the store has: another one in the process would let go of its locks.
        with closing(apsw.Connection(str(runtime.ledger_path), apsw.SQLITE_OPEN_READONLY)) as file:
            found = file.execute(
                "SELECT tool_call.id, tool_call.run_id, tool_call.tool, tool_call.door, "
                "tool_call.origin, tool_result.status, tool_result.code FROM tool_call "
                "LEFT JOIN tool_result ON call_id = tool_call.id ORDER BY created_ms, tool_call.id"
            )
            return [dict(zip(COLUMNS, row, strict=True)) for row in found]

    return read


@pytest.fixture
def grounded():
    """The settings as they are without any."""
