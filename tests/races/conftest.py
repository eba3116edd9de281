"""Races: a forge that forks the processes, and what each of them is told."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path
from random import Random

import pytest

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")  # noqa: S108 - folders below it have names of chance
PROCESSES = 4
KILLED = -9
PLACES = (
    *(
        f"{when} {what}"
        for when in ("before", "after")
        for what in ("call.held", "approval.decided", "call.intent", "call.ended", "forget", "post")
    ),
    "before the effect",
    "after the effect",
)
"""Where a process may be killed."""


class Forge:
    """The warm process that forks the others."""

    def __init__(self, process, folder):
        self.process = process
        self.folder = folder
        self.numbers = count(1)

    def place(self):
        """A new folder."""
        folder = self.folder / f"r{next(self.numbers)}"
        folder.mkdir()
        return folder

    def fork(self, part, folder, **facts):
        return self._ask({"part": part, "folder": str(folder), "edits": (), **facts})

    def join(self, child):
        return self._ask({"joins": child})

    def told(self, part, folder, **facts):
        """What a child says that does its part to the end."""
        told = folder / "told.json"
        assert self.join(self.fork(part, folder, tells=str(told), **facts)) == 0
        return json.loads(told.read_text("utf-8"))

    def _ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Race:
    """Processes that race for one call, by a seed.

    Args:
        forge: Forks them.
        url: Of a new ledger that several may write, by a function; `None` is a file.
    """

    def __init__(self, forge, url=None):
        self.forge = forge
        self.url = url
        self.killed = 0
        self.ends = Counter()

    def run(self, seed, *, dies_at=None, edits=()):
        """Race; everything that is wrong behind it, in sentences."""
        random = Random(seed)  # noqa: S311 - repeatable
        folder = self.forge.place()
        (folder / "clock").write_bytes(bytes(8))
        facts = {
            "seed": seed,
            "url": None if self.url is None else self.url(),
            "calls": random.sample((5, 6, 5_000, 6_000), random.choice((1, 1, 2, 4))),
            "house": random.choice(("plain", "plain", "strict")),
            "edition": 1,
            "edits": edits,
        }

        def begun(number, at):
            return self.forge.fork("compete", folder, number=number, dies_at=at, **facts)

        deaths = [dies_at or drawn(random) for _ in range(PROCESSES)]
        codes = [self.forge.join(each) for each in [*map(begun, range(PROCESSES), deaths)]]
        if random.random() < 0.3:
            facts["house"] = random.choice(("plain", "edited elsewhere", "strict"))
            facts["edition"] += random.random() < 0.3
        others = [
            begun(number, drawn(random) if random.random() < 0.3 else None)
            for number, code in enumerate(codes, PROCESSES)
            if code == KILLED
        ]
        codes += [self.forge.join(each) for each in others]
        self.killed += codes.count(KILLED)
        told = self.forge.told("judge", folder, number=0, dies_at=None, **facts)
        self.ends.update(told["ends"])
        broken = [f"a process ended with {code}" for code in codes if code not in {0, KILLED}]
        return broken + told["amiss"]

    def see(self, seeds, record_property, way):
        """Race by each seed; what is wrong with which."""
        found = [(seed, sentence) for seed in seeds for sentence in self.run(seed)]
        figures = {"races": len(seeds), "killed": self.killed, "violations": len(found)}
        record_property("counted", ("approval races", way, figures))
        return found


def drawn(random):
    """Where a process is killed, if so."""
    if random.random() < 0.5:
        return None
    return random.choice(PLACES), random.choice((1, 1, 2, 3))


@pytest.fixture(scope="module")
def forge(tmp_path_factory):
    """The warm process that forks."""
    home = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path_factory.mktemp("races")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HIGHROAD_")}
    with (
        tempfile.TemporaryDirectory(prefix="highroad-races-", dir=home) as folder,
        subprocess.Popen(
            [sys.executable, HERE / "forge.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=kept,
        ) as process,
    ):
        yield Forge(process, Path(folder))
        process.stdin.close()
        process.wait()


@pytest.fixture
def simulated(forge):
    """Plays histories in simulated time; how calls ended, and what is wrong with which."""

    def play(first, last, *, edits=(), until="nobody says this"):
        told = forge.told("simulate", forge.place(), seeds=(first, last), edits=edits, until=until)
        return Counter(told["ends"]), [tuple(each) for each in told["amiss"]]

    return play


@pytest.fixture
def race(forge):
    """Races on a file, of which one process is the owner."""
    return Race(forge)


@pytest.fixture
def shared_race(forge, postgres):
    """Races on a server, where all processes write."""
    made = []

    def url():
        made.append(postgres.create(postgres.template))
        return postgres.url(made[-1])

    yield Race(forge, url)
    for database in made:
        postgres.drop(database)
