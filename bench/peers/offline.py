"""A process that stays offline, and says so."""

import importlib
import socket
import sys
from typing import Final, NoReturn
from unittest.mock import patch

# Where something tried to go.
attempts: Final[list[str]] = []


def _refuse(*where: object, **_options: object) -> NoReturn:
    attempts.append(repr(where[1:] if isinstance(where[0], socket.socket) else where))
    raise ConnectionRefusedError(f"a peer must stay offline, and reached for {attempts[-1]}")


def forbid_network() -> None:
    """Refuse, and remember, every connection and name look-up of this process from now on.

    Python's own socket class is closed, rather than an audit hook set, because a hook would also
    run at many other places inside what is being timed.
    """
    for name in ("connect", "connect_ex", "sendto"):
        patch.object(socket.socket, name, _refuse).start()
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        patch.object(socket, name, _refuse).start()


def main(*modules: str) -> None:
    """Import modules, and end with an error if that reached for the network."""
    forbid_network()
    for module in modules:
        importlib.import_module(module)
    if attempts:
        sys.exit(f"importing {', '.join(modules)} reached for the network: {', '.join(attempts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
