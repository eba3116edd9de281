"""Keep the virtual environment of the peers in step with its lock.

`python bench/peers_venv.py` builds `.bench/peers` from `requirements-peers.txt`, once per lock and
Python; `--lock` resolves the lock anew. `run.py` does the former by itself. The peers live apart
from `.venv` so that nothing they pull in can reach, or slow down, what is measured as ours.
Needs the standard library alone.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SCRATCH: Final = ROOT / ".bench"
PEERS: Final = SCRATCH / "peers"
WANTED: Final = ROOT / "bench" / "requirements-peers.in"
LOCK: Final = ROOT / "bench" / "requirements-peers.txt"

# Links and caches of whoever runs this must not change what is installed or locked.
_LEFT_OUT: Final = (
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PYTHONPATH",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
)
_ADDRESS: Final = re.compile(r"://|find-links|index-url|/home/|/root/|/opt/|/tmp/")


class PeersUnavailableError(Exception):
    """The peers' environment cannot be built; the message says what to do."""


def peers_python() -> Path:
    """Return the peers' Python, after building their environment if its lock changed."""
    python = PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = PEERS / ".built-from"
    wanted = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version}"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    _say(f"peers: building {PEERS.relative_to(ROOT)} (locked and hashed; some minutes, once)")
    SCRATCH.mkdir(exist_ok=True)
    shutil.rmtree(PEERS, ignore_errors=True)
    venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(PEERS)
    _run(
        [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)],
        "peers: the locked packages could not be installed; is a package index within reach?",
    )
    stamp.write_text(wanted)
    _say("peers: ready")
    return python


def lock() -> None:
    """Resolve `requirements-peers.txt`: every platform, every hash, no address or path.

    Raises:
        PeersUnavailableError: Nothing resolves, or an address got into the lock.
    """
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise PeersUnavailableError(
            "peers: uv resolves the lock and is not here; run `make venv` first"
        )
    command = [uv, "pip", "compile", "--quiet", "--no-config", "--universal", "--upgrade"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
    command += ["--no-header", "--no-annotate", "--output-file", str(LOCK), str(WANTED)]
    _say("peers: resolving")
    _run(command, "peers: the wanted packages do not resolve together")
    if _ADDRESS.search(LOCK.read_text()):
        raise PeersUnavailableError(
            f"peers: an address or a path of this machine stands in {LOCK.name}"
        )


def _run(command: list[str], complaint: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise PeersUnavailableError(f"{complaint} ({lines[-1].strip()})")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--lock"]:
            lock()
        _say(f"peers: {peers_python().relative_to(ROOT)} is up to date")
    except PeersUnavailableError as error:
        sys.exit(str(error))
