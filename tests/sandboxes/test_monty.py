"""Programs in Monty keep the contract, and find nothing of this machine there."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from highroad.adapters.sandboxes.monty import MontySandbox
from highroad.domain.sandbox import Bound, Language, Program, ProgramLimits, Strength
from highroad.ports.sandbox import LimitExceeded, ProgramFailed, SandboxError
from highroad.testing.contracts.sandbox import PYTHON_SAMPLES, ProgramSandboxContract

LIMITS = ProgramLimits(cpu_s=2, wall_s=20, memory_mb=64, output_bytes=50_000)


def python(text, **inputs):
    return Program(language=Language.PYTHON, text=text, inputs=inputs)


def _environments_of_workers():
    """As the kernel has them, of the processes of Monty that this one has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            name = (process / "cmdline").read_bytes().split(b"\0")[0]
            if parent == os.getpid() and name.endswith(b"monty"):
                found.append((process / "environ").read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    return found


class TestMonty(ProgramSandboxContract):
    @pytest.fixture
    def sandbox(self):
        return MontySandbox()

    @pytest.fixture
    def samples(self):
        return PYTHON_SAMPLES

    async def test_it_has_an_interpreter_between(self, sandbox):
        assert sandbox.strength is Strength.INTERPRETER

    @pytest.mark.parametrize(
        "text",
        [
            "open(place).read()",
            "from pathlib import Path\nPath(place).read_text()",
            "from pathlib import Path\nPath(place).write_text('x')",
            "import os\nos.environ['HIGHROAD_MASTER_KEY']",
            "import os\nos.listdir('/')",
            "import os\nos.system('true')",
            "import os\nos.fork()",
            "import os\nos.kill(-1, 0)",
            "import subprocess\nsubprocess.run(['/bin/true'])",
            "import socket\nsocket.create_connection(('127.0.0.1', 80))",
            "import ctypes\nctypes.CDLL(None)",
            "__import__('os').system('true')",
            "eval('open(place).read()')",
            "().__class__.__base__.__subclasses__()",
            "(lambda: 0).__globals__",
            "[each for each in ().__class__.__mro__]",
            "print.__self__.open(place)",
            "open(3, 'rb').read()",
        ],
    )
    async def test_there_is_nothing_of_this_machine(self, opened, text, tmp_path, monkeypatch):
        monkeypatch.setenv("HIGHROAD_MASTER_KEY", "a secret")
        place = tmp_path / "secret"
        await asyncio.to_thread(Path.write_text, place, "not for programs")
        with pytest.raises(ProgramFailed):
            await opened.run(python(text, place=str(place)), LIMITS)
        assert await asyncio.to_thread(Path.read_text, place) == "not for programs"

    @pytest.mark.promise("P7")
    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    async def test_its_workers_have_no_variable_at_all(self, opened, monkeypatch):
        """Behind a hole in the interpreter there would be none of our keys."""
        monkeypatch.setenv("HIGHROAD_MASTER_KEY", "a secret")
        await opened.run(python("1"), LIMITS)
        environments = await asyncio.to_thread(_environments_of_workers)
        assert environments
        assert set(environments) == {b""}

    @pytest.mark.parametrize(
        "text", ["{1, 2}", "b'x'", "float('nan')", "10 ** 5_000", "class A: pass\nA()", "print"]
    )
    async def test_what_has_no_json_is_no_result(self, opened, text):
        with pytest.raises(ProgramFailed) as failed:
            await opened.run(python(text), LIMITS)
        assert failed.value.words == "the result is no JSON"

    async def test_what_holds_itself_harms_nobody(self, opened):
        deep = "a = []\nfor _ in range(100_000):\n    a = [a]\na"
        for text in ("a = []\na.append(a)\na", deep):
            try:
                result = await opened.run(python(text), LIMITS)
            except (ProgramFailed, LimitExceeded):
                continue
            assert len(repr(result.value)) < LIMITS.output_bytes

    async def test_a_sleep_counts_as_time_on_the_wall(self, opened):
        with pytest.raises(LimitExceeded) as exceeded:
            await opened.run(python("import time\ntime.sleep(9)"), ProgramLimits(wall_s=0.3))
        assert exceeded.value.bound is Bound.WALL

    async def test_a_number_without_end_is_called_off(self, opened):
        with pytest.raises(LimitExceeded):
            await opened.run(python("10 ** 100_000_000"), ProgramLimits(cpu_s=1, wall_s=20))

    async def test_it_has_no_files_to_give(self, opened, tmp_path):
        limits = ProgramLimits(readable=(str(tmp_path),))
        with pytest.raises(SandboxError, match="no files") as refused:
            await opened.run(python("1"), limits)
        assert not refused.value.has_begun
        assert not opened.gives_files
