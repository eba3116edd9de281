"""Words before the answer: chain of thought, and plan-and-solve. No tools.

It prints:

    chain of thought: 42
    plan and solve: 40
"""

import asyncio

from highroad import Agent, Runtime
from highroad.agents.strategies.thought import chain_of_thought, plan_and_solve
from highroad.testing import ScriptedModel

reasoner = Agent(
    name="reasoner",
    tools=(),
    model=ScriptedModel('{"reasoning": "3 boxes hold 3 * 14 = 42 eggs.", "answer": "42"}'),
    strategy=chain_of_thought,
)
planner = Agent(
    name="planner",
    tools=(),
    model=ScriptedModel(
        '{"plan": "Eggs, then what broke.", "solution": "42, less 2 is 40.", "answer": "40"}'
    ),
    strategy=plan_and_solve,
)


async def main() -> None:
    """Ask both; the reasons stay with the model."""
    async with Runtime.open(agents=[reasoner, planner]) as runtime:
        run = await runtime.run("reasoner", "How many eggs are in 3 boxes of 14?")
        print("chain of thought:", run.result)
        run = await runtime.run("planner", "3 boxes of 14 eggs, 2 are broken: how many are whole?")
        print("plan and solve:", run.result)


asyncio.run(main())
