"""The kill matrix: a forge that forks processes, the other side, and the course of one point."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from runpy import run_path

import pytest

HERE = Path(__file__).parent
BASE_MS = 1_750_000_000_000
SOON_MS, TOMORROW_MS = 1_000, 7_200_000
"""How much later the next process comes: within the hour that keys are honoured, or behind it."""
REST_MS = 600_000
"""And the one after that, when all that the first one slept is over."""
MEMORY = Path("/dev/shm")  # noqa: S108 - folders below it have names of chance
NUMBERS = count(1)
lose_power = run_path(str(HERE / "power.py"))["lose_power"]


@dataclass(frozen=True)
class Death:
    """One point of the matrix: which program dies where, and what happens next."""

    seed: int
    at: tuple[str, int] | None
    is_lossy: bool = False
    recovery_dies_at: tuple[str, int] | None = None
    later_ms: int = SOON_MS
    settles: bool = False
    strikes: str = "program"
    """Who dies there: the program, the server of its ledger, or both."""
    program: str = "calling"
    """What it does: makes calls, or thinks, which is a run of an agent."""

    def but(self, **facts):
        return replace(self, **facts)


@dataclass
class Matrix:
    """Runs points, and counts them."""

    folder: Path
    log: Path
    port: int
    forge: subprocess.Popen
    store: str = "sqlite"
    points: int = 0
    missed: int = 0
    unsynced: int = 0
    found: list = field(default_factory=list)

    def phase(self, phase, folder, death, **options):
        """Fork a child for a phase, and wait for its end."""
        order = {
            "phase": phase,
            "folder": str(folder),
            "point": folder.name,
            "store": self.store,
            "seed": death.seed,
            "is_lossy": death.is_lossy,
            "base_ms": BASE_MS,
            "dies_at": None,
            "counts": False,
            "settles": death.settles,
            "edits": (),
            "strikes": "program",
            "program": death.program,
            "port": self.port,
            "log": str(self.log),
        } | options
        self.ask(order)
        return self.answer()

    def ask(self, order):
        self.forge.stdin.write(json.dumps(order) + "\n")
        self.forge.stdin.flush()

    def answer(self):
        return json.loads(self.forge.stdout.readline())

    def furnished(self):
        """A folder for one more point, with a ledger that is empty but there."""
        blank = self.folder / "blank"
        if not blank.exists():
            blank.mkdir()
            assert self.phase("furnish", blank, Death(0, None)) == 0
        self.points += 1
        # The other side keeps the orders of every point apart by this name.
        return Path(shutil.copytree(blank, self.folder / f"p{next(NUMBERS)}"))

    def places(self, seed, *, is_lossy=False, phase="drive", at=None, program="calling"):
        """Every point that a program passes, in order, when nothing kills it."""
        folder = self.furnished()
        death = Death(seed, at, is_lossy, program=program)
        with self.bystander(folder, death) as leaves:
            if phase == "recover":
                self.phase("drive", folder, death, dies_at=at)
            assert self.phase(phase, folder, death, counts=True) == 0
            assert leaves() == 0
        found = json.loads((folder / "points.json").read_text("utf-8"))
        self.clear(folder)
        self.points -= 1
        return [tuple(place) for place in found]

    def die(self, death, *, edits=()):
        """The whole course of a point; whatever is wrong afterwards, in sentences."""
        folder = self.furnished()
        with self.bystander(folder, death) as leaves:
            crashes = self.course(folder, death, edits, leaves)
        verdict = folder / "violations.json"
        found = json.loads(verdict.read_text("utf-8")) if verdict.exists() else []
        self.clear(folder)
        return crashes + found

    @contextmanager
    def bystander(self, folder, death):
        """Nobody stands by where one process owns the ledger."""
        yield lambda: 0

    def course(self, folder, death, edits, leaves):
        """What happens to a point: death, recovery, and a look at what is there then."""
        code = self.phase(
            "drive", folder, death, dies_at=death.at, edits=edits, strikes=death.strikes
        )
        later = {"base_ms": self.last_effect_ms(folder) + death.later_ms, "edits": edits}
        much_later = later | {"base_ms": later["base_ms"] + REST_MS}
        if self.is_missed(code, death):
            self.missed += 1
        crashes = [] if code in {0, -9} else [f"the program ended with {code}"]
        self.unsynced += self.cut_power(folder, death)
        if death.recovery_dies_at is not None:
            self.phase("recover", folder, death, dies_at=death.recovery_dies_at, **later)
            self.unsynced += self.cut_power(folder, death)
            later = much_later
        codes = {"recover": self.phase("recover", folder, death, **later)}
        codes["bystander"] = leaves()
        codes["judge"] = self.phase("judge", folder, death, **much_later)
        return crashes + [f"{phase} ended with {code}" for phase, code in codes.items() if code]

    def last_effect_ms(self, folder):
        """Until when the program lived, by its own clock: nobody who comes later is before that.

        It sleeps ahead of its base, and the other side goes by the time of whoever asks.
        """
        done = (json.loads(line) for line in self.log.read_text("utf-8").splitlines())
        times = (each["at"] for each in done if each["order"].startswith(f"{folder.name}-"))
        return max(times, default=BASE_MS)

    def is_missed(self, code, death):
        return code == 0 and death.at is not None

    def clear(self, folder):
        shutil.rmtree(folder)

    def cut_power(self, folder, death):
        return lose_power(folder) if death.is_lossy else 0

    def run(self, deaths):
        for death in deaths:
            self.found += [(death, sentence) for sentence in self.die(death)]

    def told(self):
        return f"{self.unsynced} unsynced writes dropped"

    def report(self, record_property, *, is_lossy=False):
        """The number of points, and every violation."""
        way = f"{self.store} {'without power' if is_lossy else 'killed'}"
        figures = {"points": self.points, "violations": len(self.found)}
        record_property("counted", ("kill matrix", way, figures))
        sys.stdout.write(
            f"kill matrix on {way}: {self.points} points, {self.missed} passed alive, "
            f"{self.told()}, {len(self.found)} violations\n"
        )
        for death, sentence in self.found:
            sys.stdout.write(f"  {death}: {sentence}\n")


class SharedMatrix(Matrix):
    """The same on a server, which may die too, while another process writes the same ledger."""

    server: object = None
    strikes: int = 0
    point: str = ""

    def furnished(self):
        """A folder for one more point, and a database that has the schema."""
        self.points += 1
        self.point = f"p{next(NUMBERS)}"
        folder = self.folder / self.point
        folder.mkdir()
        database = self.server.create(self.server.template)
        (folder / "database").write_text(database, "utf-8")
        (folder / "url").write_text(self.server.url(database), "utf-8")
        return folder

    def told(self):
        return f"the server killed {self.strikes} times"

    def clear(self, folder):
        self.server.drop((folder / "database").read_text("utf-8"))
        super().clear(folder)

    def is_missed(self, code, death):
        if death.strikes == "program":
            return super().is_missed(code, death)
        return not (self.folder / self.point / "struck").exists()

    def answer(self):
        """The next answer; the server is killed and started again where a child asks for it."""
        while (line := self.forge.stdout.readline()) == "strike\n":
            self.server.stop("immediate")
            self.server.start()
            self.strikes += 1
            (self.folder / self.point / "struck").touch()
            self.forge.stdin.write("struck\n")
            self.forge.stdin.flush()
        return json.loads(line)

    @contextmanager
    def bystander(self, folder, death):
        """A process in the middle of a call, until it may leave."""
        release = folder / "release"
        os.mkfifo(release)
        # Opened for both, so that opening waits for nobody.
        with release.open("r+b", buffering=0) as gate:
            child = self.phase("stand by", folder, death)
            assert child, "nobody stands by"

            def leaves():
                gate.write(b".")
                self.ask({"joins": child})
                return self.answer()

            yield leaves


def spread(places, count, *, chance, kind="at", **facts):
    """So many deaths over all names of places: each name once before any comes twice."""
    random = Random(chance)  # noqa: S311 - which points are tried is no secret
    by_name = {}
    for place in places:
        by_name.setdefault(place[0], []).append(place)
    columns = [random.sample(found, len(found)) for found in by_name.values()]
    random.shuffle(columns)
    rounds = max(map(len, columns))
    chosen = [column[at] for at in range(rounds) for column in columns if at < len(column)]
    return [varied(random, facts | {kind: place}) for place in chosen[:count]]


def varied(random, facts):
    """A death with the rest of its circumstances drawn."""
    return Death(
        **{
            "later_ms": random.choice([SOON_MS, SOON_MS, TOMORROW_MS]),
            "settles": random.random() < 0.5,
        }
        | facts
    )


@pytest.fixture(scope="module")
def swift_disk(tmp_path_factory):
    """A folder in memory where there is one: what is lost with the power, a journal says.

    The pace of a real disk proves nothing here, and makes a point some times as slow.
    """
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("disk")
        return
    with tempfile.TemporaryDirectory(prefix="highroad-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def other_side(swift_disk):
    """The service that counts effects: its port, and its log."""
    log = swift_disk / "effects.jsonl"
    with subprocess.Popen(
        [sys.executable, HERE / "oracle.py", log], stdout=subprocess.PIPE, text=True
    ) as service:
        yield int(service.stdout.readline()), log
        service.kill()


@pytest.fixture(scope="module")
def forge():
    """The warm process that forks."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HIGHROAD_")
    }
    with subprocess.Popen(
        [sys.executable, HERE / "forge.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        yield process
        process.stdin.close()
        process.wait()


@pytest.fixture
def matrix(swift_disk, other_side, forge):
    port, log = other_side
    folder = Path(tempfile.mkdtemp(prefix="matrix-", dir=swift_disk))
    return Matrix(folder, log, port, forge)


@pytest.fixture
def shared_matrix(swift_disk, other_side, forge, postgres):
    port, log = other_side
    folder = Path(tempfile.mkdtemp(prefix="matrix-", dir=swift_disk))
    matrix = SharedMatrix(folder, log, port, forge, store="postgres")
    matrix.server = postgres
    return matrix


@pytest.fixture
def death():
    return Death


@pytest.fixture
def spread_over():
    return spread
