"""What a caller can never use does not exist for it: nothing that it is told shows otherwise."""

import asyncio
import json

import pytest

from highroad import Agent, Delegate, Principal, Runtime, ToolContext, tool
from highroad.agents.team import delegation_name
from highroad.domain.model import ToolMessage
from highroad.settings import load
from highroad.testing import ScriptedModel, call

ALICE = Principal("alice", roles={"support"}, authenticated=True)
MISSING, HIDDEN = "seal_vault", "open_vault"
"""Of one length, one that there is not and one that is not for everybody."""
WAYS = {
    "permissions": '[policy.roles.support]\npermissions = ["a"]\n',
    "scope": '[policy.agents.clerk]\ntools = ["get_*", "ask_*", "tool_search"]\n',
    "deny": '[policy]\ndeny = ["open_*"]\nallow = ["*"]\n',
    "allow": '[policy]\nallow = ["get_*", "ask_*", "tool_search", "inside"]\n',
    "cedar": '[policy]\ncedar = ["p.cedar"]\n',
}
CEDAR = f"""\
permit (principal, action, resource);
forbid (principal, action == Action::"{HIDDEN}", resource) unless {{ principal in Role::"chief" }};
"""


def open_vault(number: int) -> str:
    """Open a vault by its number, which nobody but the chief may."""
    raise AssertionError(number)


def get_order(order_id: str) -> str:
    """Read an order."""
    return order_id


async def inside(name: str, context: ToolContext[None]) -> dict[str, object]:
    """Call another tool from inside."""
    return dict((await context.call(name, {"number": 1})).for_model())


TOOLS = [
    tool(tier="reversible", effect="idempotent", permissions={"vault"})(open_vault),
    tool(tier="read")(get_order),
    tool(tier="read")(inside),
]


def _named(name):
    def get_thing() -> str:
        """Read a thing."""
        return name

    return tool(tier="read", name=name)(get_thing)


OTHERS = [_named(f"get_thing_{number}") for number in range(30)]


@pytest.fixture(params=WAYS)
def opened(request, tmp_path):
    """A runtime in which a gate hides a tool, and the chain that calls come through."""
    (tmp_path / "highroad.toml").write_text(WAYS[request.param])
    (tmp_path / "p.cedar").write_text(CEDAR)

    def opened(*agents, tools=TOOLS):
        settings = load(tmp_path, {"HIGHROAD_GROUNDING_MODE": "off"})
        return Runtime.open(tools=tools, settings=settings, agents=agents, principal=ALICE)

    opened.chain = (Delegate("clerk"),)
    return opened


def alike(answer, name):
    """What is told, without the name that was asked for and the id of the call."""
    told = json.dumps(answer, sort_keys=True)
    call_ids = [answer.get("call_id")] if isinstance(answer, dict) else []
    for each in filter(None, call_ids):
        told = told.replace(each, "CALL")
    return told.replace(name, "NAME")


@pytest.mark.parametrize("arguments", ['{"number": 1}', "{", '{"numbr": 1, "x": ['])
async def test_a_call_is_answered_as_if_there_were_no_such_tool(opened, arguments):
    """Whatever is wrong with the arguments besides: they are not looked at."""
    async with opened() as runtime:
        answers = {}
        for name in (MISSING, HIDDEN):
            outcome = await runtime.call(name, arguments, delegation=opened.chain)
            answers[name] = alike(outcome.for_model(), name)
            assert outcome.error.code == "unknown_tool"
            assert HIDDEN not in outcome.error.hint
        assert answers[MISSING] == answers[HIDDEN]


async def test_so_it_is_in_a_dry_run_with_a_key_and_among_others(opened):
    async with opened() as runtime:
        for more in ({"dry_run": True}, {"key": "k"}, {"run": "one"}):
            told = {
                alike(
                    (await runtime.call(name, {}, delegation=opened.chain, **more)).for_model(),
                    name,
                )
                for name in (MISSING, HIDDEN)
            }
            assert len(told) == 1
        together = await runtime.call_all([(MISSING, {}), (HIDDEN, {})], delegation=opened.chain)
        assert (
            len(
                {
                    alike(each.for_model(), n)
                    for each, n in zip(together, (MISSING, HIDDEN), strict=True)
                }
            )
            == 1
        )


async def test_so_it_is_from_inside_a_body(opened):
    async with opened() as runtime:
        told = set()
        for name in (MISSING, HIDDEN):
            outcome = await runtime.call("inside", {"name": name}, delegation=opened.chain)
            if outcome.error is not None:  # the scope hides what would call it as well
                told.add(alike(outcome.for_model(), name))
            else:
                told.add(alike(outcome.value, name))
        assert len(told) == 1


async def test_the_ledger_knows_better(opened):
    async with opened() as runtime:
        outcome = await runtime.call(HIDDEN, {"number": 1}, delegation=opened.chain)
        record = await runtime.audit.explain(outcome.call_id)
        assert (record.tool, record.code) == (None, "denied") or record.code == "denied"
        assert record.rule


async def test_a_model_is_shown_only_what_its_caller_could_call(opened):
    model = ScriptedModel(call(HIDDEN, number=1), call(MISSING, number=1), "Done.")
    clerk = Agent(name="clerk", model=model, tools=[*TOOLS])
    async with opened(clerk) as runtime:
        await runtime.run("clerk", "Open vault 1.")
    first, *_, last = model.requests
    assert HIDDEN not in str(first)
    told = [message for message in last.messages if isinstance(message, ToolMessage)]
    hidden, missing = (json.loads(message.content) for message in told)
    assert alike(hidden, HIDDEN) == alike(missing, MISSING)
    assert "unknown_tool" in str(hidden)


async def test_a_search_finds_only_what_its_caller_could_call(opened):
    model = ScriptedModel(call("tool_search", query="open a vault by its number"), "Done.")
    clerk = Agent(name="clerk", model=model, tools=[*TOOLS, *OTHERS])
    async with opened(clerk) as runtime:
        await runtime.run("clerk", "Open vault 1.")
    assert "tool_search" in {offered.name for offered in model.requests[0].tools}
    told = [message for message in model.requests[-1].messages if isinstance(message, ToolMessage)]
    assert told
    assert HIDDEN not in str(model.requests)


async def test_a_member_of_a_team_is_shown_no_more(opened):
    member = ScriptedModel(call(HIDDEN, number=1), "Could not.")
    clerk = Agent(name="clerk", model=member, tools=[*TOOLS])
    boss = Agent(
        name="boss",
        model=ScriptedModel(call(delegation_name("clerk"), task="Open vault 1."), "Done."),
        tools=[],
        team=[clerk],
    )
    async with opened(boss) as runtime:
        await runtime.run("boss", "Open vault 1.")
    assert member.requests
    assert HIDDEN not in str(member.requests[0])
    assert "unknown_tool" in str(member.requests[-1].messages[-1])


async def test_to_whom_it_is_open_it_is_shown():
    """Else the tests above would find nothing hidden."""
    model = ScriptedModel("Done.")
    clerk = Agent(name="clerk", model=model, tools=[*TOOLS])
    async with Runtime.open(tools=TOOLS, agents=[clerk], principal=ALICE) as runtime:
        await runtime.run("clerk", "Open vault 1.")
    assert HIDDEN in str(model.requests[0].tools)


async def test_the_time_that_it_takes_is_of_the_same_kind(opened):
    """No question to store, counters or people is asked for one that is not asked for the other."""
    async with opened() as runtime:
        stages = []
        for name in (MISSING, HIDDEN):
            outcome = await runtime.call(name, {"number": 1}, delegation=opened.chain)
            record = await runtime.audit.explain(outcome.call_id)
            stages.append([(each.stage, each.verdict) for each in record.stages])
        assert stages[0] == stages[1]
        await asyncio.sleep(0)


async def later(number: int, context: ToolContext[None]) -> str:
    """Open a vault by and by."""
    context.defer(expires_s=60)


KINDS = {
    "irreversible": {"tier": "irreversible"},
    "privileged": {"tier": "privileged"},
    "asks": {"tier": "reversible", "effect": "idempotent", "ask": "true"},
    "read": {"tier": "read"},
    "deferred": {"tier": "reversible", "effect": "idempotent"},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_kind_of_tool_it_is_nobody_is_asked_and_nothing_more_is_written(
    opened, kind
):
    body = later if kind == "deferred" else open_vault
    hidden = tool(name=HIDDEN, permissions={"vault"}, **KINDS[kind])(body)
    async with opened(tools=[hidden, *TOOLS[1:]]) as runtime:
        told, written = set(), set()
        for name in (MISSING, HIDDEN):
            for more in ({}, {"dry_run": True}, {"run": f"run of {name}"}):
                outcome = await runtime.call(name, {"number": 1}, delegation=opened.chain, **more)
                told.add(alike(outcome.for_model(), name))
                record = await runtime.audit.explain(outcome.call_id)
                written.add((len(record.positions), len(record.stages)))
        assert (len(told), len(written)) == (1, 1)
        assert await runtime.approvals.list(state=None) == []
        assert not await runtime.unsettled(with_open=True)
