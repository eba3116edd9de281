"""Agents of the OpenAI Agents SDK with its own scripted model, as their users build them."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest
from agents import Agent, set_trace_processors, set_tracing_disabled
from agents.testing import ScriptedModel, assistant_message, function_call
from agents.tracing import TracingProcessor, get_trace_provider

from highroad import Principal, Runtime

COLUMNS = ("id", "run_id", "tool", "door", "origin", "status", "code")


class Heard(TracingProcessor):
    """Keeps what was traced."""

    def __init__(self):
        self.spans = []

    def on_trace_start(self, trace):
        """Nothing."""

    def on_trace_end(self, trace):
        """Nothing."""

    def on_span_start(self, span):
        """Nothing."""

    def on_span_end(self, span):
        self.spans.append(span)

    def shutdown(self):
        """Nothing."""

    def force_flush(self):
        """Nothing."""


@pytest.fixture(autouse=True)
def _nothing_is_exported():
    """The SDK would send its traces over the network."""
    set_tracing_disabled(True)
    yield
    get_trace_provider().set_processors([])


@pytest.fixture(autouse=True)
def ungrounded(request):
    """Where a test is not about what was said, nothing is looked for in it."""
    if "grounded" in request.fixturenames:
        return
    Path("highroad.toml").write_text('[grounding]\nmode = "off"\n[provenance]\nmode = "off"\n')


@pytest.fixture
def grounded():
    """The settings as they are without any."""


@pytest.fixture
async def runtime():
    async with Runtime.open() as opened:
        yield opened


@pytest.fixture
def heard():
    """What is traced of the runs of a test."""
    processor = Heard()
    set_tracing_disabled(False)
    set_trace_processors([processor])
    return processor


@pytest.fixture
def bob():
    return Principal("bob", authenticated=True)


@pytest.fixture
def call():
    """A call that the model writes."""

    def write(name, arguments, call_id="c1"):
        return function_call(name, arguments, call_id=call_id)

    return write


@pytest.fixture
def scripted():
    """An agent that writes what it was told to, reply by reply, and then `done`."""

    def make(tools, *replies, **rest):
        steps = [list(reply) for reply in replies] + [[assistant_message("done")]] * 4
        return Agent(name="clerk", model=ScriptedModel(steps), tools=tools, **rest)

    return make


@pytest.fixture
def told():
    """What the model was told of its calls, in order."""

    def read(result):
        return [item.output for item in result.new_items if item.type == "tool_call_output_item"]

    return read


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
                "LEFT JOIN tool_result ON tool_result.call_id = tool_call.id ORDER BY tool_call.id"
            ).fetchall()
        return [dict(zip(COLUMNS, each, strict=True)) for each in found]

    return read
