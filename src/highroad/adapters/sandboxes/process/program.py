"""The program of a worker process: it loads bodies, and runs one after the other.

It is started as a file of its own and imports nothing of ours before it knows where to look.
Frames come in by what was its standard input, and answers leave by what was its standard output:
a body finds neither there. It ends with its parent, however that ends.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from struct import Struct
from typing import Any, Final, TypeAlias

HEAD: Final = Struct(">cI")
"""Before every frame: its kind, and how many bytes follow."""
LOAD: Final = b"l"
RUN: Final = b"r"
LOADED: Final = b"L"
BEGUN: Final = b"B"
"""Sent before the body is called: without it, nothing was begun."""
ANSWERED: Final = b"A"
BROKEN: Final = b"E"
"""What was asked for cannot be done; the frame says why."""

Run: TypeAlias = Callable[[bytes], bytes]
Load: TypeAlias = Callable[[bytes], Run]
_PR_SET_PDEATHSIG: Final = 1


class _Pipes:
    """Frames from and to the parent, out of reach of the body's own input and output."""

    def __init__(self) -> None:
        self._inward = os.dup(0)
        self._outward = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def read(self) -> tuple[bytes, bytes] | None:
        """The next frame, or `None` where the parent is gone."""
        head = self._read_exactly(HEAD.size)
        if head is None:
            return None
        kind, size = HEAD.unpack(head)
        content = self._read_exactly(size)
        return None if content is None else (kind, content)

    def write(self, kind: bytes, content: bytes = b"") -> None:
        """Send a frame; what cannot be sent has nobody who waits for it."""
        left = memoryview(HEAD.pack(kind, len(content)) + content)
        while left:
            left = left[os.write(self._outward, left) :]

    def _read_exactly(self, size: int) -> bytes | None:
        parts = []
        while size:
            part = os.read(self._inward, size)
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def serve() -> None:
    """Serve one parent until it is gone."""
    pipes = _Pipes()
    _die_with_parent()
    frames: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()
    hello = pipes.read()
    if hello is None:
        return
    said = json.loads(hello[1])
    load = _loader(said)
    threading.Thread(target=_listen, args=(pipes, frames), daemon=True).start()
    known: dict[bytes, Run] = {}
    run: Run | None = None
    while True:
        kind, content = frames.get()
        try:
            if kind == LOAD:
                if content not in known:
                    known[content] = load(content)
                run = known[content]
                pipes.write(LOADED)
            elif run is not None:
                pipes.write(BEGUN)
                _begin_time(said.get("cpu_s"))
                pipes.write(ANSWERED, run(content))
        except BaseException as error:  # noqa: BLE001 - a module may do anything as it is imported
            pipes.write(BROKEN, type(error).__name__.encode())


def _loader(said: dict[str, Any]) -> Load:
    """What loads bodies, found where the parent finds it."""
    sys.path[:] = said["path"]
    module, _, name = said["load"].partition(":")
    load: Load = getattr(import_module(module), name)
    return load


def _listen(pipes: _Pipes, frames: "SimpleQueue[tuple[bytes, bytes]]") -> None:
    """Hand on frames. When there is nobody left to answer, end at once, in the middle of a body."""
    while (frame := pipes.read()) is not None:
        frames.put(frame)
    os._exit(0)


def _begin_time(cpu_s: int | None) -> None:
    """From here on count processor time; what was imported until now is not the body's."""
    if cpu_s is not None:
        used_s = math.ceil(time.process_time())
        _, most_s = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (min(used_s + cpu_s, most_s), most_s))


def _die_with_parent() -> None:
    """Let the kernel kill us with our parent, where it can: a body may never let `_listen` run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    serve()
