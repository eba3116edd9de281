"""A4: what a ladder of models costs, over the strong model alone.

Two hundred requests, of which seven in ten are easy. The cheap model answers those with confidence
.9, and says .2 of the others; of twenty answers that it is sure of one is wrong. Each asked model
reads 600 tokens and writes 150 (the cheap one 20 more, for its confidence), at 0.15 and 0.60 US
dollars for a million tokens of the cheap one, and 2.50 and 10.00 of the strong one. All of it is
scripted: the value is what these shares and prices come to on the road, as runs are charged, and no
measurement of any real model. Beside it stand the saving where half and where none of the requests
are easy, and how many wrong answers the strong model never saw.
"""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from bench.harness import BenchError, Reading, rounded, scratch
from highroad import Agent, Limits, Principal, Runtime
from highroad.agents.ladder import ladder
from highroad.agents.strategies.react import react
from highroad.domain.model import (
    Finish,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ReplyPart,
    TokenUsage,
    UserMessage,
)
from highroad.domain.run import RunStatus
from highroad.settings import load

_REQUESTS: Final = 200
_WRONG_EVERY: Final = 20
_ALICE: Final = Principal("alice", authenticated=True)
_PRICES: Final = """
[prices.models."bench:cheap"]
input = 0.15
output = 0.60

[prices.models."bench:strong"]
input = 2.50
output = 10.00
"""


class _Model:
    """Answers by the number of the request: one below `easy` is easy.

    Args:
        name: `provider:model`.
        easy: Of ten requests; `None` answers all alike.
    """

    shape = "openai"
    context_tokens = None

    def __init__(self, name: str, easy: int | None = None) -> None:
        self.name: str = name
        self._easy = easy

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Answer at once."""
        asked = request.messages[0]
        number = int(asked.text) if isinstance(asked, UserMessage) else 0
        text, written = "right", 150
        if self._easy is not None:
            is_easy = number % 10 < self._easy
            is_wrong = number % _WRONG_EVERY == 0
            answer = "wrong" if is_wrong else "right"
            text = json.dumps({"answer": answer, "confidence": 0.9 if is_easy else 0.2})
            written = 170
        yield ModelReply(
            message=ModelMessage(text=text),
            usage=TokenUsage(input=600, output=written),
            model=self.name,
            finish=Finish.STOP,
        )

    async def close(self) -> None:
        """Nothing is held open."""


async def measure() -> Reading:
    """Measure A4.

    Raises:
        BenchError: A run was not completed.
    """
    with scratch() as folder:
        (folder / "highroad.toml").write_text(_PRICES, "utf-8")
        alone, _ = await _cost(folder, "alone", None)
        shares = {easy: await _cost(folder, f"easy{easy}", easy) for easy in (7, 5, 0)}
    cost, wrong = shares[7]
    return Reading(
        id="A4",
        value=cost / alone,
        unit="of the strong model alone",
        reach="<= 0.5",
        reference={"strong_usd": rounded(alone), "easy": 0.7, "wrong_and_sure": 0.05},
        absolute={
            "ladder_usd": rounded(cost),
            "wrong_answers": wrong,
            "ratio_half_easy": rounded(shares[5][0] / alone),
            "ratio_none_easy": rounded(shares[0][0] / alone),
        },
    )


async def _cost(folder: Path, name: str, easy: int | None) -> tuple[float, int]:
    """US dollars that the requests were charged, and wrong answers."""
    agent = Agent(
        name="support",
        tools=(),
        model=_Model("bench:strong"),
        roles={"cheap": _Model("bench:cheap", easy)},
        strategy=react if easy is None else ladder("cheap"),
    )
    cost, wrong = 0.0, 0
    url = f"sqlite:///{folder / name}.db"
    async with Runtime.open(
        url, agents=[agent], limits=Limits(usd=1.0), settings=load(folder, {})
    ) as runtime:
        for number in range(_REQUESTS):
            run = await runtime.run(agent, str(number), principal=_ALICE)
            if run.status is not RunStatus.COMPLETED:
                raise BenchError(f"a measured run was not completed: {run.status}")
            cost += run.cost_usd
            wrong += run.result == "wrong"
    return cost, wrong
