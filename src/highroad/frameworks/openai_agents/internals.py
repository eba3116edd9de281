"""What Highroad uses of the SDK that it does not document: named here alone.

A version of the SDK that lacks one of these names is refused here, before any tool is guarded.
"""

from copy import copy
from dataclasses import fields
from typing import Any, Final

import agents
from agents import Agent, FunctionTool, RunResult, agent_tool_state
from agents.tool import set_function_tool_failure_error_function
from agents.tool_context import ToolContext

from highroad.domain.error import DeclarationError

FLAG: Final = "_is_agent_tool"
OWNER: Final = "_agent_instance"
STATE: Final = (
    "drop_agent_tool_run_result",
    "get_agent_tool_state_scope",
    "peek_agent_tool_run_result",
    "record_agent_tool_run_result",
)


def check_internals() -> None:
    """See that the SDK has all of it.

    Raises:
        DeclarationError: It does not, as another version may.
    """
    known = {*vars(agent_tool_state), *(each.name for each in fields(FunctionTool))}
    missing = sorted({*STATE, FLAG, OWNER} - known)
    if missing:
        raise DeclarationError(
            f"openai-agents {agents.__version__} has no {', '.join(missing)}, by which a held call "
            "pauses its run: install the version that this Highroad is made for, with "
            "`pip install 'highroad[openai-agents]'`, or a newer Highroad"
        )


def bare(tool: FunctionTool) -> FunctionTool:
    """The same tool, which raises what its function raises."""
    return set_function_tool_failure_error_function(copy(tool), None)


def pausing(tool: FunctionTool, agent: Agent[Any]) -> FunctionTool:
    """The same tool, behind which runs of an agent may wait, also in a state that is read anew."""
    paused = copy(tool)
    setattr(paused, FLAG, True)
    setattr(paused, OWNER, agent)
    return paused


def agent_of(tool: FunctionTool) -> Agent[Any] | None:
    """The agent that a tool runs, as `pausing` or the SDK itself has set it."""
    agent: Agent[Any] | None = getattr(tool, OWNER, None)
    return agent


def waiting(context: ToolContext[Any]) -> Any:  # noqa: ANN401 - a result, or what the SDK made of it
    """The run that waits behind a call; `None` where none does."""
    if context.tool_call is None:
        return None
    scope = agent_tool_state.get_agent_tool_state_scope(context)
    found = agent_tool_state.peek_agent_tool_run_result(context.tool_call, scope_id=scope)
    return found if getattr(found, "interruptions", None) else None


def wait_behind(context: ToolContext[Any], result: RunResult) -> None:
    """Have a run wait behind a call; the SDK asks for it when the tool returns."""
    forget(context)
    if context.tool_call is not None:
        scope = agent_tool_state.get_agent_tool_state_scope(context)
        agent_tool_state.record_agent_tool_run_result(context.tool_call, result, scope_id=scope)


def forget(context: ToolContext[Any]) -> None:
    """Nothing waits behind a call any more."""
    if context.tool_call is not None:
        scope = agent_tool_state.get_agent_tool_state_scope(context)
        agent_tool_state.drop_agent_tool_run_result(context.tool_call, scope_id=scope)
