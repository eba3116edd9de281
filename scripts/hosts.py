"""The environments of the hosts: frameworks that agents are brought with, and MCP.

`python -m scripts.hosts` builds those in `.hosts` that are not in step with their locks, all or by
name; `--lock` resolves the locks anew, at the newest versions. Each has what `pip install
highroad[NAME]` brings besides what the framework's own users have, and Highroad itself from this
checkout. `make tests` builds them first, because tests have no network.
"""

import argparse
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from scripts.locked_environment import ROOT, EnvironmentUnavailableError, LockedEnvironment, say
from scripts.node_environment import NodeEnvironment

_FOLDER: Final = ROOT / ".hosts"
_REQUIREMENTS: Final = ROOT / "tests" / "hosts" / "requirements"


def _host(name: str) -> LockedEnvironment:
    """The environment of the extra of that name."""
    return LockedEnvironment(
        name=f"hosts: {name}",
        folder=_FOLDER / name,
        locked=_REQUIREMENTS / f"{name}.txt",
        # Held to the core that users of the bare package get.
        wanted=(
            *("--constraint", str(ROOT / "requirements" / "core.txt")),
            *("--extra", name, str(ROOT / "pyproject.toml")),
            str(_REQUIREMENTS / f"{name}.in"),
        ),
        beside=(ROOT / "src", ROOT / "auditor"),
        commands=(("highroad", "highroad.cli:main"),),
    )


HOSTS: Final[Mapping[str, LockedEnvironment]] = {
    name: _host(name) for name in ("langgraph", "openai-agents", "pydantic-ai", "mcp")
}
NODE: Final = NodeEnvironment(
    name="hosts: node", folder=_FOLDER / "node", locked=_REQUIREMENTS.parent / "node"
)
"""MCP servers and clients that are written for Node."""
ENVIRONMENTS: Final[Mapping[str, LockedEnvironment | NodeEnvironment]] = {**HOSTS, "node": NODE}


def main(arguments: list[str]) -> None:
    """Lock or build.

    Raises:
        EnvironmentUnavailableError: One of them cannot be had.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.hosts", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ENVIRONMENTS, []], metavar="NAME")
    parser.add_argument("--lock", action="store_true", help="resolve the locks anew")
    wanted = parser.parse_args(arguments)
    hosts = [ENVIRONMENTS[name] for name in wanted.names or ENVIRONMENTS]
    if wanted.lock:
        for host in hosts:
            host.lock()
    # Beside each other: they wait for the network more than for processors.
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda host: host.build(), hosts))
    say(f"hosts: {', '.join(wanted.names or ENVIRONMENTS)} up to date")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except EnvironmentUnavailableError as error:
        sys.exit(str(error))
