"""OpenAI Agents SDK: its function tools on the road, accepted by `Agent(tools=[…])` as they were.

Arguments go to the road as the model wrote them, from where the SDK runs a tool: behind its
guardrails, inside its span. A hold becomes an interruption of the run, and everything else an
answer for the model; `docs/guides/openai-agents.md` shows it.

Importing this costs nothing: the road is loaded when there is something to put on it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from agents import RunHooks, Tool, ToolApprovalItem
from agents.tool_context import ToolContext

if TYPE_CHECKING:
    from highroad.domain.acting import Acting
    from highroad.frameworks.openai_agents.context import Mapper
    from highroad.runtime import Runtime
    from highroad.sync import Runtime as SyncRuntime
    from highroad.tools.declaring.options import ToolOptions

__all__ = ["acting_of", "approval_id", "guard", "tools", "unknown_tools"]

DOOR: Final = "openai-agents"
"""The name of this door, in the record."""


def guard(
    tools: Iterable[Tool | Callable[..., Any]],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Mapper | None" = None,
) -> list[Tool]:
    """Put an agent's tools on the road of a runtime: calls of them are judged, asked, recorded.

    Args:
        tools: Function tools, plain functions, and functions that Highroad's `@tool` declares.
        runtime: Open; of either kind. It is given what it does not have yet.
        contracts: By name of a tool, what `@tool` would be told: `{"search": {"tier": "read"}}`. A
            tool of which nothing is said is irreversible and unprotected, so a person is asked.
        acting: Says for whom and in which run a call is made, as the context of the call says; what
            it leaves out is as `acting_of` says.

    Returns:
        A `FunctionTool` for each, in order, with the name, description, schema, guardrails and
        timeout that it had.

    Raises:
        DeclarationError: One cannot be a tool, its name is another's, a contract names none, or the
            SDK is of a version that cannot be guarded.
    """
    from highroad.frameworks.openai_agents.declaring import declared  # noqa: PLC0415 - the road is heavy
    from highroad.frameworks.openai_agents.guarded import Door  # noqa: PLC0415 - the same
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - the road is heavy

    door = Door(runtime, acting=acting, door=DOOR)
    return [door.guarded(each) for each in declared(tools, contracts_of(contracts))]


def tools(
    host_tools: Iterable[Tool | Callable[..., Any]],
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
) -> tuple[Callable[..., Any], ...]:
    """Make Highroad tools of the SDK's, for `Runtime.open(tools=…)` and agents of our own.

    A tool that takes the run's context runs in the SDK alone: where another agent calls it, it
    fails, and nothing is applied.

    Args:
        host_tools: As for `guard`.
        contracts: As for `guard`.

    Raises:
        DeclarationError: One cannot be a tool, or a contract names none.
    """
    from highroad.frameworks.openai_agents.declaring import declared  # noqa: PLC0415 - as in `guard`
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - the road is heavy

    return tuple(each.tool for each in declared(host_tools, contracts_of(contracts)))


def unknown_tools(
    runtime: "Runtime | SyncRuntime", *, acting: "Mapper | None" = None
) -> RunHooks[Any]:
    """Have calls of names on record too that the agent does not have: `Runner.run(…, hooks=…)`.

    What becomes of them stays the SDK's: `RunConfig.tool_not_found_behavior`. Hooks of your own
    await its `on_llm_end` in theirs.

    Args:
        runtime: That of the tools; of either kind.
        acting: As for `guard`.
    """
    from highroad.frameworks.openai_agents.unknown import UnknownTools  # noqa: PLC0415 - as in `guard`

    return UnknownTools(runtime, acting=acting, door=DOOR)


def acting_of(context: ToolContext[Any]) -> "Acting":
    """Say what the SDK's run says: its group names the run and the conversation.

    The group is `RunConfig.group_id`, or that of the trace around it. A session's id is not shown
    to tools: name it as the group, or by `Runtime.acting`. The principal is left to
    `Runtime.acting`.

    Args:
        context: Of the call. The messages of the user in its turn are what was said.
    """
    from highroad.frameworks.openai_agents import context as told  # noqa: PLC0415 - as in `guard`

    return told.acting_of(context)


def approval_id(interruption: ToolApprovalItem) -> str | None:
    """The approval that a call waits for, for `highroad approvals approve`.

    Args:
        interruption: Of a run, from `result.interruptions` or `state.get_interruptions()`.

    Returns:
        Its id; `None` where the SDK asks by itself, as for a tool with `needs_approval`.
    """
    item = interruption.raw_item
    found = item.get("id") if isinstance(item, dict) else getattr(item, "id", None)
    return found if isinstance(found, str) and found.startswith("apr_") else None
