"""An agent of LangGraph that may delete files, and does so once somebody has agreed."""

from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from highroad.frameworks.langgraph import guard
from highroad.sync import Runtime

FILES = Path("files")
THREAD: RunnableConfig = {"configurable": {"thread_id": "ticket-17"}}
SCRIPT: tuple[tuple[str, dict[str, str]], ...] = (
    ("list_files", {}),
    ("delete_file", {"name": "invoices.db"}),
    ("delete_file", {"name": "report-2023.txt"}),
)


def list_files() -> list[str]:
    """List the files that there are."""
    return sorted(each.name for each in FILES.iterdir())


def delete_file(name: str) -> str:
    """Delete a file for good."""
    (FILES / name).unlink(missing_ok=True)
    return f"{name} is gone"


class Scripted(GenericFakeChatModel):
    """Stands in for a language model, so that this runs offline: it makes up a name first."""

    def bind_tools(self, *_: object, **__: object) -> "Scripted":
        """Know the tools already."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        said = sum(message.type == "ai" for message in messages)
        calls = [
            {"name": name, "args": args, "id": f"c{said}", "type": "tool_call"}
            for name, args in SCRIPT[said : said + 1]
        ]
        self.messages = iter([AIMessage("" if calls else "Done.", tool_calls=calls)])
        return super()._generate(messages)


with Runtime.open() as runtime, SqliteSaver.from_conn_string("threads.db") as saver:
    tools: list[Any] = [list_files, delete_file]
    tools = guard(tools, runtime, contracts={"list_files": {"tier": "read"}})
    agent = create_agent(Scripted(messages=iter(())), tools, checkpointer=saver)
    is_paused = bool(agent.get_state(THREAD).interrupts)
    request: Any = {"messages": [("user", "Delete report-2023.txt, please.")]}
    state = agent.invoke(Command(resume=True) if is_paused else request, THREAD)

for message in state["messages"]:
    if message.type != "ai" or message.text:
        print(f"{message.name or message.type}: {message.text:.70}")
for pause in state.get("__interrupt__", ()):
    print(f"waits: highroad approvals approve {pause.value['approval_id']}")
