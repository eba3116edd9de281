"""The virtual environment of the peers, in step with its lock.

`python -m bench.peers_venv` builds `.bench/peers` from `requirements-peers.txt`, once per lock and
Python; `--lock` resolves the lock anew. `run.py` does the former by itself.
"""

import sys
from pathlib import Path
from typing import Final

from scripts.locked_environment import ROOT, EnvironmentUnavailableError, LockedEnvironment, say

SCRATCH: Final = ROOT / ".bench"
PEERS: Final = LockedEnvironment(
    name="peers",
    folder=SCRATCH / "peers",
    locked=ROOT / "bench" / "requirements-peers.txt",
    wanted=(str(ROOT / "bench" / "requirements-peers.in"),),
)


def peers_python() -> Path:
    """Return the peers' Python, after building their environment if its lock changed.

    Raises:
        EnvironmentUnavailableError: It cannot be built.
    """
    PEERS.build()
    return PEERS.interpreter


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--lock"]:
            PEERS.lock()
        say(f"peers: {peers_python().relative_to(ROOT)} is up to date")
    except EnvironmentUnavailableError as error:
        sys.exit(str(error))
