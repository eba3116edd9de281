"""What each host's users see of a call in their traces, with the real SDK of OpenTelemetry."""

import json
import os
import subprocess
from dataclasses import dataclass

import pytest

HOSTS = {"langgraph": "langgraph", "openai_agents": "openai-agents", "pydantic_ai": "pydantic-ai"}
OWN_SPANS = {"pydantic_ai": "execute_tool {tool}"}
"""Hosts that make a span for each tool; below the others is what the program opened itself."""
BLOCKING_TOOLS = {"langgraph": {"look", "show", "tell"}}
"""LangChain has tools that are async for programs that are."""
TOOLS = {"look", "seek", "show", "tell"}


@dataclass(frozen=True)
class Span:
    name: str
    trace_id: str
    id: str
    parent_id: str | None


@dataclass(frozen=True)
class Played:
    """What came of a scene."""

    spans: tuple[Span, ...]
    calls: tuple[tuple[str, str, str], ...]
    """Tool, trace and span above, as the record has them."""
    carried: dict[str, str]
    """What requests of Highroad's own tools would carry."""
    states: list[str]
    is_state_kept: bool

    @property
    def by_id(self):
        return {span.id: span for span in self.spans}

    def bodies(self):
        """What tools did while they were traced, and the span above each."""
        for span in self.spans:
            if span.name.startswith("body of "):
                _, _, tool, what = span.name.split()
                yield tool, what, span, self.by_id[span.parent_id]


@pytest.fixture(scope="module", params=HOSTS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def played(name, host, repository, tmp_path_factory):
    """Each scene of a host, in its own environment."""
    place = tmp_path_factory.mktemp(name)
    done = subprocess.run(
        [host(HOSTS[name]).interpreter, repository / "tests/hosts/tracing.py", name, place],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "PYTHONPATH": str(repository / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert done.stderr == ""
    return {scene: _read(told) for scene, told in json.loads(done.stdout).items()}


def _read(told):
    spans = tuple(Span(*each) for each in told.pop("spans"))
    calls = tuple(tuple(each) for each in told.pop("calls"))
    return Played(spans=spans, calls=calls, **told)


def above(name, tool, what):
    """Names of the span that a call, and all that it does, are below."""
    return OWN_SPANS.get(name, "request {what}").format(tool=tool, what=what)


def trace_of(what):
    return f"{int.from_bytes(what.encode()):032x}"


@pytest.mark.parametrize("scene", ["together", "blocking"])
def test_a_call_is_on_record_below_the_span_that_its_host_made_it_in(played, name, scene):
    found = played[scene]
    whats = ("tea", "coffee") if scene == "together" else ("tea",)
    tools = TOOLS if scene == "together" else BLOCKING_TOOLS.get(name, TOOLS)
    made = sorted((tool, trace, found.by_id[parent].name) for tool, trace, parent in found.calls)
    assert made == sorted(
        (tool, trace_of(what), above(name, tool, what)) for tool in tools for what in whats
    )
    assert all(found.by_id[parent].trace_id == trace for _, trace, parent in found.calls)


@pytest.mark.parametrize("scene", ["together", "blocking"])
def test_what_a_body_does_is_a_child_of_the_very_span_that_its_call_is_below(played, name, scene):
    found = played[scene]
    bodies = list(found.bodies())
    assert len(bodies) == len(found.calls)
    for tool, what, span, parent in bodies:
        assert parent.name == above(name, tool, what)
        assert span.trace_id == parent.trace_id == trace_of(what)
        assert (tool, trace_of(what), parent.id) in found.calls


def test_calls_at_once_keep_the_span_of_each(played, name):
    """One for each call where the host makes one, and one for each request where it makes none."""
    found = played["together"]
    parents = {parent for _, _, parent in found.calls}
    assert len(parents) == (len(found.calls) if name in OWN_SPANS else 2)


def test_a_trace_that_is_not_sampled_is_on_record_and_handed_on_as_such(played):
    kept, dropped = played["together"], played["not sampled"]
    assert dropped.spans == ()
    traces = sorted((tool, trace) for tool, trace, _ in dropped.calls)
    assert traces == sorted((tool, trace) for tool, trace, _ in kept.calls)
    assert all(parent is not None for _, _, parent in dropped.calls)
    assert len(dropped.carried) == len(kept.carried) == 4
    for found, flags in ((kept, "01"), (dropped, "00")):
        for said, header in found.carried.items():
            version, trace, _, told = header.split("-")
            assert (version, trace, told) == ("00", trace_of(said.split()[1]), flags)


def test_what_travels_with_a_trace_stays_with_the_program_and_is_not_kept(played):
    for found in played.values():
        assert set(found.states) == {"vendor=of-whoever-called"}
        assert not found.is_state_kept
