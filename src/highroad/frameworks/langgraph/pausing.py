"""A hold as the pause of a graph: `interrupt`, and what becomes of it when the graph goes on."""

import logging
from collections import OrderedDict
from functools import cache
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph import constants
from langgraph.errors import GraphInterrupt
from langgraph.types import interrupt

from highroad.domain.outcome import Held

_log: Final = logging.getLogger("highroad.frameworks.langgraph")

_CHECKPOINTER: Final[str | None] = getattr(constants, "CONFIG_KEY_CHECKPOINTER", None)
"""Under which name a graph tells its nodes what it is saved by, or that it is not. LangGraph offers
the name until its next major version; `ExecutionInfo` does not tell the one from the other."""
_MOST: Final = 10_000
"""Pauses that are remembered."""


def can_pause(config: RunnableConfig) -> bool:
    """Whether the call is made in a graph that can be resumed, so that a pause is not an end."""
    told = config.get("configurable", {})
    if _CHECKPOINTER in told:
        return told[_CHECKPOINTER] is not None
    if "langgraph_node" in config.get("metadata", {}):
        _tell_that_none_pauses()
    return False


@cache
def _tell_that_none_pauses() -> None:
    """Once in a process: each graph behaves so."""
    _log.warning(
        "this version of LangGraph does not say whether a graph has a checkpointer: its model is "
        "told that a call waits, and no graph pauses; install langgraph below 2"
    )


def pause(shown: dict[str, Any]) -> GraphInterrupt | None:
    """Ask the graph to pause; `None` where it has paused here before and was resumed.

    What it was resumed with says nothing: who may decide does so on the desk.
    """
    try:
        interrupt(shown)
    except GraphInterrupt as wanted:
        return wanted
    return None


def told(held: Held, tool: str) -> dict[str, Any]:
    """What the host is shown of a hold; no argument and no result is in it (P7)."""
    return {
        "status": held.status,
        "reason": held.reason.value,
        "tool": tool,
        "call_id": held.call_id,
        "approval_id": held.approval_id,
        "reasons": list(held.reasons),
        "expires_ms": held.expires_ms,
    }


class Pauses:
    """How often calls of this process have paused their graphs.

    A graph that is resumed makes them again, and hands what it is resumed with to whoever pauses,
    in order. So each pauses as often as it did before, also when it is decided or done by then: a
    pause of the program's own behind it would else take the word that was for the hold.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def remember(self, call: tuple[object, ...], paused: int) -> None:
        """It has paused so often, and is to again when it is made again."""
        self._known[call] = paused
        self._known.move_to_end(call)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def of(self, call: tuple[object, ...]) -> int:
        """How often it has paused so far."""
        return self._known.get(call, 0)
