"""What voids an approval, and what does not (P4)."""

import pytest

from highroad import tool
from highroad.domain.identity import Origin
from highroad.settings import load

pytestmark = pytest.mark.promise("P4")

BEFORE = """
[confidence]
threshold = 0.5

[confidence.tools]
other = 0.7

[grounding]
mode = "enforce"
ungrounded = "ask"

[grounding.tools.other]
mode = "off"

[policy.ask.wire]
level = '"human"'

[[approvals.quorum]]
tools = ["other", "wire"]
people = 2

[[policy.rules]]
name = "large"
tools = ["wire"]
when = "args.cents > 1000"
then = "deny"

[[policy.rules]]
name = "others"
tools = ["other"]
when = "args.cents > 1000"
"""


@pytest.fixture
def wire(effects):
    @tool(tier="irreversible", effect="idempotent")
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return effects[cents]

    return wire


@pytest.fixture
def written(world, wire, tmp_path):
    """A world whose settings are what was last written."""

    async def write(text, here=None):
        (tmp_path / "highroad.toml").write_text(text)
        if here is None:
            return await world(wire, settings=load(tmp_path, {})).open()
        here.settings = load(tmp_path, {})
        return await here.reopen()

    return write


async def driven(written, alice, bob, changed, origin):
    """How a call goes on that two agreed to before the settings changed."""
    here = await written(BEFORE)
    held = await here.call("wire", {"cents": 500}, origin=origin)
    assert held.status == "held"
    await here.approve(held, by=bob)
    await here.approve(held, by=alice)
    await written(changed, here)
    outcome = await here.wait(held.call_id)
    await here.check()
    return getattr(getattr(outcome, "error", None), "code", outcome.status)


VOIDING = {
    "observed": ('mode = "enforce"', 'mode = "observe"'),
    "not looked into": ('mode = "enforce"', 'mode = "off"'),
    "refused": ('ungrounded = "ask"', 'ungrounded = "refuse"'),
    "looser for the tool": (
        "[policy.ask.wire]",
        '[grounding.tools.wire]\nmode = "observe"\n\n[policy.ask.wire]',
    ),
    "automatic": ("'\"human\"'", "'\"automatic\"'"),
    "another text": ("'\"human\"'", '\'true ? "human" : "confirm"\''),
    "one person": ("people = 2", "people = 1"),
    "no quorum": ('tools = ["other", "wire"]', 'tools = ["other"]'),
    "a rule that denies other calls": ("args.cents > 1000", "args.cents > 2000"),
    "a rule that asks": ('then = "deny"', 'then = "ask"'),
}


@pytest.mark.parametrize("change", VOIDING)
async def test_a_rule_that_is_in_force_for_a_call_voids_what_was_agreed_when_it_changes(
    written, alice, bob, effects, change
):
    """Also one that had no reason to ask, and one that has none any more."""
    before, after = VOIDING[change]
    assert before in BEFORE
    changed = BEFORE.replace(before, after, 1)
    assert await driven(written, alice, bob, changed, Origin.MODEL) == "approval_void"
    assert not effects


UNRELATED = {
    "nothing": ("", ""),
    "another tool's grounding": ('mode = "off"', 'mode = "observe"'),
    "another tool's confidence": ("other = 0.7", "other = 0.9"),
    "what a model is asked that was not": ("threshold = 0.5", "threshold = 0.6"),
    "a line above": ("[grounding]", "\n\n# more\n[grounding]"),
    "another tool's rule": (
        'tools = ["other"]\nwhen = "args.cents > 1000"',
        'tools = ["other"]\nwhen = "args.cents > 3"',
    ),
    "another rule": (
        '[[policy.rules]]\nname = "others"',
        (
            '[[policy.rules]]\nname = "new"\ntools = ["other"]\nwhen = "true"\n\n'
            '[[policy.rules]]\nname = "others"'
        ),
    ),
    "another tool's quorum": (
        "[[policy.rules]]",
        '[[approvals.quorum]]\ntools = ["other"]\npeople = 3\n\n[[policy.rules]]',
    ),
    "who may decide": ("[policy.ask.wire]", "[approvals]\nfour_eyes = false\n\n[policy.ask.wire]"),
}


@pytest.mark.parametrize("change", UNRELATED)
async def test_an_edit_of_what_is_not_in_force_for_a_call_voids_nothing(
    written, alice, bob, effects, change
):
    before, after = UNRELATED[change]
    assert before in BEFORE
    changed = BEFORE.replace(before, after, 1)
    assert await driven(written, alice, bob, changed, Origin.MODEL) == "completed"
    assert effects == {500: 1}


async def test_what_the_contract_of_another_tool_says_of_a_call_is_in_force_for_it(
    world, wire, alice, bob, effects, tmp_path
):
    @tool(tier="read")
    def other() -> str:
        return ""

    def settings(text):
        (tmp_path / "highroad.toml").write_text(text)
        return load(tmp_path, {})

    enforced = '[grounding]\nmode = "off"\n[provenance]\nmode = "enforce"\n'
    rule = '[contracts.other]\nflows = ["other -> wire: ask"]\n'
    here = await world(wire, other, settings=settings(enforced + rule)).open()
    held = await here.call("wire", {"cents": 500}, origin=Origin.MODEL)
    await here.approve(held, by=bob)
    here.settings = settings(enforced)
    await here.reopen()
    outcome = await here.wait(held.call_id)
    assert outcome.error.code == "approval_void"
    assert not effects


async def test_how_models_are_judged_is_no_rule_for_a_call_of_code(written, alice, bob, effects):
    changed = BEFORE.replace('mode = "enforce"', 'mode = "off"', 1)
    assert await driven(written, alice, bob, changed, Origin.CODE) == "completed"
    assert effects == {500: 1}


async def test_rules_in_another_order_are_the_same_rules(written, alice, bob, effects):
    one, _, others = BEFORE.rpartition("[[policy.rules]]")
    two = '[[policy.rules]]\nname = "huge"\ntools = ["wire"]\nwhen = "args.cents > 9000"\n\n'
    here = await written(f"{one}{two}[[policy.rules]]{others}")
    held = await here.call("wire", {"cents": 500}, origin=Origin.MODEL)
    await here.approve(held, by=bob)
    await here.approve(held, by=alice)
    top, _, large = one.rpartition("[[policy.rules]]")
    await written(f"{top}{two}[[policy.rules]]{large}[[policy.rules]]{others}", here)
    assert (await here.wait(held.call_id)).status == "completed"
    assert effects == {500: 1}
