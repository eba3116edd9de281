"""The road on a shared ledger: two runtimes beside each other, and what a dead one leaves."""

import asyncio
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from highroad import Completed, Held, Principal, Runtime, ToolContext, Unknown, tool
from highroad.approvals.waiting import Waiting
from highroad.bootstrap import archive_ledger, assemble
from highroad.domain.error import DecisionRefused, ResultRefused, SettingsError
from highroad.domain.proof import TILE
from highroad.ports.upkeep import in_silence
from highroad.recovery.settle import settle
from highroad.settings import load

EVER = 1 << 60
ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)

DYING = """
import asyncio, sys
from highroad import Principal, Runtime, tool

@tool(tier="reversible", effect=sys.argv[2])
async def refund(order: str) -> str:
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    async with Runtime.open(sys.argv[1], tools=[refund]) as runtime:
        alice = Principal("alice", authenticated=True)
        await runtime.call(refund, {"order": "1"}, key="order-1", principal=alice)

asyncio.run(main())
"""


@pytest.fixture
def effects():
    return Counter()


@pytest.fixture
def refund(effects):
    """A refund, of an effect class and with a body of the test's."""

    def make(*, effect="unprotected", body=None, **options):
        async def refund(order: str) -> str:
            """Refund an order."""
            effects[order] += 1
            if body is not None:
                await body()
            return f"refunded {order}"

        return tool(tier="reversible", effect=effect, **options)(refund)

    return make


async def test_a_call_goes_the_whole_road(postgres_url, refund):
    """Refused, held, approved by another process, completed; the tables tell, in plain SQL."""
    refund = refund(ask="true")
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        assert here.ledger_path is None
        assert here.owner_pid is None
        wrong = await here.call(refund, {"order": 5}, principal=ALICE, run="thread-1")
        held = await here.call(refund, {"order": "1"}, principal=ALICE, run="thread-1")
        assert isinstance(held, Held)
        waiting = asyncio.ensure_future(here.wait(held.call_id))
        await there.approvals.approve(held.approval_id, by=BOB)
        outcome = await waiting
        assert outcome.unwrap() == "refunded 1"
        trail = await there.audit.trail((await there.audit.explain(held.call_id)).run_id)
        assert [step.status for step in trail.steps] == [wrong.status, "completed"]
    connection = await asyncpg.connect(postgres_url)
    rows = await connection.fetch("SELECT status FROM highroad.tool_result ORDER BY ended_ms")
    assert [row[0] for row in rows] == ["refused", "completed"]
    await connection.close()


@pytest.mark.promise("P11")
async def test_of_two_runtimes_that_race_for_a_key_one_has_the_effect(
    postgres_url, refund, effects
):
    """The other gets its outcome, and is told that nothing was done now."""
    refund = refund()
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        for number in range(10):
            arguments, key = {"order": f"{number}"}, f"order-{number}"
            outcomes = await asyncio.gather(
                *(r.call(refund, arguments, key=key, principal=ALICE) for r in (here, there))
            )
            assert [o.unwrap() for o in outcomes] == [f"refunded {number}"] * 2
            assert sorted(o.is_repeated for o in outcomes) == [False, True]
    assert effects == {f"{number}": 1 for number in range(10)}


@pytest.mark.promise("P11")
async def test_a_call_in_flight_in_another_process_is_waited_for(postgres_url, refund, effects):
    """It is not taken for a dead one's."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def body():
        begun.set()
        await may_end.wait()

    refund = refund(body=body)
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        first = asyncio.ensure_future(
            here.call(refund, {"order": "1"}, key="order-1", principal=ALICE)
        )
        await begun.wait()
        second = asyncio.ensure_future(
            there.call(refund, {"order": "1"}, key="order-1", principal=ALICE)
        )
        done, _ = await asyncio.wait((second,), timeout=0.3)
        assert not done
        may_end.set()
        assert (await first).unwrap() == (await second).unwrap() == "refunded 1"
    assert effects == {"1": 1}


@pytest.mark.promise("P5")
@pytest.mark.parametrize("run", ["thread-7", None])
async def test_a_call_that_another_process_calls_off_is_stopped_where_it_is_driven(
    postgres_url, refund, run
):
    begun = asyncio.Event()

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    refund = refund(body=hang)
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        calling = asyncio.ensure_future(here.call(refund, {"order": "1"}, run=run, principal=ALICE))
        await begun.wait()
        (open_call,) = await here.unsettled(with_open=True)
        what = {"call_id": open_call.call_id} if run is None else {"run": run}
        assert await there.cancel(by=BOB, reason="no longer wanted", **what) == ()
        outcome = await calling
        assert isinstance(outcome, Unknown)
        assert not calling.cancelling()
        if run is not None:
            for runtime in (here, there):
                later = await runtime.call(refund, {"order": "2"}, run=run, principal=ALICE)
                assert (later.status, later.error.code) == ("refused", "cancelled")


@pytest.mark.promise("P11")
async def test_a_held_call_is_driven_on_by_one_of_two_that_wait_for_it(
    postgres_url, refund, effects
):
    """The other one has its outcome too."""
    refund = refund(ask="true")
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        held = await here.call(refund, {"order": "1"}, principal=ALICE)
        waits = [asyncio.ensure_future(r.wait(held.call_id)) for r in (here, there)]
        await here.approvals.approve(held.approval_id, by=BOB)
        outcomes = await asyncio.gather(*waits)
        assert [outcome.unwrap() for outcome in outcomes] == ["refunded 1"] * 2
    assert effects == {"1": 1}


def dies_in_flight(url, effect):
    """Another process that is killed while the body of its call runs."""
    dying = subprocess.Popen(
        [sys.executable, "-c", DYING, url, effect], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    with dying:
        assert dying.stdout.readline() == b"begun\n"
        dying.send_signal(signal.SIGKILL)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("effect", "status", "runs"),
    [("unprotected", "unknown", {}), ("idempotent", "completed", {"1": 1})],
)
async def test_what_a_dead_process_left_is_settled_by_a_living_one(
    postgres_url, refund, effects, effect, status, runs
):
    """By its effect class, without anybody being started again."""
    tools = [refund(effect=effect)]
    assembly = await assemble(postgres_url, tools=tools)
    async with Runtime(assembly) as living:
        await asyncio.to_thread(dies_in_flight, postgres_url, effect)
        (left,) = await _until_gone(assembly.store)
        await Waiting(assembly.services, assembly.desk, settle).sweep_abandoned()
        assert (await living.wait(left)).status == status
        assert await assembly.store.abandoned() == []
    assert effects == runs


@pytest.mark.promise("P11")
@pytest.mark.parametrize("is_added", [True, False])
async def test_a_living_process_without_the_tool_leaves_it_to_one_that_has_or_gets_it(
    postgres_url, refund, effects, is_added
):
    tools = [refund(effect="idempotent")]
    assembly = await assemble(postgres_url)
    async with Runtime(assembly) as living:
        await asyncio.to_thread(dies_in_flight, postgres_url, "idempotent")
        (left,) = await _until_gone(assembly.store)
        waiting = Waiting(assembly.services, assembly.desk, settle)
        await waiting.sweep_abandoned()
        await waiting.take_up()
        assert await assembly.store.abandoned() == [left]
        if is_added:
            living.add(*tools)
            await waiting.take_up()
        else:
            async with Runtime.open(postgres_url, tools=tools):
                pass
            await waiting.take_up()
        assert (await living.wait(left)).unwrap() == "refunded 1"
        assert await assembly.store.abandoned() == []
    assert effects == {"1": 1}


async def _until_gone(store):
    """What is abandoned, as soon as the server has seen that its process is gone."""
    while not (left := await store.abandoned()):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    return left


@pytest.mark.promise("P11")
async def test_who_has_the_key_of_a_dead_process_settles_its_call(postgres_url, refund, effects):
    """And is answered by it: unknown, and never run again."""
    refund = refund()
    async with Runtime.open(postgres_url, tools=[refund]) as runtime:
        await asyncio.to_thread(dies_in_flight, postgres_url, "unprotected")
        outcome = await runtime.call(refund, {"order": "1"}, key="order-1", principal=ALICE)
        assert isinstance(outcome, Unknown)
    assert effects == {}


async def test_a_run_that_two_processes_begin_at_once_has_one_key(postgres_url, refund):
    """Whatever either has sealed, both can open."""
    refund = refund()
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        outcomes = await asyncio.gather(
            *(
                runtime.call(refund, {"order": f"{n}"}, principal=ALICE, run="thread-1")
                for n, runtime in enumerate((here, there))
            )
        )
        assert all(isinstance(outcome, Completed) for outcome in outcomes)
        for runtime in (here, there):
            read = [await runtime.wait(outcome.call_id) for outcome in outcomes]
            assert [outcome.unwrap() for outcome in read] == ["refunded 0", "refunded 1"]


async def test_a_missing_driver_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    for name in [name for name in sys.modules if name.startswith("highroad.adapters.stores.post")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingsError, match=r"pip install 'highroad\[postgres\]'"):
        await Runtime.open("postgresql://localhost/shop")


@pytest.mark.promise("P7")
def test_settings_keep_the_password_of_a_ledger_to_themselves(tmp_path):
    """Neither their text nor an error about them has it."""
    (tmp_path / "highroad.toml").write_text('ledger = "postgresql://alice:s3cret@db/shop"\n')
    settings = load()
    assert settings.ledger == "postgresql://alice:s3cret@db/shop"
    assert "s3cret" not in repr(settings)
    (tmp_path / "highroad.toml").write_text('ledger = "postgresql://alice:s3cret@db"\n')
    with pytest.raises(SettingsError, match="postgresql://host/database") as caught:
        load()
    assert "s3cret" not in str(caught.value)


async def test_a_url_of_another_kind_is_refused_without_what_is_in_it():
    with pytest.raises(SettingsError, match="'mysql' is of no kind") as caught:
        await Runtime.open("mysql://alice:s3cret@db/shop")
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def queries(repository):
    """Those of the documentation."""
    page = Path(repository, "docs", "postgresql.md").read_text("utf-8")
    return re.findall(r"^```postgresql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


async def test_the_queries_of_the_documentation_are_answered(postgres_url, refund, queries):
    """As they are written there."""
    async with Runtime.open(postgres_url, tools=[refund()]) as runtime:
        await runtime.call("refund", {"order": 5}, principal=ALICE)
    connection = await asyncpg.connect(postgres_url)
    for query in queries:
        *before, last = filter(str.strip, query.split(";"))
        for statement in before:
            await connection.execute(statement)
        assert await connection.fetch(last)
    await connection.close()
    assert queries


@pytest.mark.promise("P12")
async def test_what_is_archived_while_another_process_signs_is_missed_by_nobody(
    postgres_url, tmp_path
):
    """The command works beside a runtime, whose next heads cover the announcement."""

    @tool(tier="read")
    async def look(order: str) -> str:
        return order

    tmp_path.joinpath("highroad.toml").write_text(
        f'ledger = "{postgres_url}"\n[proof]\nseconds = 0.05\n', "utf-8"
    )
    async with Runtime.open(tools=[look]) as runtime:
        for number in range(300):
            await runtime.call(look, {"order": f"{number}"}, principal=ALICE)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("DELETE FROM highroad.key_claim")  # as in a month
        await connection.close()
        await runtime.audit.sign()
        done = await archive_ledger(
            load(), tmp_path / "archive", before_ms=EVER, progress=in_silence
        )
        assert (done.start, done.stop) == (0, TILE)
        report = await runtime.audit.verify()
        assert report.completeness.holds, report
        assert report.integrity.holds, report


@pytest.mark.promise("P11")
async def test_of_two_runtimes_that_redrive_a_letter_one_has_the_effect(
    postgres_url, refund, effects
):
    """The other is answered by its outcome, or told that the letter is done with."""
    is_down = True

    async def ask():
        if is_down:
            raise ConnectionRefusedError

    refund = refund(body=ask, not_applied=(ConnectionRefusedError,), attempts=1)
    async with (
        Runtime.open(postgres_url, tools=[refund]) as here,
        Runtime.open(postgres_url, tools=[refund]) as there,
    ):
        for number in range(4):
            is_down = True
            failed = await here.call(refund, {"order": f"{number}"}, principal=ALICE)
            assert failed.status == "failed"
            is_down = False
            both = await asyncio.gather(
                *(r.dead_letters.redrive(failed.call_id, by=BOB) for r in (here, there)),
                return_exceptions=True,
            )
            done = [each.outcome for each in both if not isinstance(each, DecisionRefused)]
            assert {outcome.unwrap() for outcome in done} == {f"refunded {number}"}
            letter = await there.dead_letters.get(failed.call_id)
            assert letter.state == "redriven"
        assert (await there.dead_letters.backlog()).open == 0
        assert (await here.audit.compare_tables()).holds
    assert effects == {f"{number}": 2 for number in range(4)}


WAITING = """
import asyncio, sys
from highroad import Principal, Runtime, ToolContext, tool

@tool(tier="reversible")
async def render(film: str, context: ToolContext[None]) -> str:
    print(context.completion_token, flush=True)
    context.defer(expires_s=3_600)

async def main():
    async with Runtime.open(sys.argv[1], tools=[render]) as runtime:
        alice = Principal("alice", authenticated=True)
        held = await runtime.call(render, {"film": "tide"}, principal=alice)
        print(held.call_id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def render():
    """A tool that defers, with what it handed on."""
    tokens = {}

    @tool(tier="reversible")
    async def render(film: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=3_600)

    return render, tokens


@pytest.mark.promise("P3")
async def test_of_results_that_two_processes_take_at_once_one_counts(postgres_url, render):
    """Whoever comes second is told so, and nobody is told of an end that is not on record."""
    render, tokens = render
    async with (
        Runtime.open(postgres_url, tools=[render]) as here,
        Runtime.open(postgres_url, tools=[render]) as there,
    ):
        for number in range(5):
            held = await here.call(render, {"film": f"{number}"}, principal=ALICE)
            token = tokens[held.call_id]
            came = await asyncio.gather(
                *(
                    place.complete(held.call_id, token, f"from {name} {again}")
                    for name, place in (("here", here), ("there", there))
                    for again in range(2)
                ),
                return_exceptions=True,
            )
            (completed,) = [each for each in came if isinstance(each, Completed)]
            assert sum(isinstance(each, ResultRefused) for each in came) == 3
            for place in (here, there):
                assert (await place.wait(held.call_id)).unwrap() == completed.value


async def test_a_result_is_waited_for_in_another_process(postgres_url, render):
    render, tokens = render
    async with (
        Runtime.open(postgres_url, tools=[render]) as here,
        Runtime.open(postgres_url, tools=[render]) as there,
    ):
        held = await here.call(render, {"film": "tide"}, principal=ALICE)
        waiting = asyncio.ensure_future(here.wait(held.call_id))
        await there.complete(held.call_id, tokens[held.call_id], "done")
        assert (await waiting).unwrap() == "done"


@pytest.mark.promise("P2")
async def test_a_call_that_waits_outlives_its_process(postgres_url, render):
    """It is nobody's: no process takes it for one that was left behind."""
    command = [sys.executable, "-c", WAITING, postgres_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - it dies in this test
        token, call_id = (process.stdout.readline().strip() for _ in range(2))
        process.kill()
    async with Runtime.open(postgres_url, tools=[render[0]]) as runtime:
        assert (await runtime.wait(call_id, timeout_s=0)).status == "held"
        assert (await runtime.complete(call_id, token, "done")).unwrap() == "done"
