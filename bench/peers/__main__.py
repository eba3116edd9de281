"""`python -m bench.peers langgraph_agent`: one peer, offline, its medians as one JSON line.

`bench.frameworks.langgraph` is one of the frameworks, by its whole name and with its own Python.

With `--serve` it prints a line when it is ready and then answers each number n on standard input
with the samples of a burst of n, so that `bench.harness.Peer` can take turns with it. A peer that
reached for the network ends with an error, whatever it measured.
"""

import asyncio
import importlib
import importlib.metadata
import json
import statistics
import sys
from contextlib import suppress
from types import ModuleType
from typing import Final

from bench.peers.offline import attempts, forbid_network

_ROUNDS: Final = 11
_BURST: Final = 50


async def _serve(peer: ModuleType) -> None:
    async with peer.open_bursts() as burst:
        _say({"versions": _versions(peer)})
        for line in sys.stdin:
            _say(await burst(int(line)))


async def _medians(peer: ModuleType) -> None:
    samples: dict[str, list[float]] = {}
    async with peer.open_bursts() as burst:
        await burst(_BURST)
        for _ in range(_ROUNDS):
            for name, times in (await burst(_BURST)).items():
                samples.setdefault(name, []).extend(times)
    medians = {name: round(statistics.median(times), 1) for name, times in samples.items()}
    _say({"versions": _versions(peer), **medians})


def _versions(peer: ModuleType) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in peer.DISTRIBUTIONS}


def _say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def main(name: str, *options: str) -> None:
    """Run the peer of that name."""
    forbid_network()
    peer = importlib.import_module(name if "." in name else f"bench.peers.{name}")
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(peer) if "--serve" in options else _medians(peer))
    if attempts:
        sys.exit(f"{name} reached for the network: {', '.join(attempts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
