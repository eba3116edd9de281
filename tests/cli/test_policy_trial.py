"""`highroad policy test`, `lint`, `schema` and `explain`, on a policy of a few tools."""

import json
import shutil
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

ALICE = '{id = "alice", organization = "acme", roles = ["support"]}'
ORDER = '{"order_id": "ORD-SECRET-7", "cents": 7000}'


@pytest.fixture
def folder(repository, monkeypatch, run):
    """The example of a policy, in a folder of the test's own; and the command line in it."""
    shutil.copytree(repository / "examples" / "policies", "shop_of_policies")
    monkeypatch.chdir("shop_of_policies")
    return run


def rewrite(name, old, new):
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def case(**said):
    lines = [f"{name} = {value}" for name, value in said.items()]
    Path("one.test.toml").write_text("[[cases]]\n" + "\n".join(lines))


def test_the_example_passes_and_none_of_its_mistakes_goes_unnoticed(folder):
    done = folder("policy", "test", "shop.test.toml", "--mutants", "--json")
    assert done.code == ExitCode.COMPLETED, done.out
    assert (done.json["failed"], done.json["unreached"], done.json["survived"]) == (0, [], [])
    assert done.json["mutants"] >= 25
    assert not Path(".highroad").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("context.args.cents < 5000 }", "context.args.cents <= 5000 }"),
        ("context.args.cents < 50000 ", "context.args.cents <= 50000 "),
        ('@ask("human")\n', ""),
        ("context.time.hour < 6", "context.time.hour > 6"),
        (
            'forbid (principal, action, resource in Tag::"money")',
            'permit (principal, action, resource in Tag::"money")',
        ),
        (
            'principal in Role::"support", action == Action::"refund"',
            'principal, action == Action::"refund"',
        ),
    ],
)
def test_a_mistake_in_the_policy_makes_a_case_fail_that_names_what_decided(folder, old, new):
    rewrite("shop.cedar", old, new)
    done = folder("policy", "test", "shop.test.toml", "--json")
    assert done.code == ExitCode.REFUSED
    assert done.json["failed"] > 0


def test_a_case_that_fails_says_what_was_expected_what_came_and_by_which_rule(folder):
    case(name='"too much"', principal=ALICE, tool='"refund"', expect='"allow"',
         time="2026-11-23T12:00:00Z", arguments='{order_id = "O", cents = 5000}')  # fmt: skip
    rewrite("one.test.toml", ALICE, '"carol"')
    done = folder("policy", "test", "one.test.toml", "--json")
    (told,) = done.json["cases"]
    assert done.code == ExitCode.REFUSED
    assert (told["expected"], told["answer"]) == ("allow", "ask")
    assert told["rules"] == ['shop.cedar:9 policy.cedar "large refunds"']
    assert told["place"].endswith("one.test.toml:1")
    people = folder("policy", "test", "one.test.toml")
    assert "FAILED" in people.out
    assert "0 of 1 cases pass" in people.out


def test_a_rule_that_no_case_reaches_is_named_and_its_mistakes_go_unnoticed(folder):
    case(name='"reads"', principal=ALICE, tool='"get_order"', expect='"allow"',
         arguments='{order_id = "O"}')  # fmt: skip
    done = folder("policy", "test", "one.test.toml", "--mutants", "--json")
    assert done.code == ExitCode.REFUSED
    assert 'shop.cedar:13 policy.cedar "payouts"' not in done.json["cases"][0]["rules"]
    assert any('"payouts"' in rule for rule in done.json["unreached"])
    assert {"dropped", "forbid in place of permit"} <= {
        each["mistake"] for each in done.json["survived"] if '"payouts"' in each["rule"]
    }
    people = folder("policy", "test", "one.test.toml", "--mutants")
    assert "no case reaches" in people.out
    assert "unnoticed: dropped: " in people.out


LABELLED = """
@id("no order of a stranger")
forbid (principal, action == Action::"refund", resource)
when { context.labels.integrity has order_id && context.labels.integrity.order_id == "untrusted" };
@id("nothing that few may read")
forbid (principal, action == Action::"refund", resource)
when { context.labels.confidential.contains("order_id") };
"""


@pytest.mark.parametrize(
    ("labels", "expect"),
    [
        ("{}", "allow"),
        ('{order_id = ["result"], integrity = {order_id = "system"}}', "allow"),
        ('{order_id = ["nobody"], integrity = {order_id = "untrusted"}}', "deny"),
        ('{integrity = {order_id = "user"}, confidential = ["order_id"]}', "deny"),
    ],
)
def test_a_case_says_what_its_values_are_worth(folder, labels, expect):
    Path("shop.cedar").write_text(Path("shop.cedar").read_text() + LABELLED)
    case(name='"worth"', principal=ALICE, tool='"refund"', expect=f'"{expect}"', labels=labels,
         time="2026-11-23T12:00:00Z", arguments='{order_id = "O", cents = 5}')  # fmt: skip
    (told,) = folder("policy", "test", "one.test.toml", "--json").json["cases"]
    assert told["answer"] == expect


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ('{order_id = "result"}', "lists of kinds"),
        ('{confidential = "order_id"}', "lists of kinds"),
        ('{integrity = {order_id = "trusted"}}', "untrusted, third_party, system, user"),
        ('{integrity = "user"}', "untrusted, third_party, system, user"),
        ('{least = "user"}', "follows from labels.integrity"),
    ],
)
def test_labels_of_a_case_that_make_no_sense_are_told(folder, labels, words):
    case(name='"worth"', principal=ALICE, tool='"refund"', expect='"allow"', labels=labels)
    assert words in folder("policy", "test", "one.test.toml").err


def test_each_gate_is_named_in_its_order(folder):
    """Permissions, scope, lists, conditions, and then Cedar."""
    rewrite("highroad.toml", 'cedar = ["shop.cedar"]', 'cedar = ["shop.cedar"]\ndeny = ["pay_out"]')
    Path("highroad.toml").write_text(
        Path("highroad.toml").read_text()
        + '[policy.agents.helper]\ntools = ["get_*"]\n[policy.roles.all]\nallow = ["*"]\n'
        + '[[policy.rules]]\nname = "none above 100"\ntools = ["refund"]\n'
        + 'when = "args.cents > 10000"\n'
    )
    who = '{id = "x", roles = ["support", "all"]}'
    noon, order = "2026-11-23T12:00:00Z", '{order_id = "O", cents = %d}'
    asked = [
        ('{id = "x", roles = ["all"]}', '"get_order"', '{order_id = "O"}', "[]", "permissions"),
        (who, '"refund"', order % 5, '["helper"]', "scope"),
        (who, '"pay_out"', '{iban = "D", cents = 1}', "[]", "allowlist"),
        (who, '"refund"', order % 10_001, "[]", "rules"),
        ('{id = "y", roles = ["all"]}', '"refund"', order % 5, "[]", "cedar"),
    ]
    for principal, tool, arguments, agents, gate in asked:
        case(name='"gate"', principal=principal, tool=tool, arguments=arguments, agents=agents,
             time=noon, expect='"deny"')  # fmt: skip
        (told,) = folder("policy", "test", "one.test.toml", "--json").json["cases"]
        assert (told["answer"], told["gate"]) == ("deny", gate)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"expect": '"maybe"'}, 'expect is one of "allow", "deny", "ask"'),
        ({"tol": '"x"'}, "there is no tol"),
        ({"principal": '"nobody"'}, "know no user 'nobody'"),
        ({"principal": '{id = "x", role = "y"}'}, "there is no role"),
        ({"tool": '"refnd"'}, "no tool 'refnd' here; did you mean refund?"),
        ({"arguments": '{order = "O", cents = 5}'}, "refund does not take the arguments"),
        ({"time": '"noon"'}, "time is of another kind"),
        ({"history": '{refund = "x"}'}, "history is how often"),
    ],
)
def test_a_case_that_could_never_be_is_told_with_its_line(folder, said, told):
    usual = {"name": '"c"', "principal": ALICE, "tool": '"refund"', "expect": '"deny"'}
    usual |= {"time": "2026-11-23T12:00:00Z", "arguments": '{order_id = "O", cents = 5}'}
    case(**usual | said)
    done = folder("policy", "test", "one.test.toml")
    assert done.code == ExitCode.USAGE
    assert told in done.err
    assert "one.test.toml:1" in done.err


def test_a_case_has_to_say_when_if_a_rule_looks_at_the_time(folder):
    case(name='"c"', principal=ALICE, tool='"refund"', expect='"allow"',
         arguments='{order_id = "O", cents = 5}')  # fmt: skip
    done = folder("policy", "test", "one.test.toml")
    assert done.code == ExitCode.USAGE
    assert "looks at the time" in done.err


def test_lint_names_lines_that_can_decide_nothing(folder):
    assert folder("policy", "lint").code == ExitCode.COMPLETED
    rewrite(
        "highroad.toml",
        "[policy]\n",
        '[policy]\nallow = ["*", "get_order", "nothing_*"]\ndeny = ["pay_out", "pay_*"]\n',
    )
    done = folder("policy", "lint", "--json")
    assert done.code == ExitCode.REFUSED
    found = {each["rule"]: each["why"] for each in done.json}
    allow, deny = "highroad.toml:4 policy.allow", "highroad.toml:5 policy.deny"
    assert found == {
        f'{allow} "get_order"': f'{allow} "*" says it already',
        f'{allow} "nothing_*"': "it fits no tool here",
        f'{deny} "pay_*"': f'{deny} "pay_out" says it already',
    }


def test_the_schema_is_one_that_the_policy_is_checked_by(folder):
    printed = folder("policy", "schema").out
    assert 'action "refund"' in printed
    Path("all.cedarschema").write_text(printed)
    rewrite("highroad.toml", "[policy]\n", '[policy]\ncedar_schema = "all.cedarschema"\n')
    assert folder("policy", "test", "shop.test.toml").code == ExitCode.COMPLETED


def test_a_call_that_nobody_makes_is_explained(folder):
    done = folder("policy", "explain", "--tool", "pay_out", "--principal", "alice",
                  "--args", '{"iban": "DE02", "cents": 1}', "--json")  # fmt: skip
    assert done.code == ExitCode.COMPLETED
    assert done.json == {
        "answer": "deny",
        "gate": "cedar",
        "hidden": True,
        "rules": ["policy.cedar: no permit fits"],
    }
    assert "alice" in folder("policy", "explain", "--tool", "pay_out", "--principal", "zoe").err
    assert folder("policy", "explain").code == ExitCode.USAGE


@pytest.fixture
def daytime(folder):
    """No rule that looks at the time, and somebody who may look into the record."""
    rewrite("shop.cedar", "context.time.hour < 6", "context.time.hour > 24")
    rewrite("highroad.toml", '["orders:read"]', '["orders:read", "audit:reveal"]')
    return folder


@pytest.mark.promise("P7")
def test_a_call_on_record_is_put_before_the_policy_of_today(daytime):
    held = daytime("call", "refund", ORDER, "--as", "carol", "--json")
    assert held.code == ExitCode.HELD
    call_id = held.json["call_id"]
    same = daytime("policy", "explain", call_id, "--as", "alice", "--json")
    assert same.code == ExitCode.COMPLETED, same.err
    assert (same.json["then"], same.json["now"]["answer"]) == ("ask", "ask")
    assert same.json["policy_version"] == same.json["policy_version_now"]
    rewrite("shop.cedar", "cents < 50000", "cents < 6000")
    other = daytime("policy", "explain", call_id, "--as", "alice")
    assert "CHANGED" in other.out
    assert "no permit holds" in other.out
    assert "ORD-SECRET-7" not in other.out + same.out


def test_who_may_not_see_arguments_may_not_have_them_judged(daytime):
    held = daytime("call", "refund", ORDER, "--as", "alice", "--json")
    done = daytime("policy", "explain", held.json["call_id"], "--as", "bob")
    assert done.code == ExitCode.REFUSED
    assert "audit:reveal" in done.err


def test_history_is_counted_as_it_was_when_the_call_was_made(daytime):
    rewrite("shop.cedar", 'forbid (principal, action == Action::"pay_out"', "forbid (principal, ")
    rewrite("shop.cedar", "forbid (principal, ,", 'forbid (principal, action == Action::"refund",')
    rewrite("shop.cedar", "context.history.pay_out > 0", "context.history.refund > 1")
    ids = []
    for number in range(3):
        order = json.dumps({"order_id": f"O-{number}", "cents": 100})
        done = daytime("call", "refund", order, "--as", "alice", "--run", "one", "--json")
        ids.append(done.json["call_id"])
    explained = [daytime("policy", "explain", each, "--as", "alice", "--json").json for each in ids]
    assert [each["now"]["answer"] for each in explained] == ["allow", "allow", "deny"]
    assert [each["then"] for each in explained] == ["allow", "allow", "deny"]
    assert [dict(each["history"]) for each in explained] == [{"refund": n} for n in range(3)]


def test_a_statement_that_fits_no_tool_is_named(folder):
    rewrite("shop.cedar", 'resource in Tag::"money"', 'resource in Tag::"mony"')
    done = folder("policy", "lint", "--json")
    assert done.code == ExitCode.REFUSED
    assert done.json == [
        {"rule": 'shop.cedar:17 policy.cedar "no money by night"', "why": "it fits no tool here"}
    ]


def test_the_tools_of_somebody_are_those_that_they_could_call(folder):
    def listed(*more):
        return {each["name"] for each in folder("tools", "list", "--json", *more).json}

    assert listed() == {"get_order", "refund", "pay_out"}
    assert listed("--as", "alice") == {"get_order", "refund"}
    assert listed("--as", "bob") == {"pay_out"}
