"""Supervisor and workers: a plan of tasks, handed on together, and one answer made of the results.

Use it for requests that fall into parts which do not need each other, such as the same question
about five suppliers. Do not use it where one part needs what another one finds: ReAct with a team
hands on step by step. Where an agent of the team supervises one of its own, it is a hierarchy.
"""

from typing import Any

import orjson

from highroad.agents.leg import Leg, Reply, Strategy
from highroad.agents.stopping import RunStopped
from highroad.agents.teams.telling import answer_with, in_words
from highroad.domain.json_value import JsonSchema, JsonValue
from highroad.domain.run import RunStatus
from highroad.domain.value import value


@value
class Task:
    """One part of the work."""

    agent: str
    text: str


def supervisor(*, most_tasks: int = 8, rounds: int = 1) -> Strategy:
    """Plan tasks for the team, hand them on together, and answer with what they bring.

    The plan is made by the role `plan`, the answer by the role `answer`, where the agent has them.
    A task that comes to nothing is told as such to whoever answers.

    Args:
        most_tasks: Of one plan; what a model plans beyond that is left out.
        rounds: Plans at most. Behind the first the model is shown what was found; a plan without
            tasks ends it.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Plan, hand on, and answer."""
        found: list[str] = []
        for number in range(rounds):
            tasks = await _planned(leg, found, is_first=number == 0)
            if not tasks:
                break
            found += await _done(leg, tasks[:most_tasks])
        return await answer_with(leg, found)

    return strategy


async def _done(leg: Leg, tasks: list[Task]) -> list[str]:
    """What each task brought."""
    known = [task for task in tasks if task.agent in leg.team]
    outcomes = await leg.delegate_all([(task.agent, task.text) for task in known])
    return [
        f"{task.agent}, asked: {task.text}\n{in_words(outcome)}"
        for task, outcome in zip(known, outcomes, strict=True)
    ]


async def _planned(leg: Leg, found: list[str], *, is_first: bool) -> list[Task]:
    """Tasks; none where nothing is left to do.

    Raises:
        RunStopped: The first plan cannot be read.
    """
    team = "\n".join(f"- {name}: {described}" for name, described in leg.team.items())
    told = "\n\n".join(found)
    reply = await leg.fork("plan").ask(
        say=None if is_first else f"Found so far:\n\n{told}\n\nPlan what is still missing, if any.",
        instructions=f"{leg.instructions}\n\nDivide the request into tasks that can be done side "
        "by side, each by one agent of the team. An agent sees its task and nothing else, so put "
        f"into it all that it has to know. Without tasks you answer yourself.\n{team}".strip(),
        tools=(),
        output=_schema(leg),
        purpose="plan",
    )
    tasks = _tasks_in(reply)
    if tasks is None and is_first:
        raise RunStopped(RunStatus.FAILED, "no_plan", "The model made no plan that can be read.")
    return tasks or []


def _tasks_in(reply: Reply) -> list[Task] | None:
    try:
        planned = orjson.loads(reply.text)["tasks"]
        return [Task(agent=str(each["agent"]), text=str(each["task"])) for each in planned]
    except (ValueError, TypeError, KeyError):
        return None


def _schema(leg: Leg) -> JsonSchema:
    task: dict[str, JsonValue] = {
        "type": "object",
        "properties": {
            "agent": {"type": "string", "enum": list(leg.team)},
            "task": {"type": "string", "minLength": 1},
        },
        "required": ["agent", "task"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": task}},
        "required": ["tasks"],
        "additionalProperties": False,
    }
