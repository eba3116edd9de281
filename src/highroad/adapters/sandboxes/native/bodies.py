"""Bodies of tools in bubblewrap: how their worker processes start there, and what ends them."""

import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from highroad.adapters.sandboxes.native.answers import signal_of
from highroad.adapters.sandboxes.native.bubblewrap import allowed, confined
from highroad.adapters.sandboxes.native.runners import Runner, limited
from highroad.adapters.sandboxes.native.supervision import Start
from highroad.domain.sandbox import Bound, ProgramLimits
from highroad.ports.sandbox import LimitExceeded

_LOADING_S: Final = 10
"""Processor time in which a worker may import what its body needs, before its own time begins."""


class BodyJail:
    """What worker processes for bodies are confined by.

    They see the code that this process imports from, to be read, and nothing else of its files.

    Args:
        limits: Of each worker; one serves one body once.
        hidden: Files and folders that may lie beside that code, and that no body must see.
    """

    def __init__(self, limits: ProgramLimits, hidden: Sequence[str]) -> None:
        self._limits = limits
        self._hidden = hidden

    def start(self, command: Sequence[str]) -> Start:
        """How to start a worker, confined.

        Raises:
            SandboxError: It cannot be.
        """
        runner = Runner(
            command=command,
            said=b"",
            needs=_code(),
            # What an interpreter reserves is much more than what it uses.
            memory="d",
            memory_mb=self._limits.memory_mb,
        )
        patient = replace(self._limits, cpu_s=self._limits.cpu_s + _LOADING_S)
        inside = limited(runner, patient, processes=allowed(self._limits))
        return confined(
            inside, needs=runner.needs, limits=self._limits, hidden=tuple(self._covered())
        )

    def ended(self, code: int) -> LimitExceeded | None:
        """The limit that a worker exceeded that ended so, if any."""
        match signal_of(code):
            case signal.SIGXCPU | signal.SIGKILL:
                return LimitExceeded(Bound.CPU, self._limits)
            case signal.SIGXFSZ:
                return LimitExceeded(Bound.FILES, self._limits)
            case _:
                return None

    def _covered(self) -> Iterator[str]:
        """What is hidden and would be seen, by each name under which it would be."""
        hidden = {path.resolve() for path in map(Path, self._hidden) if path.exists()}
        outermost = [path for path in hidden if hidden.isdisjoint(path.parents)]
        for folder in map(Path, _code()):
            real = folder.resolve()
            for path in outermost:
                if path.is_relative_to(real):
                    yield str(folder / path.relative_to(real))


def _code() -> Sequence[str]:
    """Where this process imports from, by the names that it knows and by those behind links.

    A folder within another comes with it; the root of all files and a home are no place of code.
    """
    named = [Path(each).absolute() for each in (sys.prefix, sys.base_prefix, *sys.path)]
    places = {place for path in named if path.exists() for place in (path, path.resolve())}
    kept: list[Path] = []
    for place in sorted(places - {Path("/"), Path.home()}, key=lambda each: len(each.parts)):
        if not any(place.is_relative_to(folder) for folder in kept):
            kept.append(place)
    return tuple(map(str, kept))
