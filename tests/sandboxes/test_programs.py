"""Programs in processes of this machine keep the contract, bare and in bubblewrap."""

import os

import pytest

from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.domain.sandbox import Bound, Language, Program, ProgramLimits, Strength
from highroad.ports.sandbox import LimitExceeded, SandboxError
from highroad.testing.contracts.sandbox import (
    JAVASCRIPT_SAMPLES,
    PYTHON_SAMPLES,
    ProgramSandboxContract,
)

LANGUAGES = [Language.PYTHON, Language.JAVASCRIPT]


class Native(ProgramSandboxContract):
    """What both have in common."""

    @pytest.fixture(params=LANGUAGES)
    def samples(self, request, sandbox, machine_has):
        machine_has(sandbox.missing(request.param))
        return {Language.PYTHON: PYTHON_SAMPLES, Language.JAVASCRIPT: JAVASCRIPT_SAMPLES}[
            request.param
        ]

    async def test_a_command_has_its_status_and_its_output(self, opened, machine_has):
        machine_has(opened.missing(Language.COMMAND))
        program = Program(
            language=Language.COMMAND,
            arguments=("/bin/sh", "-c", "read -r line; echo $line; echo apart >&2; exit 3"),
            inputs={"a": [1]},
        )
        result = await opened.run(program, ProgramLimits())
        assert result.value == {"status": 3, "output": '{"a": [1]}\n'}
        assert result.printed == "apart\n"

    async def test_a_command_that_is_not_there_has_the_status_of_a_shell(self, opened, machine_has):
        machine_has(opened.missing(Language.COMMAND))
        program = Program(language=Language.COMMAND, arguments=("/bin/no-such",), inputs={})
        result = await opened.run(program, ProgramLimits())
        assert result.value["status"] == 127

    async def test_files_beyond_their_size_end_it(self, opened, tmp_path, machine_has):
        machine_has(opened.missing(Language.PYTHON))
        program = Program(
            language=Language.PYTHON,
            text="open(place, 'wb').write(b'x' * 3_000_000)",
            inputs={"place": str(tmp_path / "large")},
        )
        limits = ProgramLimits(file_mb=2, writable=(str(tmp_path),))
        with pytest.raises(LimitExceeded) as exceeded:
            await opened.run(program, limits)
        assert exceeded.value.bound is Bound.FILES

    async def test_nothing_of_ours_stands_in_its_environment(
        self, opened, monkeypatch, machine_has
    ):
        machine_has(opened.missing(Language.PYTHON))
        monkeypatch.setenv("HIGHROAD_MASTER_KEY", "a secret")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
        program = Program(language=Language.PYTHON, text="import os\nsorted(os.environ)", inputs={})
        seen = (await opened.run(program, ProgramLimits())).value
        assert set(seen) <= {"HOME", "LANG", "LC_CTYPE", "PATH", "PWD", "OLDPWD", "SHLVL", "_"}


class TestPlain(Native):
    @pytest.fixture
    def sandbox(self):
        return PlainSandbox()

    async def test_it_is_the_weakest(self, sandbox):
        assert sandbox.strength is min(Strength)


class TestBubblewrap(Native):
    @pytest.fixture
    def sandbox(self, machine_has):
        sandbox = BubblewrapSandbox()
        machine_has(sandbox.missing(Language.COMMAND))
        return sandbox

    async def test_it_has_a_view_of_its_own(self, sandbox):
        assert sandbox.strength is Strength.NAMESPACES

    async def test_what_it_may_read_is_there_and_what_it_may_change_changes(self, opened, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "text").write_text("given")
        (tmp_path / "out").mkdir()
        program = Program(
            language=Language.PYTHON,
            text="open(out + '/text', 'w').write(open(inside + '/text').read())",
            inputs={"inside": str(tmp_path / "in"), "out": str(tmp_path / "out")},
        )
        limits = ProgramLimits(readable=(str(tmp_path / "in"),), writable=(str(tmp_path / "out"),))
        await opened.run(program, limits)
        assert (tmp_path / "out" / "text").read_text() == "given"

    @pytest.mark.parametrize("path", ["/", "relative", "/no/such/path"])
    async def test_a_path_that_would_give_all_or_nothing_is_refused(self, opened, path):
        program = Program(language=Language.PYTHON, text="1", inputs={})
        with pytest.raises(SandboxError) as refused:
            await opened.run(program, ProgramLimits(readable=(path,)))
        assert not refused.value.has_begun

    @pytest.mark.skipif(os.geteuid() != 0, reason="the limit of processes holds for others")
    async def test_root_is_refused_more_than_one_process(self, opened):
        program = Program(language=Language.PYTHON, text="1", inputs={})
        with pytest.raises(SandboxError, match="another user") as refused:
            await opened.run(program, ProgramLimits(processes=8))
        assert not refused.value.has_begun
