"""Contracts of tools that nobody here wrote, as another server would bring them."""

import json

import pytest

from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.tools.declaring.contract import underived
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.registry import Registry
from highroad.tools.shapes import SHAPES, read_tools
from highroad.tools.shapes.names import NameTable


@pytest.fixture(params=["tau_retail", "injecagent"])
def foreign(request, repository):
    """The tools of a list, registered under legal names."""
    text = (repository / "tests/data" / request.param / "tools.json").read_text("utf-8")
    specs = [each.spec for each in read_tools(json.loads(text)).tools]
    names = NameTable.of([spec.name for spec in specs], SHAPES["openai"].names)
    return Registry(
        tool_from_schema(
            lambda arguments: arguments,
            name=names.legal_name(spec.name),
            description=spec.description,
            parameters=spec.input_schema,
            source="tools.example",
        )
        for spec in specs
    )


def test_every_tool_of_a_foreign_list_gets_the_strictest_contract_that_nothing_relaxes(foreign):
    assert len(foreign) in {16, 330}
    for tool in foreign:
        definition = tool.definition
        assert (definition.tier, definition.effect) == (Tier.IRREVERSIBLE, Effect.UNPROTECTED)
        names = definition.input_schema["properties"]
        roles = {definition.contract.argument(name).role for name in names}
        assert roles <= {ArgumentRole.CONTROL, ArgumentRole.SECRET}


def test_what_nothing_speaks_of_is_listed(foreign):
    listed = {tool.name: underived(tool.reasons) for tool in foreign}
    for tool in foreign:
        names = set(tool.definition.input_schema["properties"])
        assert set(tool.definition.contract.arguments) <= names
        for name in names - set(listed[tool.name]):
            [reason] = [
                each for each in tool.reasons if each.subject == name and not each.is_output
            ]
            assert reason.why
    assert sum(map(len, listed.values())) > len(foreign) / 2
