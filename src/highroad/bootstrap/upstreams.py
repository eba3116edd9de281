"""Servers of tools that other programs run: which adapter speaks to one."""

import os
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from highroad.adapters.sandboxes.process.variables import OURS, given_variables
from highroad.adapters.system import SystemClock
from highroad.bootstrap.extras import MCP as EXTRA
from highroad.bootstrap.secrets import read_hidden
from highroad.domain.error import SettingsError
from highroad.ports.upstream import Upstream
from highroad.redaction.known_secrets import KNOWN

_LAUNCHERS: Final = frozenset({"npx", "bunx", "uvx", "pipx", "uv", "node", "python", "python3"})
"""Programs that run another one, whose name says more."""
_RUNS: Final = frozenset({"run", "exec", "tool", "-m", "-y", "--yes", "-q", "--quiet"})
"""What stands between the two."""
_PROGRAM: Final = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._/@+-]{0,99}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def upstream_of(
    command: Sequence[str], *, name: str | None = None, variables: Sequence[str] = ()
) -> Upstream:
    """A server of MCP that a command starts and that speaks on its standard streams.

    Args:
        command: The program and its arguments.
        name: As operators call it; without one it is that of the program.
        variables: Names of variables of the environment that it is given besides the usual ones.
            Their values are kept out of sight, as secrets are.

    Raises:
        SettingsError: The library is missing, a variable is not there, or the name cannot be one.
    """
    if not command:
        raise SettingsError("no command says which server to start: `… -- COMMAND ARG…`")
    given = {variable: _read(variable) for variable in variables}
    named = name or name_of(command)
    if not _NAME.fullmatch(named):
        raise SettingsError(
            f"{named!r} is no name of a server: 1 to 64 letters, digits, `_`, `-` or `.`; "
            "give one with --name"
        )
    with EXTRA.needed():
        from highroad.adapters.upstreams.mcp_stdio import McpStdio  # noqa: PLC0415 - an extra
    return McpStdio(
        command,
        name=named,
        variables=lambda: {**given_variables((), KNOWN.is_in), **given},
        clock=SystemClock(),
    )


def name_of(command: Sequence[str]) -> str:
    """What the program of a command is called, or what it launches; no argument of it is told."""
    program = PurePath(command[0]).name
    if re.sub(r"[0-9.]+$", "", program) in _LAUNCHERS | {"python"}:
        for word in command[1:]:
            if word in _RUNS:
                continue
            if _PROGRAM.fullmatch(word) or PurePath(word).suffix in {".py", ".js", ".mjs"}:
                program = _bare(word)
            break
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", program).strip("-.")[:64] or "upstream"


def _bare(word: str) -> str:
    """A package without its scope and version, a file without its folder."""
    last = PurePath(word).name
    package = last.partition("@")[0] or last
    return re.sub(r"\.(py|m?js)$", "", package)


def _read(variable: str) -> str:
    if variable.startswith(OURS):
        raise SettingsError(f"{variable} is a variable of Highroad itself, and given to nobody")
    if variable not in os.environ:
        raise SettingsError(f"the environment has no variable {variable}, which --env names")
    return read_hidden(variable) or ""
