"""Handing work to another agent: a call on the road whose result is a run below."""

from typing import Any, Final

from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.contract import Content
from highroad.tools.declaring.declaration import DeclaredTool
from highroad.tools.declaring.from_schema import tool_from_schema

DAY_S: Final = 86_400
PATIENCE_S: Final = 30 * DAY_S
"""How long a run below may take, with all that people let it wait."""


def delegation_name(agent: str) -> str:
    """The tool by which work is handed to that agent."""
    return f"ask_{agent}"


def delegation_tool(agent: str, description: str) -> DeclaredTool[Any, Any]:
    """The tool by which work is handed to an agent.

    Its body leaves at once: the result comes from the run below, which the leg moves that made the
    call. The key of the call is made of the task, so that a model which hands on the same task
    twice gets the first outcome. The task steers nothing by itself: the calls of the run below are
    judged by what the user had said and by what was read, not by what it says.
    """

    async def ask(arguments: dict[str, Any], context: ToolContext[None]) -> Any:  # noqa: ANN401 - whatever that agent answers
        """Leave: the leg that made the call moves the run below."""
        del arguments
        context.defer(expires_s=PATIENCE_S)

    return tool_from_schema(
        ask,
        name=delegation_name(agent),
        description=f"Hand a task to the agent {agent}. {description}".strip(),
        parameters={
            "type": "object",
            "properties": {
                "task": {
                    "type": "string",
                    "description": "The whole task, with all that the agent has to know: it sees "
                    "nothing of this conversation.",
                    "minLength": 1,
                }
            },
            "required": ["task"],
            "additionalProperties": False,
        },
        markers={"task": Content()},
        tier="reversible",
        effect="idempotent",
        concurrency="free",
    )
