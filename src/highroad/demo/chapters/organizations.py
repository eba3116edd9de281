"""Two organizations share the shop's software, and know nothing of each other."""

from collections.abc import AsyncIterator
from typing import Final

from highroad.demo.people import CAROL
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    arguments = {"order_id": "ORD-000042"}
    refused = await stage.call("get_order", arguments, by=CAROL)
    record = await stage.runtime.audit.explain(refused.call_id)
    yield Beat(
        tried="Carol, in support at globex, reads the same order of acme.",
        call=line("get_order", arguments),
        status=refused.status,
        shown=answer(refused, "call_id"),
        why=f"Carol may read orders, but this one is not hers. The ledger has the reason, for "
        f"whoever answers for it: {record.rule}.",
        claims=(Claim("Carol was refused.", refused.status == "refused"),),
    )

    missing = {"order_id": "ORD-999999"}
    unfound = await stage.call("get_order", missing, by=CAROL)
    other = await stage.runtime.audit.explain(unfound.call_id)
    yield Beat(
        tried="Carol reads an order that nobody has.",
        call=line("get_order", missing),
        status=unfound.status,
        why="Not yours and not there look the same, or ids could be tried until one answers "
        "differently.",
        claims=(
            Claim(
                "Both answers are the same, word for word.",
                answer(unfound, "call_id") == answer(refused, "call_id"),
            ),
            Claim("The ledger tells them apart.", other.rule != record.rule),
        ),
    )


CHAPTER: Final = Chapter(name="organizations", title="A look across the fence", tell=_tell)
