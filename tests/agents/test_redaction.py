"""A model works with people whom it knows by pseudonyms, and tools with the people."""

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from highroad import Agent, Content, Principal, ToolContext, tool
from highroad.agents.context.results import get_result
from highroad.domain.event import EventKind
from highroad.domain.run import RunStatus
from highroad.settings import load
from highroad.testing import ScriptedModel, ScriptedVerifier, call
from highroad.tools.semantic import Email

ADDRESS, PHONE = "jane@example.com", "+49 30 901820"
PSEUDONYM = re.compile(r"email-[a-z2-7]{16}@redacted\.example|\[phone-[a-z2-7]{16}\]")
SENT = []


@pytest.fixture(autouse=True)
def nothing_sent():
    SENT.clear()


@dataclass(frozen=True)
class Customer:
    id: str
    email: str
    phone: str


@tool(tier="read")
def get_customer(id: str) -> Customer:  # noqa: A002 - as customers have it
    """Read a customer."""
    return Customer(id, ADDRESS, PHONE)


@tool(tier="read")
def find_customer(text: str) -> list[Customer]:
    """Find customers."""
    return [Customer("C-2", ADDRESS, PHONE)]


@tool(tier="reversible")
def send_email(to: Annotated[str, Email()], body: Annotated[str, Content()]) -> str:
    """Write to somebody."""
    SENT.append((to, body))
    return f"sent to {to}"


@tool(tier="irreversible")
def write_to(to: Annotated[str, Email()], body: Annotated[str, Content()]) -> str:
    """Write to somebody, if people agree."""
    SENT.append((to, body))
    return f"sent to {to}"


@tool(tier="reversible", personal=["number"])
def send_text(number: str) -> str:
    """Write to somebody's phone."""
    SENT.append(number)
    return "sent"


@tool(tier="reversible")
def note_down(text: Annotated[str, Content()]) -> str:
    """Note."""
    SENT.append(text)
    return "noted"


@tool(tier="read", transform=True)
def mailbox_for(email: Annotated[str, Email()], topic: str) -> str:
    """Say under which address somebody reads of a topic."""
    return email.replace("@", f"+{topic}@")


@tool(tier="read")
async def count(id: str, context: ToolContext) -> int:  # noqa: A002 - as customers have it
    """Count, and say of whom."""
    context.report(f"counting for {ADDRESS}")
    await asyncio.sleep(0)
    return 1


def configured(more="", grounding="enforce"):
    Path("highroad.toml").write_text(
        f'[redaction]\nmode = "pseudonym"\n{more}\n[grounding]\nmode = "{grounding}"\n'
    )
    return load(Path.cwd(), {})


def shown(request):
    """All that a model is told by tools."""
    return json.dumps([getattr(message, "content", "") for message in request.messages])


class Copying:
    """Plays a script in which `{0}` is the first pseudonym that the model has seen, and so on."""

    def __init__(self, name, arguments):
        self.name = name
        self.arguments = arguments

    def __call__(self, request):
        seen = list(dict.fromkeys(PSEUDONYM.findall(shown(request))))
        filled = {key: text.format(*seen) for key, text in self.arguments.items()}
        return call(self.name, **filled)


@pytest.fixture
def told(scene):
    """Runs an agent by a script, and gives the last request of its model, and the scene."""

    async def play(text, *script, settings=None, principal=None):
        model = ScriptedModel(*script, "Done.")
        tools = (get_customer, find_customer, send_email, send_text, note_down, mailbox_for)
        stage = await scene(
            Agent(name="clerk", model=model, tools=tools),
            settings=settings or configured(),
            names=False,
            **({} if principal is None else {"principal": principal}),
        )
        run = await stage.run("clerk", text)
        assert run.status is RunStatus.COMPLETED, run
        model.assert_complete()
        return model.requests[-1], stage, run

    return play


READ = call("get_customer", id="C-1")


@pytest.mark.promise("P7")
async def test_a_model_refers_to_a_person_that_it_never_sees(told):
    """The tool writes to the person; neither request nor record has the address."""
    request, stage, _ = await told(
        "Write to customer C-1.", READ, Copying("send_email", {"to": "{0}", "body": "Hello {0}"})
    )
    ((to, body),) = SENT
    assert to == ADDRESS
    assert PSEUDONYM.search(body), "what is said is not declared to take personal data"
    assert ADDRESS not in shown(request)
    assert PHONE not in shown(request)
    assert ADDRESS not in json.dumps(await stage.bodies())


async def test_an_argument_is_declared_to_take_what_has_no_format(told):
    """By an option of the tool."""
    await told("Write to customer C-1.", READ, Copying("send_text", {"number": "{1}"}))
    assert SENT == [PHONE]


async def test_what_is_not_declared_stays_closed(told):
    """The tool is handed the pseudonym."""
    await told("Note customer C-1.", READ, Copying("note_down", {"text": "{0}"}))
    assert PSEUDONYM.fullmatch(SENT[0])


@tool(tier="reversible")
def assign(owner: str) -> str:
    """Make somebody the owner."""
    SENT.append(owner)
    return "assigned"


async def test_a_pseudonym_that_stays_closed_is_known_by_what_it_stands_for(scene):
    """Grounding has nothing against it; one that a stranger made up is refused."""
    made_up = f"email-{'b' * 16}@redacted.example"
    model = ScriptedModel(
        READ, Copying("assign", {"owner": "{0}"}), call("assign", owner=made_up), "Done."
    )
    clerk = Agent(name="clerk", model=model, tools=[get_customer, assign])
    stage = await scene(clerk, settings=configured(), names=False)
    await stage.run("clerk", "Customer C-1 shall own it.")
    (owner,) = SENT
    assert PSEUDONYM.fullmatch(owner)
    assert owner != made_up
    assert "ungrounded" in shown(model.requests[-1])


async def test_grounding_sees_through_a_pseudonym_and_by_no_other(told):
    """What a read has brought is known; an address that nobody named is not."""
    request, _, _ = await told(
        "Write to customer C-1.",
        READ,
        Copying("send_email", {"to": "{0}", "body": ""}),
        call("send_email", to="eve@example.org", body=""),
    )
    assert [to for to, _ in SENT] == [ADDRESS]
    assert "ungrounded" in shown(request)


async def test_what_a_transform_makes_of_a_known_value_is_known(told):
    """Though the model has seen neither."""
    await told(
        "Write to customer C-1 about the shop.",
        READ,
        Copying("mailbox_for", {"email": "{0}", "topic": "shop"}),
        Copying("send_email", {"to": "{2}", "body": ""}),
    )
    assert SENT == [("jane+shop@example.com", "")]


async def test_a_pseudonym_of_which_nothing_is_known_is_refused(told):
    """It may be of another run, or a stranger's word; nobody is written to."""
    strange = f"email-{'a' * 16}@redacted.example"
    request, _, _ = await told(
        f"Write to {strange}.", call("send_email", to=strange, body=""), settings=configured()
    )
    assert SENT == []
    assert "pseudonym_unknown" in shown(request)


async def test_the_same_person_has_one_pseudonym_in_a_run(told):
    """Whatever tool brings them, so that a model can tell."""
    request, _, _ = await told("Go.", READ, call("find_customer", text="C-2"))
    assert len(set(PSEUDONYM.findall(shown(request)))) == 2


@pytest.mark.promise("P7")
async def test_runs_share_no_pseudonym(told):
    """Nothing that one has seen leads to a person in another."""
    first, _, _ = await told("Go.", READ)
    second, _, _ = await told("Go.", READ)
    assert not set(PSEUDONYM.findall(shown(first))) & set(PSEUDONYM.findall(shown(second)))


async def test_whoever_may_read_what_is_personal_has_a_model_that_does(told):
    """The right is the user's, and the agent acts for them."""
    reader = Principal("alice", permissions={"personal:read"}, authenticated=True)
    request, _, _ = await told("Go.", READ, principal=reader)
    assert ADDRESS in shown(request)


def note_of(bodies, stage):
    lines = [line for body in bodies for line in body.get("stages", ()) if line[0] == stage]
    return [line[3] for line in lines if line[3]]


async def test_the_record_says_which_arguments_were_turned_back(told):
    """By pointer, never by value."""
    _, stage, _ = await told(
        "Write to customer C-1.", READ, Copying("send_email", {"to": "{0}", "body": ""})
    )
    assert note_of(await stage.bodies(), "validate") == ["redaction: turned back /to"]


async def test_personal_data_in_other_arguments_is_observed(told):
    """The tool is handed it: to keep it away could break what was asked for."""
    _, stage, _ = await told("Note.", call("note_down", text=f"Ask {ADDRESS}"))
    assert [f"Ask {ADDRESS}"] == SENT
    assert note_of(await stage.bodies(), "validate") == ["redaction: email 1"]


async def test_personal_data_in_other_arguments_is_masked_where_that_is_set(told):
    """But for what an argument is declared to take."""
    settings = configured('arguments = "mask"')
    await told(
        f"Write {ADDRESS}.",
        call("note_down", text=f"Ask {ADDRESS}"),
        call("send_email", to=ADDRESS, body=f"You are {ADDRESS}"),
        settings=settings,
    )
    assert SENT == ["Ask [email]", (ADDRESS, "You are [email]")]


async def test_a_run_that_goes_on_elsewhere_knows_its_pseudonyms(scene):
    """They are made of what is on record, and of the key of the run alone."""
    model = ScriptedModel(
        READ,
        Copying("write_to", {"to": "{0}", "body": ""}),
        Copying("write_to", {"to": "{0}", "body": "again"}),
        "Done.",
        by_turn=True,
    )
    clerk = Agent(name="clerk", model=model, tools=[get_customer, write_to])
    stage = await scene(clerk, settings=configured(), names=False)
    run = await stage.run("clerk", "Write to customer C-1, twice.")
    assert run.status is RunStatus.HELD
    await stage.approve(run)
    await stage.reopen()
    run = await stage.resume(run)
    await stage.approve(run)
    await stage.reopen()
    run = await stage.resume(run)
    assert run.status is RunStatus.COMPLETED
    assert SENT == [(ADDRESS, ""), (ADDRESS, "again")]


@pytest.mark.promise("P7")
async def test_what_was_told_of_a_run_is_told_again_no_more_openly(scene):
    """Also arguments, of which the record has the values."""
    model = ScriptedModel(READ, Copying("send_email", {"to": "{0}", "body": ""}), "Done.")
    tools = (get_customer, send_email)
    stage = await scene(
        Agent(name="clerk", model=model, tools=tools), settings=configured(), names=False
    )
    run = await stage.run("clerk", "Write to customer C-1.")
    told = [event async for event in stage.runtime.events(run.id)]
    assert ADDRESS not in repr(told)
    assert len(set(PSEUDONYM.findall(repr(told)))) == 2


@pytest.mark.promise("P7")
async def test_what_a_body_tells_while_it_runs_is_redacted(scene):
    """Before it is cut to its length, or half an address would be left."""
    model = ScriptedModel(call("count", id="C-1"), "Done.")
    stage = await scene(
        Agent(name="clerk", model=model, tools=[count]), settings=configured(), names=False
    )
    events = [event async for event in stage.runtime.stream("clerk", "Go.")]
    (progress,) = [event for event in events if event.kind is EventKind.TOOL_PROGRESS]
    assert PSEUDONYM.sub("…", progress.data["text"]) == "counting for …"


@pytest.mark.promise("P7")
async def test_a_second_model_compares_what_it_never_sees(scene):
    """What the user named and what the call has are the same to it."""
    verifier = ScriptedVerifier()
    model = ScriptedModel(call("write_to", to=ADDRESS, body="Hi"), "Done.")
    stage = await scene(
        Agent(name="clerk", model=model, tools=[write_to]),
        settings=configured(),
        verifier=verifier,
    )
    await stage.run("clerk", f"Write to {ADDRESS}.")
    (case,) = verifier.cases
    (pseudonym,) = PSEUDONYM.findall(str(case.arguments))
    assert pseudonym in case.turns[0].text
    assert ADDRESS not in repr(case)


@tool(tier="irreversible", ask="false")
def post(to: str) -> str:
    """Write to somebody for good."""
    SENT.append(to)
    return "sent"


@tool(tier="reversible")
async def inform(id: str, context: ToolContext) -> str:  # noqa: A002 - as customers have it
    """Write to a customer whose address it finds."""
    return (await context.call(post, {"to": ADDRESS})).unwrap()


@pytest.mark.promise("P7")
async def test_a_second_model_sees_no_more_of_what_a_body_calls(scene):
    """The body has the value, its tool gets it, and another provider has no business with it."""
    verifier = ScriptedVerifier()
    model = ScriptedModel(call("inform", id="C-1"), "Done.")
    stage = await scene(
        Agent(name="clerk", model=model, tools=[inform, post]),
        settings=configured(),
        verifier=verifier,
    )
    await stage.run("clerk", f"Tell C-1, who is {ADDRESS}.")
    assert SENT == [ADDRESS]
    (case,) = verifier.cases
    assert case.tool.name == "post"
    assert PSEUDONYM.search(str(case.arguments))
    assert ADDRESS not in repr(case)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("word", [" x", f" {'x' * 60}@example.com"], ids=["words", "addresses"])
@pytest.mark.parametrize("behind", [23_990, 27_990, 28_010])
async def test_what_a_second_model_is_shown_of_long_words_is_no_half_of_a_number(
    scene, behind, word
):
    """Only their end has room, wherever in the card that begins, and however short it becomes."""
    verifier = ScriptedVerifier()
    stage = await scene(
        Agent(name="clerk", model=ScriptedModel(call("post", to="C-1"), "Done."), tools=[post]),
        settings=configured(grounding="off"),
        verifier=verifier,
        names=False,
    )
    await stage.run("clerk", f"Mine is 4111 1111 1111 1111{(word * behind)[:behind]} y")
    (turn,) = verifier.cases[0].turns
    assert "1111" not in turn.text
    assert 8_000 < len(turn.text) <= 24_000


@tool(tier="read")
def get_card(id: str) -> str:  # noqa: A002 - as customers have it
    """Read the card of a customer."""
    return "4111 1111 1111 1111"


@pytest.mark.promise("P7")
async def test_a_result_that_is_read_again_in_pieces_shows_no_piece_of_a_number(scene):
    """Half a card has nobody's form, and the other half is a page away."""

    def again(request):
        (call_id,) = re.findall(r"call_[0-9a-f]{26}", shown(request))
        return call("get_result", call_id=call_id, offset=5)

    model = ScriptedModel(call("get_card", id="C-1"), again, "Done.")
    clerk = Agent(name="clerk", model=model, tools=[get_card, get_result])
    stage = await scene(clerk, settings=configured(), names=False)
    await stage.run("clerk", "Go.")
    model.assert_complete()
    assert "characters" in shown(model.requests[-1])
    assert "1111" not in shown(model.requests[-1])
