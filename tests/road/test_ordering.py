"""Which of the calls that are made together may overlap, and which are stopped by a failed one."""

from itertools import combinations, count
from random import Random

import anyio
import pytest

from highroad import ToolError, tool

FREE, SERIAL, BARRIER = "free", "serial", "barrier"


class Diary:
    """When each body began and ended, by the number of its call."""

    def __init__(self):
        self.moments = count()
        self.began = {}
        self.ended = {}

    async def live(self, number, rounds):
        self.began[number] = next(self.moments)
        for _ in range(rounds):
            await anyio.lowlevel.checkpoint()
        self.ended[number] = next(self.moments)

    def overlap(self, first, second):
        return self.began[first] < self.ended[second] and self.began[second] < self.ended[first]


@pytest.fixture
def diary():
    return Diary()


def tools_of(diary):
    """One tool of each kind: a body that fails where it is told to."""

    async def body(number, rounds, fails):
        await diary.live(number, rounds)
        if fails:
            raise ToolError("It went wrong.", applied=False)
        return number

    @tool(tier="read")
    async def read(number: int, rounds: int = 1, fails: bool = False) -> int:
        """Read."""
        return await body(number, rounds, fails)

    @tool(tier="reversible")
    async def change(number: int, rounds: int = 1, fails: bool = False) -> int:
        """Change something."""
        return await body(number, rounds, fails)

    @tool(tier="reversible", concurrency="free")
    async def add(number: int, rounds: int = 1, fails: bool = False) -> int:
        """Add something, in whatever order."""
        return await body(number, rounds, fails)

    @tool(tier="reversible", order_by=["thing"])
    async def mend(number: int, thing: str, rounds: int = 1, fails: bool = False) -> int:
        """Mend a thing."""
        return await body(number, rounds, fails)

    @tool(tier="read", order_by=["thing"], strict=False)
    async def inspect(number: int, thing: int, rounds: int = 1, fails: bool = False) -> int:
        """Look at a thing as it is after what was done to it."""
        return await body(number, rounds, fails)

    @tool(tier="reversible", concurrency="barrier")
    async def publish(number: int, rounds: int = 1, fails: bool = False) -> int:
        """Publish all of it."""
        return await body(number, rounds, fails)

    return {each.__name__: each for each in (read, change, add, mend, inspect, publish)}


KINDS = {
    "read": (FREE, False),
    "add": (FREE, False),
    "change": (SERIAL, False),
    "mend": (SERIAL, True),
    "inspect": (SERIAL, True),
    "publish": (BARRIER, False),
}


def has_order(first, second):
    """The rule, as docs/throughput.md states it."""
    (kind, named), (other, other_named) = KINDS[first[0]], KINDS[second[0]]
    if BARRIER in {kind, other}:
        return True
    if FREE in {kind, other}:
        return False
    return first[1]["thing"] == second[1]["thing"] if named and other_named else True


def belongs(first, second):
    """Whether the second needs the first to be completed."""
    (kind, named), (other, other_named) = KINDS[first[0]], KINDS[second[0]]
    if BARRIER in {kind, other}:
        return True
    return named and other_named and first[1]["thing"] == second[1]["thing"]


def some_calls(chance):
    for number in range(chance.randrange(2, 12)):
        name = chance.choice(list(KINDS))
        arguments = {
            "number": number,
            "rounds": chance.randrange(4),
            "fails": chance.random() < 0.15,
        }
        if KINDS[name][1]:
            thing = chance.randrange(2)
            arguments["thing"] = str(thing) if name == "mend" else thing
        yield name, arguments


def same_thing(calls):
    return [(name, {**given, "thing": str(given.get("thing"))}) for name, given in calls]


@pytest.mark.parametrize("part", range(4))
async def test_calls_overlap_only_where_nothing_orders_them(world_of, part):
    """200 random fan-outs against the rule, by when their bodies began and ended."""
    for seed in range(part, 200, 4):
        chance, diary = Random(seed), Diary()  # noqa: S311 - chance by a seed
        calls = list(some_calls(chance))
        stops = chance.random() < 0.5
        each = await world_of(*tools_of(diary).values()).open()
        outcomes = await each.runtime.call_all(
            calls, parallel=chance.choice([1, 3, 50]), on_failure="stop" if stops else "go_on"
        )
        told = same_thing(calls)
        for first, second in combinations(range(len(calls)), 2):
            if not {first, second} <= diary.began.keys():
                continue
            if has_order(told[first], told[second]):
                assert diary.ended[first] < diary.began[second], (seed, first, second)
        for number, outcome in enumerate(outcomes):
            is_stopped = stops and any(
                belongs(told[before], told[number]) and outcomes[before].status != "completed"
                for before in range(number)
            )
            expected = "cancelled" if is_stopped else "failed"
            if not is_stopped and not calls[number][1]["fails"]:
                expected = "completed"
            assert outcome.status == expected, (seed, number)
            assert (number in diary.began) is not is_stopped
            if is_stopped:
                assert outcome.error.code == "blocked"
        await each.runtime.close()


async def test_what_nothing_orders_does_overlap(world, diary):
    each = await world(*tools_of(diary).values()).open()
    await each.runtime.call_all(
        [
            ("change", {"number": 0, "rounds": 9}),
            ("read", {"number": 1, "rounds": 9}),
            ("add", {"number": 2, "rounds": 9}),
        ]
    )
    assert diary.overlap(0, 1)
    assert diary.overlap(1, 2)
    await each.runtime.call_all(
        [
            ("mend", {"number": 3, "thing": "a", "rounds": 9}),
            ("mend", {"number": 4, "thing": "b", "rounds": 9}),
        ]
    )
    assert diary.overlap(3, 4)


@pytest.mark.parametrize("same", [" A", "a", "A "])
async def test_one_thing_is_one_however_it_is_written(world, diary, same):
    each = await world(*tools_of(diary).values()).open()
    await each.runtime.call_all(
        [
            ("mend", {"number": 0, "thing": "a", "rounds": 9}),
            ("mend", f'{{"number": 1, "thing": "{same}"}}'),
        ]
    )
    assert diary.ended[0] < diary.began[1]


@pytest.mark.parametrize("same", [7, "7", 7.0], ids=repr)
async def test_a_number_is_the_same_thing_before_and_after_it_is_coerced(world, diary, same):
    each = await world(*tools_of(diary).values()).open()
    await each.runtime.call_all(
        [
            ("inspect", {"number": 0, "thing": 7, "rounds": 9}),
            ("inspect", {"number": 1, "thing": same}),
        ]
    )
    assert diary.ended[0] < diary.began[1]


async def test_a_call_that_is_held_stops_those_of_its_thing_and_no_others(world):
    @tool(order_by=["order"])
    async def refund(order: str) -> str:
        """Pay back."""
        return order

    @tool(tier="reversible", order_by=["order"])
    async def close(order: str) -> str:
        """Close an order."""
        return order

    each = await world(refund, close).open()
    calls = [
        (refund, {"order": "1"}),
        (close, {"order": "1"}),
        (refund, {"order": "2"}),
        (close, {"order": "3"}),
    ]
    outcomes = await each.runtime.call_all(calls, run="r")
    assert [each.status for each in outcomes] == ["held", "cancelled", "held", "completed"]
    await each.approve(outcomes[0])
    assert (await each.wait(outcomes[0].call_id)).unwrap() == "1"
    assert (await each.call(close, {"order": "1"}, run="r")).unwrap() == "1"


async def test_calls_of_which_nothing_is_declared_keep_their_order_and_stand_for_themselves(world):
    """Two payments that wait for people are both held: a person sees both."""
    made = []

    @tool
    async def pay(to: str) -> str:
        """Pay."""
        return to

    @tool(tier="reversible")
    async def tell(whom: str) -> str:
        """Tell somebody."""
        made.append(whom)
        return whom

    each = await world(pay, tell).open()
    calls = [(pay, {"to": "a"}), (tell, {"whom": 1}), (pay, {"to": "b"}), (tell, {"whom": "c"})]
    outcomes = await each.runtime.call_all(calls)
    assert [each.status for each in outcomes] == ["held", "refused", "held", "completed"]
    assert made == ["c"]


async def test_a_failure_far_behind_still_stops_what_belongs_to_it(world, diary):
    """Also where so many came between that it is no longer in view."""
    each = await world(*tools_of(diary).values()).open()
    between = [("read", {"number": number}) for number in range(2, 300)]
    calls = [
        ("mend", {"number": 0, "thing": "a", "fails": True}),
        ("mend", {"number": 1, "thing": "b"}),
        *between,
        ("mend", {"number": 300, "thing": "a"}),
        ("mend", {"number": 301, "thing": "b"}),
        ("publish", {"number": 302}),
        ("read", {"number": 303}),
    ]
    outcomes = await each.runtime.call_all(calls)
    said = [outcome.status for outcome in outcomes[300:]]
    assert said == ["cancelled", "completed", "cancelled", "cancelled"]


async def test_who_waits_for_a_turn_holds_up_nobody_else(world, diary):
    each = await world(*tools_of(diary).values()).open()
    chain = [("mend", {"number": n, "thing": "a", "rounds": 20}) for n in range(10)]
    others = [("read", {"number": n}) for n in range(10, 20)]
    await each.runtime.call_all([*chain, *others], parallel=2)
    assert max(diary.ended[number] for number in range(10, 20)) < diary.began[9]


async def test_a_number_beyond_every_integer_is_a_thing_like_others(world, diary):
    @tool(tier="reversible", order_by=["thing"])
    async def weigh(number: int, thing: float) -> int:
        """Weigh a thing."""
        await diary.live(number, 9)
        return number

    each = await world(weigh).open()
    outcomes = await each.runtime.call_all(
        [
            (weigh, {"number": 0, "thing": 1e300}),
            (weigh, '{"number": 1, "thing": 1E+300}'),
            (weigh, {"number": 2, "thing": -(2.0**63)}),
        ]
    )
    assert [outcome.status for outcome in outcomes] == ["completed"] * 3
    assert diary.ended[0] < diary.began[1]
    assert diary.overlap(0, 2)


@pytest.mark.promise("P5")
@pytest.mark.parametrize("junk", [None, 5, [1], pytest.param(object(), id="object")], ids=repr)
async def test_arguments_that_are_no_arguments_are_answered_and_stop_nobody(world, diary, junk):
    each = await world(*tools_of(diary).values()).open()
    calls = [("mend", junk), ("mend", {"number": 1, "thing": "a"}), ("read", junk)]
    outcomes = await each.runtime.call_all(calls)
    assert [outcome.status for outcome in outcomes] == ["refused", "completed", "refused"]
    assert {outcomes[n].error.code for n in (0, 2)} == {"invalid_arguments"}
    assert not await each.check()
