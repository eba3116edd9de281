"""N19: what a run that is worked on keeps in memory beyond its history.

One process opens 500 runs at once, each of which has made ten steps (see N3) and waits for its
model's next reply. The value is the memory that is resident with all of them under way less that
before them, by run, less what was said in one: texts, calls and results in bytes. Ten runs
before them, which are over, let whatever is made once be made.
"""

import asyncio
import gc
import os
from collections.abc import AsyncGenerator
from typing import Final

from bench.agents import TimedModel, clerk, complete, open_agent
from bench.harness import Reading, resident_mb, rounded, scratch
from highroad.domain.model import Message, ModelMessage, ModelRequest, ReplyPart, ToolMessage

_RUNS: Final = int(os.environ.get("BENCH_RUNS", "500"))
_STEPS: Final = 10
_WARMING: Final = 10


class PatientModel(TimedModel):
    """Makes its last request wait until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(_STEPS)
        self.may_go_on = asyncio.Event()
        self.waiting = asyncio.Semaphore(0)
        self.history_bytes = 0

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Ask for the next order; wait with the answer."""
        if len(request.messages) > 2 * _STEPS:
            self.history_bytes = sum(map(_bytes_of, request.messages))
            self.waiting.release()
            await self.may_go_on.wait()
        async for part in super().reply(request):
            yield part


async def measure() -> Reading:
    """Measure N19."""
    model = PatientModel()
    agent = clerk(model)
    with scratch() as folder:
        async with open_agent(agent, folder) as runtime:

            async def work(number: int) -> tuple[float, float]:
                """The megabytes before any run and with all of them."""
                model.forget()
                model.may_go_on.clear()
                gc.collect()
                before = resident_mb()
                runs = [asyncio.ensure_future(complete(runtime, agent)) for _ in range(number)]
                for _ in runs:
                    await model.waiting.acquire()
                await runtime.flush()
                gc.collect()
                during = resident_mb()
                model.may_go_on.set()
                await asyncio.gather(*runs)
                await runtime.flush()
                return before, during

            await work(_WARMING)
            before, during = await work(_RUNS)
    by_run_kb = (during - before) * 1e3 / _RUNS
    history_kb = model.history_bytes / 1e3
    return Reading(
        id="N19",
        value=rounded(by_run_kb - history_kb),
        unit="KB beyond its history",
        reach="<= 100",
        reference={"history_kb": rounded(history_kb)},
        absolute={
            "by_run_kb": rounded(by_run_kb),
            "runs": _RUNS,
            "steps": _STEPS,
            "resident_mb": rounded(during),
            "before_mb": rounded(before),
        },
    )


def _bytes_of(message: Message) -> int:
    match message:
        case ModelMessage(text=text, calls=calls):
            return len(text) + sum(len(each.id + each.tool + each.arguments) for each in calls)
        case ToolMessage(content=content, id=answered):
            return len(content) + len(answered)
        case _:
            return len(message.text)
