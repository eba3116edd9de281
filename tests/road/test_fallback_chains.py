"""Random chains of fallbacks, with whatever each tool brings."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from highroad import Answer, Fallback, ToolError, tool
from highroad.domain.entry import EntryKind

DOWN = ConnectionRefusedError
ENDS = {
    "done": ("completed", False),
    "down": ("failed", True),
    "lost": ("unknown", False),
    "late": ("unknown", False),
    "wrong": ("failed", False),
    "broken": ("failed", True),
}
"""How a call ends by what its body brings, and whether something may stand in."""


def bring(what, name):
    match what:
        case "done":
            return name
        case "down":
            raise DOWN
        case "lost":
            raise ToolError("lost", applied=None)
        case "late":
            raise ToolError("later", applied=None, retryable=True)
        case "wrong":
            raise ToolError("no", applied=False)
        case _:
            raise ToolError("not now", applied=False, retryable=True)


def declare(name, outcomes, ran, fallbacks):
    @tool(
        name=name,
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=fallbacks,
    )
    async def body(order: str) -> str:
        ran[name] += 1
        return bring(outcomes[name], name)

    return body


@st.composite
def trees(draw):
    """Tools, each with tools behind it in its chain; what each brings; a fixed answer or none.

    Names grow from the top down, so that no circle can be.
    """
    count = draw(st.integers(1, 6))
    outcomes = {f"t{at}": draw(st.sampled_from(sorted(ENDS))) for at in range(count)}
    chains = {}
    for at in range(count):
        later = [f"t{n}" for n in range(at + 1, count)]
        chain = draw(st.lists(st.sampled_from(later), max_size=3, unique=True)) if later else []
        chains[f"t{at}"] = [*chain, *(["answer"] if draw(st.booleans()) else [])]
    return outcomes, chains


def expected(name, outcomes, chains):
    """What answers in the end, and in which order tools run: the rule, said once more.

    One key makes one call: a tool that stands in twice under other keys runs twice.
    """
    ran, rest = [], [name]
    last = None
    while rest:
        here, *rest = rest
        if here == "answer":
            return "completed", ran, "fixed"
        ran.append(here)
        status, may_go_on = ENDS[outcomes[here]]
        last = status
        if not may_go_on:
            return status, ran, here if status == "completed" else None
        rest = [*chains[here], *rest]
    return last, ran, None


@given(trees())
def test_a_chain_ends_as_its_rules_say(world_of, tree):
    """One terminal record per call, the last one answers, and nothing comes behind unknown."""
    outcomes, chains = tree

    async def tell():
        ran = Counter()
        order = []

        def made(name):
            fallbacks = [
                Answer("fixed") if each == "answer" else Fallback(to=each) for each in chains[name]
            ]
            return declare(name, outcomes, ran, fallbacks)

        here = await world_of(*(made(name) for name in outcomes)).open()
        outcome = await here.call("t0", {"order": "7"}, run="r")
        status, runs, value = expected("t0", outcomes, chains)
        assert outcome.status == status
        if value is not None:
            assert outcome.json == value
        assert ran == Counter(runs)
        bodies = await here.bodies()
        ends = {b["call"]: b for b in bodies if b["kind"] == EntryKind.ENDED}
        opened = {b["call"]: b for b in bodies if "origin" in b}
        assert len([b for b in bodies if b["kind"] == EntryKind.ENDED]) == len(opened)
        for call_id, end in ends.items():
            behind = end.get("fallback")
            if behind is not None:
                assert end["status"] == "failed"
                assert opened[behind]["stands_in_for"] == call_id
                order.append(behind)
        assert outcome.call_id == (order[-1] if order else next(iter(ends)))
        letters = await here.runtime.dead_letters.list()
        by_answer = status == "completed" and value == "fixed"
        is_owed = ENDS[outcomes["t0"]][1] and (status != "completed" or by_answer)
        assert len(letters) == is_owed + (status == "unknown")
        before = Counter(ran)
        again = await here.call("t0", {"order": "7"}, run="r")
        if (status == "completed" and not by_answer) or status == "unknown":
            assert ran == before
            assert again.status == status
        assert not await here.check()

    asyncio.run(tell())
