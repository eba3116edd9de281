"""N7: how long `audit verify` takes, beside a bare pass over the same entries.

Ours is `await runtime.audit.verify()` on a ledger of governed calls, nine reads for each call with
an effect, all signed: every entry is read, hashed, parsed, compared with its columns, and followed
in its call; every root, signature and announcement is checked.

The bare pass selects the bodies of the same entries in order and makes SHA-256 of each. Both run
in turns over a file that is in the cache; the value is the median of ours over the median of the
bare pass.
"""

import statistics
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Final

import apsw

from bench.harness import BenchError, Reading, rounded, scratch
from bench.ours import LEDGER, Caller, open_runtime

_CALLS: Final = 30_000
_READS: Final = 9
_ROUNDS: Final = 7


async def measure() -> Reading:
    """Measure N7.

    Raises:
        BenchError: The ledger does not hold, which would be verified in another time.
    """
    ours: list[float] = []
    bare: list[float] = []
    entries = 0
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            for number in range(_CALLS):
                await (caller.read() if number % (_READS + 1) else caller.note())
            await runtime.flush()
            await runtime.audit.sign()
            for number in range(_ROUNDS + 1):
                start = perf_counter()
                report = await runtime.audit.verify()
                middle = perf_counter()
                entries = _hash_all(folder / LEDGER)
                end = perf_counter()
                if not report.holds or report.unsigned.entries:
                    raise BenchError("the measured ledger does not hold, or is not signed")
                if number:  # the first round warms the file up
                    ours.append(middle - start)
                    bare.append(end - middle)
    ours_s, bare_s = statistics.median(ours), statistics.median(bare)
    return Reading(
        id="N7",
        value=ours_s / bare_s,
        unit="of an ordered select with SHA-256",
        reach="<= 4",
        reference={"bare_entries_per_s": rounded(entries / bare_s)},
        absolute={"entries_per_s": rounded(entries / ours_s), "entries": entries},
    )


def _hash_all(ledger: Path) -> int:
    """Hash the body of every entry, in order; gives how many there are."""
    connection = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READONLY)
    count = 0
    for (body,) in connection.execute("SELECT body FROM entry ORDER BY seq"):
        sha256(body).digest()
        count += 1
    connection.close()
    return count
