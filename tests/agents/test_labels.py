"""`ask` rules over where values came from, and what they are worth."""

from typing import Annotated

import pytest

from highroad import Agent, Completed, Content, Held, Principal, tool
from highroad.domain.identity import Origin
from highroad.domain.label import Integrity, Label
from highroad.settings import load
from highroad.testing import ScriptedModel, call

pytestmark = pytest.mark.promise("P4")

RULE = 'has(labels.to) && "nobody" in labels.to.sources ? "human" : "automatic"'


@pytest.fixture
def transfer():
    @tool(tier="irreversible", ask=RULE)
    async def transfer(to: str) -> str:
        return to

    return transfer


@pytest.fixture
def observing(tmp_path):
    (tmp_path / "highroad.toml").write_text('[grounding]\nmode = "observe"\n')
    return load(tmp_path, {})


async def test_a_rule_asks_about_a_value_that_nobody_named(scene, transfer, observing, bob):
    stage = await scene(tools=[transfer], settings=observing)
    held = await stage.runtime.call("transfer", {"to": "DE89"}, origin=Origin.MODEL)
    assert isinstance(held, Held)
    await stage.runtime.approvals.approve(held.approval_id, by=bob)
    outcome = await stage.runtime.wait(held.call_id)
    assert outcome.unwrap() == "DE89"


async def test_of_a_call_of_code_nothing_is_known(scene, transfer, observing):
    stage = await scene(tools=[transfer], settings=observing)
    assert isinstance(await stage.runtime.call("transfer", {"to": "DE89"}), Completed)


# -- integrity, and what is confidential ---------------------------------------------------------

AUDITOR = Principal("ann", permissions={"audit:reveal"})
NOTE = "The merger with Umbrella closes next Friday at noon."


@tool(
    tier="read", labels={"/note": Label(Integrity.SYSTEM, frozenset({"alice", "ada@example.com"}))}
)
def read_mail() -> dict[str, str]:
    """Read the mail."""
    return {"sender": "eve@example.com", "note": NOTE}


def sending(rule):
    @tool(tier="irreversible", ask=rule)
    def send_email(to: str, body: Annotated[str, Content()] = "") -> str:
        """Send an e-mail."""
        return "sent"

    return send_email


REQUEST = "Send an e-mail to ada@example.com."


async def answer(scene, folder, rule, *calls, text="", **more):
    """The run, and the runtime, of an agent whose tool has this rule."""
    modes = {"grounding": "observe", "provenance": "observe"} | more
    text += "".join(f'[{name}]\nmode = "{mode}"\n' for name, mode in modes.items())
    (folder / "highroad.toml").write_text(text)
    clerk = Agent(
        name="clerk", model=ScriptedModel(*calls, "Done."), tools=[read_mail, sending(rule)]
    )
    stage = await scene(clerk, settings=load(folder, {}), names=False)
    return await stage.run("clerk", REQUEST), stage.runtime


TO_ADA = call("send_email", to="ada@example.com", body="Hello.")
TO_EVE = (call("read_mail"), call("send_email", to="eve@example.com", body="Hello."))
LEAK = (call("read_mail"), call("send_email", to="ada@example.com", body=f"FYI: {NOTE}"))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("rule", "calls", "status"),
    [
        ('labels.integrity.to == "untrusted"', [TO_ADA], "completed"),
        ('labels.integrity.to == "untrusted"', TO_EVE, "held"),
        ('labels.integrity.to == "user"', [TO_ADA], "held"),
        ('labels.least != "user"', [TO_ADA], "completed"),
        ('labels.least != "user"', TO_EVE, "held"),
        ('"body" in labels.confidential', TO_EVE, "completed"),
        ('"body" in labels.confidential', LEAK, "held"),
        ("has(labels.integrity.body)", LEAK, "completed"),
        ('labels.integrity.body == "user"', [TO_ADA], "held"),
    ],
)
async def test_a_rule_asks_by_what_values_are_worth(scene, tmp_path, rule, calls, status):
    run, _ = await answer(scene, tmp_path, rule, *calls)
    assert run.status == status


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    "modes", [{"provenance": "off"}, {"provenance": "off", "grounding": "off"}]
)
async def test_what_nobody_judges_is_weighed_where_a_rule_looks_at_it(scene, tmp_path, modes):
    """Where nothing at all is kept to judge by, every value is untrusted."""
    run, _ = await answer(scene, tmp_path, 'labels.integrity.to == "untrusted"', TO_ADA, **modes)
    assert run.status == ("held" if "grounding" in modes else "completed")


async def test_where_no_rule_looks_at_it_nothing_is_noted(scene, tmp_path):
    off = {"provenance": "off", "grounding": "off"}
    run, runtime = await answer(scene, tmp_path, "args.to == '?'", *LEAK, **off)
    step = (await runtime.audit.trail(run.id)).steps[-1]
    record = await runtime.audit.explain(step.call_id)
    assert (record.sources, record.confidential) == ((), ())


@pytest.mark.promise("P4")
async def test_behind_a_hold_a_rule_is_told_what_was_found_before_it(scene, tmp_path, bob):
    """The evidence is gone by then; what is on record is not."""
    rule = 'labels.integrity.to == "system" || "body" in labels.confidential ? "human" : false'
    run, runtime = await answer(scene, tmp_path, rule, *LEAK)
    hold = run.holds[0]
    await runtime.approvals.approve(hold.approval_id, by=bob)
    run = await runtime.resume(run.id)
    assert run.status == "completed"
    record = await runtime.audit.explain(hold.call_id)
    assert record.status == "completed"
    assert record.confidential == ("body",)
    assert [each.integrity for each in record.sources] == [Integrity.USER]


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("calls", "then"), [([TO_ADA], "allow"), (LEAK, "ask")])
async def test_a_configured_rule_is_asked_again_by_what_was_found_then(
    scene, tmp_path, calls, then
):
    configured = "[policy.ask.send_email]\nlevel = '\"body\" in labels.confidential'\n"
    run, runtime = await answer(scene, tmp_path, "true", *calls, text=configured)
    assert run.status == ("held" if then == "ask" else "completed")
    call_id = (await runtime.audit.trail(run.id)).steps[-1].call_id
    assert (await runtime.reconsider(call_id, by=AUDITOR)).now.answer == then
