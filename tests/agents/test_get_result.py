"""What was left out of a result is read again from the record: by its own run, and by no other."""

import orjson
import pytest

from highroad import Principal, Runtime, ToolError, tool
from highroad.agents.context.results import NO_RESULT, PAGE, RunResults, get_result, part_of

ALICE = Principal("alice", "acme")
BOB = Principal("bob", "acme")
MALLORY = Principal("alice", "evil")
ORDERS = [{"id": f"ORD-{number:06}", "note": "vase é " * 20} for number in range(100)]


@tool(tier="read")
def search_orders() -> list[dict[str, str]]:
    """Find orders."""
    return ORDERS


@tool(tier="reversible")
def add_note(text: str) -> str:
    """Add a note."""
    raise ToolError("no room for it", applied=False)


@pytest.fixture
async def runtime():
    opened = []
    deps = {RunResults: lambda: RunResults(opened[0]._services.ledger)}  # noqa: SLF001 - as bootstrap does
    async with Runtime.open(tools=[search_orders, add_note, get_result], deps=deps) as runtime:
        opened.append(runtime)
        yield runtime


@pytest.fixture
async def found(runtime):
    """A call of Alice's run with a large result."""
    return await runtime.call(search_orders, {}, principal=ALICE, run="thread-1")


async def read(runtime, call_id, *, principal=ALICE, run="thread-1", **arguments):
    arguments["call_id"] = call_id
    return await runtime.call(get_result, arguments, principal=principal, run=run)


async def test_a_result_is_read_piece_by_piece(runtime, found):
    text, offset = "", 0
    while offset is not None:
        page = (await read(runtime, found.call_id, offset=offset)).unwrap()
        assert len(page.text) <= PAGE
        text, offset = text + page.text, page.next_offset
    assert orjson.loads(text) == ORDERS
    assert page.characters == len(text)


async def test_a_part_of_a_result_is_read_by_its_pointer(runtime, found):
    page = (await read(runtime, found.call_id, pointer="/42/id")).unwrap()
    assert (page.text, page.next_offset) == ('"ORD-000042"', None)


async def test_behind_the_end_there_is_nothing_and_it_says_how_much_there_was(runtime, found):
    page = (await read(runtime, found.call_id, pointer="/42/id", offset=99)).unwrap()
    assert (page.text, page.characters, page.next_offset) == ("", 12, None)


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("principal", "run"),
    [(ALICE, "thread-2"), (BOB, "thread-1"), (BOB, "thread-2"), (MALLORY, "thread-1")],
    ids=["another run", "another user", "another user's run", "another organization"],
)
async def test_no_run_reads_results_of_another(runtime, found, principal, run):
    """What is not there and what is not theirs look the same."""
    not_theirs = await read(runtime, found.call_id, principal=principal, run=run)
    not_there = await read(runtime, "call_nobody_made", principal=principal, run=run)
    assert not_theirs.error.code == not_there.error.code == "no_such_result"
    assert not_theirs.error.message == not_there.error.message


async def test_a_call_without_a_result_has_none_to_read(runtime):
    failed = await runtime.call(add_note, {"text": "x"}, principal=ALICE, run="thread-1")
    assert (await read(runtime, failed.call_id)).error.code == "no_such_result"


async def test_a_repeated_call_is_read_by_the_result_that_answered_it(runtime, found):
    @tool(tier="read", cache_s=60)
    def cached() -> str:
        """Read something slow."""
        return "slow"

    opened = []
    deps = {RunResults: lambda: RunResults(opened[0]._services.ledger)}  # noqa: SLF001 - as bootstrap does
    async with Runtime.open("sqlite:///own.db", tools=[cached, get_result], deps=deps) as own:
        opened.append(own)
        await own.call(cached, {}, principal=ALICE, run="thread-1")
        again = await own.call(cached, {}, principal=ALICE, run="thread-2")
        assert again.is_cached
        assert (await read(own, again.call_id, run="thread-2")).unwrap().text == '"slow"'


@pytest.mark.parametrize("pointer", ["/100", "/-1", "/x", "/0/price", "/0/id/0", "/٣"])
async def test_a_part_that_is_not_there_is_told_with_what_to_do(runtime, found, pointer):
    outcome = await read(runtime, found.call_id, pointer=pointer)
    assert outcome.error.code == "no_such_part"
    assert outcome.error.hint == NO_RESULT["no_such_part"]


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", {"a/b": {"~": [1, None]}}), ("/a~1b/~0/1", None), ("/a~1b/~0/0", 1)],
)
def test_pointers_are_read_as_rfc_6901_says(pointer, found):
    assert part_of({"a/b": {"~": [1, None]}}, pointer) == found


async def test_reading_it_again_is_a_call_on_record(runtime, found):
    page = await read(runtime, found.call_id)
    explained = await runtime.audit.explain(page.call_id)
    assert [stage.stage for stage in explained.stages][-1] == "finish"
