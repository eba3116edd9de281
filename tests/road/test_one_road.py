"""The same call through any door leaves the same verdicts in the ledger (P1)."""

import asyncio
import json

import pytest

from highroad import Agent, Runtime, ToolContext, tool
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.identity import Origin
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import ScriptedModel, ScriptedVerifier, call

pytestmark = pytest.mark.promise("P1")


@tool(tier="read")
async def look(name: str) -> str:
    return name


@tool(tier="read", cache_s=60)
async def weather(name: str) -> str:
    return name


@tool(tier="reversible")
async def note(name: str) -> str:
    return name


@tool(tier="reversible", effect="idempotent", cost=0.01, per_minute=50)
async def charge(name: str) -> str:
    return name


@tool(tier="reversible", max_per_run=0)
async def never(name: str) -> str:
    return name


@tool
async def wire(name: str) -> str:
    return name


@tool(tier="privileged")
async def root(name: str) -> str:
    return name


@tool(tier="reversible")
async def broken(name: str) -> int:
    return name


TOOLS = [look, weather, note, charge, never, wire, root, broken]
CALLS = [
    *((each.__name__, {"name": "a"}) for each in TOOLS),
    ("note", {"name": 5, "more": 1}),
    ("nothing", {"name": "a"}),
]


REQUEST = "Name them all `a`."


@tool(tier="read")
async def relay(calls: list[tuple[str, dict[str, str | int]]], context: ToolContext[None]) -> None:
    for name, arguments in calls:
        await context.call(name, arguments)


async def trace_of(runtime, call_id):
    explained = await runtime.audit.explain(call_id)
    lines = [(stage.stage, stage.verdict, stage.code) for stage in explained.stages]
    return [explained.status, explained.code, *lines]


async def by_function(runtime):
    functions = {each.__name__: each for each in TOOLS}
    for name, arguments in CALLS:
        yield (await runtime.call(functions.get(name, name), arguments, run="r")).call_id


async def by_name(runtime):
    for name, arguments in CALLS:
        yield (await runtime.call(name, arguments, run="r")).call_id


async def by_raw_json(runtime):
    for name, arguments in CALLS:
        yield (await runtime.call(name, json.dumps(arguments).encode(), run="r")).call_id


async def by_another_door(runtime):
    for name, arguments in CALLS:
        outcome = await runtime.call(name, json.dumps(arguments), run="r", door="mcp")
        yield outcome.call_id


async def all_at_once(runtime):
    calls = (runtime.call(name, arguments, run="r") for name, arguments in CALLS)
    for outcome in await asyncio.gather(*calls):
        yield outcome.call_id


@pytest.fixture
async def expected(tmp_path):
    async with Runtime.open(f"sqlite:///{tmp_path}/expected.db", tools=TOOLS) as runtime:
        return [await trace_of(runtime, call_id) async for call_id in by_function(runtime)]


@pytest.mark.parametrize("door", [by_name, by_raw_json, by_another_door, all_at_once])
async def test_ten_calls_leave_the_same_verdicts_whatever_door_they_came_by(expected, door):
    async with Runtime.open(tools=TOOLS) as runtime:
        assert [await trace_of(runtime, call_id) async for call_id in door(runtime)] == expected


async def test_they_do_through_the_synchronous_facade(expected):
    with SyncRuntime.open(tools=TOOLS) as runtime:
        ids = [runtime.call(name, arguments, run="r").call_id for name, arguments in CALLS]
    async with Runtime.open(tools=TOOLS) as runtime:
        assert [await trace_of(runtime, call_id) for call_id in ids] == expected


async def by_a_model(runtime):
    """Calls of a model in somebody's own loop, which hands in what the user said."""
    said = Evidence((Source("message", EvidenceKind.REQUEST, text=REQUEST),))
    for name, arguments in CALLS:
        outcome = await runtime.call(name, arguments, run="r", origin=Origin.MODEL, evidence=said)
        yield outcome.call_id


async def test_they_do_when_a_model_asks_for_them_in_a_run():
    """The origin is another, and so are verdicts about grounding: for any door of a model."""
    async with Runtime.open(tools=TOOLS) as runtime:
        expected = [await trace_of(runtime, call_id) async for call_id in by_a_model(runtime)]
    model = ScriptedModel([call(name, **arguments) for name, arguments in CALLS], "Done.")
    agent = Agent(name="support", model=model, tools=TOOLS)
    async with Runtime.open(agents=[agent]) as runtime:
        run = await runtime.run("support", REQUEST)
        steps = (await runtime.audit.trail(run.id)).steps
        traces = [await trace_of(runtime, step.call_id) for step in steps]
    assert sorted(traces, key=str) == sorted(expected, key=str)


async def test_they_do_when_a_strategy_makes_them_and_its_run_is_resumed(expected, tmp_path):
    async def all_of_them(leg):
        return await leg.together(*(leg.call(name, arguments) for name, arguments in CALLS))

    agent = Agent(name="support", model=ScriptedModel(), tools=TOOLS, strategy=all_of_them)
    url = f"sqlite:///{tmp_path}/run.db"
    async with Runtime.open(url, agents=[agent]) as runtime:
        run = await runtime.run("support", "Go.")
    async with Runtime.open(url, agents=[agent]) as runtime:
        assert (await runtime.resume(run.id)).status == "held"
        steps = (await runtime.audit.trail(run.id)).steps
        traces = [await trace_of(runtime, step.call_id) for step in steps]
    assert sorted(traces, key=str) == sorted(expected, key=str)


async def test_they_do_from_inside_a_body_but_for_what_would_have_to_wait(expected):
    async with Runtime.open(tools=[*TOOLS, relay]) as runtime:
        parent = await runtime.call(relay, {"calls": CALLS}, run="r")
        parent.unwrap()
        explained = await runtime.audit.explain(parent.call_id)
        steps = (await runtime.audit.trail(explained.run_id)).steps
        nested = [step.call_id for step in steps if step.call_id != parent.call_id]
        traces = [await trace_of(runtime, call_id) for call_id in nested]
    assert len(traces) == len(expected)
    for seen, wanted in zip(traces, expected, strict=True):
        if wanted[0] == "held":
            assert seen[0] == "refused"
            assert seen[1] == "confirmation_required"
            assert [line[0] for line in seen[2:-1]] == [line[0] for line in wanted[2:]]
        else:
            assert seen == wanted


async def test_a_call_that_was_held_passes_every_stage_again_when_it_is_driven_on(world):
    here = await world(*TOOLS).open()
    held = await here.call(wire, {"name": "a"})
    first = await here.verdicts(held)
    await here.approve(held)
    await here.wait(held.call_id)
    explained = await here.assembly.audit.explain(held.call_id)
    second = [(stage.stage, stage.verdict) for stage in explained.stages]
    assert [line[0] for line in first] == [stage for stage, _ in second[:7]]
    assert [line[1] for line in first[-1:]] == ["hold"]
    assert second[6:] == [
        ("approve", "proceed"),
        ("admit", "proceed"),
        ("execute", "conclude"),
        ("finish", "completed"),
    ]


@pytest.mark.promise("P7")
async def test_who_may_not_call_a_tool_does_not_learn_from_its_key_that_somebody_did(
    world, monkeypatch
):
    """`authorize` stands before `dedupe`: a stored result is never shown to who is refused now."""

    @tool(tier="reversible", data_checks=[lambda arguments: checks.get(arguments["name"])])
    async def secret(name: str) -> str:
        return "treasure"

    checks = {}
    here = await world(secret).open()
    assert (await here.call(secret, {"name": "a"}, key="k")).unwrap() == "treasure"
    checks["a"] = "not any more"
    refused = await here.call(secret, {"name": "a"}, key="k")
    assert refused.error.code == "denied"


async def test_nobody_is_paid_for_a_second_opinion_on_what_is_known_or_cannot_run(world, verifying):
    verifier = ScriptedVerifier()
    here = await world(*TOOLS, settings=verifying(), verifier=verifier).open()
    await here.call(note, {"name": "a"}, run="r")
    assert len(verifier.cases) == 1
    assert (await here.call(note, {"name": "a"}, run="r")).is_repeated
    assert (await here.call(never, {"name": "a"}, run="r")).status == "refused"
    assert (await here.call(note, {"name": 1, "x": 2}, run="r")).status == "refused"
    assert len(verifier.cases) == 1
