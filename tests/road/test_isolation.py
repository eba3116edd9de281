"""Bodies in worker processes: the same answers as in this one, and none outlives its deadline."""

import asyncio
import contextlib
import importlib
import os
import sys
from email.utils import formatdate
from pathlib import Path

import pytest

from highroad import Limits, ToolContext, tool
from highroad.domain.error import DeclarationError
from highroad.domain.part import Image
from highroad.pipeline import guest
from highroad.testing import FakeClock
from highroad.testing.clock import DAWN_MS
from highroad.tools.compile import compile_tool

pytestmark = pytest.mark.promise("P11")

TOOLS = '''
import os, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel

from highroad import ToolError, tool
from highroad.domain.part import Image


class Busy(Exception):
    """Not applied."""


class Point(BaseModel):
    x: int
    on: Decimal


@tool(tier="read", isolation="process")
def move(point: Point, by: int = 1) -> Point:
    """Move a point."""
    return point.model_copy(update={"x": point.x + by})


@tool(tier="read", isolation="process")
async def pid() -> int:
    """Say who runs this."""
    return os.getpid()


@tool(tier="read", isolation="process")
def draw() -> Image:
    """Draw."""
    return Image(data=b"bytes", media_type="image/png")


@tool(tier="reversible", isolation="process")
def lies() -> int:
    """Promise a number."""
    return {"no": "number"}


@tool(tier="reversible", isolation="process")
def nothing_writable() -> None:
    """Promise nothing."""
    return object()


@tool(tier="reversible", isolation="process")
def says() -> None:
    """Say that nothing was applied."""
    raise ToolError("sold out of 7", code="sold_out", hint="another", applied=False)


@tool(tier="reversible", isolation="process", not_applied=(Busy,))
def maps() -> None:
    """Fail before anything."""
    raise Busy


@tool(tier="reversible", isolation="process")
def breaks() -> None:
    """Have a bug."""
    raise RuntimeError("secret")


class Throttled(Exception):
    """An answer of a server, as HTTP clients raise it."""

    def __init__(self, date: str) -> None:
        super().__init__("429")
        self.response = Response(date)


class Response:
    def __init__(self, date: str) -> None:
        self.status_code = 429
        self.headers = {"retry-after": date}


@tool(tier="read", isolation="process", attempts=2)
def asks_for_patience(date: str) -> None:
    """Be told when to come again, by a date."""
    time.sleep(0.05)
    raise Throttled(date)


@tool(tier="reversible", isolation="process")
def exits() -> None:
    """Take the process along."""
    os._exit(3)


@tool(tier="reversible", isolation="process", effect="unprotected", timeout_s=1.0, attempts=1)
def spins(told: str) -> None:
    """Never let go."""
    Path(told).write_text(str(os.getpid()))
    while True:
        pass


@tool(tier="reversible", isolation="process", effect="unprotected", timeout_s=60, attempts=1)
def stays(told: str) -> None:
    """Go on for as long as a test can take."""
    Path(told).write_text(str(os.getpid()))
    while True:
        pass


@tool(tier="reversible", isolation="process", effect="unprotected", attempts=1)
def pid_told(told: str) -> None:
    """Say where it runs."""
    Path(told).write_text(str(os.getpid()))


@tool(tier="read", isolation="process", timeout_s=1.0, attempts=1)
def spins_reading(told: str) -> None:
    """Never let go."""
    Path(told).write_text(str(os.getpid()))
    while True:
        pass
'''


@pytest.fixture
def apart(tmp_path, monkeypatch):
    """A module of tools that a worker can import."""
    (tmp_path / "tools_apart.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("tools_apart")
    sys.modules.pop("tools_apart", None)


@pytest.fixture
async def here(world, apart):
    made = await world(apart).open()
    yield made
    await made.runtime.close()


async def until_gone(pid):
    """See that a process has ended; one that nobody has buried yet has."""
    file = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while (await asyncio.to_thread(file.read_text)).rpartition(")")[2].split()[0] not in "ZX":
            pass


async def test_arguments_and_results_are_what_they_are_here(here, apart):
    moved = await here.call(apart.move, {"point": {"x": 1, "on": "1.50"}, "by": 2})
    assert moved.unwrap() == apart.Point(x=3, on="1.50")
    drawn = await here.call(apart.draw, {})
    assert drawn.unwrap().data == b"bytes"
    assert isinstance(drawn.unwrap(), Image)


async def test_an_async_body_runs_there_too_and_in_another_process(here, apart):
    assert (await here.call(apart.pid, {})).unwrap() != os.getpid()


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("name", "status", "code", "proof"),
    [
        ("says", "failed", "sold_out", "tool_said"),
        ("maps", "failed", "execution_error", "mapped"),
        ("breaks", "unknown", "outcome_unknown", None),
        ("exits", "unknown", "outcome_unknown", None),
    ],
)
async def test_what_goes_wrong_there_is_judged_as_here(here, apart, name, status, code, proof):
    outcome = await here.call(getattr(apart, name), {})
    assert (outcome.status, outcome.error.code) == (status, code)
    assert getattr(outcome, "proof", None) == proof
    assert "secret" not in str(outcome.for_model())


@pytest.mark.promise("P3")
@pytest.mark.parametrize("name", ["lies", "nothing_writable"])
async def test_a_result_that_breaks_its_schema_is_marked_as_here(here, apart, name):
    outcome = await here.call(getattr(apart, name), {})
    assert (outcome.status, outcome.result_invalid) == ("completed", True)
    assert outcome.json == ({"no": "number"} if name == "lies" else None)


@pytest.mark.promise("P5")
@pytest.mark.parametrize(("name", "status"), [("spins", "unknown"), ("spins_reading", "failed")])
async def test_a_busy_loop_is_killed_at_its_deadline_and_the_call_answered(
    here, apart, tmp_path, name, status
):
    told = tmp_path / "pid"
    outcome = await here.call(getattr(apart, name), {"told": str(told)})
    assert outcome.status == status
    await until_gone(int(told.read_text()))
    assert not here.runtime.strays
    assert (await here.call(apart.pid, {})).unwrap() != int(told.read_text())


@pytest.mark.promise("P3")
async def test_a_caller_who_goes_takes_the_worker_along(here, apart, tmp_path):
    told = tmp_path / "pid"
    call = asyncio.ensure_future(here.call(apart.spins, {"told": str(told)}))
    while not (told.exists() and told.read_text()):
        await asyncio.to_thread(lambda: None)
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()
    await until_gone(int(told.read_text()))
    assert not await here.check()


@pytest.mark.promise("P5")
async def test_who_waits_for_a_worker_past_the_deadline_has_not_started(world, apart, tmp_path):
    here = await world(apart, limits=Limits(processes=1)).open()
    assert (await here.call(apart.pid, {})).status == "completed"
    first = asyncio.ensure_future(here.call(apart.stays, {"told": str(tmp_path / "a")}))
    while not (tmp_path / "a").exists():
        await asyncio.to_thread(lambda: None)
    waits = [(apart.pid_told, {"told": str(tmp_path / "b")})]
    (second,) = await here.runtime.call_all(waits, deadline_s=0.6)
    assert (second.status, second.proof) == ("failed", "not_started")
    assert not (tmp_path / "b").exists()
    first.cancel()
    await asyncio.wait({first})
    await here.runtime.close()


async def test_a_file_that_was_changed_since_is_not_run(here, apart, tmp_path):
    file = tmp_path / "tools_apart.py"
    file.write_text(file.read_text().replace("Have a bug.", "Have none."))
    outcome = await here.call(apart.breaks, {})
    assert (outcome.status, outcome.proof) == ("failed", "not_started")


async def test_a_fake_body_runs_here(here, apart):
    here.runtime.replace(apart.pid, lambda: 7)
    assert (await here.call(apart.pid, {})).unwrap() == 7


def local():
    @tool(tier="read", isolation="process")
    def inner() -> None:
        """Nothing."""

    return inner


@tool(tier="read", isolation="process")
def takes_context(context: ToolContext) -> None:
    """Nothing."""


class Desk:
    @tool(tier="read", isolation="process")
    def where(self) -> None:
        """Nothing."""


def of_main():
    @tool(tier="read", isolation="process")
    def main() -> None:
        """Nothing."""

    main.__module__, main.__qualname__ = "__main__", "main"
    return main


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (local, "at the top of a module"),
        (lambda: takes_context, "take what it needs as arguments"),
        (lambda: Desk().where, "at the top of a module"),
        (of_main, "move it to a module of its own"),
    ],
    ids=["local", "context", "method", "main"],
)
async def test_what_a_worker_could_not_run_is_refused_when_it_is_registered(world, make, says):
    with pytest.raises(DeclarationError, match=says):
        await world(make()).open()


def test_there_is_no_other_isolation():
    with pytest.raises(DeclarationError, match="'process'"):
        tool(isolation="container")(local)


async def test_a_date_to_come_again_is_read_in_the_time_of_the_runtime(world, apart):
    """A worker has no clock of ours: what it is handed says what time it is."""
    clock = FakeClock(autojump=True)
    here = await world(apart, clock=clock).open()
    date = formatdate(clock.now_ms() // 1_000 + 40, usegmt=True)
    outcome = await here.call(apart.asks_for_patience, {"date": date})
    assert outcome.error.code == "max_retries_exceeded"
    assert 39 <= clock.monotonic_s() <= 48  # at most a fifth beyond what was asked for
    await here.runtime.close()


def test_the_time_that_the_body_took_has_passed_when_it_is_told_to_come_again(apart):
    run = guest.load(guest.describe(compile_tool(apart.asks_for_patience)))
    date = formatdate(DAWN_MS // 1_000 + 40, usegmt=True)
    answer = guest.Answer.read(run(guest.request({"date": date}, now_ms=DAWN_MS)))
    assert 30 < answer.failure.retry_after_s < 39.99
