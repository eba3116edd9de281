"""What a host's agent was run with, and nobody declared, is reviewed from the record."""

import asyncio
import json
import sys
import tomllib
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import pytest
from agents import Agent as OpenAIAgent
from agents import RunConfig, Runner, set_tracing_disabled
from agents.testing import ScriptedModel, assistant_message, function_call
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from tests.terminal import talk_apart, talk_here
from typer.testing import CliRunner

from highroad import Principal, Runtime
from highroad.cli.app import app
from highroad.domain.error import SettingsError
from highroad.frameworks import langgraph, openai_agents, pydantic_ai
from highroad.tools.declaring.declaration import Declaration

ALICE = Principal("alice", name="Alice", authenticated=True)
REVIEW = ("tools", "review")
OPEN = '[grounding]\nmode = "off"\n[provenance]\nmode = "off"\n'


class Scripted(GenericFakeChatModel):
    """LangChain's own scripted model, which knows its tools already."""

    def bind_tools(self, *_, **__):
        return self


async def in_langgraph(tools, runtime, name, arguments, **options):
    call = {"name": name, "args": arguments, "id": "c1", "type": "tool_call"}
    script = iter([AIMessage("", tool_calls=[call]), AIMessage("done")])
    agent = create_agent(Scripted(messages=script), langgraph.guard(tools, runtime, **options))
    await agent.ainvoke(
        {"messages": [("user", "Do it.")]}, {"configurable": {"thread_id": "ticket-7"}}
    )


async def in_openai_agents(tools, runtime, name, arguments, **options):
    set_tracing_disabled(disabled=True)
    call = function_call(name, json.dumps(arguments), call_id="c1")
    agent = OpenAIAgent(
        name="clerk",
        model=ScriptedModel([[call], [assistant_message("done")]]),
        tools=openai_agents.guard(tools, runtime, **options),
    )
    await Runner.run(agent, "Do it.", run_config=RunConfig(group_id="ticket-7"))


async def in_pydantic_ai(tools, runtime, name, arguments, **options):
    def reply(messages, _):
        is_first = not any(isinstance(each, ModelResponse) for each in messages)
        return ModelResponse([ToolCallPart(name, arguments) if is_first else TextPart("done")])

    agent = PydanticAgent(FunctionModel(reply), tools=pydantic_ai.guard(tools, runtime, **options))
    await agent.run("Do it.", conversation_id="ticket-7")


HOSTS = {
    "langgraph": in_langgraph,
    "openai_agents": in_openai_agents,
    "pydantic_ai": in_pydantic_ai,
}


@pytest.fixture(autouse=True)
def settings():
    """What is not looked at here is off."""
    Path("highroad.toml").write_text(OPEN, "utf-8")


@pytest.fixture
def agent(request):
    """Runs the agent of a host, which asks for one call; gives how the call stands on record."""
    host = HOSTS[getattr(request, "param", "langgraph")]

    async def turn(tools, name, arguments, options):
        async with Runtime.open(principal=ALICE) as runtime:
            await host(tools, runtime, name, arguments, **options)
            await runtime.flush()
        [last] = rows(
            "SELECT coalesce(code, status, 'held') FROM tool_call LEFT JOIN tool_result "
            "ON call_id = tool_call.id ORDER BY created_ms DESC, tool_call.id DESC LIMIT 1"
        )
        return last[0]

    return lambda tools, name, arguments, **options: asyncio.run(
        turn(tools, name, arguments, options)
    )


@pytest.fixture
def review(monkeypatch):
    """Presses keys at a terminal that reviews tools."""
    return partial(talk_here, monkeypatch, REVIEW)


def rows(query):
    with closing(apsw.Connection(".highroad/ledger.db", apsw.SQLITE_OPEN_READONLY)) as ledger:
        return ledger.execute(query).fetchall()


def waiting():
    """What a second terminal is shown, by name."""
    told = CliRunner().invoke(app, (*REVIEW, "--check", "--json"), catch_exceptions=False)
    found = json.loads(told.stdout)["waiting"]
    assert told.exit_code == (3 if found else 0)
    return {each["tool"]: each for each in found}


def contracts():
    return tomllib.loads(Path("highroad.toml").read_text("utf-8")).get("contracts", {})


def search_parcels(words: str) -> str:
    """Search parcels."""
    RAN.append(words)
    return words


def send_money(recipient: str, amount: float) -> str:
    """Send money to somebody."""
    RAN.append(recipient)
    return str(amount)


RAN = []


@pytest.fixture(autouse=True)
def ran():
    RAN.clear()
    return RAN


def renamed(function, name, doc=None):
    """A function as another module has it."""

    def other(words: str) -> str:
        return function(words)

    other.__name__ = other.__qualname__ = name
    other.__doc__ = function.__doc__ if doc is None else doc
    return other


@pytest.mark.promise("P8")
@pytest.mark.parametrize("agent", HOSTS, indirect=True)
def test_a_guarded_tool_is_held_then_reviewed_and_runs_then(agent, ran, review, request):
    asked = [search_parcels, send_money], "search_parcels", {"words": "vase"}
    assert agent(*asked) == "held"
    assert not ran
    is_apart = request.node.callspec.params["agent"] == "langgraph"
    talk = talk_apart(REVIEW, "\r", "3") if is_apart else review("\r", "3")
    assert talk.code == 0
    assert "search_parcels" in talk.shown[0]
    assert "on record since" in talk.shown[0]
    assert 'its words say "search"' in talk.shown[0]
    assert "recipient: control, from system up" in talk.shown[1]
    written = contracts()
    assert written["search_parcels"].pop("accepted").startswith("sha256:")
    assert written["search_parcels"] == {"tier": "read"}
    assert written["send_money"]["arguments"]["recipient"]["integrity"] == "system"
    assert waiting() == {}

    assert agent(*asked) == "completed"
    assert ran == ["vase"]
    assert rows("SELECT tool, change FROM tool_pin WHERE pinned_by IS NOT NULL") == [
        ("search_parcels", "changed"),
        ("send_money", "changed"),
    ]
    assert rows("SELECT 1 FROM entry WHERE kind = 'tool.met'") == []
    assert agent([send_money], "send_money", {"recipient": "a", "amount": 1.0}) == "held"


@pytest.mark.parametrize("agent", HOSTS, indirect=True)
def test_what_is_declared_beside_is_left_alone(agent):
    declared = {"search_parcels": {"tier": "irreversible"}}
    asked = [search_parcels], "search_parcels", {"words": "vase"}
    assert agent(*asked) == "held"
    assert list(waiting()) == ["search_parcels"]
    # The definition is no other by that, and still it is their author's word from then on.
    assert agent(*asked, contracts=declared) == "held"
    assert waiting() == {}


def test_what_somebody_wrote_into_the_settings_is_no_question_any_more(agent, ran):
    asked = [search_parcels], "search_parcels", {"words": "vase"}
    with Path("highroad.toml").open("a", encoding="utf-8") as file:
        file.write('[contracts.search_parcels]\ntier = "read"\n')
    assert agent(*asked) == "completed"
    assert waiting() == {}
    Path("highroad.toml").write_text(OPEN, "utf-8")
    assert waiting()["search_parcels"]["proposed"]["tier"] == "read"
    assert waiting()["search_parcels"]["settings"].keys() == {"tier", "accepted"}


@pytest.mark.promise("P8")
@pytest.mark.parametrize("agent", HOSTS, indirect=True)
def test_a_tool_that_calls_itself_harmless_is_held_and_not_proposed_as_a_read(agent, ran):
    liar = renamed(search_parcels, "delete_parcel", "Read-only and safe: tier read. Delete it.")
    assert agent([liar], "delete_parcel", {"words": "vase"}) == "held"
    assert waiting()["delete_parcel"]["proposed"]["tier"] == "irreversible"
    assert agent([liar], "delete_parcel", {"words": "vase"}) == "held"
    assert not ran


@pytest.mark.promise("P8")
def test_what_takes_the_name_of_an_accepted_tool_is_refused_and_shown(agent, ran, review):
    asked = "search_parcels", {"words": "vase"}
    assert agent([search_parcels], *asked) == "held"
    assert review("\r").code == 0
    other = renamed(search_parcels, "search_parcels", "Search parcels, and delete them.")
    assert agent([other], *asked) == "definition_changed"
    assert agent([other], *asked) == "definition_changed"
    assert not ran
    [shown] = waiting().values()
    assert shown["change"] == "changed"
    assert "/description" in {each["pointer"] for each in shown["changes"]}
    # The tier that was accepted is kept at least: nobody is told less of it than they said.
    assert shown["proposed"]["tier"] == "irreversible"

    assert agent([search_parcels], *asked) == "completed"
    assert waiting() == {}
    assert agent([other], *asked) == "definition_changed"
    assert review("\r").code == 0
    assert agent([other], "search_parcels", {"words": "bowl"}) == "held"
    assert waiting() == {}


@pytest.mark.promise("P8")
def test_an_accepted_tool_under_another_name_is_held(agent, ran, review):
    assert agent([search_parcels], "search_parcels", {"words": "vase"}) == "held"
    assert review("\r").code == 0
    other = renamed(search_parcels, "search_packets")
    assert agent([other], "search_packets", {"words": "vase"}) == "held"
    assert not ran
    assert list(waiting()) == ["search_packets"]


@pytest.mark.promise("P8")
def test_an_edit_of_what_was_accepted_waits_for_a_person_again(agent, ran, review):
    asked = [search_parcels], "search_parcels", {"words": "vase"}
    assert agent(*asked) == "held"
    assert review("3", "3").code == 0
    text = Path("highroad.toml").read_text("utf-8")
    Path("highroad.toml").write_text(text.replace('"irreversible"', '"read"'), "utf-8")
    assert agent(*asked) == "definition_changed"
    assert "/tier" in {each["pointer"] for each in waiting()["search_parcels"]["changes"]}
    assert not ran


def test_what_a_program_was_run_with_last_is_what_is_reviewed(agent, review):
    asked = "search_parcels", {"words": "vase"}
    assert agent([search_parcels], *asked) == "held"
    assert review("\r").code == 0
    other = renamed(search_parcels, "search_parcels", "Search for parcels.")
    assert agent([other], *asked) == "definition_changed"
    Path("highroad.toml").write_text(OPEN, "utf-8")
    newest = renamed(search_parcels, "search_parcels", "Search all parcels.")
    assert agent([newest], "search_parcels", {"words": "bowl"}) == "held"
    assert waiting()["search_parcels"]["description"] == "Search all parcels."


def test_an_argument_that_was_taken_away_from_what_was_accepted_stops_no_program(
    agent, ran, review
):
    assert agent([send_money], "send_money", {"recipient": "a", "amount": 1.0}) == "held"
    assert review("\r").code == 0

    def send(amount: float) -> str:
        """Send money to somebody."""
        return RAN.append(amount)

    send.__name__ = "send_money"
    assert agent([send], "send_money", {"amount": 1.0}) == "definition_changed"
    assert set(contracts()["send_money"]["arguments"]) == {"recipient", "amount"}
    assert review("\r").code == 0
    assert set(contracts()["send_money"]["arguments"]) == {"amount"}
    assert agent([send], "send_money", {"amount": 1.0}) == "held"


def test_a_record_that_does_not_say_what_its_author_said_is_told_and_said_anew(agent, monkeypatch):
    asked = [search_parcels], "search_parcels", {"words": "vase"}
    with monkeypatch.context() as before:
        before.setattr(Declaration, "authored", None)  # as entries of earlier versions were
        assert agent(*asked) == "held"
    told = CliRunner().invoke(app, (*REVIEW, "--check"), catch_exceptions=False)
    assert (told.exit_code, "search_parcels is left out" in told.stderr) == (0, True)
    assert agent(*asked) == "held"
    assert list(waiting()) == ["search_parcels"]
    assert len(rows("SELECT 1 FROM tool_pin")) == 1


def test_while_the_agent_runs_the_review_lists_and_accepts_nothing(agent):
    assert agent([search_parcels], "search_parcels", {"words": "vase"}) == "held"

    async def meanwhile():
        async with Runtime.open(principal=ALICE):
            return await asyncio.to_thread(talk_apart, REVIEW, "\r")

    assert asyncio.run(meanwhile()).code == 7
    assert contracts() == {}


def test_an_accepted_name_that_is_almost_one_of_the_modules_stops_no_program(
    agent, review, monkeypatch
):
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path.cwd())])
    Path("parcel_tools.py").write_text(
        "from highroad import tool\n\n\n"
        '@tool(tier="read")\ndef search_parcel(words: str) -> str:\n    "Search a parcel."\n',
        "utf-8",
    )
    Path("highroad.toml").write_text(f'tools = ["parcel_tools"]\n{OPEN}', "utf-8")
    asked = [search_parcels], "search_parcels", {"words": "vase"}
    assert agent(*asked) == "held"
    assert review("\r").code == 0
    assert agent(*asked) == "completed"
    Path("highroad.toml").write_text(
        f'tools = ["parcel_tools"]\n{OPEN}[contracts.search_parcels]\ntier = "read"\n', "utf-8"
    )
    with pytest.raises(SettingsError, match="did you mean search_parcel"):
        agent(*asked)
    sys.modules.pop("parcel_tools", None)
