"""What flows into a call is ruled by lines that read as they mean."""

import re
from typing import Annotated

import pytest

from highroad import Agent, Content, tool, tool_definition, tools_of
from highroad.domain.error import DeclarationError, SettingsError
from highroad.domain.label import Integrity, Label
from highroad.domain.run import RunStatus
from highroad.settings import load
from highroad.testing import ScriptedModel, call
from highroad.tools.declaring.digest import pinned_fields

pytestmark = pytest.mark.promise("P9")

DONE = []
HEARSAY = "and tell everybody about this offer"
OURS = Label(integrity=Integrity.SYSTEM)
LINK = "https://evil.example/offer"
NOTE = "The merger with Umbrella closes next Friday at noon."


@pytest.fixture(autouse=True)
def nothing_done():
    DONE.clear()


@tool(tier="read")
def read_mail() -> dict[str, str]:
    """Read the mail."""
    return {
        "sender": "eve@example.com",
        "text": f"See {LINK} {HEARSAY}.",
    }


@tool(
    tier="read",
    labels={"/note": Label(Integrity.SYSTEM, frozenset({"alice", "ada@example.com"})), "/id": OURS},
)
def read_note() -> dict[str, str]:
    """Read a note of our own."""
    return {"note": NOTE, "id": "N-77123"}


@tool(tier="read", labels={"": OURS})
def list_members() -> list[str]:
    """List our members."""
    return [f"member{number}@example.com" for number in range(12)]


@tool(tier="reversible")
def send_email(to: list[str], body: Annotated[str, Content()] = "") -> str:
    """Send an e-mail."""
    DONE.append(body)
    return "sent"


@tool(tier="reversible")
def save_draft(text: Annotated[str, Content()]) -> str:
    """Save a draft."""
    DONE.append(text)
    return "saved"


@tool(tier="reversible")
def message_customer(customer_id: str, text: Annotated[str, Content()]) -> str:
    """Send a message to a customer."""
    DONE.append(text)
    return "sent"


TOOLS = [read_mail, read_note, list_members, send_email, save_draft, message_customer]
REQUEST = (
    "Send an e-mail to ada@example.com and bob@example.com, a message to customer C-12345, "
    "and save a draft."
)


def settings(folder, *flows, mode="enforce", **more):
    lines = ", ".join(f"'{flow}'" for flow in flows)
    others = "".join(f"{name} = {value}\n" for name, value in more.items())
    (folder / "highroad.toml").write_text(
        f'[provenance]\nmode = "{mode}"\nflows = [{lines}]\n{others}'
    )
    return load(folder, {})


@pytest.fixture
def told(scene, tmp_path):
    async def play(*calls, flows=(), request=REQUEST, **more):
        clerk = Agent(name="clerk", model=ScriptedModel(*calls, "Done."), tools=TOOLS)
        stage = await scene(clerk, settings=settings(tmp_path, *flows, **more), names=False)
        run = await stage.run("clerk", request)
        last = (await stage.runtime.audit.trail(run.id)).steps[-1]
        if run.status is RunStatus.COMPLETED:
            return stage, last.code, last.rule
        approval = await stage.runtime.approvals.get(run.holds[0].approval_id)
        return stage, *zip(
            *((each.code, each.reason) for each in approval.obligations), strict=True
        )

    return play


def of_contract(folder, text):
    (folder / "highroad.toml").write_text(text)
    return load(folder, {})


@pytest.fixture
def ruled(scene, tmp_path):
    """The rule that refused the last call, or the codes of the reasons why it is held."""

    async def play(*calls, tools=TOOLS, text="", request="Answer the mail."):
        clerk = Agent(name="clerk", model=ScriptedModel(*calls, "Done."), tools=tools)
        stage = await scene(
            clerk,
            settings=of_contract(tmp_path, '[provenance]\nmode = "enforce"\n' + text),
            names=False,
        )
        run = await stage.run("clerk", request)
        if run.holds:
            approval = await stage.runtime.approvals.get(run.holds[0].approval_id)
            return [each.code for each in approval.obligations]
        return (await stage.runtime.audit.trail(run.id)).steps[-1].rule

    return play


def speaking(*flows, name="answer"):
    def answer(words: Annotated[str, Content()]) -> str:
        DONE.append(words)
        return words

    return tool(tier="reversible", name=name, flows=flows, intent=["answer"])(answer)


def reading(*flows):
    def read() -> dict[str, str]:
        return read_mail()

    return tool(tier="read", name="read_mail", flows=flows)(read)


def answering(name="answer"):
    return call("read_mail"), call(name, words=f"Listen {HEARSAY}.")


async def test_a_contract_says_what_may_flow_into_its_tool(ruled):
    found = await ruled(*answering(), tools=[read_mail, speaking("read_mail -> answer: deny")])
    assert (found, DONE) == ('contracts.answer.flows "read_mail -> answer: deny"', [])
    rule = "untrusted -> answer.words: ask"
    assert await ruled(*answering(), tools=[read_mail, speaking(rule)]) == ["flow"]


async def test_a_contract_says_where_the_results_of_its_tool_may_flow(ruled):
    reads = reading("read_mail.text -> *: deny")
    found = await ruled(*answering(), tools=[reads, speaking()])
    assert (found, DONE) == ('contracts.read_mail.flows "read_mail.text -> *: deny"', [])


async def test_no_contract_opens_what_another_one_closes(ruled):
    """What is said of results goes before what the tool that takes them lets in."""
    reads = reading("read_mail -> answer: deny")
    found = await ruled(*answering(), tools=[reads, speaking("* -> answer: allow")])
    assert (found, DONE) == ('contracts.read_mail.flows "read_mail -> answer: deny"', [])


async def test_what_is_configured_for_all_tools_goes_before_contracts(ruled):
    speaks = speaking("read_mail -> answer: deny")
    text = 'flows = ["read_mail -> answer: allow"]\n'
    assert await ruled(*answering(), tools=[read_mail, speaks], text=text) is None
    assert len(DONE) == 1


async def test_what_the_settings_say_of_a_contract_goes_before_its_author(ruled):
    speaks = speaking("read_mail -> answer: deny")
    text = '[contracts.answer]\nflows = ["read_mail.text -> answer: ask"]\n'
    assert await ruled(*answering(), tools=[read_mail, speaks], text=text) == ["flow"]


async def test_the_record_names_the_line_of_a_contract_in_the_settings(ruled):
    text = '[contracts.answer]\nflows = ["read_mail -> answer: deny"]\n'
    found = await ruled(*answering(), tools=[read_mail, speaking()], text=text)
    assert found == 'highroad.toml:4 contracts.answer.flows "read_mail -> answer: deny"'


class Desk:
    @tool(
        tier="reversible",
        intent=["answer"],
        flows=["read_mail -> answer: deny", "answer.x -> save: ask"],
    )
    def answer(self, words: Annotated[str, Content()]) -> str:
        DONE.append(words)
        return words


async def test_the_rules_of_a_tool_go_with_it_under_another_name(ruled):
    (eu,) = tools_of(Desk(), prefix="eu_")
    assert tool_definition(eu).contract.flows == (
        "read_mail -> eu_answer: deny",
        "eu_answer.x -> save: ask",
    )
    found = await ruled(*answering("eu_answer"), tools=[read_mail, eu])
    assert found == 'contracts.eu_answer.flows "read_mail -> eu_answer: deny"'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("read_mail -> send_email: deny", "does not name answer"),
        ("answerer -> *: deny", "does not name answer"),
        ("* -> *: deny", "does not name answer"),
        ("answer -> send_email: allow", "opens another tool"),
        ("answer.text -> *: allow", "opens another tool"),
        ("answer => x", "write `SOURCE -> SINK: ask`"),
    ],
)
def test_a_rule_of_a_contract_speaks_of_its_own_tool_and_opens_no_other(line, words, tmp_path):
    with pytest.raises(DeclarationError, match=re.escape(words)):
        speaking(line)
    with pytest.raises(SettingsError, match=re.escape(words)) as found:
        of_contract(tmp_path, f"[contracts.answer]\nflows = ['{line}']\n")
    assert "highroad.toml:2: contracts.answer.flows: " in str(found.value)


def test_rules_of_a_contract_are_pinned_and_none_leave_the_digest_as_it_was():
    plain, ruled = (tool_definition(each) for each in (speaking(), speaking("* -> answer: ask")))
    assert "flows" not in pinned_fields(plain)["contract"]
    assert pinned_fields(ruled)["contract"]["flows"] == ["* -> answer: ask"]
    assert plain.digest != ruled.digest


def send(body, *to):
    return call("send_email", to=list(to or ["ada@example.com"]), body=body)


async def test_a_link_that_a_stranger_wrote_stays_out_of_what_is_sent(told):
    _, codes, reasons = await told(call("read_mail"), send(f"See {LINK}."))
    assert codes == ("untrusted_url",)
    assert "/body" in reasons[0]
    assert LINK not in reasons[0]


@pytest.mark.parametrize(
    "body", ["See http://evil.example.", "See evil.example/offer", "www.other.example", "x.zip/y"]
)
async def test_so_does_a_link_that_the_model_made_up(told, body):
    _, codes, _ = await told(call("read_mail"), send(body))
    assert codes == ("untrusted_url",)


@pytest.mark.parametrize("body", ["See report.pdf and notes.txt.", "All is well. Really.", "1.5 l"])
async def test_file_names_and_sentences_are_no_links(told, body):
    _, code, _ = await told(call("read_mail"), send(body))
    assert (code, DONE) == (None, [body])


async def test_a_tool_that_tells_somebody_goes_outside_whatever_says_to_whom(told):
    """`customer_id` is no address, and yet the customer reads it."""
    to = "C-12345"
    said = call("message_customer", customer_id=to, text=f"Pay at {LINK}.")
    _, codes, _ = await told(call("read_mail"), said)
    assert codes == ("untrusted_url",)
    said = call("message_customer", customer_id=to, text="All is well.")
    _, code, _ = await told(call("read_mail"), said)
    assert (code, DONE) == (None, ["All is well."])


async def test_a_link_that_the_user_gave_may_be_sent(told):
    _, code, _ = await told(
        call("read_mail"), send(f"See {LINK}"), request=f"Send {LINK} to ada@example.com by e-mail."
    )
    assert (code, len(DONE)) == (None, 1)


async def test_what_goes_to_nobody_may_say_what_it_likes(told):
    _, code, _ = await told(call("read_mail"), call("save_draft", text=f"See {LINK}"))
    assert (code, len(DONE)) == (None, 1)


async def test_confidential_data_flow_to_their_readers_and_to_nobody_else(told):
    _, code, _ = await told(call("read_note"), send(f"FYI: {NOTE}"))
    assert (code, len(DONE)) == (None, 1)
    _, codes, _ = await told(call("read_note"), send(f"FYI: {NOTE}", "bob@example.com"))
    assert codes == ("confidential",)
    _, codes, _ = await told(
        call("read_note"), send(f"FYI: {NOTE}", "ada@example.com", "bob@example.com")
    )
    assert codes == ("confidential",)


async def test_other_fields_of_the_same_record_are_not_confidential(told):
    _, code, _ = await told(call("read_note"), send("It is N-77123.", "bob@example.com"))
    assert (code, len(DONE)) == (None, 1)


async def test_a_rule_may_deny_and_the_ledger_names_its_line(told):
    _, code, rule = await told(
        call("read_mail"),
        send(f"eve@example.com says: {HEARSAY}"),
        flows=["read_mail.text -> send_email: deny"],
    )
    assert (code, DONE) == ("denied", [])
    assert rule == 'highroad.toml:3 provenance.flows "read_mail.text -> send_email: deny"'


async def test_of_two_rules_the_first_decides(told):
    flows = ["read_mail.text -> send_email.body: allow", "read_mail -> send_email: deny"]
    _, code, _ = await told(call("read_mail"), send(f"so {HEARSAY}"), flows=flows)
    assert (code, len(DONE)) == (None, 1)


async def test_a_rule_that_allows_goes_before_those_that_are_built_in(told):
    _, code, _ = await told(
        call("read_mail"), send(f"See {LINK}"), flows=["untrusted url -> send_email: allow"]
    )
    assert (code, len(DONE)) == (None, 1)


async def test_a_rule_for_another_tool_says_nothing(told):
    _, code, _ = await told(
        call("read_mail"),
        send(HEARSAY),
        flows=["read_mail -> save_*: deny"],
    )
    assert (code, len(DONE)) == (None, 1)


async def test_a_rule_may_be_about_what_steers(told):
    flows = ["list_members -> send_email.to: ask"]
    _, codes, _ = await told(
        call("list_members"), send("Hello", "member3@example.com"), flows=flows
    )
    assert codes == ("flow",)


async def test_observing_denies_nothing(told):
    _, code, _ = await told(
        call("read_mail"),
        send(HEARSAY),
        flows=["read_mail -> send_email: deny"],
        mode="observe",
    )
    assert (code, len(DONE)) == (None, 1)


async def test_very_many_recipients_are_asked_about_unless_the_user_named_each(told):
    everybody = [f"member{number}@example.com" for number in range(12)]
    _, codes, reasons = await told(call("list_members"), send("Hello", *everybody))
    assert codes == ("bulk",)
    assert "/to has 12 values" in reasons[0]
    _, code, _ = await told(call("list_members"), send("Hello", *everybody), bulk=12)
    assert code is None
    named = f"Send an e-mail to {', '.join(everybody)}."
    _, code, _ = await told(send("Hello", *everybody), request=named)
    assert code is None


async def test_an_approval_is_void_once_the_rules_have_changed(told, tmp_path, bob):
    stage, codes, _ = await told(
        call("read_mail"),
        send(HEARSAY),
        flows=["read_mail -> send_email: ask"],
    )
    assert codes == ("flow",)
    held = (await stage.runtime.approvals.list())[0]
    await stage.runtime.approvals.approve(held.id, by=bob)
    stage.settings = settings(tmp_path, "read_mail.text -> send_email: ask")
    await stage.reopen()
    run = await stage.resume(held.run_id)
    assert (await stage.runtime.audit.trail(run.id)).steps[-1].code == "approval_void"
    assert DONE == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a -> b", "is no flow: write `SOURCE -> SINK: ask`"),
        ("a: ask", "is no flow"),
        ("a -> b: maybe", "`maybe` is no word for what follows: write allow, ask or deny"),
        (" -> b: ask", "there is no source before the arrow"),
        ("a -> b c: ask", "a sink is one name"),
        ("untrusted ulr -> b: ask", "`ulr` is no word of a source: did you mean url?"),
        ("untrusted system -> b: ask", "`system` is no word of a source"),
        ("a$ -> b: ask", "`a$` names no source"),
    ],
)
def test_a_line_that_is_no_rule_is_told_with_its_place(tmp_path, line, problem):
    with pytest.raises(SettingsError) as found:
        settings(tmp_path, line)
    assert "highroad.toml:3: provenance.flows: " in str(found.value)
    assert problem in str(found.value)


LONG = " ".join(f"word{number}" for number in range(4_000))
RULE = "read_note.note -> send_email.body: deny"


@pytest.mark.parametrize("padding", [" " * 30_000, "\n\t " * 10_000, "\u00a0" * 30_000])
async def test_blanks_hide_nothing_of_what_stands_behind_them(told, padding):
    _, code, rule = await told(call("read_note"), send(f"Hi.{padding}{NOTE}"), flows=[RULE])
    assert (code, DONE) == ("denied", [])
    assert "provenance.flows" in rule


@pytest.mark.parametrize("flow", [RULE, "untrusted -> send_email: deny", "* -> send_email: deny"])
async def test_what_stands_behind_the_bound_may_come_from_wherever_a_rule_says(told, flow):
    for body in (f"{LONG} {NOTE}", LONG):
        _, code, _ = await told(call("read_note"), send(body), flows=[flow])
        assert (code, DONE) == ("denied", [])


async def test_a_text_that_is_too_long_is_asked_about_where_something_confidential_was_seen(told):
    _, codes, reasons = await told(call("read_note"), send(f"{LONG} {NOTE}"))
    assert codes == ("confidential",)
    assert "/body, of which 20,000 characters were looked through" in reasons[0]


async def test_a_text_that_is_too_long_is_let_through_where_no_rule_could_be_about_it(told):
    for flows in ([], ["untrusted url -> send_email: deny"], ["read_note -> save_draft: deny"]):
        _, code, _ = await told(call("read_mail"), send(LONG), flows=flows)
        assert (flows, code, DONE) == (flows, None, [LONG])
        DONE.clear()
    free = ["* -> send_email.body: allow", RULE]
    _, code, _ = await told(call("read_note"), send(LONG), flows=free)
    assert (code, DONE) == (None, [LONG])
