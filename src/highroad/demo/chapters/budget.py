"""More calls at once than the run may make."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

from highroad import Refused
from highroad.demo.people import ALICE
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line

_ASKED: Final = 8


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    # A run of its own: what this chapter uses up, no other chapter lacks.
    stage = stage.in_run("budget")
    allowed = stage.runtime.limits.calls_per_tool
    notes = stage.shop.count("notes")
    outcomes = await asyncio.gather(
        *(
            stage.call(
                "add_order_note",
                {"order_id": "ORD-000042", "text": f"Note {number} of {_ASKED}"},
                by=ALICE,
            )
            for number in range(1, _ASKED + 1)
        )
    )
    ended = Counter(str(outcome.status) for outcome in outcomes)
    turned_down = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    yield Beat(
        tried=f"A model in a loop writes {_ASKED} notes at once, in one run.",
        call=f"{_ASKED} times: " + line("add_order_note", {"order_id": "ORD-000042"}),
        status=", ".join(f"{count} {status}" for status, count in sorted(ended.items())),
        shown=answer(turned_down[0], "call_id") if turned_down else None,
        why=f"A run may call a tool that changes things {allowed} times. What a call may use is "
        "reserved before it runs, so calls at once cannot slip past the limit together.",
        claims=(
            Claim(
                f"The shop's database has {allowed} notes more, not {_ASKED}.",
                stage.shop.count("notes") - notes == allowed,
            ),
            Claim(
                f"The other {_ASKED - allowed} were told so.",
                len(turned_down) == _ASKED - allowed,
            ),
        ),
    )


CHAPTER: Final = Chapter(name="budget", title="A limit is a limit", tell=_tell)
