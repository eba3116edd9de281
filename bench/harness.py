"""What every number needs: readings, turns with a peer, medians of fresh processes.

Machines of one kind differ by half, and one machine drifts within a minute. A number is therefore
a ratio of two things measured in turns within one run.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Final, Self

from scripts.locked_environment import ROOT

from bench.peers_venv import SCRATCH, peers_python

_STATM: Final = Path("/proc/self/statm")

# Peers must not find settings, keys or caches of whoever runs this, and must not call home.
_OFFLINE: Final = {
    "DO_NOT_TRACK": "1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_SHOW_SERVER_BANNER": "false",
    "FASTMCP_TELEMETRY_MODE": "off",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LOGFIRE_SEND_TO_LOGFIRE": "false",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "OTEL_SDK_DISABLED": "true",
}


class BenchError(Exception):
    """A number cannot be measured; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number.

    Args:
        id: As the design names it.
        value: What is compared with `reach`.
        unit: Of `value`, for example "of LangGraph's agent step".
        reach: What the value should reach, for example "<= 0.05".
        reference: What it was measured against, with versions.
        absolute: Times and rates behind the value, good for this machine and run only.
    """

    id: str
    value: float
    unit: str
    reach: str
    reference: Mapping[str, object]
    absolute: Mapping[str, object]

    def line(self) -> str:
        """Render as one JSON line."""
        return json.dumps(
            {
                "id": self.id,
                "value": rounded(self.value),
                "unit": self.unit,
                "reach": self.reach,
                "reference": self.reference,
                "absolute": self.absolute,
            },
            ensure_ascii=False,
        )


def rounded(value: float) -> float:
    """Keep four significant digits; no measurement here has more."""
    return float(f"{value:.4g}")


def resident_mb() -> float:
    """Return the megabytes of this process that are resident.

    Raises:
        BenchError: This system does not tell.
    """
    if not _STATM.exists():
        raise BenchError("resident memory is read from /proc, which this system does not have")
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def median(samples: Sequence[float]) -> float:
    """Return the median, rounded for printing."""
    return rounded(statistics.median(samples))


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary folder beside the repository, so on a disk that keeps what is synced."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH, prefix="run-") as folder:
        yield Path(folder)


def offline_environment(folder: Path) -> dict[str, str]:
    """Return an environment without credentials, settings or telemetry, at home in `folder`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, **_OFFLINE, "HOME": str(folder), "TMPDIR": str(folder)}


class Peer:
    """A peer in a process of its own, idle but for the bursts that it is asked for."""

    def __init__(self, name: str, folder: Path, *, python: Path | None = None) -> None:
        """Start `bench/peers/<name>.py` in `folder` and wait until it is ready.

        Args:
            name: Of the peer; with dots, of a module elsewhere.
            folder: Where it works.
            python: In place of the peers' own.
        """
        self._name = name
        self._complaints = folder / f"{name}.stderr"
        with self._complaints.open("w") as complaints:
            self._process = subprocess.Popen(  # noqa: S603
                [python or peers_python(), "-m", "bench.peers", name, "--serve"],
                cwd=folder,
                env=offline_environment(folder) | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        self.versions: dict[str, str] = json.loads(self._answer())["versions"]

    def burst(self, size: int) -> dict[str, list[float]]:
        """Measure a burst; gives times in microseconds, by what was timed.

        It blocks on purpose: while a peer measures, nothing of ours shall run.
        """
        if self._process.stdin is not None:
            self._process.stdin.write(f"{size}\n")
            self._process.stdin.flush()
        samples: dict[str, list[float]] = json.loads(self._answer())
        return samples

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, and see that it had nothing to complain of."""
        self._process.communicate()
        if self._process.returncode and kind is None:
            raise self._failed()

    def _answer(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            self._process.wait()
            raise self._failed()
        return line

    def _failed(self) -> BenchError:
        lines = self._complaints.read_text().strip().splitlines() or ["no reason given"]
        return BenchError(f"the peer {self._name} failed: {lines[-1]}")


def peer_medians(name: str, folder: Path, *, rounds: int = 5, size: int = 50) -> dict[str, object]:
    """Measure a peer that is quoted beside a number: versions, and medians by what was timed."""
    times: dict[str, list[float]] = {}
    with Peer(name, folder) as peer:
        peer.burst(size)
        for _ in range(rounds):
            for what, samples in peer.burst(size).items():
                times.setdefault(what, []).extend(samples)
        return {"versions": peer.versions} | {what: median(all_) for what, all_ in times.items()}


@dataclass(frozen=True, slots=True)
class Turns:
    """Samples of ours and of a peer, one list per turn."""

    ours: list[list[float]]
    peers: list[list[float]]

    def ratio(self) -> float:
        """Return the median, over turns, of our median over the peer's in the same turn."""
        return statistics.median(
            statistics.median(mine) / statistics.median(other)
            for mine, other in zip(self.ours, self.peers, strict=True)
        )

    def absolute(self) -> dict[str, float]:
        """Return our median, and the middle half of our samples."""
        samples = [sample for turn in self.ours for sample in turn]
        low, middle, high = statistics.quantiles(samples, n=4)
        return {"median": rounded(middle), "quarter": rounded(low), "three_quarters": rounded(high)}

    def peer_median(self) -> float:
        """Return the peer's median over all turns."""
        return median([sample for turn in self.peers for sample in turn])


async def take_turns(
    rounds: int,
    ours: Callable[[], Awaitable[list[float]]],
    peers: Callable[[], Awaitable[list[float]]],
) -> Turns:
    """Measure ours, then a peer, and so on; a first round, which warms both up, is not kept."""
    turns = Turns([], [])
    for number in range(rounds + 1):
        mine, other = await ours(), await peers()
        if number:
            turns.ours.append(mine)
            turns.peers.append(other)
    return turns


async def timed_calls(size: int, call: Callable[[], Awaitable[object]]) -> list[float]:
    """Await one call after another; gives each one's time in microseconds."""
    times = []
    for _ in range(size):
        start = perf_counter()
        await call()
        times.append((perf_counter() - start) * 1e6)
    return times


def process_times(
    commands: Mapping[str, Sequence[str]], *, rounds: int, folder: Path
) -> dict[str, list[float]]:
    """Start each command in a fresh process, in turns; gives milliseconds until each has ended.

    The order is reversed from round to round. One round before the first warms files up and is
    not kept.
    """
    times: dict[str, list[float]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(rounds + 1):
        for name in names:
            took = _process_time(commands[name], folder)
            if number:
                times[name].append(took)
        names.reverse()
    return times


def _process_time(command: Sequence[str], folder: Path) -> float:
    start = perf_counter()
    done = subprocess.run(  # noqa: S603
        command,
        check=False,
        cwd=folder,
        env=offline_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    took = (perf_counter() - start) * 1e3
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BenchError(f"{' '.join(command)} failed: {lines[-1]}")
    return took
