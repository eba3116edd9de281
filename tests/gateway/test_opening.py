"""What a gateway offers, and with which runs and callers it goes on when it is opened."""

import pytest
from mcp.types import ElicitResult

from highroad.domain.grounding import GroundingMode, WhenUngrounded
from highroad.domain.identity import Principal
from highroad.gateway.opening import as_from_outside, opened
from highroad.settings import load

pytestmark = pytest.mark.anyio

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
ADMIN = Principal("admin", permissions={"identity:keys"}, authenticated=True)
NO_ASKING = '[policy.ask."*"]\nlevel = "false"\n'


@pytest.fixture
def notes(bench):
    """What a tool wrote down."""
    written = []

    async def note(arguments, follow):
        written.append(arguments["text"])
        return bench.text("noted")

    bench.offer("note", note)
    return written


# -- grounding -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mode", "ungrounded"),
    [
        ("", GroundingMode.OBSERVE, WhenUngrounded.REFUSE),
        ('[grounding]\nmode = "enforce"\n', GroundingMode.ENFORCE, WhenUngrounded.REFUSE),
        ('[grounding]\nungrounded = "ask"\n', None, WhenUngrounded.ASK),
        ('profile = "production"\n', GroundingMode.ENFORCE, WhenUngrounded.ASK),
    ],
    ids=["dev", "a mode", "what then", "production"],
)
def test_values_that_no_user_is_known_to_have_said_are_observed_or_asked_about(
    bench, text, mode, ungrounded
):
    bench.settings(text)
    before = load(bench.path).grounding.rule
    rule = as_from_outside(load(bench.path)).grounding.rule

    assert (rule.mode, rule.ungrounded) == (mode or before.mode, ungrounded)


# -- tools ---------------------------------------------------------------------------------------


async def test_what_cannot_be_offered_is_told_by_its_place_in_the_list(bench, notes, tmp_path):
    (tmp_path / "tools_of_another_server.py").write_text(
        "from highroad import tool_from_schema\n"
        "other = tool_from_schema(lambda given: '', name='other', description='', "
        "parameters={'type': 'object'}, source='stdio:other')\n"
    )
    bench.settings('tools = ["tools_of_another_server"]\n')
    bench.offer("note", bench.echo)
    bench.offer("", bench.echo)
    bench.offer("other words", bench.echo, annotations={"readOnlyHint": True})
    await bench.upstream.open()
    opening = opened(bench.upstream, load(bench.path), principal=ALICE, name="one")
    async with opening as found:
        listed = {each.definition.name: each.definition for each in found.waiting}
        runtime = found.gateway.session.runtime

        assert found.tools == 4
        assert [each.at for each in found.left_out] == [1, 2]
        assert len(listed) == 2
        assert {each.source for each in listed.values()} == {"stdio:it"}
        assert {each.source for each in runtime.tools} == {"stdio:it", "stdio:other"}
        (renamed,) = listed.keys() - {"note"}
        assert listed[renamed].annotations == {"readOnlyHint": True}


async def test_a_tool_is_called_at_its_server_by_the_name_that_it_has_there(bench):
    bench.settings(NO_ASKING)
    bench.offer("other words", bench.echo)
    async with bench.gateway() as gateway:
        (listed,) = gateway.session.tools
        outcome = await gateway.session.call(listed.name, {"text": "x"})

    assert listed.name != "other words"
    assert outcome.unwrap() == "x"


# -- who calls -----------------------------------------------------------------------------------


async def test_calls_are_made_for_whom_a_token_shows(bench, notes):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway:
        made = await gateway.session.runtime.identity.keys.create(BOB, by=ADMIN)
    opening = opened(
        bench.upstream, load(bench.path), principal=ALICE, name="two", token=made.secret
    )
    async with opening as found:
        session = found.gateway.session
        outcome = await session.call("note", {"text": "x"})
        his = await session.runtime.call("note", {"text": "y"}, principal=BOB)
        explain = session.runtime.audit.explain

        assert session.principal.id == "bob"
        told = [(await explain(each.call_id)).principal for each in (outcome, his)]
        assert told[0] == told[1]
    assert notes == ["x", "y"]


async def test_a_token_reaches_no_tool_that_its_key_is_not_for(bench, notes):
    bench.settings(NO_ASKING)
    bench.offer("echo", bench.echo)
    async with bench.gateway() as gateway:
        keys = gateway.session.runtime.identity.keys
        made = await keys.create(BOB, by=ADMIN, tools=("echo",))
    opening = opened(
        bench.upstream, load(bench.path), principal=ALICE, name="two", token=made.secret
    )
    async with opening as found:
        session = found.gateway.session
        outside = await session.call("note", {"text": "x"})

        assert [each.name for each in session.tools] == ["echo"]
        assert outside.status == "refused"
        assert (await session.call("echo", {"text": "x"})).unwrap() == "x"
    assert notes == []


@pytest.mark.promise("P4")
async def test_a_key_that_is_revoked_while_its_client_is_asked_confirms_nothing(bench, notes):
    bench.settings("[policy.ask.note]\nlevel = \"'confirm'\"\n[gateway]\nhold_wait_s = 0.02\n")
    async with bench.gateway() as gateway:
        made = await gateway.session.runtime.identity.keys.create(BOB, by=ADMIN)
    opening = opened(
        bench.upstream, load(bench.path), principal=ALICE, name="two", token=made.secret
    )

    async with opening as found:
        runtime = found.gateway.session.runtime

        async def confirm(*_):
            await runtime.identity.keys.revoke(made.key.id, by=ADMIN)
            return ElicitResult(action="accept", content={"confirm": True})

        async with bench.client(
            found.gateway, "2026-07-28", elicitation_callback=confirm
        ) as client:
            answered = await client.call_tool("note", {"text": "x"})

    assert answered.meta["highroad/status"] == "held"
    assert notes == []


# -- runs that were left -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "left",
    [
        {"principal": BOB, "door": "mcp"},
        {"principal": ALICE, "door": "python"},
        {"principal": ALICE, "door": "mcp", "tool": "own"},
    ],
    ids=["another's", "by another door", "of another tool"],
)
@pytest.mark.promise("P11")
async def test_only_the_run_of_its_own_calls_is_gone_on_with(bench, notes, left, tmp_path):
    (tmp_path / "tools_of_this_folder.py").write_text(
        "from highroad import tool\n\n@tool(tier='irreversible')\ndef own(text: str) -> str:\n"
        "    return 'own'\n"
    )
    bench.settings('tools = ["tools_of_this_folder"]\n')
    name, how = left.get("tool", "note"), {**left}
    how.pop("tool", None)
    async with bench.gateway() as gateway:
        held = await gateway.session.runtime.call(name, {"text": "x"}, **how)
        assert held.status == "held"
    async with bench.gateway() as gateway:
        mine = await gateway.session.call("note", {"text": "x"})
        explain = gateway.session.runtime.audit.explain

        assert (await explain(mine.call_id)).run_id != (await explain(held.call_id)).run_id


@pytest.mark.promise("P11")
async def test_what_was_decided_meanwhile_is_driven_on_though_nobody_asks_again(bench, notes):
    async with bench.gateway() as gateway:
        held = await gateway.session.call("note", {"text": "x"})
        approvals = gateway.session.runtime.approvals
        later = await gateway.session.call("note", {"text": "y"})
        for each in (held, later):
            await approvals.approve(each.approval_id, by=BOB)
    async with bench.gateway() as gateway:
        await gateway.session.end()

        assert sorted(notes) == ["x", "y"]
