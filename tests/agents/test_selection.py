"""Of many tools a run offers the few that it needs, in an order that a cache survives."""

import json

import pytest

from highroad.agents.selection import MANY, Selection
from highroad.demo.tools import TOOLS
from highroad.domain.model import ModelMessage, ToolMessage, UserMessage
from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.search import Fusion, Index, search_tool

pytestmark = pytest.mark.anyio
SHOP = [tool_definition(tool) for tool in TOOLS]


def plain(name, description):
    return ToolDefinition(name=name, description=description, input_schema={}, digest="0" * 64)


OTHERS = [plain(f"paint_wall_{at}", f"Paint wall {at} in a colour.") for at in range(60)]
SEARCH = tool_definition(search_tool(Index.of(SHOP)))
MANY_TOOLS = [*OTHERS, *SHOP, SEARCH]


def selection(tools=MANY_TOOLS):
    return Selection(tools, Index.of(tools))


def found(*names):
    result = {"result": [{"name": name, "description": ""} for name in names], "call_id": "c"}
    return ToolMessage(id="1", tool="tool_search", content=json.dumps(result))


async def test_few_tools_are_all_offered():
    """Nothing is gained by choosing among them."""
    tools = OTHERS[:MANY]
    selected = await selection(tools).grow([UserMessage(text="hello")])
    assert selected.names == tuple(tool.name for tool in tools)


async def test_of_many_tools_the_relevant_few_are_offered():
    """And the search, by which the model comes by the others."""
    selected = await selection().grow([UserMessage(text="refund 5 euros of an order")])
    assert "refund" in selected.names
    assert "tool_search" in selected.names
    assert len(selected.names) <= MANY


async def test_what_a_description_speaks_of_is_offered_beside_it():
    """`Use after get_customer` is no use without it."""
    tools = [*OTHERS, *SHOP]
    selected = await selection(tools).grow([UserMessage(text="e-mail")])
    assert {"send_email", "get_customer"} <= set(selected.names)


async def test_a_selection_only_grows_and_what_joins_comes_last():
    """The beginning of the request stays the same, byte for byte."""
    growing = selection()
    first = await growing.grow([UserMessage(text="refund an order")])
    second = await growing.grow([UserMessage(text="paint wall 7"), ModelMessage(text="Yes.")])
    assert second.names[: len(first.names)] == first.names
    assert second.names[len(first.names) :] == second.joined
    assert "paint_wall_7" in second.joined


async def test_what_a_search_found_can_be_called_from_the_next_step_on():
    """Except for what the agent may not call anyway."""
    growing = selection()
    await growing.grow([UserMessage(text="refund an order")])
    selected = await growing.grow([found("paint_wall_9", "drop_all_tables")])
    assert selected.joined == ("paint_wall_9",)


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"code": "x"}', '{"result": [1, {}]}'])
async def test_an_answer_that_names_no_tool_adds_none(content):
    """A search may fail, or find nothing."""
    growing = selection()
    message = ToolMessage(id="1", tool="tool_search", content=content)
    assert (await growing.grow([message])).joined == ()


async def test_a_run_that_is_resumed_selects_as_it_did():
    """Message by message, or all that is on record at once."""
    said = [UserMessage(text="refund an order"), found("paint_wall_9"), UserMessage(text="erase")]
    live, resumed = selection(), selection()
    for message in said:
        selected = await live.grow([message])
    assert (await resumed.grow(said)).names == selected.names


async def test_meaning_counts_where_there_is_an_embedder():
    """The same rules, whatever ranks."""

    class Flat:
        name = "flat"
        dimensions = 1

        async def embed(self, texts):
            return [(1.0,) for _ in texts]

    growing = Selection(MANY_TOOLS, await Fusion.of(MANY_TOOLS, Flat()))
    selected = await growing.grow([UserMessage(text="refund")])
    assert "refund" in selected.names
