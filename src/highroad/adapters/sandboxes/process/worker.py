"""A worker process, as its parent sees it.

It is a fresh interpreter, no fork: locks, keys and connections of this process are not in it. What
it is told goes through pipes. Its arguments say nothing, and in its environment are few variables,
each by name: keys may stand among ours (P7). It is killed with all that it started, as far as that
stayed in its process group.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from highroad.adapters.sandboxes.process.program import (
    ANSWERED,
    BEGUN,
    HEAD,
    LOAD,
    LOADED,
    RUN,
)
from highroad.domain.sandbox import Bound, ProgramLimits
from highroad.ports.sandbox import LimitExceeded, SandboxError

_PROGRAM: Final = Path(__file__).with_name("program.py")
_PART: Final = 65_536
_BURY_S: Final = 5.0
_DRAIN_S: Final = 0.02
"""How long a dead worker's last words may take to arrive."""


class Start(Protocol):
    """How to start a worker some other way."""

    @property
    def command(self) -> Sequence[str]:
        """What is started; in the end it runs the worker's own command."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """All variables that it has."""
        ...

    @property
    def given(self) -> Sequence[int]:
        """File descriptors that it inherits; they are closed here once it has started."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What worker processes of a pool are confined by."""

    start: Callable[[Sequence[str]], Start]
    """Makes of a worker's command how to start it confined."""
    ended: Callable[[int], SandboxError | None]
    """What limit it exceeded that ended with a code, if any."""
    limits: ProgramLimits
    """By which the largest answer is measured that is taken in."""


class Worker:
    """One worker process."""

    def __init__(
        self, process: asyncio.subprocess.Process, confinement: Confinement | None = None
    ) -> None:
        self._process = process
        self._confinement = confinement
        self.bodies: set[bytes] = set()
        self._loaded: bytes | None = None
        self._is_killed = False
        self._has_run = False

    @property
    def is_used_up(self) -> bool:
        """Whether it must serve no other body."""
        return self._confinement is not None and self._has_run

    @classmethod
    async def start(
        cls, load: str, variables: Mapping[str, str], confinement: Confinement | None = None
    ) -> Self:
        """Start one, confined or not.

        Args:
            load: `module:function`, which makes of a body a function that runs it.
            variables: All that it has, where nothing else confines it.
            confinement: What it is confined by.

        Raises:
            OSError: The system would not.
            SandboxError: It cannot be confined.
        """
        command = (sys.executable, "-P", str(_PROGRAM))
        if confinement is None:
            process = await _started(command, variables, ())
        else:
            how = confinement.start(command)
            try:
                process = await _started(
                    how.command, how.environment, how.given, stderr=asyncio.subprocess.DEVNULL
                )
            finally:
                for each in how.given:
                    os.close(each)
        worker = cls(process, confinement)
        path = [folder or str(Path.cwd()) for folder in sys.path]
        cpu_s = None if confinement is None else confinement.limits.cpu_s
        worker._send(b"h", json.dumps({"path": path, "load": load, "cpu_s": cpu_s}).encode())
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.returncode is None and not self._is_killed

    async def load(self, body: bytes) -> None:
        """Load a body; the next `run` is of that one.

        Raises:
            SandboxError: It cannot be loaded, or the worker is gone.
        """
        if self._loaded == body:
            return
        self._send(LOAD, body)
        kind, content = await self._receive()
        if kind != LOADED:
            raise SandboxError(f"a body cannot be loaded: {content.decode()}", has_begun=False)
        self.bodies.add(body)
        self._loaded = body

    async def run(self, request: bytes) -> bytes:
        """Run the body that was loaded last.

        Raises:
            SandboxError: The worker ended before it answered.
        """
        self._has_run = True
        self._send(RUN, request)
        kind, _ = await self._receive()
        if kind != BEGUN:
            raise SandboxError("a worker is out of step", has_begun=True)
        kind, content = await self._receive(has_begun=True)
        if kind != ANSWERED:
            raise SandboxError(f"a body broke its worker: {content.decode()}", has_begun=True)
        return content

    def kill(self) -> None:
        """Kill it, and what it started."""
        if self._is_killed:
            return  # its number may be another's by now
        self._is_killed = True
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    async def gone(self) -> None:
        """Wait until it is dead: that is known only once all that it said was taken in."""
        with suppress(RuntimeError, TimeoutError):  # somebody else takes it in, or it never ends
            async with asyncio.timeout(_BURY_S):
                while self._process.stdout is not None and await self._process.stdout.read(_PART):
                    pass
        await self._process.wait()

    def _send(self, kind: bytes, content: bytes) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(HEAD.pack(kind, len(content)) + content)

    async def _receive(self, *, has_begun: bool = False) -> tuple[bytes, bytes]:
        """The next frame, or why there is none."""
        stdout = self._process.stdout
        if stdout is None:
            raise SandboxError("a worker has no pipe", has_begun=has_begun)
        reading = asyncio.ensure_future(self._frame(stdout))
        dying = asyncio.ensure_future(self._process.wait())
        try:
            # Something that the body started may hold the pipe open when the worker is gone.
            await asyncio.wait({reading, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait({reading}, timeout=_DRAIN_S)
            if reading.done() and reading.exception() is None:
                return reading.result()
        finally:
            for task in (reading, dying):
                task.cancel()
        self.kill()  # also where it lives, and has closed its pipe
        if reading.done() and isinstance(flood := reading.exception(), LimitExceeded):
            raise flood
        code = await self._process.wait()
        exceeded = self._confinement and self._confinement.ended(code)
        raise exceeded or SandboxError(f"a worker ended with {code}", has_begun=has_begun)

    async def _frame(self, stream: asyncio.StreamReader) -> tuple[bytes, bytes]:
        kind, size = HEAD.unpack(await stream.readexactly(HEAD.size))
        if self._confinement is not None and size > self._confinement.limits.output_bytes:
            raise LimitExceeded(Bound.OUTPUT, self._confinement.limits)
        return kind, await stream.readexactly(size)


async def _started(
    command: Sequence[str],
    environment: Mapping[str, str],
    given: Sequence[int],
    *,
    stderr: int | None = None,
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env=dict(environment),
        pass_fds=tuple(given),
        start_new_session=True,
    )
