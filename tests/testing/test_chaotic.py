"""A chaotic model does everything wrong, and the same again by the same seed."""

from collections import Counter

import pytest

from highroad.domain.model import Finish, ModelError, ModelReply, ModelRequest
from highroad.testing import ChaoticModel
from highroad.testing.contracts.model import check_parts
from highroad.testing.models.chaotic import MOVES
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse

EXAMPLES = {
    "refund": [{"order_id": "ORD-000042", "cents": cents} for cents in (500, 900)],
    "get_order": [{"order_id": "ORD-000042"}],
}
STREAM = ModelRequest(is_streamed=True)


async def replies(seed, asked):
    """Parts of each reply; of one that broke off, the kind of error last."""
    model, found = ChaoticModel(seed, EXAMPLES), []
    for _ in range(asked):
        parts = []
        try:
            async for part in model.reply(STREAM):
                parts.append(part)  # noqa: PERF401 - what came before the error
        except ModelError as error:
            parts.append(error.kind)
        found.append(parts)
    return found


async def test_one_seed_is_one_course_and_another_is_another():
    assert await replies(1, 30) == await replies(1, 30)
    assert await replies(1, 30) != await replies(2, 30)


@pytest.mark.parametrize("seed", range(20))
async def test_chaos_is_of_the_model_and_not_of_its_port(seed):
    for parts in await replies(seed, 50):
        if isinstance(parts[-1], ModelReply):
            check_parts(parts)


async def test_everything_that_it_can_do_wrong_happens():
    found = Counter()
    for parts in await replies(0, 2_000):
        reply = parts[-1]
        if not isinstance(reply, ModelReply):
            found["error"] += 1
            continue
        calls = reply.message.calls
        found["nothing"] += not calls and not reply.message.text
        found["words"] += bool(reply.message.text) and not calls
        found["same ids"] += len({each.id for each in calls}) < len(calls)
        found["same calls"] += len({(each.tool, each.arguments) for each in calls}) < len(calls)
        found["malformed"] += any(isinstance(parse(each.arguments), Invalid) for each in calls)
        found["invented"] += any(each.tool not in EXAMPLES for each in calls)
        found["injected"] += any("Ignore all" in each.arguments for each in calls)
        found["torn"] += reply.finish is Finish.LENGTH and bool(calls)
        found["huge"] += any(len(each.arguments) > 50_000 for each in calls)
        found["right"] += any(
            parse(each.arguments) in EXAMPLES.get(each.tool, ()) for each in calls
        )
    assert min(found.values()) > 5, found
    assert sum(MOVES.values()) > len(MOVES)
