"""Agents of other frameworks, bare and guarded in turns, one small file each.

Each is run by the framework's own Python (`scripts/hosts.py`), as a peer is (`bench.peers`). Its
one tool looks up an order, and its scripted model asks for ten of them and then answers. Guarded,
a call takes the whole road of one open runtime over a SQLite file: a role permits it, and ledger,
audit rows and encrypted payloads are on. A run of the agent is a thread of its own.

`bare_step_us` and `guarded_step_us` are times from one model request to the next, as the model
sees them; `bare_cpu_us` and `guarded_cpu_us` what the process has had of processors meanwhile, with
the threads that write. What waits to be written behind a run is flushed outside the clock.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from bench.harness import BenchError
from bench.ours import ALICE, open_runtime
from bench.peers import Burst
from highroad import Runtime
from highroad.tools.declaring.options import ToolOptions

STEPS: Final = 10
REQUEST: Final = "Were the orders paid?"
CONTRACTS: Final[Mapping[str, ToolOptions]] = {
    "look_up": {"tier": "read", "permissions": {"orders:read"}}
}
_SETTINGS: Final = """
[policy.roles.agent]
permissions = ["orders:read"]
allow = ["look_up"]
"""
_numbers: Final = count()


async def look_up(order_id: str) -> dict[str, str]:
    """Look up an order by its id."""
    return {"id": order_id, "state": "paid"}


class Script:
    """What the model says; it notes when it was asked."""

    def __init__(self) -> None:
        self.asked_at: list[float] = []
        self.worked_at: list[float] = []

    def say(self) -> tuple[str, dict[str, str]] | None:
        """A call, as its id and arguments; or `None`: it answers."""
        self.asked_at.append(perf_counter())
        self.worked_at.append(process_time())
        if len(self.asked_at) > STEPS:
            return None
        number = next(_numbers)
        return f"call-{number}", {"order_id": f"ORD-{number:08d}"}


Run = Callable[[Script, str], Awaitable[None]]
"""Lets an agent work through a script, in a thread of that name."""


@asynccontextmanager
async def in_turns(agents: Callable[[Runtime], tuple[Run, Run]]) -> AsyncIterator[Burst]:
    """Open a runtime, and measure an agent bare and guarded.

    Args:
        agents: Makes both of them, the bare one first.
    """
    async with open_runtime(Path.cwd(), settings=_SETTINGS) as runtime:
        bare, guarded = agents(runtime)
        agent = replace(ALICE, roles=ALICE.roles | {"agent"})

        async def burst(size: int) -> dict[str, list[float]]:
            times: dict[str, list[float]] = defaultdict(list)
            while len(times["bare_step_us"]) < size:
                _take(times, "bare", await _played(bare))
                with runtime.acting(agent, request=REQUEST):
                    _take(times, "guarded", await _played(guarded))
                await runtime.flush()
            await _see_that_all_ran(runtime)
            return times

        yield burst


async def _played(run: Run) -> Script:
    script = Script()
    await run(script, f"thread-{next(_numbers)}")
    return script


def _take(times: dict[str, list[float]], agent: str, script: Script) -> None:
    for what, at in (("step", script.asked_at), ("cpu", script.worked_at)):
        times[f"{agent}_{what}_us"] += [(after - before) * 1e6 for before, after in pairwise(at)]


async def _see_that_all_ran(runtime: Runtime) -> None:
    """Refusals would be fast, and say nothing.

    Raises:
        BenchError: A call was refused.
    """
    refused = await runtime.audit.last_call(refused=True)
    if refused is not None:
        record = await runtime.audit.explain(refused)
        raise BenchError(f"a guarded call was refused: {record.code} {record.rule}")
