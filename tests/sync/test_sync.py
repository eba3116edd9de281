"""The synchronous face: scripts, notebooks, threads."""

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from highroad import HighroadError, Principal, tool
from highroad import Runtime as AsyncRuntime
from highroad.domain.error import Code, DeclarationError
from highroad.sync import Runtime


@tool(tier="read")
def look(name: str) -> str:
    return name


@tool
def wire(cents: int) -> int:
    return cents


def awaited(kind):
    """What of a class has to be waited for, by name, with what it takes."""
    return {
        name: list(inspect.signature(each).parameters.values())
        for name, each in inspect.getmembers(kind, inspect.isfunction)
        if (inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each))
        and not name.startswith("_")
    }


def test_all_that_has_to_be_awaited_is_here_too_and_takes_the_same():
    def untyped(parameters):
        return [each.replace(annotation=None) for each in parameters]

    for name, takes in awaited(AsyncRuntime).items():
        here = list(inspect.signature(getattr(Runtime, name)).parameters.values())
        assert untyped(here) == untyped(takes), name


def test_six_lines_are_enough():
    with Runtime.open(tools=[look]) as runtime:
        assert runtime.call(look, {"name": "a"}).unwrap() == "a"


async def test_it_works_inside_a_running_loop():
    with Runtime.open(tools=[look]) as runtime:
        assert runtime.call(look, {"name": "a"}).unwrap() == "a"


def still_running_since(before):
    """Threads begun since that do not end; an idle worker that was told to go takes a moment."""
    begun = set(threading.enumerate()) - before
    for thread in begun:
        thread.join(timeout=10)
    return {thread for thread in begun if thread.is_alive()}


def test_it_may_be_closed_twice_and_leaves_no_thread():
    before = set(threading.enumerate())
    runtime = Runtime.open(tools=[look])
    runtime.close()
    runtime.close()
    assert not still_running_since(before)


def test_after_closing_it_says_so():
    runtime = Runtime.open(tools=[look])
    runtime.close()
    with pytest.raises(HighroadError, match="closed"):
        runtime.call(look, {"name": "a"})


def test_what_cannot_be_opened_leaves_no_thread():
    @tool(name="look")
    def other(name: str) -> str:
        return name

    before = set(threading.enumerate())
    with pytest.raises(DeclarationError):
        Runtime.open(tools=[look, other])
    assert not still_running_since(before)


def test_what_a_call_did_is_taken_back():
    @tool(tier="reversible")
    def forget(name: str) -> str:
        return f"no {name}"

    @tool(tier="reversible", compensation=forget)
    def keep(name: str) -> str:
        return name

    with Runtime.open(tools=[keep, forget]) as runtime:
        done = runtime.call(keep, {"name": "a"})
        assert runtime.undo(done.call_id).unwrap() == "no a"


def test_people_decide_and_whoever_waits_drives_on():
    with Runtime.open(tools=[wire]) as runtime:
        held = runtime.call(wire, {"cents": 1})
        assert runtime.wait(held.call_id, timeout_s=0) == held
        (approval,) = runtime.approvals.list()
        runtime.approvals.approve(approval.id, by=Principal("bob"))
        assert runtime.wait(held.call_id).unwrap() == 1
        assert runtime.audit.explain(held.call_id).status == "completed"


def test_a_host_looks_for_what_waits_and_puts_on_record_what_it_does_not_make():
    with Runtime.open(tools=[look, wire]) as runtime:
        waits = runtime.call(wire, {"cents": 5}, run="one")
        assert runtime.held(wire, {"cents": 5}, run="one") == waits.call_id
        assert runtime.held(wire, {"cents": 6}, run="one") is None
        refused = runtime.turn_away("look", {"name": "a"}, run="one")
        assert refused.error.code is Code.UNKNOWN_TOOL
        assert runtime.audit.explain(refused.call_id).tool == "look"


def test_a_call_on_record_is_judged_again_and_grounding_is_tried_out():
    auditor = Principal("olga", permissions=frozenset({"audit:reveal"}))
    with Runtime.open(tools=[look]) as runtime:
        made = runtime.call(look, {"name": "a"})
        again = runtime.reconsider(made.call_id, by=auditor)
        assert (again.tool, again.is_changed) == ("look", False)
        assert runtime.simulate(tool="look").runs == 0


def test_several_threads_share_one_runtime():
    with Runtime.open(tools=[look]) as runtime, ThreadPoolExecutor(8) as pool:
        names = [str(number) for number in range(50)]
        outcomes = list(pool.map(lambda name: runtime.call(look, {"name": name}), names))
    assert [outcome.unwrap() for outcome in outcomes] == names


def test_a_synchronous_body_may_use_it_and_an_asynchronous_one_is_told():
    @tool(tier="read")
    def outer(name: str) -> str:
        return runtime.call(look, {"name": name}).unwrap()

    @tool(tier="read")
    async def inside(name: str) -> str:
        try:
            runtime.call(look, {"name": name})
        except HighroadError as error:
            return str(error)
        return "no error"

    with Runtime.open(tools=[look, outer, inside]) as runtime:
        assert runtime.call(outer, {"name": "a"}).unwrap() == "a"
        assert "context.call" in runtime.call(inside, {"name": "a"}).unwrap()


def test_it_does_not_disturb_a_loop_that_is_made_later():
    with Runtime.open(tools=[look]) as runtime:
        runtime.call(look, {"name": "a"})

        async def other():
            return 1

        assert asyncio.run(other()) == 1


def test_people_settle_what_nobody_knows():
    @tool(tier="reversible")
    def pay(cents: int) -> int:
        raise RuntimeError

    bob = Principal("bob")
    with Runtime.open(tools=[pay]) as runtime:
        unknown = runtime.call(pay, {"cents": 1}, run="r")
        assert [each.call_id for each in runtime.unsettled()] == [unknown.call_id]
        amendment = runtime.settle(unknown.call_id, applied=True, by=bob, reason="seen")
        assert amendment.applied
        assert runtime.unsettled(with_open=True) == ()
        assert runtime.call(pay, {"cents": 1}, run="r").is_repeated


def test_breakers_are_seen_and_held_without_waiting(tmp_path):
    @tool(tier="read", dependency="bank")
    def balance(account: str) -> int:
        """Read a balance."""
        return 7

    ada = Principal("ada")
    with Runtime.open(tools=[balance]) as runtime:
        runtime.dependencies.open("bank", by=ada)
        (held,) = runtime.dependencies.health()
        assert (held.dependency, held.state, held.is_forced) == ("bank", "open", True)
        assert runtime.call(balance, {"account": "a"}).status == "failed"
        runtime.dependencies.release("bank", by=ada)
        assert runtime.call(balance, {"account": "a"}).unwrap() == 7
        assert runtime.dependencies.close("bank", by=ada).is_forced


def test_people_call_off_a_run_and_see_what_runs_on():
    with Runtime.open(tools=[wire]) as runtime:
        held = runtime.call(wire, {"cents": 1}, run="r")
        assert held.status == "held"
        (ended,) = runtime.cancel(run="r", by=Principal("bob"), reason="no longer wanted")
        assert (ended.call_id, ended.status) == (held.call_id, "cancelled")
        assert not runtime.strays


def test_what_was_given_up_on_is_redriven_and_discarded(tmp_path):
    is_down = True

    @tool(tier="reversible", not_applied=(ConnectionRefusedError,), attempts=1)
    def pay(order: str) -> str:
        """Pay."""
        if is_down:
            raise ConnectionRefusedError
        return order

    bob = Principal("bob")
    with Runtime.open(f"sqlite:///{tmp_path}/ledger.db", tools=[pay]) as runtime:
        for order in "123":
            assert runtime.call(pay, {"order": order}).status == "failed"
        letters = runtime.dead_letters
        first, second, _ = letters.list()
        assert letters.get(first.call_id) == first
        is_down = False
        assert letters.redrive(first.id, by=bob).outcome.unwrap() == "1"
        assert letters.discard(second.id, by=bob, reason="sold out").state == "discarded"
        assert letters.backlog().open == 1
        assert len(letters.redrive_many(by=bob, tool="pay").redriven) == 1
        assert not letters.list()


def test_calls_are_made_together_and_answered_one_by_one():
    with Runtime.open(tools=[look]) as runtime:
        calls = [(look, {"name": name}) for name in "abc"]
        assert [each.unwrap() for each in runtime.call_all(calls, parallel=2)] == list("abc")
        answered = dict(runtime.call_each(iter(calls)))
        assert {at: each.unwrap() for at, each in answered.items()} == dict(enumerate("abc"))


def test_who_leaves_the_loop_calls_off_the_rest():
    begun = []

    @tool(tier="reversible")
    async def note(name: str) -> str:
        begun.append(name)
        return name

    with Runtime.open(tools=[note]) as runtime:
        for _ in runtime.call_each([(note, {"name": name}) for name in "abcdef"], parallel=1):
            break
        found = [row["status"] for row in runtime.audit.extract("tool_result")]
    assert len(begun) < 6
    assert len(found) == 6
    assert found.count("cancelled") >= 6 - len(begun) - 1
