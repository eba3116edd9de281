"""Contracts beside a framework's tools are judged where they are given, at every door."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from highroad.domain.error import DeclarationError
from highroad.sync import Runtime


def search(query: str) -> str:
    """Search the web."""
    return query


@pytest.mark.parametrize("host", ["langgraph", "openai_agents", "pydantic_ai"])
@pytest.mark.parametrize(
    ("contracts", "says"),
    [
        ({"search": {"transient": [OSError]}}, "transient is a tuple of classes"),
        ({"search": {"tags": "web"}}, "tags is several texts"),
        ({"search": {"checks": None}}, "checks is several functions"),
        ({"search": "read"}, "its contract is options"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused_by_every_door(host, contracts, says):
    room = import_module(f"highroad.frameworks.{host}")
    with pytest.raises(DeclarationError) as refused:
        room.tools([search], contracts=contracts)
    assert says in str(refused.value)
    with pytest.raises(DeclarationError):
        room.guard([search], None, contracts=contracts)


@pytest.mark.parametrize("host", ["langgraph", "openai_agents", "pydantic_ai"])
def test_what_is_wrong_with_a_tool_of_a_host_is_told_of_that_tool_where_it_was_given(host):
    room = import_module(f"highroad.frameworks.{host}")
    with pytest.raises(DeclarationError) as refused:
        room.tools([search], contracts={"search": {"tier": "reed"}})
    (here,) = [each for each in refused.traceback if each.path == Path(__file__)]
    assert str(refused.value).startswith(f"{__file__}:{here.lineno + 1}: tool 'search': ")


@pytest.mark.parametrize("host", ["langgraph", "openai_agents", "pydantic_ai"])
def test_a_tool_of_a_host_that_is_made_twice_is_told_by_name_and_both_places(host):
    room = import_module(f"highroad.frameworks.{host}")
    first, second = (room.tools([search]) for _ in range(2))
    with Runtime.open(tools=first) as runtime, pytest.raises(DeclarationError) as refused:
        runtime.add(*second)
    said = str(refused.value)
    assert said.startswith(f"{__file__}:")
    assert "tool 'search': its name 'search' is taken by the tool at " + __file__ in said
    assert "make it once" in said
    assert not re.search("awaited|in_thread|declaring", said)


@pytest.mark.parametrize("host", ["langgraph", "openai_agents", "pydantic_ai"])
def test_a_contract_of_the_settings_holds_for_what_every_door_guards_twice(host):
    Path("highroad.toml").write_text('[contracts.search]\ntier = "read"\n', "utf-8")
    room = import_module(f"highroad.frameworks.{host}")
    with Runtime.open() as runtime:
        for _ in range(2):
            room.guard([search], runtime)
        assert runtime.find("search").tier == "read"
