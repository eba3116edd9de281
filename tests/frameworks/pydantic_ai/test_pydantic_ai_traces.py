"""Where an agent of Pydantic AI is instrumented, our record has its trace."""

from contextlib import contextmanager

from opentelemetry import trace
from pydantic_ai import Agent
from pydantic_ai.models.instrumented import InstrumentationSettings
from tests.frameworks.pydantic_ai.scripted import call, script

from highroad.frameworks.pydantic_ai import guard


class Named(trace.NoOpTracer):
    """Gives each span an id, and keeps its name, as a tracer does that exports them."""

    def __init__(self):
        self.names = {}

    @contextmanager
    def start_as_current_span(self, name, *_, **__):
        number = len(self.names) + 1
        self.names[f"{number:016x}"] = name
        context = trace.SpanContext(77, number, is_remote=False)
        with trace.use_span(trace.NonRecordingSpan(context)) as span:
            yield span


class Provider(trace.NoOpTracerProvider):
    def __init__(self):
        self.tracer = Named()

    def get_tracer(self, *_, **__):
        return self.tracer


async def test_a_call_is_below_the_span_of_its_tool(runtime):
    def look(what: str) -> str:
        """Look."""
        return what

    provider = Provider()
    agent = Agent(
        script([call("look", {"what": "tea"})]),
        tools=guard([look], runtime, contracts={"look": {"tier": "read"}}),
    )
    agent.instrument = InstrumentationSettings(tracer_provider=provider)
    await agent.run("hello")
    known = await runtime.audit.explain(await runtime.audit.last_call())
    assert known.trace_id == f"{77:032x}"
    assert provider.tracer.names[known.parent_span_id] == "execute_tool look"
