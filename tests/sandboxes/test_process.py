"""Worker processes: whatever a body does there, its caller is answered and nothing of it stays."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from highroad.adapters.sandboxes.process.pool import ProcessSandbox
from highroad.adapters.sandboxes.process.variables import USUAL, given_variables
from highroad.ports.sandbox import SandboxError

pytestmark = pytest.mark.promise("P11")


async def asked(sandbox, body, request=b""):
    return await (await sandbox.prepare(body)).run(request)


def is_gone(pid):
    """Whether that process has ended; one that nobody has buried yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in {"Z", "X"}


async def until(holds, rounds=400):
    """Look again and again; the worlds of other processes have no fake clock."""
    for _ in range(rounds):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came true")


async def test_a_body_is_answered_and_its_worker_serves_the_next_one(sandbox):
    assert await asked(sandbox, b"echo", b"hello") == b"hello"
    assert await asked(sandbox, b"pid") == await asked(sandbox, b"pid")
    assert await asked(sandbox, b"large", b"ab") == b"ab" * 1_000_000


async def test_no_more_run_at_once_than_there_is_room_for(sandbox):
    pids = await asyncio.gather(*[asked(sandbox, b"pid") for _ in range(12)])
    assert len(set(pids)) <= 2
    assert str(os.getpid()).encode() not in pids


async def test_a_busy_loop_is_killed_when_it_is_called_off_and_its_place_is_filled(sandbox):
    before = await asked(sandbox, b"pid")
    work = asyncio.ensure_future(asked(sandbox, b"spins"))
    await asyncio.sleep(0.05)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: is_gone(int(before)))
    assert await asked(sandbox, b"pid") != before


async def test_what_a_body_started_dies_with_it(sandbox, tmp_path):
    told = tmp_path / "child"
    work = asyncio.ensure_future(asked(sandbox, b"has_child", str(told).encode()))
    await until(lambda: told.exists() and told.read_text())
    work.cancel()
    await asyncio.wait({work})
    await until(lambda: is_gone(int(told.read_text())))


@pytest.mark.parametrize(("body", "code"), [(b"exits", "7"), (b"crashes", "-11")])
async def test_a_worker_that_ends_by_itself_is_told_and_replaced(sandbox, body, code):
    with pytest.raises(SandboxError, match=code) as lost:
        await asked(sandbox, body)
    assert lost.value.has_begun
    assert await asked(sandbox, b"echo", b"again") == b"again"


async def test_a_worker_that_died_while_it_was_idle_is_nobodys_trouble(sandbox):
    pid = int(await asked(sandbox, b"pid"))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_gone(pid))
    await asyncio.sleep(0.05)
    assert int(await asked(sandbox, b"pid")) != pid


async def test_a_body_that_closes_every_pipe_can_still_be_called_off(sandbox):
    with pytest.raises(SandboxError):
        await asked(sandbox, b"closes_all")


async def test_what_a_body_prints_and_reads_is_no_part_of_its_answer(sandbox, capfd):
    assert await asked(sandbox, b"chatters") == b"''"
    assert capfd.readouterr().out == ""


@pytest.mark.promise("P7")
async def test_a_worker_has_the_usual_variables_and_no_arguments(sandbox, monkeypatch):
    """Names that nobody listed may stand for anything: a key, a token, the address of a store."""
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", "a secret")
    monkeypatch.setenv("HIGHROAD_LEDGER", "postgresql://user:secret@host/ledger")
    for name in ("DATABASE_URL", "OPENAI_API_KEY", "AWS_SESSION_TOKEN", "https_proxy", "OTHERS"):
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    seen = (await asked(sandbox, b"environment")).decode().split("\n")
    *names, program = seen
    # An interpreter adds its own where it finds none.
    assert set(names) <= USUAL | {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    assert {"PATH", "LANG"} <= set(names)
    assert program.endswith("program.py")


@pytest.mark.promise("P7")
async def test_a_worker_has_what_settings_name_unless_it_is_a_secret(bodies, monkeypatch):
    for name in ("REGION", "TOKEN", "HIGHROAD_MASTER_KEY"):
        monkeypatch.setenv(name, f"the {name} of somebody")
    sandbox = ProcessSandbox(
        1,
        bodies,
        variables=lambda: given_variables(
            ("REGION", "TOKEN", "HIGHROAD_MASTER_KEY"), lambda said: "TOKEN" in said
        ),
    )
    seen = (await asked(sandbox, b"environment")).decode().split("\n")
    await sandbox.close()
    assert "REGION" in seen
    assert not {"TOKEN", "HIGHROAD_MASTER_KEY"} & set(seen)


async def test_a_body_that_cannot_be_loaded_is_told_and_breaks_nothing(sandbox):
    with pytest.raises(SandboxError, match="KeyError") as lost:
        await asked(sandbox, b"nowhere")
    assert not lost.value.has_begun
    assert await asked(sandbox, b"echo", b"a") == b"a"


async def test_who_does_not_wait_for_a_place_loses_none(sandbox):
    for _ in range(4):
        getting = asyncio.ensure_future(sandbox.prepare(b"echo"))
        await asyncio.sleep(0)
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
    answers = await asyncio.gather(*[asked(sandbox, b"echo", b"a") for _ in range(4)])
    assert answers == [b"a"] * 4


async def test_a_module_that_never_ends_its_import_gives_its_place_back(sandbox, monkeypatch):
    monkeypatch.setattr("highroad.adapters.sandboxes.process.pool._LOAD_S", 0.5)
    with pytest.raises(SandboxError, match="not loaded"):
        await asked(sandbox, b"stuck")
    monkeypatch.setattr("highroad.adapters.sandboxes.process.pool._LOAD_S", 30)
    assert await asyncio.gather(*[asked(sandbox, b"echo", b"a") for _ in range(2)]) == [b"a"] * 2


async def test_closing_leaves_no_worker(bodies, tmp_path):
    sandbox = ProcessSandbox(2, bodies)
    told = tmp_path / "pid"
    idle = int(await asked(sandbox, b"pid"))
    work = asyncio.ensure_future(asked(sandbox, b"sleeps", str(told).encode()))
    await until(lambda: told.exists() and told.read_text())
    await sandbox.close()
    assert is_gone(idle)
    assert is_gone(int(told.read_text()))
    with pytest.raises(SandboxError):
        await work
    with pytest.raises(SandboxError):
        await sandbox.prepare(b"echo")


PARENT = """
import asyncio, sys
from highroad.adapters.sandboxes.process.pool import ProcessSandbox

async def main():
    sandbox = ProcessSandbox(2, "bodies_apart:load")
    idle = await (await sandbox.prepare(b"pid")).run(b"")
    print(idle.decode(), flush=True)
    sleeps, hogs = await sandbox.prepare(b"sleeps"), await sandbox.prepare(b"hogs")
    await asyncio.gather(sleeps.run(b"a"), hogs.run(b"b"))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_parent_that_is_killed_leaves_no_worker(bodies, tmp_path):
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=asyncio.subprocess.PIPE,
    )
    told = [tmp_path / name for name in "ab"]
    await until(lambda: all(each.exists() and each.read_text() for each in told))
    pids = [int(each.read_text()) for each in told]
    assert not any(map(is_gone, pids))
    parent.kill()
    await parent.communicate()
    await until(lambda: all(map(is_gone, pids)))
