"""Contracts beside a framework's tools are judged where they are given, at every door."""

from importlib import import_module

import pytest

from highroad.domain.error import DeclarationError


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
def test_what_is_wrong_with_a_contract_is_said_of_the_tool_by_its_name(host):
    room = import_module(f"highroad.frameworks.{host}")
    with pytest.raises(DeclarationError, match="tool 'search': there is no tier 'write'"):
        room.tools([search], contracts={"search": {"tier": "write"}})
