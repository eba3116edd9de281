"""Ways around the road that a program might take under Pydantic AI."""

import pytest
from pydantic_ai import Agent, DeferredToolRequests
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import FunctionToolset

from highroad import Principal, Runtime
from highroad.domain.error import DeclarationError
from highroad.frameworks.pydantic_ai import guard


def look(name: str) -> str:
    """Look at it."""
    return f"{name} is there"


async def test_a_guarded_tool_is_not_guarded_again():
    async with Runtime.open() as runtime:
        guarded = guard([look], runtime)
        with pytest.raises(DeclarationError, match="'look' is guarded already"):
            guard(guarded, runtime)
        with pytest.raises(DeclarationError, match="'look' is guarded already"):
            guard(FunctionToolset(guarded), runtime)


async def test_a_guarded_toolset_is_not_guarded_again():
    async with Runtime.open() as runtime:
        with pytest.raises(DeclarationError, match="is guarded already"):
            guard(guard(FunctionToolset([look]), runtime), runtime)


@pytest.mark.promise("P1")
async def test_the_call_of_one_user_never_runs_the_function_of_another():
    """Where no host waits, as behind a decision, nobody can tell whose function is meant."""
    ran = []

    def pay_of(user):
        def pay(cents: int) -> str:
            """Pay somebody."""
            ran.append(user)
            return "paid"

        return pay

    async with Runtime.open() as runtime:
        guard([pay_of("alice")], runtime)
        bobs = guard([pay_of("bob")], runtime)
        agent = Agent(TestModel(), tools=bobs, output_type=[str, DeferredToolRequests])
        with runtime.acting(Principal("bob"), request="Pay 0"):
            (held,) = (await agent.run("Pay 0")).output.metadata.values()
        await runtime.approvals.approve(held["approval_id"], by=Principal("alice"))
        assert (await runtime.wait(held["call_id"])).status == "failed"
    assert ran == []
