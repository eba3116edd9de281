"""An agent in a process of its own that may be killed at any moment; run by `test_crashes`.

Usage: clerk.py ask|resume|wait [killed_at]. It prints what the graph is at as one line of JSON.
"""

import json
import os
import pickle
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from highroad import Principal
from highroad.frameworks.guarding import Guard
from highroad.frameworks.langgraph import guard
from highroad.sync import Runtime

THREAD: Any = {"configurable": {"thread_id": "ticket-17"}}
SAVED = Path("checkpoints")
EFFECTS = Path("effects")


class FileSaver(InMemorySaver):
    """Checkpoints in a file, written whole whenever one of them changes."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        if SAVED.exists():
            storage, writes, self.blobs = pickle.loads(SAVED.read_bytes())  # noqa: S301 - our own
            for thread, spaces in storage.items():
                self.storage[thread].update(spaces)
            self.writes.update(writes)

    def _save(self) -> None:
        plain = (
            {thread: dict(spaces) for thread, spaces in self.storage.items()},
            dict(self.writes),
            dict(self.blobs),
        )
        made = SAVED.with_suffix(".new")
        made.write_bytes(pickle.dumps(plain))
        made.replace(SAVED)

    def put(self, *given: Any, **named: Any) -> Any:
        with self._lock:
            done = super().put(*given, **named)
            self._save()
        return done

    def put_writes(self, *given: Any, **named: Any) -> None:
        with self._lock:
            super().put_writes(*given, **named)
            self._save()


def die() -> None:
    """As if the power were cut: nothing is written, closed or said any more."""
    os.kill(os.getpid(), signal.SIGKILL)


class Model(GenericFakeChatModel):
    """Proposes the call, and says `done` when it was answered."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
        if isinstance(messages[-1], ToolMessage):
            self.messages = iter([AIMessage("done")])
        else:
            call = {"name": "pay", "args": {"cents": 600}, "id": "c1", "type": "tool_call"}
            self.messages = iter([AIMessage("", tool_calls=[call])])
        return super()._generate(messages)


def main(task: str, killed_at: str = "") -> None:
    @tool
    def pay(cents: int) -> str:
        """Pay somebody."""
        with EFFECTS.open("a") as world:
            world.write(f"{cents}\n")
        if killed_at == "effect":
            die()
        return f"paid {cents}"

    if killed_at == "decision":  # it is known to the ledger, and nothing was done about it
        Guard.look_blocking = lambda *_, **__: die()  # type: ignore[method-assign,assignment]
    with Runtime.open(principal=Principal("alice")) as runtime:
        tools = guard([pay], runtime)
        agent = create_agent(Model(messages=iter(())), tools, checkpointer=FileSaver())
        given: Any = Command(resume=True)
        if task == "ask":
            given = {"messages": [HumanMessage("Pay 600")]}
        done = agent.invoke(given, THREAD)
        pauses = [each.value for each in done.get("__interrupt__", ())]
        answers = [each.content for each in done["messages"] if isinstance(each, ToolMessage)]
        sys.stdout.write(json.dumps({"pauses": pauses, "answers": answers}))
        sys.stdout.flush()
        if killed_at == "waiting":
            die()


if __name__ == "__main__":
    main(*sys.argv[1:])
