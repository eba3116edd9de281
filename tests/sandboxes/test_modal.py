"""Programs on machines of Modal keep the contract, over its own client and its wire format.

The cloud here is played by the services that its package ships, and its machines are plain
processes: what is proved is what it is asked for and what is made of its answers.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from grpclib.const import Status
from modal_proto.api_pb2 import NetworkAccess

from highroad.adapters.sandboxes.native.modal import ModalSandbox
from highroad.adapters.sandboxes.native.plain import missing_program
from highroad.adapters.sandboxes.native.runners import node
from highroad.domain.sandbox import Language, ModalRules, Program, ProgramLimits, Strength
from highroad.ports.sandbox import LimitExceeded, ProgramFailed, SandboxError
from highroad.testing.contracts.sandbox import (
    INPUTS,
    JAVASCRIPT_SAMPLES,
    PYTHON_SAMPLES,
    SHORT,
    ProgramSandboxContract,
)
from highroad.testing.wire.modal import ModalServer

FOLDERS = [Path(sys.executable).resolve().parent, Path(node() or "/usr/bin/node").parent]
PATH = ":".join(map(str, [*FOLDERS, "/usr/bin", "/bin"]))
RULES = ModalRules(image="im-1")
TOKEN = {"MODAL_TOKEN_ID": "ak-1", "MODAL_TOKEN_SECRET": "as-a-secret"}
pytestmark = pytest.mark.loopback


@pytest.fixture
async def cloud(monkeypatch):
    async with ModalServer(tuple(TOKEN.values()), frozenset({"im-1"}), {"PATH": PATH}) as server:
        monkeypatch.setenv("MODAL_SERVER_URL", server.url)
        yield server


@pytest.fixture
async def sandbox(cloud):
    sandbox = ModalSandbox(RULES, TOKEN.get)
    yield sandbox
    await sandbox.close()


class TestModal(ProgramSandboxContract):
    @pytest.fixture
    async def sandbox(self, cloud):
        sandbox = ModalSandbox(RULES, TOKEN.get)
        yield sandbox
        await sandbox.close()

    @pytest.fixture(params=[Language.PYTHON, Language.JAVASCRIPT])
    def samples(self, request, machine_has):
        machine_has(missing_program(request.param))
        return {Language.PYTHON: PYTHON_SAMPLES, Language.JAVASCRIPT: JAVASCRIPT_SAMPLES}[
            request.param
        ]


async def test_a_machine_has_no_network_bounds_and_an_end(sandbox, cloud):
    await sandbox.run(PYTHON_SAMPLES.echoes, ProgramLimits(wall_s=9.5, memory_mb=128))
    (made,) = cloud.made
    assert made.network_access.network_access_type == NetworkAccess.BLOCKED
    assert (made.timeout_secs, list(made.entrypoint_args)) == (20, ["/bin/sleep", "20"])
    resources = made.resources
    assert (resources.memory_mb, resources.memory_mb_max) == (896, 896)
    assert (resources.milli_cpu, resources.milli_cpu_max) == (1_000, 1_000)
    assert (made.image_id, made.runtime) == ("im-1", "gvisor")
    assert not made.secret_ids
    assert not made.volume_mounts
    assert not made.include_oidc_identity_token
    assert sandbox.version.startswith("im-1 gvisor ")


async def test_its_strength_is_that_of_the_runtime_that_is_asked_for(cloud):
    for runtime, strength in (("gvisor", Strength.KERNEL), ("vm", Strength.MACHINE)):
        sandbox = ModalSandbox(replace(RULES, runtime=runtime), TOKEN.get)
        await sandbox.run(PYTHON_SAMPLES.echoes, SHORT)
        await sandbox.close()
        assert sandbox.strength is strength
        assert cloud.made[-1].runtime == runtime


async def test_the_account_is_looked_up_once(sandbox, cloud):
    for _ in range(2):
        await sandbox.run(PYTHON_SAMPLES.echoes, SHORT)
    assert [cloud.asked.count(name) for name in ("AppGetOrCreate", "SandboxCreateV2")] == [1, 2]


async def test_no_machine_is_left_whatever_became_of_its_program(sandbox, cloud):
    samples = PYTHON_SAMPLES
    for program, limits in (
        (samples.fails, SHORT),
        (samples.floods, SHORT),
        (samples.spins, replace(SHORT, wall_s=0.5)),
    ):
        with pytest.raises((ProgramFailed, LimitExceeded)):
            await sandbox.run(program, limits)
    work = asyncio.ensure_future(sandbox.run(samples.spins, replace(SHORT, cpu_s=60)))
    for _ in range(1_000):
        if cloud.machines:
            break
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(cloud.made) == 4
    assert cloud.machines == {}


async def test_who_is_called_off_while_a_machine_is_made_leaves_none(sandbox, cloud):
    work = asyncio.ensure_future(sandbox.run(PYTHON_SAMPLES.spins, SHORT))
    for _ in range(1_000):
        if "SandboxCreateV2" in cloud.asked:
            break
        await asyncio.sleep(0.001)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(cloud.made) == 1
    assert cloud.machines == {}


async def test_input_beyond_one_message_arrives_whole(sandbox):
    said = {**INPUTS, "name": "x" * 3_000_000}
    limits = replace(SHORT, output_bytes=10_000_000)
    program = replace(PYTHON_SAMPLES.echoes, inputs=said)
    assert (await sandbox.run(program, limits)).value == said


@pytest.mark.parametrize(
    ("method", "has_begun"),
    [
        ("AppGetOrCreate", False),
        ("ImageFromId", False),
        ("AuthTokenGet", False),
        ("SandboxCreateV2", False),
        ("TaskExecStart", True),
        ("TaskExecStdioRead", True),
        ("TaskExecWait", True),
    ],
)
async def test_a_refusal_at_any_step_is_told_without_its_words(sandbox, cloud, method, has_begun):
    cloud.broken[method] = Status.PERMISSION_DENIED
    with pytest.raises(SandboxError) as refused:
        await sandbox.run(PYTHON_SAMPLES.echoes, SHORT)
    assert refused.value.has_begun is has_begun
    assert "words of the server" not in str(refused.value)
    assert cloud.machines == {}
    cloud.broken.clear()
    assert (await sandbox.run(PYTHON_SAMPLES.echoes, SHORT)).value == INPUTS


@pytest.mark.parametrize("method", ["SandboxCreateV2", "TaskExecStart", "TaskExecWait"])
async def test_who_never_answers_is_not_waited_for(sandbox, cloud, method, monkeypatch):
    monkeypatch.setattr("highroad.adapters.sandboxes.native.modal._LEAVE_S", 0.2)
    cloud.stuck.add(method)
    with pytest.raises(LimitExceeded):
        await sandbox.run(PYTHON_SAMPLES.echoes, replace(SHORT, wall_s=0.5))


async def test_a_connection_that_is_cut_ends_in_time(sandbox, cloud, monkeypatch):
    monkeypatch.setattr("highroad.adapters.sandboxes.native.modal._LEAVE_S", 0.2)
    work = asyncio.ensure_future(sandbox.run(PYTHON_SAMPLES.spins, replace(SHORT, wall_s=2.0)))
    for _ in range(1_000):
        if "TaskExecStdioRead" in cloud.asked:
            break
        await asyncio.sleep(0.01)
    await cloud.cut()
    with pytest.raises(SandboxError) as lost:
        await work
    assert lost.value.has_begun


async def test_a_wrong_token_or_image_is_refused_before_anything_runs(cloud):
    wrong = {**TOKEN, "MODAL_TOKEN_SECRET": "as-wrong"}
    for rules, token in ((RULES, wrong), (ModalRules(image="im-2"), TOKEN)):
        sandbox = ModalSandbox(rules, token.get)
        with pytest.raises(SandboxError) as refused:
            await sandbox.run(PYTHON_SAMPLES.echoes, SHORT)
        await sandbox.close()
        assert not refused.value.has_begun
        assert token["MODAL_TOKEN_SECRET"] not in str(refused.value)
    assert cloud.made == []


async def test_it_is_never_used_unless_it_is_configured(cloud):
    program = Program(language=Language.PYTHON, text="1", inputs={})
    for rules, token, words in (
        (None, TOKEN, "sandbox.modal.image"),
        (RULES, {"MODAL_TOKEN_ID": "ak-1"}, "MODAL_TOKEN_SECRET"),
    ):
        sandbox = ModalSandbox(rules, token.get)
        assert words in sandbox.missing(Language.PYTHON)
        with pytest.raises(SandboxError):
            await sandbox.run(program, SHORT)
    assert cloud.asked == []


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("highroad.adapters.sandboxes.native.modal.find_spec", lambda _: None)
    sandbox = ModalSandbox(RULES, TOKEN.get)
    assert "pip install 'highroad[modal]'" in sandbox.missing(Language.PYTHON)
