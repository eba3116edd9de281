"""Who must agree to a call: by its tier, the tool's own rule, and the configured ones (P4)."""

import pytest

from highroad import Completed, Held, Principal, tool
from highroad.domain.approval import Ask, Level
from highroad.domain.error import DecisionRefused, SettingsError
from highroad.settings import load

pytestmark = pytest.mark.promise("P4")

CAROL = Principal("carol", authenticated=True, roles={"manager"})
DAN = Principal("dan", authenticated=True, roles={"manager"})


@pytest.fixture
def wire(effects):
    def make(**options):
        @tool(**{"tier": "irreversible", **options})
        async def wire(cents: int) -> int:
            effects[cents] += 1
            return cents

        return wire

    return make


@pytest.fixture
def configured(world, tmp_path):
    """A runtime under what a configuration says."""

    async def opened(text, *tools):
        (tmp_path / "highroad.toml").write_text(text)
        return await world(*tools, settings=load(tmp_path, {})).open()

    return opened


async def waiting(here):
    return [(each.level, each.quorum) for each in await here.desk.list()]


@pytest.mark.parametrize(
    ("answer", "ask"),
    [
        (True, Ask(Level.HUMAN)),
        (False, Ask(None)),
        ("automatic", Ask(None)),
        ("confirm", Ask(Level.CONFIRM)),
        ("human", Ask(Level.HUMAN)),
        ("quorum", Ask(Level.QUORUM, 2)),
        ("quorum:3", Ask(Level.QUORUM, 3)),
    ],
)
def test_a_rule_answers_with_a_truth_or_the_word_of_a_level(answer, ask):
    assert Ask.read(answer) == ask


@pytest.mark.parametrize("answer", ["", "quorum:0", "quorum:-1", "Human", "quorum:", 1, None])
def test_any_other_answer_is_none(answer):
    with pytest.raises(ValueError, match="nor a level"):
        Ask.read(answer)


async def test_a_rule_names_the_level_for_these_arguments(world, wire):
    levels = (
        'args.cents > 300 ? "quorum:3" : args.cents > 200 ? "human" : args.cents > 100 ? "confirm"'
        ' : "automatic"'
    )
    here = await world(wire(ask=levels)).open()
    outcomes = [await here.call("wire", {"cents": cents}) for cents in (100, 101, 201, 301)]
    assert isinstance(outcomes[0], Completed)
    assert all(isinstance(each, Held) for each in outcomes[1:])
    assert await waiting(here) == [(Level.CONFIRM, 1), (Level.HUMAN, 1), (Level.QUORUM, 3)]
    assert outcomes[3].reasons == (f"The rule `{levels}` asks 3 people.",)


async def test_a_word_that_is_no_level_asks_a_person(world, wire):
    here = await world(wire(ask='"nobody"')).open()
    held = await here.call("wire", {"cents": 1})
    assert held.reasons == ('The rule `"nobody"` has no answer.',)


async def test_no_rule_takes_a_privileged_tool_away_from_people(world, wire):
    here = await world(wire(tier="privileged", ask='"automatic"')).open()
    assert isinstance(await here.call("wire", {"cents": 1}), Held)
    assert await waiting(here) == [(Level.HUMAN, 1)]


async def test_a_configured_rule_goes_before_that_of_the_tool(configured, wire):
    text = '[policy.ask."wi*"]\nlevel = \'args.cents > 5 ? "quorum" : "automatic"\'\n'
    here = await configured(text, wire(ask="true"))
    small, large = [await here.call("wire", {"cents": cents}) for cents in (5, 6)]
    assert isinstance(small, Completed)
    assert isinstance(large, Held)
    assert await waiting(here) == [(Level.QUORUM, 2)]
    (rule,) = [rule for rule in (await here.bodies(small.call_id))[0]["rules"] if "ask" in rule]
    assert rule.endswith(": automatic")


async def test_an_approval_is_bound_to_the_configured_rule_also_where_it_asked_nobody(
    configured, wire, effects, tmp_path
):
    asking = '[[policy.rules]]\nname = "all"\nwhen = "true"\nthen = "ask"\n'
    here = await configured(f"{asking}[policy.ask.wire]\nlevel = 'false'\n", wire())
    held = await here.call("wire", {"cents": 1})
    await here.approve(held)
    (tmp_path / "highroad.toml").write_text(
        f"{asking}[policy.ask.wire]\nlevel = 'args.cents > 5'\n"
    )
    here.settings = load(tmp_path, {})
    await here.reopen()
    assert (await here.wait(held.call_id)).error.code == "approval_void"
    assert not effects


async def test_an_unrelated_line_of_the_configuration_voids_nothing(configured, wire, tmp_path):
    asking = "[policy.ask.wire]\nlevel = 'true'\n"
    here = await configured(asking, wire())
    held = await here.call("wire", {"cents": 1})
    await here.approve(held)
    (tmp_path / "highroad.toml").write_text(
        f"\n\n{asking}[policy.ask.other]\nlevel = 'true'\n[policy.roles.clerk]\npermissions = []\n"
    )
    here.settings = load(tmp_path, {})
    await here.reopen()
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_what_is_answered_from_the_cache_cannot_be_put_before_people(configured):
    @tool(tier="read", cache_s=60)
    async def look(name: str) -> str:
        return name

    with pytest.raises(SettingsError, match=r"policy\.ask\.look.*cache_s"):
        await configured("[policy.ask.look]\nlevel = 'true'\n", look)


async def test_a_rule_that_is_none_is_told_with_its_line(configured, wire):
    with pytest.raises(SettingsError, match=r"highroad\.toml:2: policy\.ask\.wire: .*`arg`"):
        await configured("[policy.ask.wire]\nlevel = 'arg.cents > 1'\n", wire())


async def test_the_policy_asks_several_people_wherever_it_would_ask_one(configured, wire, bob):
    text = (
        '[[approvals.quorum]]\ntiers = ["irreversible"]\npeople = 2\n'
        '[policy.ask.wire]\nlevel = \'args.cents > 5 ? "human" : "confirm"\'\n'
    )
    here = await configured(text, wire())
    await here.call("wire", {"cents": 1})
    held = await here.call("wire", {"cents": 6})
    assert await waiting(here) == [(Level.CONFIRM, 1), (Level.QUORUM, 2)]
    await here.approve(held)
    assert isinstance(await here.wait(held.call_id), Held)
    with pytest.raises(DecisionRefused, match="another is needed"):
        await here.approve(held, by=bob)
    await here.approve(held, by=CAROL)
    assert (await here.wait(held.call_id)).unwrap() == 6


async def test_the_requester_confirms_also_where_four_eyes_are_needed(configured, wire, alice):
    text = "[approvals]\nfour_eyes = true\n[policy.ask.wire]\nlevel = '\"confirm\"'\n"
    here = await configured(text, wire())
    held = await here.call("wire", {"cents": 1})
    await here.approve(held, by=alice)
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_who_is_entitled_to_a_tool_decides_about_it_and_nobody_else(configured, wire, bob):
    text = (
        '[approvals.entitled.clerk]\ntools = ["refund"]\n'
        '[approvals.entitled.manager]\ntools = ["wi*"]\ntiers = ["irreversible"]\n'
    )
    here = await configured(text, wire())
    held = await here.call("wire", {"cents": 1})
    clerk = Principal("erin", authenticated=True, roles={"clerk"})
    stranger = Principal("carol", roles={"manager"})
    for who, why in ((bob, "manager"), (clerk, "manager"), (stranger, "checked who you are")):
        with pytest.raises(DecisionRefused, match=why):
            await here.approve(held, by=who)
    await here.approve(held, by=CAROL)
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_who_is_entitled_to_another_tier_is_not(configured, wire):
    text = '[approvals.entitled.manager]\ntiers = ["reversible"]\n'
    here = await configured(text, wire())
    held = await here.call("wire", {"cents": 1})
    with pytest.raises(DecisionRefused, match="no role is entitled"):
        await here.approve(held, by=DAN)
