"""A larger refund, which two people must agree to, each once."""

from collections.abc import AsyncIterator
from typing import Final

from highroad import Held
from highroad.demo.people import ALICE, BOB, ERIN
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line, result
from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Principal

_REFUND: Final = {"order_id": "ORD-000019", "cents": 8_400}


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    before, desk = stage.shop.count("refunds"), stage.runtime.approvals

    def made() -> int:
        return stage.shop.count("refunds") - before

    held = await stage.call("refund", _REFUND, by=ALICE)
    if not isinstance(held, Held) or held.approval_id is None:
        return
    asked = await desk.get(held.approval_id)
    yield Beat(
        tried="Alice refunds 84 euros.",
        call=line("refund", _REFUND),
        status=held.status,
        shown=answer(held, "call_id", "approval_id"),
        why="An `ask` rule may name a level. Above 80 euros this one says `quorum`: two people.",
        claims=(
            Claim("Two people must agree.", asked.quorum == 2),  # noqa: PLR2004 - a quorum
            Claim("No money moved.", made() == 0),
        ),
    )

    first = await desk.approve(asked.id, by=BOB, reason="The lamp came without its shade.")
    yield Beat(
        tried="Bob, a manager at acme, approves.",
        status=first.state,
        why="One of two. The call waits on.",
        claims=(
            Claim("It still waits.", first.is_waiting),
            Claim("Driven on, it is held as before.", await _is_held(stage, held.call_id)),
        ),
    )

    objection = await _objection(stage, asked.id, BOB)
    yield Beat(
        tried="Bob submits the same approval a second time.",
        status="turned down" if objection else "approved",
        shown=objection or None,
        why="A quorum is of people, and not of clicks.",
        claims=(
            Claim("It is refused.", bool(objection)),
            Claim("It still waits.", (await desk.get(asked.id)).is_waiting),
        ),
    )

    second = await desk.approve(asked.id, by=ERIN)
    done = await stage.runtime.wait(held.call_id)
    yield Beat(
        tried="Erin, another manager, approves, and the call is driven on.",
        status=done.status,
        shown=result(done),
        why="The intent of the call spends the approval in its own transaction.",
        claims=(
            Claim("Both are named in the record.", len(set(second.approvers)) == 2),  # noqa: PLR2004 - both
            Claim("The shop's database has one refund more.", made() == 1),
        ),
    )

    objection = await _objection(stage, asked.id, ERIN)
    yield Beat(
        tried="Erin submits her approval once more.",
        status="turned down" if objection else "approved",
        shown=objection or None,
        why="It is spent: nothing can be done with it again, by anybody, in any process.",
        claims=(
            Claim("It is refused.", "consumed already" in objection),
            Claim("Still one refund.", made() == 1),
        ),
    )


async def _is_held(stage: Stage, call_id: str) -> bool:
    return isinstance(await stage.runtime.wait(call_id, timeout_s=0), Held)


async def _objection(stage: Stage, approval_id: str, by: Principal) -> str:
    """Why somebody may not approve; empty where they may."""
    try:
        await stage.runtime.approvals.approve(approval_id, by=by)
    except DecisionRefused as refusal:
        return str(refusal).removeprefix(f"{approval_id}: ")
    return ""


CHAPTER: Final = Chapter(name="quorum", title="A refund that two people must agree to", tell=_tell)
