"""The pytest plugin that an installed Highroad brings: the fixture `runtime`."""

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from highroad.testing.rehearsal import Rehearsal


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> "Rehearsal":
    """A runtime in memory, in fake time, without a network."""
    # Every test session loads this plugin; only those that use it pay for the rest.
    from highroad.testing.rehearsal import Rehearsal  # noqa: PLC0415 - see above

    original = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            pytest.fail(f"a tool reached for the network ({address!r}); replace it with a fake")
        original(self, address)  # type: ignore[arg-type]  # whatever the caller gave

    monkeypatch.setattr(socket.socket, "connect", connect)
    return Rehearsal()
