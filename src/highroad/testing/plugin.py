"""The pytest plugin that an installed Highroad brings: runtimes, models and effects for tests."""

import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from highroad.ports.model import Model
    from highroad.testing.effects import Effects
    from highroad.testing.models import ScriptedModel
    from highroad.testing.rehearsal import Rehearsal

RECORD: Final = "--record-models"
_PASSED: Final = pytest.StashKey[bool]()
"""Whether the test itself passed: what a fixture finds afterwards says nothing of one that did
not."""

# Every test session loads this plugin; only those that use it pay for the rest, which each fixture
# imports for itself.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how tapes are recorded."""
    parser.getgroup("highroad").addoption(
        RECORD,
        action="store_true",
        help="record the tapes of `recorded` tests anew, with the model of `model_to_record`",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say what marks mean."""
    config.addinivalue_line(
        "markers",
        "recorded(file, shape=None): `recorded_model` plays the tape of that name, which lies "
        f"beside the test; `{RECORD}` records it",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test passed."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> "Rehearsal":
    """A runtime in memory, in fake time, without a network."""
    from highroad.testing.rehearsal import Rehearsal  # noqa: PLC0415 - see above

    if not request.config.getoption(RECORD):
        _shut_the_network(monkeypatch)
    return Rehearsal()


@pytest.fixture
def effects(runtime: "Rehearsal") -> "Effects":
    """What the tools of `runtime` do, counted by their bodies."""
    from highroad.testing.effects import Effects  # noqa: PLC0415 - see above

    found = Effects()
    runtime.wrap(found.around)
    return found


@pytest.fixture
def scripted_model(request: pytest.FixtureRequest) -> Iterator[Callable[..., "ScriptedModel"]]:
    """Makes models that play a script, which must have been played to its end when the test ends.

    What it takes is what `ScriptedModel` takes.
    """
    from highroad.testing.models import ScriptedModel  # noqa: PLC0415 - see above

    made: list[ScriptedModel] = []

    def make(*script: object, **options: object) -> ScriptedModel:
        build: Callable[..., ScriptedModel] = ScriptedModel
        made.append(build(*script, **options))
        return made[-1]

    yield make
    for model in made:
        if model.overrun is not None:  # why a test failed whose run did
            raise model.overrun
        if _has_passed(request):
            model.assert_complete()


@pytest.fixture
def model_to_record() -> "Model":
    """The model whose replies a tape is recorded from; yours to override."""
    pytest.fail(
        f"{RECORD} asks a model: give your tests a fixture `model_to_record` that returns it"
    )


@pytest.fixture
def recorded_model(request: pytest.FixtureRequest) -> "Iterator[Model]":
    """The model on the tape that the mark `recorded` names, which must be played to its end."""
    from highroad.adapters.models.tape import Recorder, Replay  # noqa: PLC0415 - see above

    path, shape = _tape(request)
    if request.config.getoption(RECORD):
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield Recorder(request.getfixturevalue("model_to_record"), path)
        return
    replay = Replay(path, shape=shape)
    yield replay
    if _has_passed(request) and replay.left:
        raise AssertionError(
            f"{replay.left} exchanges of the tape {path.name} were not played: the run went "
            f"another way; `pytest {RECORD}` records it anew"
        )


def _tape(request: pytest.FixtureRequest) -> tuple[Path, str | None]:
    """Where the tape of a test lies, and in which shape it is played."""
    mark = request.node.get_closest_marker("recorded")
    if mark is None or len(mark.args) != 1:
        pytest.fail('name the tape: `@pytest.mark.recorded("refund.jsonl")`')
    return request.path.parent / mark.args[0], mark.kwargs.get("shape")


def _has_passed(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.stash.get(_PASSED, False))


def _shut_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    original = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            pytest.fail(f"a tool reached for the network ({address!r}); replace it with a fake")
        original(self, address)  # type: ignore[arg-type]  # whatever the caller gave

    monkeypatch.setattr(socket.socket, "connect", connect)
