"""Ways around the road that a program, a model or a saved graph might take under LangGraph."""

import copy
import json

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from highroad import Principal, Runtime
from highroad.domain.error import DeclarationError
from highroad.frameworks.langgraph import guard

BOB = Principal("bob", authenticated=True)
CAROL = Principal("carol", organization="other", authenticated=True)
THREAD = {"configurable": {"thread_id": "1"}}
ASK = {"messages": [HumanMessage("go on")]}
READ = {"look": {"tier": "read"}}


class Shop:
    """Tools that look and delete, and what they did."""

    def __init__(self):
        self.done = []

        @tool
        def delete(name: str) -> str:
            """Delete it."""
            self.done.append(name)
            return f"{name} is gone"

        @tool
        def look(name: str) -> str:
            """Look at it."""
            return f"{name} is there"

        self.tools = [delete, look]


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
async def runtime(alice):
    async with Runtime.open(principal=alice) as opened:
        yield opened


@pytest.mark.promise("P1")
async def test_a_guarded_tool_that_is_renamed_keeps_its_own_contract(runtime, shop, on_record):
    delete, _ = guard(shop.tools, runtime, contracts=READ)
    told = json.loads(await delete.model_copy(update={"name": "look"}).ainvoke({"name": "a"}))
    assert told["code"] == "confirmation_required"
    assert shop.done == []
    assert [each["tool"] for each in await on_record(runtime)] == ["delete"]


@pytest.mark.promise("P1")
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
async def test_a_copy_of_a_guarded_tool_takes_the_road(runtime, shop, on_record, copied):
    _, look = guard(shop.tools, runtime, contracts=READ)
    assert await copied(look).ainvoke({"name": "a"}) == "a is there"
    assert [each["status"] for each in await on_record(runtime)] == ["completed"]


async def test_a_guarded_tool_is_not_guarded_again(runtime, shop):
    guarded = guard(shop.tools, runtime, contracts=READ)
    with pytest.raises(DeclarationError, match="'delete' is guarded already"):
        guard(guarded, runtime)


@pytest.mark.promise("P5")
@pytest.mark.parametrize("name", ["\ud800", "a\x00b"])
async def test_what_a_model_writes_ends_no_graph_that_can_pause(
    runtime, shop, scripted, calls, name
):
    guarded = guard(shop.tools, runtime, contracts=READ)
    model = scripted(calls(("look", {"name": name}, "c1")))
    agent = create_agent(model, guarded, checkpointer=InMemorySaver())
    *_, answer, last = (await agent.ainvoke(ASK, THREAD))["messages"]
    assert isinstance(answer, ToolMessage)
    assert last.text == "done"


@pytest.mark.promise("P4")
@pytest.mark.parametrize("other", [BOB, CAROL])
async def test_a_thread_that_another_goes_on_with_brings_them_no_result(
    runtime, shop, scripted, calls, other, alice
):
    guarded = guard(shop.tools, runtime, contracts=READ)
    model = scripted(calls(("delete", {"name": "hers"}, "c1")))
    agent = create_agent(model, guarded, checkpointer=InMemorySaver())
    (hers,) = (await agent.ainvoke(ASK, THREAD))["__interrupt__"]
    await runtime.approvals.approve(hers.value["approval_id"], by=alice)
    with runtime.acting(other):
        (theirs,) = (await agent.ainvoke(Command(resume=True), THREAD))["__interrupt__"]
    assert theirs.value["approval_id"] != hers.value["approval_id"]
    assert shop.done == []


@pytest.mark.promise("P1")
async def test_the_call_of_one_user_never_runs_the_function_of_another(runtime, alice):
    """Where no host waits, as behind a decision, nobody can tell whose function is meant."""
    ran = []

    def pay_of(user):
        def pay(cents: int) -> str:
            """Pay somebody."""
            ran.append(user)
            return "paid"

        return pay

    guard([pay_of("alice")], runtime)
    (bobs,) = guard([pay_of("bob")], runtime)
    held = json.loads(await bobs.ainvoke({"cents": 600}))
    await runtime.approvals.approve(held["approval_id"], by=alice)
    assert (await runtime.wait(held["call_id"])).status == "failed"
    assert ran == []


def pay_of(ran, user, *, is_async=False):
    """A tool of one user that is declared like that of any other."""

    def pay(cents: int) -> str:
        """Pay somebody."""
        ran.append(user)
        return "paid"

    async def pay_async(cents: int) -> str:
        return pay(cents)

    pay_async.__name__, pay_async.__doc__ = pay.__name__, pay.__doc__
    return pay_async if is_async else pay


@pytest.mark.promise("P1")
async def test_of_two_functions_under_one_name_none_runs_without_its_host(runtime):
    ran = []
    guard([pay_of(ran, "alice"), pay_of(ran, "bob")], runtime, contracts={"pay": {"tier": "read"}})
    assert (await runtime.call("pay", {"cents": 600})).status == "failed"
    assert ran == []


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_tool_that_is_async_beside_one_that_is_not_is_refused(runtime, is_async):
    guard([pay_of([], "alice", is_async=is_async)], runtime)
    with pytest.raises(DeclarationError, match="'pay' is async and another one is not"):
        guard([pay_of([], "bob", is_async=not is_async)], runtime)
