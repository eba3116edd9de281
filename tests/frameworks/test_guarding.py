"""A host's call on the road, from every loop and thread, and its own tool with its own context."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from highroad import Fallback, Limits, Principal, Runtime, ToolContext, tool, tool_from_schema
from highroad.domain.acting import Acting
from highroad.domain.error import DecisionRefused, DeclarationError, HighroadError, NotRecorded
from highroad.frameworks.guarding import Guard, body_of, share
from highroad.pipeline import crossing
from highroad.sync import Runtime as SyncRuntime

LEDGER = "sqlite:///ledger.db"
ALICE = Principal("alice", name="Alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
SPAN = contextvars.ContextVar("span", default="none")
"""What the host's own tracing hangs on."""


def host_tool(name="send", alone=None, *, is_async=True, **options):
    """A tool of a host, which runs it."""
    return tool_from_schema(
        body_of(alone, is_async=is_async),
        name=name,
        description=f"{name} it.",
        parameters=SCHEMA,
        **{"tier": "read", **options},
    )


class Body:
    """What runs the host's own tool, and notes where it did."""

    def __init__(self, *, pause=None):
        self.seen = []
        self.pause = pause

    def note(self, arguments):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        self.seen.append((arguments["text"], SPAN.get(), loop, threading.current_thread()))
        return arguments["text"].upper()

    async def __call__(self, arguments):
        await asyncio.sleep(0)
        if self.pause is not None:
            await self.pause.wait()
        return self.note(arguments)

    @property
    def ran(self):
        return [text for text, *_ in self.seen]


def code_of(outcome):
    return outcome.status if outcome.error is None else outcome.error.code


# -- every host ----------------------------------------------------------------------------------


async def test_a_host_in_the_loop_of_the_runtime_runs_its_tool_there():
    body = Body()
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        SPAN.set("mine")
        outcome = await Guard(runtime, door="toy").call("send", {"text": "a"}, body=body)
        assert outcome.unwrap() == "A"
        assert body.seen == [("a", "mine", runtime.loop, threading.current_thread())]
        call = await runtime.audit.explain(outcome.call_id)
        assert (call.door, call.origin) == ("toy", "model")


async def test_a_host_in_another_loop_runs_its_tool_in_its_own():
    body = Body()
    with SyncRuntime.open(LEDGER, tools=[host_tool()]) as runtime:
        SPAN.set("mine")
        outcome = await Guard(runtime, door="toy").call("send", {"text": "a"}, body=body)
        assert outcome.unwrap() == "A"
        here = asyncio.get_running_loop()
        assert body.seen == [("a", "mine", here, threading.current_thread())]


def test_a_host_without_a_loop_waits_in_its_thread():
    body = Body()
    with SyncRuntime.open(LEDGER, tools=[host_tool()]) as runtime:
        SPAN.set("mine")
        outcome = Guard(runtime, door="toy").call_blocking("send", {"text": "a"}, body=body)
        assert outcome.unwrap() == "A"
        ((_, span, loop, _),) = body.seen
        assert (span, loop) == ("mine", runtime.asynchronous.loop)


@pytest.mark.parametrize("is_blocking", [False, True])
async def test_a_body_that_is_not_async_runs_in_a_thread_with_the_context_of_its_host(is_blocking):
    body = Body()
    send = host_tool(is_async=False)
    async with Runtime.open(LEDGER, tools=[send]) as runtime:
        SPAN.set("mine")
        guard = Guard(runtime, door="toy")
        if is_blocking:
            call = asyncio.to_thread(guard.call_blocking, "send", {"text": "a"}, body=body.note)
        else:
            call = guard.call("send", {"text": "a"}, body=body.note)
        assert (await call).unwrap() == "A"
        ((_, span, loop, thread),) = body.seen
        assert (span, loop) == ("mine", None)
        assert thread is not threading.current_thread()


async def test_a_synchronous_host_inside_the_loop_of_its_runtime_is_told_what_to_do():
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        guard = Guard(runtime, door="toy")
        with pytest.raises(HighroadError, match="wait for itself: use the async way"):
            guard.call_blocking("send", {"text": "a"}, body=Body())
        with pytest.raises(HighroadError, match="wait for itself"):
            guard.look_blocking("call_x")


def test_a_runtime_whose_loop_has_ended_is_no_place_to_wait_in():
    runtime = SyncRuntime.open(LEDGER, tools=[host_tool()])
    guard = Guard(runtime, door="toy")
    runtime.close()
    with pytest.raises(HighroadError, match="does not run"):
        guard.call_blocking("send", {"text": "a"}, body=Body())
    with pytest.raises(HighroadError, match="does not run"):
        asyncio.run(guard.call("send", {"text": "a"}, body=Body()))


async def test_many_calls_at_once_each_run_their_own_body():
    bodies = {name: Body() for name in "abcdefgh"}
    with SyncRuntime.open(LEDGER, tools=[host_tool()]) as runtime:
        guard = Guard(runtime, door="toy")
        outcomes = await asyncio.gather(
            *(guard.call("send", {"text": name}, body=body) for name, body in bodies.items())
        )
        assert [each.unwrap() for each in outcomes] == list("ABCDEFGH")
        assert all(body.ran == [name] for name, body in bodies.items())


# -- what is called off --------------------------------------------------------------------------


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("kind", ["same loop", "other loop"])
async def test_who_stops_waiting_calls_the_call_off_and_goes_on_when_that_is_on_record(kind):
    begun, never = asyncio.Event(), asyncio.Event()
    ended = []

    async def body(arguments):
        begun.set()
        try:
            await never.wait()
        finally:
            ended.append(arguments["text"])

    async def cancelled(runtime, last_call):
        host = asyncio.create_task(
            Guard(runtime, door="toy").call("send", {"text": "a"}, body=body)
        )
        await begun.wait()
        host.cancel()
        with pytest.raises(asyncio.CancelledError):
            await host
        assert ended == ["a"]
        (call,) = await last_call()
        assert call.tool == "send"

    send = host_tool(tier="reversible")
    if kind == "same loop":
        async with Runtime.open(LEDGER, tools=[send]) as runtime:
            await cancelled(runtime, runtime.unsettled)
    else:
        with SyncRuntime.open(LEDGER, tools=[send]) as runtime:
            await cancelled(runtime, lambda: asyncio.to_thread(runtime.unsettled))


async def test_a_deadline_reaches_a_body_in_the_loop_of_its_host():
    ended = []

    async def body(arguments):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(arguments["text"])

    with SyncRuntime.open(LEDGER, tools=[host_tool(timeout_s=0.05)]) as runtime:
        outcome = await Guard(runtime, door="toy").call("send", {"text": "a"}, body=body)
        assert outcome.status == "failed"
        assert set(ended) == {"a"}


def test_closing_a_runtime_leaves_nobody_waiting():
    begun = threading.Event()

    async def body(arguments):
        begun.set()
        await asyncio.sleep(60)

    runtime = SyncRuntime.open(LEDGER, tools=[host_tool()])
    guard = Guard(runtime, door="toy")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(guard.call_blocking, "send", {"text": "a"}, body=body)
        assert begun.wait(10)
        runtime.close()
        with pytest.raises(HighroadError, match="has ended"):
            waiting.result(10)


# -- whose body ----------------------------------------------------------------------------------


async def test_what_is_called_from_inside_is_run_by_its_own_tool():
    async def fetch(arguments):
        return f"fetched {arguments['text']}"

    @tool(tier="read")
    async def both(text: str, context: ToolContext) -> str:
        return (await context.call("fetch", {"text": text})).unwrap()

    async def nested(arguments):
        return (await Guard(runtime, door="toy").runtime.call("both", arguments)).unwrap()

    tools = [host_tool("send"), host_tool("fetch", fetch), both]
    async with Runtime.open(LEDGER, tools=tools) as runtime:
        outcome = await Guard(runtime, door="toy").call("send", {"text": "a"}, body=nested)
        assert outcome.unwrap() == "fetched a"


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "in a thread"])
async def test_what_stands_in_for_a_tool_is_not_run_by_the_host_of_that_tool(is_async):
    def unreachable(arguments):
        raise ConnectionRefusedError

    async def unreachable_too(arguments):
        raise ConnectionRefusedError

    backup = Body()
    alone = backup if is_async else backup.note
    tools = [
        host_tool("send", fallback=Fallback(to="post"), attempts=1, is_async=is_async),
        host_tool("post", alone, is_async=is_async),
    ]
    async with Runtime.open(LEDGER, tools=tools) as runtime:
        body = unreachable_too if is_async else unreachable
        outcome = await Guard(runtime, door="toy").call("send", {"text": "a"}, body=body)
        assert outcome.unwrap() == "A"
    assert backup.ran == ["a"]


async def test_a_call_that_no_host_waits_for_is_refused_with_nothing_applied():
    async with Runtime.open(LEDGER, tools=[host_tool(tier="reversible")]) as runtime:
        outcome = await runtime.call("send", {"text": "a"})
        assert (outcome.status, outcome.proof) == ("failed", "tool_said")
        assert "needs the context of its host" in outcome.error.message
        fine = await Guard(runtime, door="toy").call("send", {"text": "b"}, body=Body())
        assert fine.unwrap() == "B"


async def test_it_runs_alone_where_it_can():
    alone = Body()
    async with Runtime.open(LEDGER, tools=[host_tool(alone=alone)]) as runtime:
        assert (await runtime.call("send", {"text": "a"})).unwrap() == "A"
        assert (await Guard(runtime, door="toy").call("send", {"text": "b"})).unwrap() == "B"
        assert alone.ran == ["a", "b"]


async def test_a_body_that_is_put_in_its_place_is_run():
    async def other(arguments):
        return "other"

    body = Body()
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        guard = Guard(runtime, door="toy")
        undo = runtime.wrap(lambda definition, inner: inner)
        assert (await guard.call("send", {"text": "a"}, body=body)).unwrap() == "A"
        undo()
        runtime.replace("send", other)
        assert (await guard.call("send", {"text": "b"}, body=body)).unwrap() == "other"
        assert body.ran == ["a"]


# -- what the model wrote ------------------------------------------------------------------------


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    "written",
    ['{"text": "a", "text": "b"}', "{", "[]", b"\xff", {"text": object()}, {"text": {1, 2}}, {}],
)
async def test_what_has_no_form_is_answered_and_on_record(written):
    body = Body()
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        outcome = await Guard(runtime, door="toy").call("send", written, body=body)
        assert code_of(outcome) == "invalid_arguments"
        assert body.ran == []
        assert (await runtime.audit.explain(outcome.call_id)).door == "toy"
        assert isinstance(outcome.for_model(), dict)


# -- holds ---------------------------------------------------------------------------------------


@pytest.mark.promise("P4")
async def test_a_call_that_is_decided_elsewhere_goes_on_once_when_it_is_asked_again():
    body = Body()
    acting = Acting(principal=ALICE, run="thread")
    async with Runtime.open(LEDGER, tools=[host_tool(tier="irreversible")]) as runtime:
        guard = Guard(runtime, door="toy")
        held = await guard.call("send", {"text": "a"}, acting=acting, body=body)
        assert held.status == "held"
        again = await guard.call("send", {"text": "a"}, acting=acting, body=body)
        assert (again.status, again.approval_id) == ("held", held.approval_id)
        boss = Principal("boss", authenticated=True)
        await runtime.approvals.approve(held.approval_id, by=boss)
        outcomes = await asyncio.gather(
            guard.call("send", {"text": "a"}, acting=acting, body=body),
            guard.look(held.call_id, acting=acting, tool="send", body=body),
            guard.call("send", {"text": "a"}, acting=acting, body=body),
        )
        assert [each.unwrap() for each in outcomes] == ["A", "A", "A"]
        assert body.ran == ["a"]


async def test_a_hold_may_be_given_back_though_it_is_decided():
    body = Body()
    acting = Acting(principal=ALICE, run="thread")
    async with Runtime.open(LEDGER, tools=[host_tool(tier="irreversible")]) as runtime:
        guard = Guard(runtime, door="toy")
        held = await guard.call("send", {"text": "a"}, acting=acting, body=body, drive_on=False)
        await runtime.approvals.approve(held.approval_id, by=Principal("b", authenticated=True))
        seen = await guard.look(held.call_id, acting=acting, tool="send", body=body)
        assert seen.unwrap() == "A"


async def test_a_call_that_waits_is_found_by_whoever_made_it_and_nobody_else():
    async with Runtime.open(LEDGER, tools=[host_tool(tier="irreversible")]) as runtime:
        guard = Guard(runtime, door="toy")
        with runtime.acting(ALICE, run="thread"):
            held = await guard.call("send", {"text": "a"})
            assert await guard.held("send", {"text": "a"}) == held.call_id
            assert await guard.held("send", {"text": "b"}) is None
            bobs = Acting(principal=BOB)
            assert await guard.held("send", {"text": "a"}, acting=bobs) is None
        hers = Acting(principal=ALICE, run="thread")
        assert await guard.held("send", {"text": "a"}, acting=hers) == held.call_id


@pytest.mark.parametrize("is_blocking", [False, True])
async def test_what_a_host_turns_away_is_on_record_for_whoever_asked(is_blocking):
    acting = Acting(principal=BOB, run="thread")
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        guard = Guard(runtime, door="toy")
        if is_blocking:
            gone = await asyncio.to_thread(guard.turn_away_blocking, "gone", {}, acting=acting)
        else:
            gone = await guard.turn_away("gone", {}, acting=acting)
        made = await guard.call("send", {"text": "a"}, acting=acting, body=Body())
        first, second = [await runtime.audit.explain(each.call_id) for each in (gone, made)]
        assert (first.principal, first.run_id) == (second.principal, second.run_id)
        assert (first.code, first.door, first.origin) == ("unknown_tool", "toy", "model")


async def test_a_host_calls_off_what_it_does_not_want_any_more():
    with SyncRuntime.open(LEDGER, tools=[host_tool(tier="irreversible")]) as runtime:
        guard = Guard(runtime, door="toy")
        held = await guard.call("send", {"text": "a"}, acting=Acting(principal=ALICE))
        await guard.cancel(held.call_id, by=ALICE, reason="not wanted")
        seen = await guard.look(held.call_id, acting=Acting(principal=ALICE))
        assert seen.status == "cancelled"


@pytest.mark.promise("P4")
@pytest.mark.parametrize("kind", ["another tool", "another one's"])
async def test_a_forged_id_is_answered_for_by_no_tool_and_no_principal_but_its_own(kind):
    asked = {"another tool": ("fetch", ALICE), "another one's": ("send", BOB)}
    name, who = asked[kind]
    tools = [host_tool(each, tier="irreversible") for each in ("send", "fetch")]
    async with Runtime.open(LEDGER, tools=tools) as runtime:
        guard, acting = Guard(runtime, door="toy"), Acting(principal=who)
        hers = Acting(principal=ALICE)
        held = await guard.call("send", {"text": "a"}, acting=hers)
        with pytest.raises(NotRecorded):
            await guard.look(held.call_id, acting=acting, tool=name)
        with pytest.raises(NotRecorded):
            await asyncio.to_thread(guard.look_blocking, held.call_id, acting=acting, tool=name)
        with pytest.raises(DecisionRefused, match="no call of theirs"):
            await guard.cancel(held.call_id, by=who, reason="forged", tool=name)
        assert (await guard.look(held.call_id, acting=hers, tool="send")).status == "held"


@pytest.mark.promise("P4")
async def test_a_call_under_way_is_told_to_nobody_else_and_called_off_by_nobody_else():
    begun = asyncio.get_running_loop().create_future()

    @tool(tier="read")
    async def stay(context: ToolContext) -> str:
        begun.set_result(context.call_id)
        await asyncio.Event().wait()
        return ""

    async with Runtime.open(LEDGER, tools=[stay]) as runtime:
        guard = Guard(runtime, door="toy")
        host = asyncio.create_task(guard.call("stay", {}, acting=Acting(principal=ALICE)))
        call_id = await begun
        with pytest.raises(DecisionRefused):
            await guard.cancel(call_id, by=BOB, reason="forged")
        with pytest.raises(NotRecorded):
            await guard.look(call_id, acting=Acting(principal=BOB), tool="stay")
        await guard.cancel(call_id, by=ALICE, reason="not wanted")
        assert (await host).status == "cancelled"


@pytest.mark.promise("P5")
async def test_who_calls_off_a_call_that_nobody_made_is_told_so():
    async with Runtime.open(LEDGER, tools=[host_tool()]) as runtime:
        with pytest.raises(DecisionRefused, match="no call of theirs"):
            await Guard(runtime, door="toy").cancel("call_x", by=ALICE, reason="not wanted")


@pytest.mark.promise("P6")
async def test_calls_of_a_thread_of_the_host_share_its_budget():
    limits = Limits(calls=2)
    async with Runtime.open(LEDGER, tools=[host_tool()], limits=limits) as runtime:
        guard, codes = Guard(runtime, door="toy"), []
        for text in "abc":
            outcome = await guard.call(
                "send", {"text": text}, acting=Acting(run="thread"), body=Body()
            )
            codes.append(code_of(outcome))
        assert codes == ["completed", "completed", "budget_exceeded"]


@pytest.mark.promise("P1")
async def test_what_a_body_leaves_behind_runs_no_tool_with_the_context_of_its_host():
    ran = []

    async def alone(arguments):
        ran.append(("alone", arguments["text"]))
        return ""

    async def hers(arguments):
        ran.append(("hers", arguments["text"]))
        if arguments["text"] == "first":
            await runtime.call("send", {"text": "inside"}, principal=BOB)
            left.append(asyncio.create_task(later()))
        return ""

    async def later():
        await over.wait()
        await runtime.call("send", {"text": "behind"}, principal=BOB)

    left, over = [], asyncio.Event()
    async with Runtime.open(LEDGER, tools=[host_tool(alone=alone)]) as runtime:
        await Guard(runtime, door="toy").call("send", {"text": "first"}, body=hers)
        over.set()
        await left[0]
    assert ran == [("hers", "first"), ("alone", "inside"), ("alone", "behind")]


async def test_a_body_in_a_thread_leaves_nothing_of_its_host_behind_either():
    ran = []

    def hers(arguments):
        ran.append(("hers", arguments["text"]))
        if arguments["text"] == "first":
            runtime.call("send", {"text": "inside"}, principal=BOB)
        return ""

    def alone(arguments):
        ran.append(("alone", arguments["text"]))

    send = host_tool(alone=alone, is_async=False)
    with SyncRuntime.open(LEDGER, tools=[send]) as runtime:
        Guard(runtime, door="toy").call_blocking("send", {"text": "first"}, body=hers)
    assert ran == [("hers", "first"), ("alone", "inside")]


@pytest.mark.promise("P1")
async def test_where_each_user_has_their_own_function_none_runs_without_its_host():
    """The call of one user would else run what another user's program was made of."""
    ran = []

    def tools_of(user):
        async def alone(arguments):
            ran.append(user)
            return ""

        return tool_from_schema(
            body_of(alone, of=user),
            name="send",
            description="Send it.",
            parameters=SCHEMA,
            tier="read",
        )

    alices, bobs = tools_of("alice"), tools_of("bob")
    async with Runtime.open(LEDGER, tools=[alices]) as runtime:
        share(runtime, alices)
        share(runtime, alices)
        await runtime.call("send", {"text": "a"})
        share(runtime, bobs)
        outcome = await runtime.call("send", {"text": "b"})
        assert (outcome.status, code_of(outcome)) == ("failed", "execution_error")
        assert "no host waits" in outcome.error.message
    assert ran == ["alice"]


async def test_one_name_is_of_tools_that_are_all_async_or_none():
    """Both have one body on the road, which would take the one for the other."""
    first, second = host_tool(is_async=False), host_tool(is_async=True)
    async with Runtime.open(LEDGER, tools=[first]) as runtime:
        share(runtime, first)
        with pytest.raises(DeclarationError, match="'send' is async and another one is not"):
            share(runtime, second)


async def test_a_loop_that_waits_for_a_thread_that_waits_for_it_says_so(monkeypatch, caplog):
    """As where a host is not async, and moves to threads of its own: in a notebook, say."""
    monkeypatch.setattr(crossing, "PATIENCE_S", 0.05)

    async def work():
        return "done"

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(crossing.wait_for, asyncio.get_running_loop(), work())
        with pytest.raises(TimeoutError):
            waiting.result(0.5)  # in the thread of the loop
        (said,) = caplog.messages
        assert "await agent.ainvoke" in said
        assert await asyncio.wrap_future(waiting) == "done"


async def test_work_that_was_begun_may_take_its_time(monkeypatch, caplog):
    monkeypatch.setattr(crossing, "PATIENCE_S", 0.05)
    work = asyncio.sleep(0.2, "done")
    assert await asyncio.to_thread(crossing.wait_for, asyncio.get_running_loop(), work) == "done"
    assert not caplog.messages


@pytest.mark.promise("P3")
async def test_whoever_is_interrupted_while_waiting_goes_on_when_the_work_has_ended(monkeypatch):
    begun, ended = threading.Event(), []

    def interrupted(_):
        begun.wait(10)
        raise KeyboardInterrupt

    async def work():
        begun.set()
        try:
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            ended.append("called off")
            raise

    def waiting(loop):
        with pytest.raises(KeyboardInterrupt):
            crossing.wait_for(loop, work())
        return list(ended)

    monkeypatch.setattr(crossing, "_wait_patiently", interrupted)
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(waiting, loop) == ["called off"]
