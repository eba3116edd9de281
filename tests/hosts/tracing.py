"""`python tracing.py HOST FOLDER`: let agents of a host work inside spans of the real SDK.

It runs in the environment of the host. Prints as JSON, scene by scene, which spans were exported
and which calls are on record. What differs from host to host stands in `traced`, one file each.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import chdir, closing
from pathlib import Path
from typing import Any, Protocol

import apsw
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from highroad import Principal, Runtime, ToolContext, tool
from highroad.domain.trail import Explanation
from highroad.sync import Runtime as SyncRuntime

ALICE = Principal("alice")
LEDGER = "ledger.db"
SETTINGS = '[grounding]\nmode = "off"\n\n[provenance]\nmode = "off"\n'
STATE = "vendor=of-whoever-called"
"""Travels with the trace to the host, and is nobody else's."""
CONTRACTS: Mapping[str, dict[str, Any]] = {"look": {"tier": "read"}, "seek": {"tier": "read"}}


class Traced(Protocol):
    """An agent whose model proposes a call of each tool in one reply, about one thing."""

    async def run(self) -> None:
        """Let it work, in the loop of its program."""

    def run_blocking(self) -> None:
        """The same for a program that is not async."""


Host = Callable[["Scene", Runtime | SyncRuntime, str], Traced]


class Scene:
    """A program that traces, with its tools.

    Args:
        sampler: Says which spans are kept.
    """

    def __init__(self, sampler: Sampler) -> None:
        self.provider = TracerProvider(sampler=sampler)
        self.states: list[str] = []
        """`tracestate`, as the host's own bodies find it."""
        self._kept = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self._tracer = self.provider.get_tracer("program")
        self._told: dict[str, str] = {}

        self.ours = [tool(tier="read")(each) for each in self._declared()]
        """With Highroad's `@tool`; they tell what their requests would carry."""

    # -- tools -------------------------------------------------------------------------------

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """Of the host: one that is not async, and one that is."""

        def look(what: str) -> str:
            """Look at a thing."""
            with self._body("look", what):
                return what

        async def seek(what: str) -> str:
            """Look for a thing."""
            with self._body("seek", what):
                await asyncio.sleep(0)
                return what

        return [look, seek]

    def _declared(self) -> list[Callable[..., Any]]:
        def show(context: ToolContext[None], what: str) -> str:
            """Show a thing."""
            with self._body("show", what):
                return self._carried("show", what, context)

        async def tell(context: ToolContext[None], what: str) -> str:
            """Tell of a thing."""
            with self._body("tell", what):
                return self._carried("tell", what, context)

        return [show, tell]

    def _body(self, name: str, what: str) -> Any:
        self.states.append(trace.get_current_span().get_span_context().trace_state.to_header())
        return self._tracer.start_as_current_span(f"body of {name} {what}")

    def _carried(self, name: str, what: str, context: ToolContext[None]) -> str:
        self._told[f"{name} {what}"] = context.traceparent
        return what

    # -- what happens ------------------------------------------------------------------------

    def request(self, what: str) -> Any:
        """The span of a request that somebody else began, who keeps what this program keeps."""
        is_kept = self.provider.sampler is ALWAYS_ON
        caller = trace.SpanContext(
            trace_id=int.from_bytes(what.encode()),
            span_id=7,
            is_remote=True,
            trace_flags=trace.TraceFlags(int(is_kept)),
            trace_state=trace.TraceState.from_header([STATE]),
        )
        above = trace.set_span_in_context(trace.NonRecordingSpan(caller))
        return self._tracer.start_as_current_span(f"request {what}", context=above)

    def told(self, calls: Iterable[Explanation]) -> dict[str, Any]:
        """All that is compared."""
        return {
            "spans": [_span(each) for each in self._kept.get_finished_spans()],
            "calls": [(each.tool, each.trace_id, each.parent_span_id) for each in calls],
            "carried": self._told,
            "states": self.states,
            "is_state_kept": any(
                STATE.encode() in each.read_bytes() for each in Path().glob(f"{LEDGER}*")
            ),
        }


def _span(span: ReadableSpan) -> tuple[str, str, str, str | None]:
    parent = span.parent and f"{span.parent.span_id:016x}"
    context = span.context
    return span.name, f"{context.trace_id:032x}", f"{context.span_id:016x}", parent


def on_record() -> list[str]:
    """Ids of all calls of the ledger."""
    # By the library that the store has: another one in the process would let go of its locks.
    with closing(apsw.Connection(LEDGER, apsw.SQLITE_OPEN_READONLY)) as file:
        return [each for (each,) in file.execute("SELECT id FROM tool_call")]


async def together(host: Host, sampler: Sampler) -> dict[str, Any]:
    """Two requests at once, in one loop with the runtime."""
    scene = Scene(sampler)
    async with Runtime.open(f"sqlite:///{LEDGER}", principal=ALICE) as runtime:

        async def answer(what: str) -> None:
            agent = host(scene, runtime, what)
            with scene.request(what):
                await agent.run()

        await asyncio.gather(answer("tea"), answer("coffee"))
        await runtime.flush()
        return scene.told([await runtime.audit.explain(each) for each in on_record()])


def blocking(host: Host, sampler: Sampler) -> dict[str, Any]:
    """One request of a program without a loop."""
    scene = Scene(sampler)
    with SyncRuntime.open(f"sqlite:///{LEDGER}", principal=ALICE) as runtime:
        agent = host(scene, runtime, "tea")
        with scene.request("tea"):
            agent.run_blocking()
        runtime.flush()
        return scene.told([runtime.audit.explain(each) for each in on_record()])


def main(name: str, folder: str) -> None:
    host: Host = importlib.import_module(f"traced.{name}").agent_of
    scenes: dict[str, Callable[[], dict[str, Any]]] = {
        "together": lambda: asyncio.run(together(host, ALWAYS_ON)),
        "blocking": lambda: blocking(host, ALWAYS_ON),
        "not sampled": lambda: asyncio.run(together(host, ALWAYS_OFF)),
    }
    played = {}
    for scene, play in scenes.items():
        place = Path(folder) / scene
        place.mkdir()
        (place / "highroad.toml").write_text(SETTINGS, "utf-8")
        with chdir(place):
            played[scene] = play()
    sys.stdout.write(json.dumps(played))


if __name__ == "__main__":
    main(*sys.argv[1:])
