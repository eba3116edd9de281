"""A virtual environment apart from `.venv`, kept in step with a lock of its own.

The peers of the numbers and the frameworks that agents are brought with each live in one, so that
nothing which they pull in can reach, or slow down, what is ours. Locks name every platform and
every hash, and no address. Both resolving and installing are uv's, which `make venv` brings.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

# Links and settings of whoever runs this must not change what is installed or locked.
_LEFT_OUT: Final = (
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PYTHONPATH",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "VIRTUAL_ENV",
)
_ADDRESS: Final = re.compile(r"://|find-links|index-url|/home/|/root/|/opt/|/tmp/")


class EnvironmentUnavailableError(Exception):
    """An environment cannot be built, or its lock not resolved; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedEnvironment:
    """One environment and its lock.

    Args:
        name: For whoever waits for it.
        folder: Where it is built, anew whenever its lock changes.
        locked: The lock, in the format of `requirements.txt`.
        wanted: What `uv pip compile` resolves: files, and options such as `--extra`.
        beside: Folders whose modules can be imported there too.
        commands: Commands of those modules, each with its `module:function`.
    """

    name: str
    folder: Path
    locked: Path
    wanted: tuple[str, ...]
    beside: tuple[Path, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()

    @property
    def programs(self) -> Path:
        """Where its Python and its commands are."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def interpreter(self) -> Path:
        """Its Python, whether it is built or not."""
        return self.programs / ("python.exe" if os.name == "nt" else "python")

    @property
    def is_built(self) -> bool:
        """Whether it stands as its lock says, for this Python."""
        stamp = self.folder / ".built-from"
        return (
            self.interpreter.exists() and stamp.exists() and stamp.read_text() == self._built_from()
        )

    def build(self) -> None:
        """Build it, unless it stands as its lock says.

        Raises:
            EnvironmentUnavailableError: The locked packages cannot be had.
        """
        if self.is_built:
            return
        say(f"{self.name}: building {self.folder.relative_to(ROOT)} (locked and hashed; once)")
        shutil.rmtree(self.folder, ignore_errors=True)
        _uv(
            ["venv", "--quiet", "--no-project", "--python", sys.executable, str(self.folder)],
            f"{self.name}: this Python cannot make virtual environments",
        )
        install = ["pip", "sync", "--quiet", "--require-hashes", "--python", str(self.interpreter)]
        _uv(
            [*install, str(self.locked)],
            f"{self.name}: the locked packages could not be installed; "
            "is a package index within reach?",
        )
        self._put_beside()
        (self.folder / ".built-from").write_text(self._built_from())

    def lock(self) -> None:
        """Resolve the lock: the newest versions, every platform, every hash, no address or path.

        Raises:
            EnvironmentUnavailableError: Nothing resolves, or an address got into the lock.
        """
        say(f"{self.name}: resolving")
        options = ["--universal", "--upgrade", "--python-version", "3.11", "--generate-hashes"]
        options += ["--no-emit-index-url", "--no-header", "--no-annotate"]
        _uv(
            [
                "pip",
                "compile",
                "--quiet",
                *options,
                "--output-file",
                str(self.locked),
                *self.wanted,
            ],
            f"{self.name}: the wanted packages do not resolve together",
        )
        if _ADDRESS.search(self.locked.read_text()):
            raise EnvironmentUnavailableError(
                f"{self.name}: an address or a path of this machine stands in {self.locked.name}"
            )

    def _built_from(self) -> str:
        """What it depends on, in one line."""
        parts = (sys.version, *map(str, self.beside), *map(str, self.commands))
        digest = hashlib.sha256("\0".join(parts).encode() + self.locked.read_bytes())
        return digest.hexdigest()

    def _put_beside(self) -> None:
        """Let it import what is ours, and offer our commands; nothing of that is copied."""
        if self.beside:
            lines = "".join(f"{folder}\n" for folder in self.beside)
            (self._packages() / "beside.pth").write_text(lines)
        for name, target in self.commands:
            module, function = target.split(":")
            program = self.programs / name
            program.write_text(
                f"#!{self.interpreter}\n"
                f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            )
            program.chmod(0o755)

    def _packages(self) -> Path:
        script = "import sysconfig; print(sysconfig.get_path('purelib'))"
        done = subprocess.run(  # noqa: S603
            [str(self.interpreter), "-c", script], check=True, capture_output=True, text=True
        )
        return Path(done.stdout.strip())


def outside() -> dict[str, str]:
    """What package managers are run with: nothing by which a reader chooses other packages."""
    return {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}


def run(command: Sequence[str], complaint: str, *, folder: Path = ROOT) -> None:
    """Run a package manager.

    Raises:
        EnvironmentUnavailableError: It failed; with the complaint and its last line.
    """
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, env=outside(), cwd=folder
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise EnvironmentUnavailableError(f"{complaint} ({lines[-1].strip()})")


def say(line: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"{line}\n")


def _uv(arguments: Sequence[str], complaint: str) -> None:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise EnvironmentUnavailableError("uv is not here; run `make venv` first")
    run([uv, *arguments, "--no-config"], complaint)
