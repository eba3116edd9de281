"""An agent as the numbers run it: a model that answers at once, one tool, everything on."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, chdir
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from bench.harness import BenchError
from bench.ours import ALICE, LEDGER, get_order
from highroad import Agent, Run, Runtime, tool
from highroad.bootstrap import Parts, assemble
from highroad.domain.model import (
    Finish,
    ModelCall,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ReplyPart,
    TokenUsage,
)
from highroad.domain.run import RunStatus
from highroad.ports.ids import Ids
from highroad.ports.model import Model

REQUEST: Final = "Were the orders paid? If so, refund ORD-99999999."
_REFUNDED: Final = 99_999_999

# As `bench.ours`, for whoever works through an agent; no run comes to an end by a limit.
_SETTINGS: Final = """\
[policy]
owner = "principal"

[policy.roles.clerk]
permissions = ["orders:read", "orders:write"]
allow = ["get_order", "refund_order"]

[limits]
iterations = 1000000
calls = 1000000
calls_per_read = 1000000
calls_per_tool = 1000000
proposals = 1000000
tokens = 1000000000000
usd = 1000000.0
run_s = 1000000.0
"""


@tool(tier="irreversible", effect="idempotent", permissions={"orders:write"})
async def refund_order(order_id: str) -> dict[str, str]:
    """Give back what was paid for an order. Use after get_order.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"id": order_id, "state": "refunded"}


class TimedModel:
    """Asks for one order after another, then answers; it notes when it was asked.

    Args:
        steps: Replies with a call.
        last: The tool of the last of them.
    """

    name = "scripted:timed"
    shape = "openai"
    context_tokens = 1_000_000_000
    """So much that nothing of a history is ever left out."""

    def __init__(self, steps: int, last: str = "get_order") -> None:
        self.steps: int = steps
        self.last: str = last
        self.asked_at: list[float] = []
        self.worked_at: list[float] = []
        """The same by the time that this process has had of processors."""
        self._numbers = count()
        self._ids = count()

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Ask for the next order, or answer."""
        self.asked_at.append(perf_counter())
        self.worked_at.append(process_time())
        yield self.said(len(request.messages))

    def said(self, said: int) -> ModelReply:
        """What it says to a history of so many messages."""
        message = ModelMessage(text="It is paid.")
        if said <= 2 * self.steps:
            message = ModelMessage(calls=(self._call(is_last=said + 1 == 2 * self.steps),))
        return ModelReply(
            message=message,
            usage=TokenUsage(input=40 * said, output=20),
            model=self.name,
            finish=Finish.CALLS if message.calls else Finish.STOP,
        )

    def forget(self) -> None:
        """Note the times of the next run alone."""
        self.asked_at.clear()
        self.worked_at.clear()

    async def close(self) -> None:
        """Nothing is held open."""

    def _call(self, *, is_last: bool) -> ModelCall:
        number = next(self._numbers)
        name = self.last if is_last else "get_order"
        if name == refund_order.__name__:
            number = _REFUNDED
        return ModelCall(
            id=f"call-{next(self._ids)}", tool=name, arguments=f'{{"order_id":"ORD-{number:08d}"}}'
        )


def clerk(model: Model) -> Agent:
    """An agent that looks up orders, and may refund them."""
    return Agent(
        name="clerk",
        instructions="You answer questions about orders. Look each order up before you answer.",
        model=model,
        tools=[get_order, refund_order],
    )


@asynccontextmanager
async def open_agent(
    agent: Agent, folder: Path, *, ids: Ids | None = None
) -> AsyncIterator[Runtime]:
    """Open a runtime over the ledger in `folder`, with an agent.

    Args:
        agent: Whose runs are begun and resumed.
        folder: With the ledger, and what else belongs to it.
        ids: In place of those that everybody gets; then nothing is looked after besides.
    """
    (folder / "highroad.toml").write_text(_SETTINGS)
    with chdir(folder):
        ledger = f"sqlite:///{folder / LEDGER}"
        if ids is None:
            async with Runtime.open(ledger, agents=[agent], principal=ALICE) as runtime:
                yield runtime
            return
        runtime = Runtime(
            await assemble(ledger, agents=[agent], principal=ALICE, parts=Parts(ids=ids))
        )
        try:
            yield runtime
        finally:
            await runtime.close()


async def complete(runtime: Runtime, agent: Agent) -> Run:
    """Let the agent work to the end of a run.

    Raises:
        BenchError: The run ended otherwise, so its times would say nothing.
    """
    run = await runtime.run(agent, REQUEST)
    if run.status is not RunStatus.COMPLETED:
        raise BenchError(f"a measured run was not completed: {run.status}, {run.code}")
    return run


async def hold(runtime: Runtime, agent: Agent) -> Run:
    """Let the agent work until a person is asked.

    Raises:
        BenchError: Nobody was.
    """
    run = await runtime.run(agent, REQUEST)
    if run.status is not RunStatus.HELD:
        raise BenchError(f"a run was to wait for a person: {run.status}, {run.code}")
    return run
