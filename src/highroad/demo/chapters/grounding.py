"""An agent proposes what nobody asked for, and is stopped before anybody is asked."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from highroad import Agent, Run, Runtime
from highroad.demo.database import Shop
from highroad.demo.people import ALICE, BOB
from highroad.demo.rash import Rash
from highroad.demo.reader import Reader
from highroad.demo.story import Beat, Chapter, Claim, Stage, line
from highroad.domain.json_value import JsonObject, JsonValue

_REQUEST: Final = "Please refund 84.00 EUR of order ORD-000042: the vase arrived broken."
_RIGHT: Final[Mapping[str, JsonValue]] = {"order_id": "ORD-000042", "cents": 8_400}
_TOO_MUCH: Final = {**_RIGHT, "cents": 840_000}
_ANOTHER: Final = {**_RIGHT, "order_id": "ORD-000024"}
_TWO: Final = "ORD-000042 arrived broken, ORD-000024 is fine. Please refund the 84.00 EUR of it."
_SHOWN: Final = ("code", "message", "hint", "problems")


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    yield await _stopped(
        stage,
        _TOO_MUCH,
        tried="The user asks for 84.00 EUR; the agent's model proposes 8,400.00 EUR.",
        at="/cents",
        why="Every value that steers a call must stand in what the user said or in what the run "
        "has read. 840000 cents do not: the amount is another one, by two digits.",
    )
    yield await _stopped(
        stage,
        _ANOTHER,
        tried="The model proposes a refund for an order that nobody mentioned.",
        at="/order_id",
        why="The order exists and is acme's, so no schema and no permission is in the way. But "
        "neither the user nor any result of this run has named it.",
    )
    run, _ = await _propose(stage.runtime, _RIGHT)
    waiting = [await stage.runtime.approvals.get(hold.approval_id or "") for hold in run.holds]
    reasons = [each.code for approval in waiting for each in approval.obligations]
    for approval in waiting:
        await stage.runtime.approvals.reject(approval.id, by=BOB, reason="It was a test.")
    await stage.runtime.resume(run.id)
    yield Beat(
        tried="The model proposes what the user asked for.",
        call=line("refund", _RIGHT),
        status=run.status,
        why="Both values stand in the request, 84.00 EUR as 8400 cents. What is left is the rule "
        "of the tool, which asks a person above 50 euros; Bob declines this time.",
        claims=(
            Claim("It waits for a person, by the tool's own rule alone.", reasons == ["ask_rule"]),
        ),
    )
    yield await _misread(stage)


async def _misread(stage: Stage) -> Beat:
    """A proposal whose every value was named, and which is about the other order."""
    refunds, reader = stage.shop.count("refunds"), Reader("ORD-000042")
    with TemporaryDirectory() as folder:
        async with Runtime.open(
            f"sqlite:///{Path(folder) / 'ledger.db'}",
            deps={Shop: lambda: stage.shop},
            settings=stage.runtime.settings,
            verifier=reader,
        ) as runtime:
            run, told = await _propose(runtime, _ANOTHER, _TWO)
            reviews = await runtime.audit.reviews()
    said = [turn.text for case in reader.saw for turn in case.turns]
    return Beat(
        tried="The user names two orders. The model proposes a refund for the one that is fine.",
        call=line("refund", _ANOTHER),
        status="refused" if told.get("code") == "verification_rejected" else run.status,
        shown={name: told[name] for name in _SHOWN if name in told},
        why="Both orders stand in the request, so every value is known. A second model, here a "
        "rule in its place, is shown the request and the call, and nothing that the first said.",
        claims=(
            Claim("It is refused.", told.get("code") == "verification_rejected"),
            Claim("The hint has the order that is meant.", "ORD-000042" in str(told.get("hint"))),
            Claim("The verifier was shown the request, and no other word.", said == [_TWO]),
            Claim("Nobody was asked, and it is listed for review.", len(reviews) == 1),
            Claim("No money moved.", stage.shop.count("refunds") == refunds),
        ),
    )


async def _stopped(
    stage: Stage, arguments: Mapping[str, JsonValue], *, tried: str, at: str, why: str
) -> Beat:
    """A proposal that is to be refused for the value at a pointer."""
    refunds, waiting = stage.shop.count("refunds"), await _waiting(stage)
    run, told = await _propose(stage.runtime, arguments)
    problems = told.get("problems")
    named = [
        each["pointer"]
        for each in (problems if isinstance(problems, list) else [])
        if isinstance(each, dict)
    ]
    value = str(arguments[at.removeprefix("/")])
    return Beat(
        tried=tried,
        call=line("refund", arguments),
        status="refused" if told.get("code") == "ungrounded" else run.status,
        shown={name: told[name] for name in _SHOWN if name in told},
        why=why,
        claims=(
            Claim("It is refused as ungrounded.", told.get("code") == "ungrounded"),
            Claim("The model is told which value it was, and no other.", named == [at]),
            Claim("The reason does not repeat the value.", value not in str(told)),
            Claim("Nobody was asked.", not run.holds and await _waiting(stage) == waiting),
            Claim("No money moved.", stage.shop.count("refunds") == refunds),
        ),
    )


async def _propose(
    runtime: Runtime, arguments: Mapping[str, JsonValue], request: str = _REQUEST
) -> tuple[Run, JsonObject]:
    """Let an agent propose a refund; how its run stands, and what its model was answered."""
    model = Rash("refund", arguments)
    agent = Agent(name="rash", model=model, tools=["refund", "get_order", "search_orders"])
    run = await runtime.run(agent, request, principal=ALICE)
    told: JsonObject = orjson.loads(model.told) if model.told else {}
    return run, told


async def _waiting(stage: Stage) -> int:
    return len(await stage.runtime.approvals.list(limit=1_000))


CHAPTER: Final = Chapter(name="grounding", title="Values that nobody named", tell=_tell)
