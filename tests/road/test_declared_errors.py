"""A returned value that means failure ends a call as the error would that was not raised."""

import asyncio
import json

import pytest

from highroad import Failed, ToolError, Unknown, tool
from highroad.testing.clock import FakeClock

pytestmark = [pytest.mark.promise("P3"), pytest.mark.promise("P5")]

CLASSES = ["repeatable", "idempotent", "checkable", "unprotected"]
CODES = {"sold_out": "There is none left. Offer another one."}


@pytest.fixture
def swift(world):
    """A world whose clock jumps to whoever sleeps."""
    return lambda *tools, **parts: world(*tools, clock=FakeClock(autojump=True), **parts).open()


def answering(effects, answers, effect="unprotected", **options):
    """A tool that returns or raises one answer after the other, the last for ever."""
    left = list(answers)

    async def order(number: int) -> object:
        effects["body"] += 1
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    if effect == "checkable":
        options["probe"] = lambda _: None
    return tool(**{"tier": "reversible", "effect": effect, **options})(order)


def as_error(result):
    """What `error_when` makes of an answer: the error that stands in it."""
    return result["error"] if isinstance(result, dict) and "error" in result else None


async def ends(here, effects, named="order", **circumstances):
    """Everything that can be seen of how a call ends, but for ids and times."""
    outcome = await here.call(named, {"number": 1}, **circumstances)
    said = outcome.for_model()
    del said["call_id"]
    end = await here.end_of(outcome)
    told = {name: end.get(name) for name in ("status", "code", "proof", "rule", "attempts")}
    told["message"] = "message" in end
    proof = getattr(outcome, "proof", None)
    return outcome.status, proof, said, told, getattr(outcome, "warnings", ()), effects["body"]


# -- exactly as the raised one -----------------------------------------------------------------


@pytest.mark.parametrize("effect", CLASSES)
@pytest.mark.parametrize("applied", [True, False, None])
@pytest.mark.parametrize("retryable", [True, False])
async def test_a_returned_error_ends_the_call_as_the_raised_one_would(
    swift, effects, effect, applied, retryable
):
    facts = {"code": "no_luck", "hint": "Ask again.", "retryable": retryable, "applied": applied}

    def error():
        return ToolError("It did not work.", **facts)

    raising = await swift(answering(effects, [error()], effect))
    raised = await ends(raising, effects, run="r")
    effects.clear()
    returning = answering(effects, [{"error": error()}], effect, error_when=as_error)
    here = await swift(returning)
    assert await ends(here, effects, run="r") == raised
    await here.check()


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("effect", "times"), [("idempotent", 3), ("unprotected", 1)])
async def test_it_is_tried_again_where_that_is_safe_and_not_otherwise(
    swift, effects, effect, times
):
    busy = {"error": ToolError("busy", retryable=True)}
    work = answering(effects, [busy, busy, {"ok": 1}], effect, error_when=as_error)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert outcome.status == ("completed" if times == 3 else "unknown")
    assert effects["body"] == times


@pytest.mark.promise("P11")
async def test_nothing_applied_proves_nothing_of_an_attempt_before(swift, effects):
    lost = {"error": ToolError("lost", retryable=True)}
    clean = {"error": ToolError("no", applied=False)}
    work = answering(effects, [lost, clean], "idempotent", error_when=as_error)
    assert isinstance(await (await swift(work)).call(work, {"number": 1}), Unknown)


@pytest.mark.promise("P11")
async def test_what_was_applied_keeps_its_key_and_what_was_not_frees_it(swift, effects):
    for applied, times in ((True, 1), (None, 1), (False, 2)):
        effects.clear()
        error = {"error": ToolError("no", applied=applied)}
        work = answering(effects, [error], error_when=as_error)
        here = await swift(work)
        for _ in range(2):
            await here.call(work, {"number": 1}, run="r")
        assert effects["body"] == times


@pytest.mark.promise("P11")
async def test_a_checkable_tool_is_asked_what_a_returned_error_left_open(swift):
    asked = []

    def probe(key):
        asked.append(key)

    @tool(tier="reversible", effect="checkable", probe=probe, error_when=as_error)
    async def work(number: int) -> dict[str, str]:
        return {"error": "no"}

    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Unknown)
    assert len(asked) == 1


# -- what it may answer ------------------------------------------------------------------------


@pytest.mark.parametrize("no_error", [None, False])
async def test_what_is_no_error_is_the_result(swift, effects, no_error):
    work = answering(effects, [{"error": no_error}], error_when=as_error)
    outcome = await (await swift(work)).call(work, {"number": 1})
    assert outcome.unwrap() == {"error": no_error}


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (True, "execution_error", "The tool answered that it failed."),
        ("Out of paper.", "execution_error", "Out of paper."),
        ("sold_out", "sold_out", CODES["sold_out"]),
        ("", "execution_error", ""),
        (ToolError("Gone.", code="gone"), "gone", "Gone."),
        (ToolError("Gone.", code="Not a name!"), "execution_error", "Gone."),
    ],
    ids=str,
)
async def test_it_answers_with_an_error_words_a_declared_code_or_true(
    swift, effects, answer, code, message
):
    work = answering(effects, [{"error": answer}], "repeatable", error_when=as_error, errors=CODES)
    outcome = await (await swift(work)).call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.message) == (code, message)


@pytest.mark.promise("P7")
async def test_its_words_reach_the_model_and_no_entry(swift, effects):
    words = "canary-4711"
    work = answering(effects, [{"error": words}], "repeatable", error_when=as_error)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert words in json.dumps(outcome.for_model())
    assert words not in json.dumps(await here.bodies())
    assert (await here.wait(outcome.call_id)).error.message == words


async def test_a_result_that_means_failure_is_stored_nowhere(swift, effects):
    work = answering(effects, [{"error": True, "secret": 1}], "repeatable", error_when=as_error)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert f"{outcome.call_id}.result" not in here.ledger.payloads


# -- when it breaks itself ---------------------------------------------------------------------


class DownError(Exception):
    """Declared to come only before any effect, and to be worth another try."""


def breaking(error):
    def error_when(_):
        raise error

    return error_when


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("canary-4711"),
        DownError("canary-4711"),
        TimeoutError("canary-4711"),
        asyncio.CancelledError("canary-4711"),
        SystemExit("canary-4711"),
        RecursionError("canary-4711"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("effect", ["unprotected", "idempotent"])
async def test_one_that_raises_is_the_tools_failure_and_proves_nothing(
    swift, effects, error, effect, caplog
):
    """The body has run; that such an exception comes before any effect was said of the body."""
    work = answering(
        effects,
        [{"ok": 1}],
        effect,
        error_when=breaking(error),
        not_applied=(DownError,),
        transient=(DownError,),
    )
    here = await swift(work)
    outcome = await here.call(work, {"number": 1}, run="r")
    assert isinstance(outcome, Unknown)
    assert f"The tool failed ({type(error).__name__})." in outcome.error.message
    assert effects["body"] == 1
    assert isinstance(await here.call(work, {"number": 1}, run="r"), Unknown)
    assert effects["body"] == 1
    seen = json.dumps([outcome.for_model(), await here.bodies()]) + caplog.text
    assert "canary" not in seen
    await here.check()


async def test_one_that_raises_a_tool_error_says_it_as_one_that_returns_it(swift, effects):
    said = ToolError("Nothing was booked.", code="full", applied=False)
    work = answering(effects, [{"ok": 1}], error_when=breaking(said))
    outcome = await (await swift(work)).call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.proof) == ("full", "tool_said")


@pytest.mark.parametrize("answer", [1, 0, {"canary": 1}, b"no", ValueError("canary")], ids=str)
async def test_one_that_answers_something_else_is_a_failure_of_the_tool(swift, effects, answer):
    work = answering(effects, [{"error": answer}], "repeatable", error_when=as_error)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert "TypeError" in outcome.error.message
    assert "canary" not in json.dumps(outcome.for_model())


# -- when it is asked --------------------------------------------------------------------------


async def test_it_sees_what_the_body_returned_before_it_is_judged(swift, effects):
    """An answer that breaks the return type may still be one that means failure."""
    seen = []

    def error_when(result):
        seen.append(result)
        return "Nothing found." if result is None else None

    @tool(tier="read", error_when=error_when)
    async def find(number: int) -> int:
        return None if number == 1 else number

    here = await swift(find)
    assert (await here.call(find, {"number": 1})).error.message == "Nothing found."
    assert (await here.call(find, {"number": 2})).unwrap() == 2
    assert seen == [None, 2]


async def test_it_is_not_asked_again_about_a_stored_result(swift, effects):
    asked = []
    work = answering(effects, [{"ok": 1}], error_when=asked.append)
    here = await swift(work)
    for _ in range(2):
        assert (await here.call(work, {"number": 1}, run="r")).unwrap() == {"ok": 1}
    assert len(asked) == 1


async def test_it_is_not_asked_where_the_body_raised(swift, effects):
    asked = []
    work = answering(effects, [ToolError("no", applied=False)], error_when=asked.append)
    assert isinstance(await (await swift(work)).call(work, {"number": 1}), Failed)
    assert not asked


async def test_a_read_whose_answer_means_failure_is_not_cached(swift, effects):
    work = answering(
        effects,
        [{"error": True}, {"ok": 1}],
        "repeatable",
        tier="read",
        cache_s=60,
        error_when=as_error,
    )
    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Failed)
    assert (await here.call(work, {"number": 1})).unwrap() == {"ok": 1}


@pytest.mark.promise("P11")
async def test_what_recovery_runs_again_is_asked_as_well(world, turns, effects):
    @tool(tier="reversible", effect="idempotent", error_when=lambda result: result == "failed")
    async def work(number: int) -> str:
        effects["body"] += 1
        if effects["body"] == 1:
            await asyncio.Event().wait()
        return "failed"

    here = await world(work).open()
    lost = asyncio.ensure_future(here.call(work, {"number": 1}))
    await turns(40)
    await here.reopen()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 2
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)


async def test_a_body_that_is_replaced_is_read_the_same_way(swift, effects):
    work = answering(effects, [{"ok": 1}], "repeatable", error_when=as_error)
    here = await swift(work)
    here.runtime.replace(work, lambda number: {"error": "Replaced."})
    assert (await here.call("order", {"number": 1})).error.message == "Replaced."
