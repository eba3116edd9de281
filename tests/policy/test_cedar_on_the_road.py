"""Cedar in front of calls: from the files that settings name to the ledger."""

import sys
from pathlib import Path
from typing import Annotated

import pytest

from highroad import Agent, Completed, Content, Held, Principal, Refused, Runtime, tool
from highroad.domain.error import SettingsError
from highroad.domain.label import Integrity, Label
from highroad.settings import load
from highroad.testing import ScriptedModel, call

ALICE = Principal("alice", "acme", roles={"support"}, authenticated=True)
BOB = Principal("bob", "acme", authenticated=True)
AUDITOR = Principal("ann", "acme", permissions={"audit:reveal"})
TOML = """\
[policy]
cedar = ["policies/*.cedar"]
"""
POLICIES = """\
@id("support reads")
permit (principal in Role::"support", action, resource in Tier::"read");

@id("support refunds")
permit (principal in Role::"support", action == Action::"refund", resource)
when { context.args.cents < 1000 };

@id("large refunds") @ask("human")
permit (principal in Role::"support", action == Action::"refund", resource)
when { context.args.cents >= 1000 };

@id("twice in a run at most")
forbid (principal, action == Action::"refund", resource)
when { context.history.refund >= 2 };

@id("not what nobody named")
forbid (principal, action == Action::"refund", resource)
when { context.labels has order_id && context.labels.order_id.contains("nobody") };
"""


@tool(tier="reversible", effect="idempotent")
def refund(order_id: str, cents: int) -> str:
    """Pay back a part of an order."""
    return f"{cents} of {order_id}"


@tool(tier="read")
def get_order(order_id: str) -> str:
    """Read an order."""
    return order_id


@pytest.fixture
def configured(tmp_path):
    """Settings with these policies."""

    def write(policies=POLICIES, toml=TOML, **environment):
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies" / "shop.cedar").write_text(policies)
        (tmp_path / "highroad.toml").write_text(toml)
        return load(tmp_path, environment)

    return write


@pytest.fixture
def opened(configured):
    def opened(policies=POLICIES, toml=TOML, **parts):
        return Runtime.open(
            tools=[refund, get_order], settings=configured(policies, toml), principal=ALICE, **parts
        )

    return opened


async def rule_of(runtime, outcome):
    return (await runtime.audit.explain(outcome.call_id)).rule


async def test_a_statement_decides_and_the_ledger_names_file_and_line(opened):
    async with opened() as runtime:
        small = await runtime.call(refund, {"order_id": "O-1", "cents": 5})
        assert isinstance(small, Completed)
        rules = (await runtime.audit.explain(small.call_id)).rules
        assert 'policies/shop.cedar:4 policy.cedar "support refunds"' in rules
        large = await runtime.call(refund, {"order_id": "O-1", "cents": 5_000})
        assert isinstance(large, Held)
        (approval,) = await runtime.approvals.list()
        assert [each.reason for each in approval.obligations] == ["The policy asks: large refunds."]


async def test_to_whom_no_permit_fits_the_tool_does_not_exist(opened):
    async with opened() as runtime:
        hidden = await runtime.call(refund, {"order_id": "O-1", "cents": 5}, principal=BOB)
        missing = await runtime.call("refunt", {"order_id": "O-1", "cents": 5}, principal=BOB)
        assert hidden.error == missing.error
        assert hidden.error.code == "unknown_tool"
        assert await rule_of(runtime, hidden) == "policy.cedar: no permit fits"


async def test_what_the_run_did_before_is_known(opened):
    async with opened() as runtime:
        outcomes = [
            await runtime.call(refund, {"order_id": f"O-{n}", "cents": 5}, run="one")
            for n in range(3)
        ]
        assert [type(each) for each in outcomes] == [Completed, Completed, Refused]
        rule = await rule_of(runtime, outcomes[2])
        assert rule == 'policies/shop.cedar:12 policy.cedar "twice in a run at most"'
        other = await runtime.call(refund, {"order_id": "O-9", "cents": 5}, run="two")
        assert isinstance(other, Completed)


@pytest.mark.promise("P6")
async def test_it_is_known_after_a_restart_too(opened):
    for number in range(2):
        async with opened() as runtime:
            outcome = await runtime.call(refund, {"order_id": f"O-{number}", "cents": 5}, run="one")
            assert isinstance(outcome, Completed)
    async with opened() as runtime:
        assert isinstance(
            await runtime.call(refund, {"order_id": "O-3", "cents": 5}, run="one"), Refused
        )


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("request_", "status"), [("Refund ORD-000042.", None), ("Refund it.", 1)])
async def test_where_the_values_of_a_model_came_from_is_known(opened, request_, status):
    model = ScriptedModel(call("refund", order_id="ORD-000042", cents=5), "Done.")
    agent = Agent(name="clerk", model=model, tools=[refund])
    toml = TOML + '[grounding]\nmode = "observe"\n'
    async with opened(toml=toml, agents=[agent]) as runtime:
        await runtime.run(agent, request_)
        told = str(model.requests[-1].messages[-1])
        assert ("not allowed" in told) is bool(status)


WORTH = """\
permit (principal in Role::"support", action, resource);

@id("no stranger chooses an order")
forbid (principal, action == Action::"refund", resource)
when { context.labels.integrity has order_id && context.labels.integrity.order_id == "untrusted" };

@id("nothing at all of strangers")
forbid (principal, action == Action::"refund", resource)
when { context.labels has least && context.labels.least == "third_party" };

@id("what few may read stays")
forbid (principal, action == Action::"refund", resource)
when { context.labels.confidential.contains("note") };
"""


@tool(
    tier="read",
    labels={
        "/other": Label(Integrity.THIRD_PARTY),
        "/memo": Label(readers=frozenset({"ada", "support"})),
    },
)
def read_letter() -> dict[str, str]:
    """Read a letter."""
    return {"other": "ORD-000077", "memo": "Umbrella Corporation gets all of our orders."}


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("order_id", "note", "rule"),
    [
        ("ORD-000042", "", None),
        ("ORD-000099", "", "no stranger chooses an order"),
        ("ORD-000077", "", "nothing at all of strangers"),
        (
            "ORD-000042",
            "As Umbrella Corporation gets all of our orders.",
            "what few may read stays",
        ),
    ],
)
async def test_statements_look_at_what_values_are_worth(configured, order_id, note, rule):
    @tool(tier="reversible", name="refund")
    def refund(order_id: str, note: Annotated[str, Content()] = "") -> str:
        """Pay back an order."""
        return order_id

    model = ScriptedModel(
        call("read_letter"), call("refund", order_id=order_id, note=note), "Done."
    )
    agent = Agent(name="clerk", model=model, tools=[refund, read_letter])
    toml = TOML + '[grounding]\nmode = "observe"\n[provenance]\nmode = "observe"\n'
    async with Runtime.open(
        agents=[agent], settings=configured(WORTH, toml), principal=ALICE
    ) as runtime:
        run = await runtime.run(agent, "Refund ORD-000042.")
        step = (await runtime.audit.trail(run.id)).steps[-1]
        assert (step.status, rule or "") == (
            "completed" if rule is None else "refused",
            (step.rule or "").partition('"')[2].rstrip('"'),
        )
        again = (await runtime.reconsider(step.call_id, by=AUDITOR)).now
        assert again.answer == ("allow" if rule is None else "deny")
        assert rule is None or rule in again.rules[0]


async def test_words_of_labels_are_held_against_their_types(opened):
    for wrong in ("integrity.order", "integrity.order_id == 3", "least", "confidential == 1"):
        when = f"when {{ context.labels.{wrong} }};"
        with pytest.raises(SettingsError, match=r"shop\.cedar:1"):
            await opened(f"forbid (principal, action, resource) {when}").__aenter__()


@pytest.mark.promise("P4")
async def test_an_approval_is_void_once_a_statement_for_its_tool_says_something_else(opened):
    async with opened() as runtime:
        held = await runtime.call(refund, {"order_id": "O-1", "cents": 5_000})
        (approval,) = await runtime.approvals.list()
        await runtime.approvals.approve(approval.id, by=BOB)
    elsewhere = POLICIES + '@id("new") forbid (principal == User::"x/y", action, resource) when '
    async with opened(elsewhere + "{ context.time.hour > 25 };") as runtime:
        outcome = await runtime.wait(held.call_id)
        assert (outcome.status, outcome.error.code) == ("refused", "approval_void")


@pytest.mark.promise("P4")
async def test_an_approval_stands_when_a_statement_is_moved(opened):
    async with opened() as runtime:
        held = await runtime.call(refund, {"order_id": "O-1", "cents": 5_000})
        (approval,) = await runtime.approvals.list()
        await runtime.approvals.approve(approval.id, by=BOB)
    async with opened("\n\n// Moved.\n" + POLICIES) as runtime:
        assert isinstance(await runtime.wait(held.call_id), Completed)


async def test_both_the_rules_and_cedar_have_to_permit(opened):
    toml = TOML + 'deny = ["refund"]\nallow = ["*"]\n'
    async with opened(toml=toml) as runtime:
        denied = await runtime.call(refund, {"order_id": "O-1", "cents": 5})
        assert await rule_of(runtime, denied) == 'highroad.toml:3 policy.deny "refund"'
        assert isinstance(await runtime.call(get_order, {"order_id": "O-1"}), Completed)
        assert isinstance(await runtime.call(get_order, {"order_id": "O"}, principal=BOB), Refused)


async def test_a_mistake_is_told_before_anything_is_opened(opened):
    with pytest.raises(SettingsError, match=r"policies/shop\.cedar:1: policy\.cedar: .*cent"):
        await opened("permit (principal, action, resource) when { cent };").__aenter__()
    broken = 'permit (principal, action == Action::"refnud", resource);'
    with pytest.raises(SettingsError, match="refnud"):
        await opened(broken).__aenter__()


def test_a_file_that_is_not_there_is_told_with_its_line(configured):
    with pytest.raises(SettingsError, match=r"toml:2: policy\.cedar: no file fits 'x/\*\.cedar'"):
        configured(toml='[policy]\ncedar = ["x/*.cedar"]\n')
    with pytest.raises(SettingsError, match=r"toml:2: policy\.cedar_schema: .* cannot be read"):
        configured(toml='[policy]\ncedar_schema = "none"\n')


def test_each_file_is_read_once_in_order(configured, tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.cedar").write_text("")
    found = configured(toml='[policy]\ncedar = ["policies/shop.cedar", "policies/*"]\n')
    assert [file.name for file in found.policy.cedar] == ["policies/shop.cedar", "policies/a.cedar"]


async def test_a_missing_library_names_the_command_that_installs_it(opened, monkeypatch):
    for name in [name for name in sys.modules if "cedar" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    with pytest.raises(SettingsError, match=r"pip install 'highroad\[cedar\]'"):
        await opened().__aenter__()


@pytest.mark.promise("P7")
async def test_no_value_stands_in_the_ledger(opened, tmp_path):
    async with opened(toml=TOML) as runtime:
        await runtime.call(refund, {"order_id": "SECRET-ID", "cents": 271_828})
        await runtime.call(refund, {"order_id": "SECRET-ID", "cents": 2**62})
    files = [path for path in Path.cwd().rglob("*") if path.is_file()]
    files += [path for path in (tmp_path / ".highroad").rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert b"SECRET-ID" not in written
    assert b"271828" not in written
