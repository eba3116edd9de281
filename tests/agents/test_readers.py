"""A model is shown what whoever it works for may read, and passes on what it never sees."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from highroad import Agent, Content, Principal, tool
from highroad.agents.context.results import get_result
from highroad.domain.label import Integrity, Label
from highroad.settings import load
from highroad.testing import ScriptedModel, call
from highroad.tools.semantic import Email

pytestmark = pytest.mark.promise("P7")

HR = Principal("ann", roles={"hr"}, authenticated=True)
MEMO, ADDRESS = "She asked for a year off.", "jane@private.example"
FOR_HR = Label(Integrity.SYSTEM, frozenset({"hr"}))
STANDING_IN = re.compile(r"\[confidential-[a-z2-7]{16}\]")
SENT = []


@pytest.fixture(autouse=True)
def nothing_sent():
    SENT.clear()


@dataclass(frozen=True)
class Person:
    id: str
    memo: Annotated[str, FOR_HR]
    email: Annotated[str, FOR_HR]


@tool(tier="read")
def get_person(id: str) -> Person:  # noqa: A002 - as people have it
    """Read what is known of somebody."""
    return Person(id, MEMO, ADDRESS)


@tool(tier="reversible")
def send_email(to: Annotated[str, Email()], body: Annotated[str, Content()] = "") -> str:
    """Write to somebody."""
    SENT.append((to, body))
    return "sent"


@tool(tier="reversible", personal=["memo"])
def file_memo(memo: str) -> str:
    """Put a memo into its file."""
    SENT.append(memo)
    return "filed"


def configured(redaction="", provenance="off"):
    text = f'[redaction]\nmode = "{redaction}"\n' if redaction else ""
    text += f'[grounding]\nmode = "off"\n[provenance]\nmode = "{provenance}"\n'
    Path("highroad.toml").write_text(text)
    return load(Path.cwd(), {})


def shown(request):
    return json.dumps([getattr(message, "content", "") for message in request.messages])


READ = call("get_person", id="P-1")


def again(request):
    (call_id,) = re.findall(r"call_[0-9a-z]{26}", shown(request))[:1]
    return call("get_result", call_id=call_id)


@pytest.fixture
def told(scene):
    async def play(*script, **settings):
        model = ScriptedModel(*script, "Done.")
        clerk = Agent(
            name="clerk", model=model, tools=[get_person, send_email, file_memo, get_result]
        )
        parts = {"principal": settings.pop("principal")} if "principal" in settings else {}
        stage = await scene(clerk, settings=configured(**settings), names=False, **parts)
        run = await stage.run("clerk", "Read P-1, and send an e-mail to jane.")
        return model.requests[-1], stage, run

    return play


@pytest.mark.parametrize("principal", [HR, Principal("bob")])
async def test_a_model_is_shown_what_its_user_may_read(told, principal):
    """Also where it reads a result again, and where its run is told again from the record."""
    request, stage, run = await told(READ, again, principal=principal)
    events = [event async for event in stage.runtime.events(run.id)]
    for seen in (shown(request), repr(events)):
        assert (MEMO in seen) is (ADDRESS in seen) is (principal is HR)


async def test_a_run_that_goes_on_elsewhere_is_shown_no_more(told):
    _, stage, run = await told(READ)
    await stage.reopen()
    (step,) = (await stage.runtime.audit.trail(run.id)).steps
    assert MEMO not in repr(await stage.runtime.wait(step.call_id))


def copying(at, tool="send_email", **arguments):
    """Plays a call with what stood in for the nth value that was hidden."""

    def play(request):
        seen = list(dict.fromkeys(STANDING_IN.findall(shown(request))))
        return call(tool, **{key: text.format(seen[at]) for key, text in arguments.items()})

    return play


async def test_a_model_passes_on_what_it_never_sees_where_an_argument_takes_it(told):
    """By what stands in for it in its run; in what is said it stays that."""
    mail, memo = copying(1, to="{0}", body="Hello {0}"), copying(0, "file_memo", memo="{0}")
    request, stage, run = await told(READ, mail, memo, redaction="pseudonym")
    (to, body), filed = SENT
    assert (to, filed) == (ADDRESS, MEMO)
    assert STANDING_IN.search(body)
    told_again = repr([event async for event in stage.runtime.events(run.id)])
    for seen in (shown(request), told_again, json.dumps(await stage.bodies())):
        assert ADDRESS not in seen
        assert MEMO not in seen
    assert STANDING_IN.search(told_again)


async def test_what_is_passed_on_is_judged_by_what_it_stands_for(told):
    """Its source and its integrity are those of the value."""
    _, stage, run = await told(
        READ, copying(1, to="{0}"), redaction="pseudonym", provenance="enforce"
    )
    assert not run.holds
    assert [to for to, _ in SENT] == [ADDRESS]
    record = (await stage.runtime.audit.trail(run.id)).steps[-1]
    (source,) = (await stage.runtime.audit.explain(record.call_id)).sources
    assert (source.kind, source.integrity) == ("result", Integrity.SYSTEM)
