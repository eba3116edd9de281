"""A refund that a second person must agree to, submitted twice and made once."""

from collections.abc import AsyncIterator
from typing import Final

from highroad import Completed, Held
from highroad.demo.people import ALICE, BOB
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line, result
from highroad.domain.error import DecisionRefused

_REFUND: Final = {"order_id": "ORD-000042", "cents": 6_000}


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    before = stage.shop.count("refunds")

    def made() -> int:
        return stage.shop.count("refunds") - before

    held = await stage.call("refund", _REFUND, by=ALICE)
    yield Beat(
        tried="Alice refunds 60 euros.",
        call=line("refund", _REFUND),
        status=held.status,
        shown=answer(held, "call_id", "approval_id"),
        why="Above 50 euros the tool's rule asks a person. The call is stored with its checked "
        "arguments and forgotten by the process: it may wait for a day, or for a restart.",
        claims=(
            Claim("It waits.", isinstance(held, Held)),
            Claim("No money moved.", made() == 0),
        ),
    )
    if not isinstance(held, Held) or held.approval_id is None:
        return

    desk = stage.runtime.approvals
    objection = ""
    try:
        await desk.approve(held.approval_id, by=ALICE)
    except DecisionRefused as refusal:
        objection = str(refusal).removeprefix(f"{held.approval_id}: ")
    yield Beat(
        tried="Alice approves her own refund.",
        status="turned down" if objection else "approved",
        shown=objection or None,
        why="The settings of the shop ask for four eyes, and for a manager's.",
        claims=(Claim("It still waits.", (await desk.get(held.approval_id)).state == "waiting"),),
    )

    approval = await desk.approve(held.approval_id, by=BOB, reason="The vase arrived broken.")
    yield Beat(
        tried="Bob, a manager at acme, approves.",
        status=approval.state,
        why="He agreed to this tool, these arguments and these rules, bound by a digest. Deciding "
        "only records the decision.",
        claims=(Claim("Still no money moved.", made() == 0),),
    )

    done = await stage.runtime.wait(held.call_id)
    yield Beat(
        tried="The call is driven on.",
        status=done.status,
        shown=result(done),
        why="The same call takes the same road again, now with an answer to its question. Its "
        "intent was on disk before the money moved.",
        claims=(
            Claim("The shop's database has one refund more.", made() == 1),
            Claim("It is the call that was held.", done.call_id == held.call_id),
        ),
    )

    again = await stage.call("refund", _REFUND, by=ALICE)
    is_repeated = isinstance(again, Completed) and again.is_repeated
    yield Beat(
        tried="The same refund is submitted a second time.",
        call=line("refund", _REFUND),
        status="completed, repeated" if is_repeated else again.status,
        shown=answer(again, "call_id"),
        why="A call with effects has a key, made here of run and arguments. It is taken, so the "
        "first call's result answers, and says so.",
        claims=(
            Claim("It is marked as repeated.", is_repeated),
            Claim("Submitted twice, made once: one refund.", made() == 1),
        ),
    )


CHAPTER: Final = Chapter(name="refund", title="A refund that waits for a second person", tell=_tell)
