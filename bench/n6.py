"""N6 and N6b: what runs cost that wait for an approval, in memory and when one goes on.

N6: the megabytes that are resident in an owner which has opened a ledger of 100,000 such runs, less
those over an empty ledger. Both are processes of their own, which also have listed a page of what
waits. All but one of the runs are copies (see `crowd.py`). The design asks for a hundred steps in
each, which would be some 100 GB; `BENCH_STEPS` says how many they have, two unless told, and the
line says so: steps lie in the ledger, and no owner reads them before somebody asks.

N6b: the time of `await runtime.resume(run)` of a run of 100 steps that still waits, over selecting
its entries and payloads from the file, parsing each entry, and decrypting and decoding each
payload, with nothing around. Both read the same run, in turns, from a ledger of 1,000 such runs.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import apsw
import orjson
from scripts.locked_environment import ROOT

from bench.agents import TimedModel, clerk, open_agent
from bench.crowd import gather
from bench.harness import BenchError, Reading, resident_mb, rounded, scratch, take_turns
from bench.ours import LEDGER
from highroad.adapters.master_keys.keyfile import from_file
from highroad.domain.payload import SealedKey
from highroad.domain.run import RunStatus
from highroad.ledger.keyring import Keyring

_RUNS: Final = int(os.environ.get("BENCH_RUNS", "100000"))
_STEPS: Final = int(os.environ.get("BENCH_STEPS", "2"))
_STEPS_OF_ONE: Final = 100
_AMONG: Final = 1_000
_ROUNDS: Final = 15
_BURST: Final = 5
_KEYS: Final = Path(".highroad") / "keys"
# Payloads lie in the order of what they belong to: a run, a call, an approval.
_PAYLOADS: Final = """
    SELECT payload.id, ciphertext FROM (
        SELECT ?1 AS id
        UNION ALL SELECT id FROM tool_call WHERE run_id = ?1
        UNION ALL SELECT approval.id FROM tool_call
        JOIN approval ON approval.call_id = tool_call.id WHERE tool_call.run_id = ?1
    ) AS named JOIN payload ON payload.id > named.id || '.' AND payload.id < named.id || '/'
"""


async def measure() -> Reading:
    """Measure N6."""
    with scratch() as folder:
        empty, full = folder / "empty", folder / "full"
        empty.mkdir()
        full.mkdir()
        await gather(full, _RUNS, _STEPS)
        async with open_agent(clerk(TimedModel(0)), empty):
            pass
        before, after = _resident(empty), _resident(full)
        size_mb = (full / LEDGER).stat().st_size / 1e6
    return Reading(
        id="N6",
        value=rounded(after - before),
        unit="MB more than over an empty ledger",
        reach="<= 50",
        reference={"empty_ledger_mb": rounded(before)},
        absolute={
            "resident_mb": rounded(after),
            "runs": _RUNS,
            "steps": _STEPS,
            "ledger_mb": rounded(size_mb),
        },
    )


def _resident(folder: Path) -> float:
    """The megabytes that a fresh owner of the ledger has resident."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.n6", str(folder)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BenchError(f"the ledger could not be opened: {lines[-1]}")
    return float(json.loads(done.stdout))


async def _own(folder: Path) -> float:
    """Open the ledger, see what waits, and tell the megabytes."""
    async with open_agent(clerk(TimedModel(0)), folder) as runtime:
        await runtime.approvals.list(limit=100)
        await asyncio.sleep(1)
        gc.collect()
        return resident_mb()


async def measure_resume() -> Reading:
    """Measure N6b."""
    model = TimedModel(_STEPS_OF_ONE, last="refund_order")
    with scratch() as folder:
        run = await gather(folder, _AMONG, _STEPS_OF_ONE)
        bare = _Bare(folder)
        async with open_agent(clerk(model), folder) as runtime:

            async def ours() -> list[float]:
                times = []
                for _ in range(_BURST):
                    start = perf_counter()
                    resumed = await runtime.resume(run.id)
                    times.append((perf_counter() - start) * 1e6)
                    if resumed.status is not RunStatus.HELD:
                        raise BenchError(f"the run did not wait any more: {resumed.status}")
                return times

            async def theirs() -> list[float]:
                return [bare.read(run.id) for _ in range(_BURST)]

            turns = await take_turns(_ROUNDS, ours, theirs)
    if model.asked_at:
        raise BenchError("a run that waits has asked its model")
    return Reading(
        id="N6b",
        value=turns.ratio(),
        unit="of reading its history bare",
        reach="<= 3",
        reference={"bare_us": turns.peer_median(), "rows": bare.rows},
        absolute={
            "resume_us": turns.absolute(),
            "steps": _STEPS_OF_ONE,
            "load": rounded(os.getloadavg()[0]),
        },
    )


class _Bare:
    """Reads the history of a run, and makes nothing of it."""

    def __init__(self, folder: Path) -> None:
        self._connection = apsw.Connection(str(folder / LEDGER), flags=apsw.SQLITE_OPEN_READONLY)
        self._keyring = Keyring(from_file(folder / _KEYS, may_create=False))
        self.rows = 0
        """That it has read, the last time."""

    def read(self, run_id: str) -> float:
        """Microseconds for all of it."""
        start = perf_counter()
        ask = self._connection.execute
        bodies = [
            orjson.loads(body)
            for (body,) in ask("SELECT body FROM entry WHERE run_id = ? ORDER BY seq", (run_id,))
        ]
        sealed: Any = ask("SELECT * FROM run_key WHERE run_id = ?", (run_id,)).fetchone()
        key = self._keyring.open_run_key(SealedKey(*sealed))
        payloads = [
            orjson.loads(key.open(payload_id, ciphertext))
            for payload_id, ciphertext in ask(_PAYLOADS, (run_id,))
        ]
        took = (perf_counter() - start) * 1e6
        self.rows = len(bodies) + len(payloads)
        return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_own(Path(sys.argv[1])))))
