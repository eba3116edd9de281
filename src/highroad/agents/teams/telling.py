"""What became of work that was handed on, in words for whoever reads it next."""

from collections.abc import Iterable
from typing import Any

import orjson

from highroad.agents.leg import Leg
from highroad.domain.outcome import AnyOutcome, Completed


def in_words(outcome: AnyOutcome) -> str:
    """What came of it; where that is nothing, why (P5)."""
    if not isinstance(outcome, Completed):
        return f"It came to nothing: {orjson.dumps(outcome.for_model()).decode()}"
    answer = outcome.json
    return answer if isinstance(answer, str) else orjson.dumps(answer).decode()


async def answer_with(leg: Leg, found: Iterable[str]) -> Any:  # noqa: ANN401 - of the agent's output type
    """Have the agent's own model answer the request with what others have found."""
    told = "\n\n".join(found) or "Nothing."
    reply = await leg.ask(
        say=f"This is what was found:\n\n{told}\n\nAnswer the request with it. Say plainly what "
        "is missing.",
        tools=(),
        output=leg.output_schema,
        purpose="answer",
    )
    return await leg.finish(reply)
