"""Plan and execute: a plan first, then step by step, with a new plan where one fails.

Use it for requests of many steps that can be foreseen: the plan can be read, costs one request,
and each step sees only what it needs. Do not use it where the second step is anybody's guess: ReAct
finds its way there with fewer requests.

Source: Wang et al., "Plan-and-Solve Prompting" (2023); with execution by tools, and re-planning.
Without tools it is `thought.plan_and_solve`.
"""

from typing import Any, Final

import orjson

from highroad.agents.leg import Leg, Strategy
from highroad.agents.stopping import RunStopped
from highroad.agents.strategies.react import Reached, reach
from highroad.domain.json_value import JsonSchema
from highroad.domain.model import Prompt
from highroad.domain.run import RunStatus

_PLAN: Final[JsonSchema] = {
    "type": "object",
    "properties": {"steps": {"type": "array", "items": {"type": "string"}}},
    "required": ["steps"],
    "additionalProperties": False,
}
_REVIEW: Final[JsonSchema] = {
    "type": "object",
    "properties": {
        "is_done": {"type": "boolean"},
        "steps": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["is_done", "steps"],
    "additionalProperties": False,
}
_FAILED: Final = "FAILED"


def plan_and_execute(*, max_steps: int = 8, max_replans: int = 2) -> Strategy:
    """Plan, take the steps one by one, and plan anew what is left where one fails.

    Args:
        max_steps: Of one plan; what a model plans beyond that is left out.
        max_replans: New plans at most; then the answer is made of what there is.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Plan, execute, and plan anew where that fails."""
        steps = await _plan(leg, max_steps)
        done: list[str] = []
        left = max_replans
        while steps:
            step = steps.pop(0)
            reached = await _execute(leg, step, done)
            if reached.is_by_tool:
                return reached.result
            found = str(reached.result)
            done.append(f"{step}\n{found}")
            if found.startswith(_FAILED):
                if left == 0:
                    break
                left -= 1
                steps = await _plan_anew(leg, done, steps, max_steps)
        told = "\n\n".join(done)
        reply = await leg.ask(
            say=f"This is what was done:\n\n{told}\n\nAnswer the request with it.",
            tools=(),
            output=leg.output_schema,
            purpose="answer",
        )
        return await leg.finish(reply)

    return strategy


async def _plan(leg: Leg, max_steps: int) -> list[str]:
    """The steps.

    Raises:
        RunStopped: The model has no plan.
    """
    tools = ", ".join(tool.name for tool in leg.tools)
    reply = await leg.fork("plan").ask(
        instructions=f"{leg.instructions}\n\nPlan the steps that serve the request. Each is one "
        f"task for an assistant with the tools {tools}.".strip(),
        tools=(),
        output=_PLAN,
        purpose="plan",
    )
    steps = _steps_in(reply.text)
    if not steps:
        raise RunStopped(RunStatus.FAILED, "no_plan", "The model made no plan that can be read.")
    return steps[:max_steps]


async def _execute(leg: Leg, step: str, done: list[str]) -> Reached:
    """What a step brought; in words, unless a tool has ended the run."""
    before = "\n\n".join(done) or "Nothing."
    line = leg.fork(
        "step",
        messages=(
            Prompt(
                text=f"The request is: {leg.request}\n\nDone so far:\n{before}\n\nYour task now: "
                f"{step}\n\nSay what you found. If it cannot be done, begin with {_FAILED}."
            ),
        ),
    )
    return await reach(line)


async def _plan_anew(leg: Leg, done: list[str], left: list[str], max_steps: int) -> list[str]:
    told, waiting = "\n\n".join(done), "\n".join(left) or "none"
    reply = await leg.fork("replan").ask(
        say=f"Done so far:\n{told}\n\nSteps that were left:\n{waiting}\n\nThe last step failed. "
        "Say whether the request can be answered by now, and which steps come next.",
        tools=(),
        output=_REVIEW,
        purpose="plan",
    )
    try:
        is_done = bool(orjson.loads(reply.text)["is_done"])
    except (ValueError, TypeError, KeyError):
        is_done = True
    return [] if is_done else _steps_in(reply.text)[:max_steps]


def _steps_in(text: str) -> list[str]:
    try:
        return [str(step) for step in orjson.loads(text)["steps"]]
    except (ValueError, TypeError, KeyError):
        return []
