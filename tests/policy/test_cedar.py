"""Cedar: what a statement says is what happens, and what it cannot say is denied."""

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import cedarpy
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highroad import tool, tool_definition
from highroad.adapters.policy.cedar import checking
from highroad.adapters.policy.cedar.policy import CedarPolicy
from highroad.adapters.policy.cedar.source import pieces
from highroad.adapters.policy.cedar.statement import read
from highroad.adapters.policy.cel import CelConditions
from highroad.adapters.policy.every import EveryPolicy
from highroad.adapters.policy.rules import RulesPolicy
from highroad.domain.approval import Level
from highroad.domain.error import SettingsError
from highroad.domain.facts import Facts, FactsWanted
from highroad.domain.identity import Delegate, Principal
from highroad.domain.policy import Line, PolicyFile, PolicyRules
from highroad.domain.tool import ToolDefinition
from highroad.ports.policy import Deny, Permit
from highroad.testing.contracts.policy import PolicyContract, call_of

ALICE = Principal("alice", "acme", roles={"support"}, permissions={"refunds:write"})
BOB = Principal("bob", "acme")
DAY = Facts(now_ms=1_763_985_600_000, calls={"refund": 0})  # a Monday, noon
NIGHT = replace(DAY, now_ms=DAY.now_ms + 11 * 3_600_000)


@tool(tier="irreversible", tags={"money"})
def refund(
    order_id: str,
    cents: int,
    note: str | None = None,
    rate: float = 1.0,
    lines: list[int] | None = None,
    more: dict[str, Any] | None = None,
) -> str:
    """Pay back."""
    return order_id


@tool(tier="read")
def get_order(order_id: str) -> str:
    """Read an order."""
    return order_id


REFUND, GET_ORDER = tool_definition(refund), tool_definition(get_order)
POLICIES = """\
// What is read; nothing behind this semicolon is a statement.
@id("reads") permit (principal in Role::"support", action, resource in Tier::"read");

@id("small refunds")
permit (principal, action == Action::"refund", resource)
when { principal.permissions.contains("refunds:write") }
when { context.args.cents < 10000 };

@id("large refunds") @ask("quorum:3")
permit (principal in Role::"support", action == Action::"refund", resource)
when { context.args.cents >= 10000 };

@id("not at night")
forbid (principal, action, resource in Tag::"money")
when { context.time.hour >= 22 || context.time.weekday > 5 };

@id("once in a run")
forbid (principal, action == Action::"refund", resource)
when { context.history.refund > 0 };
"""


def policy_of(*texts, permissions=lambda principal: principal.permissions):
    files = (PolicyFile(f"p{number}.cedar", text) for number, text in enumerate(texts))
    return CedarPolicy(read(files), permissions)


def refund_of(principal=ALICE, **arguments):
    return replace(call_of(REFUND, principal), arguments={"order_id": "O-1"} | arguments)


def permits(text, principal=ALICE, facts=DAY, **arguments):
    return policy_of(text).permits(refund_of(principal, **arguments), facts)


def when(condition, effect="permit"):
    others = "" if effect == "permit" else "permit (principal, action, resource);"
    return f'{others} @id("it") {effect} (principal, action, resource) when {{ {condition} }};'


class TestCedar(PolicyContract):
    def make(self):
        return policy_of('permit (principal, action == Action::"get_order", resource);')


class TestBesideRules(PolicyContract):
    def make(self):
        rules = PolicyRules(deny=(Line("admin.*"),), allow=(Line("*"),))
        cedar = policy_of("permit (principal, action, resource);")
        return EveryPolicy(RulesPolicy(rules, CelConditions()), cedar)


# -- what is decided -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "facts", "rule"),
    [
        ({"cents": 5}, DAY, None),
        ({"cents": 5}, NIGHT, 'p0.cedar:13 policy.cedar "not at night"'),
        (
            {"cents": 5},
            replace(DAY, calls={"refund": 1}),
            'p0.cedar:17 policy.cedar "once in a run"',
        ),
    ],
)
def test_arguments_time_and_history_decide_and_the_statement_is_named(arguments, facts, rule):
    verdict = policy_of(POLICIES).permits(refund_of(**arguments), facts)
    assert rule == (verdict.rule if isinstance(verdict, Deny) else None)


def test_a_permit_with_ask_obliges_and_keeps_its_level():
    verdict = policy_of(POLICIES).permits(refund_of(cents=10_000), DAY)
    assert verdict.rules == ('p0.cedar:9 policy.cedar "large refunds"',)
    (obligation,) = verdict.obligations
    assert (obligation.level, obligation.quorum) == (Level.QUORUM, 3)
    assert "10000" not in obligation.reason


def test_a_permit_that_asks_does_so_beside_one_that_does_not():
    both = "permit (principal, action, resource); @ask permit (principal, action, resource);"
    policy = policy_of(both)
    assert len(policy.permits(refund_of(cents=1)).obligations) == 1
    assert policy.has_rules_for(REFUND)


def test_what_caller_and_tool_decide_is_hidden_and_nothing_is_asked_of_the_call():
    policy = policy_of(POLICIES)
    assert policy.admits(BOB, (), GET_ORDER) == Deny(
        "policy.cedar: no permit fits", "cedar", hides=True
    )
    assert isinstance(policy.admits(BOB, (), REFUND), Deny)
    assert isinstance(policy.admits(ALICE, (), GET_ORDER), Permit)
    assert not policy.has_rules_for(GET_ORDER)


def test_a_tool_that_some_arguments_allow_is_not_hidden():
    policy = policy_of(POLICIES)
    assert isinstance(policy.admits(ALICE, (), REFUND), Permit)
    assert isinstance(policy.permits(refund_of(cents=10_000, principal=BOB), DAY), Deny)


def test_a_forbid_that_no_call_could_change_hides():
    text = 'permit (principal, action, resource); @id("no money") forbid (principal, action, '
    policy = policy_of(text + 'resource in Tag::"money") unless { principal.authenticated };')
    hidden = policy.admits(ALICE, (), REFUND)
    assert hidden == Deny('p0.cedar:1 policy.cedar "no money"', "cedar", hides=True)
    known = replace(ALICE, authenticated=True)
    assert isinstance(policy.admits(known, (), REFUND), Permit)


def test_roles_of_the_configuration_count_as_permissions():
    text = 'permit (principal, action, resource) when { principal.permissions.contains("p") };'
    assert isinstance(policy_of(text).admits(BOB, (), REFUND), Deny)
    granting = policy_of(text, permissions=lambda _: {"p"})
    assert isinstance(granting.admits(BOB, (), REFUND), Permit)


def test_the_chain_of_agents_is_known_and_decides_before_the_arguments():
    text = "permit (principal, action, resource); forbid (principal, action, resource) when { "
    policy = policy_of(text + 'context.agents.contains("intern") };')
    assert isinstance(policy.admits(ALICE, (), REFUND), Permit)
    assert isinstance(policy.admits(ALICE, (Delegate("intern"),), REFUND), Deny)
    assert not policy.has_rules_for(REFUND)


def test_a_statement_sees_only_permissions_that_every_link_passes_on():
    """Whoever holds a narrowed key, or is a sub-agent, has no more than was passed on."""
    text = 'permit (principal, action, resource) when { principal.permissions.contains("p") };'
    policy = policy_of(text, permissions=lambda _: {"p"})
    whole = Delegate("agent")
    narrowed = Delegate("agent", permissions=frozenset({"q"}))
    assert isinstance(policy.admits(BOB, (whole,), REFUND), Permit)
    assert isinstance(policy.admits(BOB, (narrowed,), REFUND), Deny)
    assert isinstance(policy.admits(BOB, (narrowed, whole), REFUND), Deny)
    call = replace(refund_of(BOB), delegation=(narrowed,))
    assert isinstance(policy.permits(call), Deny)


def test_nobody_is_called_like_somebody_of_another_organization():
    """Not even with a slash in the id, or in the organization."""
    policy = policy_of('permit (principal == User::"acme/alice", action, resource);')
    admitted = [
        isinstance(policy.admits(Principal(name, organization), (), REFUND), Permit)
        for name, organization in [
            ("alice", "acme"),
            ("alice", "globex"),
            ("acme/alice", "default"),
            ("alice", "acme/acme"),
            ("lice", "acme/a"),
        ]
    ]
    assert admitted == [True, False, False, False, False]


# -- what has no answer --------------------------------------------------------------------------


def test_a_forbid_without_an_answer_denies():
    """The engine alone would pass over it, and the call would run."""
    text = when('context.args.note like "*!"', "forbid")
    assert isinstance(permits(text, note="ok"), Permit)
    missing = permits(text)
    assert missing == Deny('p0.cedar:1 policy.cedar "it" has no answer', "cedar")


def test_a_permit_without_an_answer_permits_nothing_and_is_named():
    missing = permits(when("context.args.note == context.args.cents"), cents=1)
    assert "no permit holds" in missing.rule
    assert '"it" has no answer' in missing.rule


@pytest.mark.parametrize(
    "arguments",
    [{"rate": 1.00001}, {"rate": 1e300}, {"cents": 2**63}, {"cents": True}, {"lines": "7"}],
)
def test_what_has_no_form_in_cedar_is_denied_where_a_statement_looks_at_it(arguments):
    (name,) = arguments
    verdict = permits(when(f"context.args has {name}"), **arguments)
    assert isinstance(verdict, Deny)
    assert "no form in Cedar" in verdict.rule
    assert str(arguments[name]) not in verdict.rule
    assert isinstance(permits(when("context.args has order_id"), **arguments), Permit)


def test_a_number_compares_as_a_decimal_however_it_is_written():
    text = when('context.args.rate.lessThan(decimal("2.0"))')
    assert isinstance(permits(text, rate=1), Permit)
    assert isinstance(permits(text, rate=1.9999), Permit)
    assert isinstance(permits(text, rate=2), Deny)
    assert isinstance(permits(text, rate=2.0), Deny)


@pytest.mark.parametrize(
    "hostile",
    [
        {"__entity": {"type": "User", "id": "acme/alice"}},
        {"__extn": {"fn": "ip", "arg": "10.0.0.1"}},
        {"__expr": "principal"},
    ],
)
def test_arguments_are_never_read_as_anything_but_values(hostile):
    """The engine reads such an object as a reference; a model must not be able to write one."""
    text = when("context.args has order_id")
    assert isinstance(permits(text, more=hostile), Permit)
    assert isinstance(permits(when("context.args has more"), more=hostile), Permit)
    (member,) = hostile
    assert isinstance(permits(when(f"context.args has more.{member}"), more=hostile), Deny)
    assert isinstance(permits(when('context.args.note == "x"'), note=hostile), Deny)


def test_null_is_left_out():
    assert isinstance(permits(when("context.args has note"), note=None), Deny)
    assert isinstance(permits(when("context.args.lines.contains(7)"), lines=[None, 7]), Permit)


@given(
    cents=st.integers(-20_000, 20_000),
    note=st.none() | st.text(max_size=3),
    hour=st.integers(0, 23),
    calls=st.integers(0, 2),
    principal=st.sampled_from([ALICE, BOB, replace(ALICE, permissions=frozenset())]),
)
@settings(max_examples=300)
def test_what_is_asked_in_parts_is_decided_as_the_engine_decides_it_whole(
    cents, note, hour, calls, principal
):
    """Statements are chosen by tool, by caller, and only then asked; the answer is the same."""
    extra = "forbid (principal, action, resource) when "
    extra += '{ context.args has note && context.args.note == "" };'
    policy = policy_of(POLICIES, extra)
    facts = Facts(now_ms=DAY.now_ms - 12 * 3_600_000 + hour * 3_600_000, calls={"refund": calls})
    call = refund_of(principal, cents=cents, note=note)
    verdict = policy.admits(principal, (), REFUND)
    if isinstance(verdict, Permit):
        verdict = policy.permits(call, facts)
    args = {"cents": cents, "order_id": "O-1"} | ({} if note is None else {"note": note})
    whole = cedarpy.is_authorized(
        {
            "principal": 'User::"acme/' + principal.id + '"',
            "action": 'Action::"refund"',
            "resource": 'Tool::"refund"',
            "context": {
                "args": args,
                "time": {"hour": hour, "weekday": 1},
                "history": {"refund": calls},
            },
        },
        POLICIES + extra,
        [
            {
                "uid": {"type": "User", "id": f"acme/{principal.id}"},
                "attrs": {"permissions": [*principal.permissions]},
                "parents": [{"type": "Role", "id": role} for role in principal.roles],
            },
            {
                "uid": {"type": "Tool", "id": "refund"},
                "attrs": {},
                "parents": [
                    {"type": "Tag", "id": "money"},
                    {"type": "Tier", "id": "irreversible"},
                ],
            },
        ],
    )
    assert isinstance(verdict, Permit) is whole.allowed


# -- what is remembered --------------------------------------------------------------------------


PEOPLE = [ALICE, BOB, replace(ALICE, permissions=frozenset()), replace(ALICE, id="eve", roles=())]
LINKS = [(), (Delegate("helper", tools=("*",)),), (Delegate("other", tools=("*",)),)]
OF_LINKS = 'forbid (principal, action, resource) when { context.agents.contains("other") };'
MOMENTS = [DAY, NIGHT, replace(DAY, calls={"refund": 1}), replace(DAY, now_ms=DAY.now_ms + 1)]


ARGUMENTS = [{"cents": 5}, {"cents": 10_000}, {"cents": 5, "note": ""}, {}]


@pytest.mark.promise("P1")
def test_a_remembered_verdict_is_what_a_policy_would_say_that_was_never_asked():
    """Whoever asked before, and about whatever."""
    fresh = [
        (call, facts, policy_of(POLICIES, OF_LINKS).permits(call, facts))
        for principal, links, arguments, facts in product(PEOPLE, LINKS, ARGUMENTS, MOMENTS)
        for call in [replace(refund_of(principal, **arguments), delegation=links)]
    ]
    for seed in range(4):
        remembering = policy_of(POLICIES, OF_LINKS)
        for call, facts, said in Random(seed).choices(fresh, k=2 * len(fresh)):  # noqa: S311 - to be repeated
            assert remembering.permits(call, facts) == said


@pytest.fixture
def asked(monkeypatch):
    """The requests that the engine is asked."""
    asked, engine = [], cedarpy.is_authorized
    monkeypatch.setattr(
        cedarpy, "is_authorized", lambda *given: (asked.append(given[0]), engine(*given))[1]
    )
    return asked


def test_the_engine_is_asked_once_of_calls_that_statements_cannot_tell_apart(asked):
    policy = policy_of(POLICIES)
    later = replace(DAY, now_ms=DAY.now_ms + 60_000)  # of the same hour of the same day
    for facts in (DAY, later, DAY):
        for note in ("", "urgent"):
            assert isinstance(policy.permits(refund_of(cents=5, note=note), facts), Permit)
    of_calls = [each for each in asked if "cents" in each["context"]]
    assert len(of_calls) == 1
    assert isinstance(policy.permits(refund_of(cents=6), NIGHT), Deny)


@pytest.mark.promise("P7")
def test_no_argument_is_kept_of_what_is_remembered(asked):
    policy = policy_of(when('context.args.note != ""'))
    policy.permits(refund_of(note="a private word"))
    assert "a private word" in asked[-1]["context"]
    assert "private" not in repr(vars(policy))


def test_so_many_verdicts_are_remembered_and_no_more(asked, monkeypatch):
    # Not by its name: tests of what is imported load the package anew.
    monkeypatch.setitem(CedarPolicy.permits.__globals__, "_MOST_ANSWERS", 8)
    policy = policy_of(POLICIES)
    for cents in (*range(9), 0):
        assert isinstance(policy.permits(refund_of(cents=cents), DAY), Permit)
    assert len([each for each in asked if "cents" in each["context"]]) == 10


# -- what is gathered and bound ------------------------------------------------------------------


def test_only_facts_are_wanted_that_a_statement_for_the_tool_looks_at():
    policy = policy_of(POLICIES)
    assert policy.wanted(GET_ORDER) == FactsWanted()
    assert policy.wanted(REFUND) == FactsWanted(time=True, calls=frozenset({"refund"}))
    labels = policy_of(when("context has labels.order_id"))
    assert labels.wanted(REFUND) == FactsWanted(labels=True)


def test_the_version_and_what_approvals_are_bound_to_follow_what_is_said_and_not_how():
    moved = "\n\n" + POLICIES.replace("when {", "when\n{")
    changed = POLICIES.replace("10000", "10001")
    for_reads = POLICIES.replace(
        'Role::"support", action, resource in Tier', 'Role::"x", action, resource in Tier'
    )
    one, same, other = policy_of(POLICIES), policy_of(moved), policy_of(changed)
    assert one.version == same.version != other.version
    assert one.written_for(REFUND) == same.written_for(REFUND) != other.written_for(REFUND)
    assert one.written_for(REFUND) == policy_of(for_reads).written_for(REFUND)


# -- what cannot be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\npermit (principal, action, resource) whn { true };", "p0.cedar:2: policy.cedar: inv"),
        ("permit (principal == ?principal, action, resource);", "template links to nobody"),
        ('@aks("human") permit (principal, action, resource);', "no annotation @aks"),
        ('@ask("nobody") permit (principal, action, resource);', "asks nobody"),
        ('@ask("automatic") permit (principal, action, resource);', "asks nobody"),
        ("@ask forbid (principal, action, resource);", "stands on a forbid"),
        ("permit (principal, action, resource)", "p0.cedar:1"),
        (
            (
                '@id("a") permit (principal, action, resource);\n'
                '@id("a") forbid (principal, action, resource);'
            ),
            'p0.cedar:2: policy.cedar: "a" is also the name of the statement at p0.cedar:1',
        ),
    ],
)
def test_a_statement_that_cannot_be_used_is_told_with_its_line(text, told):
    with pytest.raises(SettingsError) as refused:
        policy_of(text)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ('permit (principal, action == Action::"refnd", resource);', 'Action::"refnd"'),
        ('permit (principal in Rol::"x", action, resource);', "entity type `Rol`"),
        ('permit (principal, action, resource in Tier::"reed");', '"reed"'),
        (when("context.args.cent < 5"), "args.cent"),
        (when("principal.nmae == 1"), "nmae"),
        ('permit (principal == User::"alice", action, resource);', 'User::"acme/alice"'),
        (when('principal == User::"alice"'), 'User::"acme/alice"'),
        (
            (
                'permit (principal, action == Action::"refund", resource) when '
                '{ context.args.note == "x" };'
            ),
            "optional attribute `args.note`",
        ),
        (
            (
                'permit (principal, action == Action::"refund", resource) when '
                '{ context.args.cents < "x" };'
            ),
            "expected Long but saw String",
        ),
    ],
)
def test_names_that_there_are_not_and_types_that_do_not_fit_are_told(statement, told):
    policy = policy_of(f'permit (principal, action == Action::"refund", resource);\n\n{statement}')
    with pytest.raises(SettingsError) as refused:
        checking.check(policy.statements, [REFUND, GET_ORDER])
    assert told in str(refused.value)
    assert str(refused.value).startswith("p0.cedar:3: policy.cedar: ")


def test_each_version_of_a_tool_is_held_against():
    old = replace(REFUND, input_schema={"type": "object"}, version="0", digest="old")
    policy = policy_of(POLICIES)
    checking.check(policy.statements, [REFUND, GET_ORDER])
    with pytest.raises(SettingsError, match=r"args\.cents"):
        checking.check(policy.statements, [REFUND, GET_ORDER, old])


def test_a_written_schema_stands_for_tools_that_are_elsewhere_and_hides_none_that_is_here():
    policy = policy_of(POLICIES)
    whole = PolicyFile("all.cedarschema", checking.written([REFUND, GET_ORDER]))
    checking.check(policy.statements, [GET_ORDER], whole)
    with pytest.raises(SettingsError, match="refund"):
        checking.check(policy.statements, [GET_ORDER])
    changed = replace(REFUND, input_schema={"type": "object"}, digest="new")
    with pytest.raises(SettingsError, match=r"args\.cents"):
        checking.check(policy.statements, [changed, GET_ORDER], whole)
    with pytest.raises(SettingsError, match=r"odd\.cedarschema: policy\.cedar_schema"):
        checking.check(policy.statements, [], PolicyFile("odd.cedarschema", "entity"))


def test_a_statement_ends_at_its_own_semicolon():
    text = '// one; two\npermit (principal, action, resource) when { "a;\\"b" == ";" }; // x;\n\n'
    text += "  forbid (principal, action, resource); // the end"
    assert [number for number, _ in pieces(text)] == [2, 4]
    assert len(policy_of(text).statements) == 2


@given(st.text(alphabet='";/\\ \na', max_size=30))
def test_nothing_of_a_file_is_lost_when_it_is_cut(text):
    """But for blanks and comments between statements."""
    kept = "".join(piece for _, piece in pieces(text))
    assert len(kept) <= len(text)
    assert all(text.count(mark) >= kept.count(mark) for mark in '";')


def test_a_tool_of_any_name_has_its_action():
    names = ["admin.wipe", "a-b", "principal", "call", "0"]
    tools = [replace(GET_ORDER, name=name, digest=name) for name in names]
    written = checking.written(tools)
    assert all(f"action {orjson.dumps(name).decode()}" in written for name in names)
    for each in tools:
        policy = policy_of(f'permit (principal, action == Action::"{each.name}", resource);')
        checking.check(policy.statements, tools)
        assert isinstance(policy.admits(ALICE, (), each), Permit)
        assert sum(isinstance(policy.admits(ALICE, (), other), Permit) for other in tools) == 1


def test_a_tool_without_a_schema_has_no_arguments_that_a_statement_could_name():
    bare = ToolDefinition(name="x", description="", input_schema={"type": "object"}, digest="x")
    with pytest.raises(SettingsError, match="not found"):
        checking.check(policy_of(when("context.args.a == 1")).statements, [bare])
