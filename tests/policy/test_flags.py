"""Feature flags: what is switched on, for whom, and what everybody else learns of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad import Delegate, Principal, Runtime, ToolContext, tool
from highroad.adapters.flags.rules import RulesFlags
from highroad.domain.error import SettingsError
from highroad.domain.flags import FlagRules
from highroad.ports.flags import Flags
from highroad.settings import load

NAME = st.text(max_size=4)
NAMES = st.frozensets(NAME, max_size=4)
ALICE = Principal("alice", roles={"testers"})
BOB = Principal("bob")


def rules_of(*everybody, **roles):
    by_role = {role: frozenset(names) for role, names in roles.items()}
    return FlagRules(everybody=frozenset(everybody), roles=by_role)


def flags_of(*everybody, **roles):
    return RulesFlags(rules_of(*everybody, **roles))


def written(text):
    Path("highroad.toml").write_text(text, "utf-8")
    return load(Path.cwd(), {})


# -- the rules ---------------------------------------------------------------------------------


def test_a_flag_that_is_named_nowhere_is_off():
    flags: Flags = flags_of()
    assert not flags.is_on("bold", ALICE)


def test_a_flag_is_on_for_everybody_or_for_whoever_has_the_role():
    flags = flags_of("calm", testers=["bold"], staff=["brave"])
    assert [flags.is_on(flag, ALICE) for flag in ("calm", "bold", "brave")] == [True, True, False]
    assert [flags.is_on(flag, BOB) for flag in ("calm", "bold", "brave")] == [True, False, False]


@pytest.mark.parametrize("near", ["Bold", "bol", "bold ", "b*", "*", ""])
def test_a_flag_is_meant_to_the_letter(near):
    assert not flags_of("bold", testers=["bold"]).is_on(near, ALICE)
    assert not flags_of(near, testers=[near]).is_on("bold", ALICE)


def test_permissions_ids_and_names_switch_nothing_on():
    flags = flags_of(testers=["bold"])
    pretender = Principal(
        "testers", "testers", roles={"bold"}, permissions={"testers", "bold"}, name="testers"
    )
    assert not flags.is_on("bold", pretender)


@given(everybody=NAMES, roles=st.dictionaries(NAME, NAMES, max_size=3), flag=NAME, held=NAMES)
def test_a_role_more_never_switches_anything_off(everybody, roles, flag, held):
    flags = RulesFlags(FlagRules(everybody=everybody, roles=roles))
    more = Principal("p", roles=held)
    assert flags.is_on(flag, more) >= flags.is_on(flag, Principal("p"))
    assert flags.is_on(flag, more) == (
        flag in everybody or any(flag in roles.get(role, ()) for role in held)
    )


# -- the settings ------------------------------------------------------------------------------


def test_settings_say_what_is_on_and_for_whom():
    settings = written(
        """
        [flags]
        on = ["calm"]

        [flags.roles.testers]
        on = ["bold", "brave"]

        [flags.roles.on]
        on = ["odd"]
        """
    )
    assert settings.flags == FlagRules(
        everybody=frozenset({"calm"}),
        roles={"testers": frozenset({"bold", "brave"}), "on": frozenset({"odd"})},
    )


def test_without_a_word_everything_is_off():
    assert load(Path.cwd(), {}).flags == FlagRules()


@pytest.mark.parametrize(
    "text",
    [
        "[flags]\non = true",
        '[flags]\non = "bold"',
        "[flags]\non = [1]",
        '[flags]\nbold = true\non = ["bold"]',
        '[flags.roles]\ntesters = ["bold"]',
        "[flags.roles.testers]\non = true",
        '[flags.roles.testers]\noff = ["bold"]',
    ],
    ids=lambda text: text.replace("\n", " "),
)
def test_settings_of_another_form_are_refused_and_named(text):
    with pytest.raises(SettingsError, match=r"highroad\.toml:\d+: flags"):
        written(text)


# -- on the road -------------------------------------------------------------------------------


@tool(tier="read", flag="bold")
def bold(number: int) -> int:
    return number


@tool(tier="read")
def plain(number: int) -> int:
    return number


def switched(*everybody, **roles):
    return replace(load(Path.cwd(), {}), flags=rules_of(*everybody, **roles))


async def code_of(runtime, named, principal, **circumstances):
    outcome = await runtime.call(named, {"number": 1}, principal=principal, **circumstances)
    return outcome.status if outcome.error is None else outcome.error.code


async def test_a_tool_is_there_for_whom_its_flag_is_on():
    async with Runtime.open(tools=[bold, plain], settings=switched(testers=["bold"])) as runtime:
        assert await code_of(runtime, "bold", ALICE) == "completed"
        assert await code_of(runtime, "bold", BOB) == "unknown_tool"
        assert await code_of(runtime, "plain", BOB) == "completed"


async def test_a_function_and_a_dry_run_find_a_flag_as_a_name_does():
    async with Runtime.open(tools=[bold], settings=switched(testers=["bold"])) as runtime:
        assert await code_of(runtime, bold, BOB) == "unknown_tool"
        assert await code_of(runtime, bold, BOB, dry_run=True) == "unknown_tool"
        assert await code_of(runtime, bold, ALICE, dry_run=True) == "completed"


async def test_an_agent_has_the_flags_of_its_principal_and_none_of_its_own():
    through = {"delegation": [Delegate("testers")]}
    async with Runtime.open(tools=[bold], settings=switched(testers=["bold"])) as runtime:
        assert await code_of(runtime, "bold", BOB, **through) == "unknown_tool"
        assert await code_of(runtime, "bold", ALICE, **through) == "completed"


async def test_a_body_finds_the_flags_of_its_caller():
    @tool(tier="read")
    async def outer(context: ToolContext[None]) -> str:
        outcome = await context.call(bold, {"number": 1})
        return outcome.status if outcome.error is None else outcome.error.code

    async with Runtime.open(tools=[outer, bold], settings=switched(testers=["bold"])) as runtime:
        for principal, expected in ((ALICE, "completed"), (BOB, "unknown_tool")):
            assert (await runtime.call(outer, {}, principal=principal)).unwrap() == expected


async def test_a_cached_result_is_no_way_around_a_flag():
    @tool(tier="read", flag="bold", cache_s=60)
    def look(number: int) -> int:
        return number

    no_longer = replace(ALICE, roles=frozenset())
    async with Runtime.open(tools=[look], settings=switched(testers=["bold"])) as runtime:
        assert await code_of(runtime, look, ALICE) == "completed"
        assert await code_of(runtime, look, no_longer) == "unknown_tool"


@pytest.mark.promise("P11")
async def test_a_stored_result_is_no_way_around_a_flag():
    @tool(tier="reversible", flag="bold")
    def write(number: int) -> int:
        return number

    no_longer = replace(ALICE, roles=frozenset())
    async with Runtime.open(tools=[write], settings=switched(testers=["bold"])) as runtime:
        assert await code_of(runtime, write, ALICE, run="r") == "completed"
        assert await code_of(runtime, write, no_longer, run="r") == "unknown_tool"


async def test_hints_tell_a_flagged_tool_to_those_alone_who_have_it():
    async with Runtime.open(tools=[bold, plain], settings=switched(testers=["bold"])) as runtime:
        hints = [
            (await runtime.call("bolt", {}, principal=principal)).error.hint
            for principal in (ALICE, BOB)
        ]
    assert hints == ["Did you mean bold?", "Tools that you can use: plain."]


async def test_the_ledger_says_that_it_was_the_flag():
    async with Runtime.open(tools=[bold]) as runtime:
        outcome = await runtime.call("bold", {"number": 1}, principal=BOB)
        explanation = await runtime.audit.explain(outcome.call_id)
    rules = [line.rule for line in explanation.stages]
    assert "versions: the flag of version 1 is off" in rules
