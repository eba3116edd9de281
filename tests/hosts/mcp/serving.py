"""`highroad serve` without its start: `serving.py SOCKET ARG…` has a process that is forked run it.

To import the command takes ten times as long as a scene. So one process does it, once
(`serving.py SOCKET`), and forks for whoever connects: what the child runs is the command, with the
arguments and the standard streams of the one that asks. That one waits until it is over.
"""

import json
import os
import signal
import socket
import sys

LONGEST = 65_536


def ask(address: str, arguments: list[str]) -> None:
    """Hand over what this process was started with, and wait."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        socket.send_fds(line, [json.dumps(arguments).encode()], [0, 1, 2])
        for stream in (0, 1):
            os.close(stream)
        line.recv(1)


def fork_for_all(address: str) -> None:
    """Serve each who connects in a process of their own, until this one is ended."""
    from highroad.adapters.upstreams import mcp_stdio  # noqa: F401, PLC0415 - to have it
    from highroad.cli import main, serve  # noqa: F401, PLC0415
    from highroad.gateway import opening, stdio  # noqa: F401, PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        os.write(1, b"ready\n")
        while True:
            line, _ = door.accept()
            with line:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    door.close()
                    said, streams, _, _ = socket.recv_fds(line, LONGEST, 3)
                    for target, stream in enumerate(streams):
                        os.dup2(stream, target)
                        os.close(stream)
                    sys.argv = ["highroad", *json.loads(said)]
                    main()


if __name__ == "__main__":
    _, place, *given = sys.argv
    if given:
        ask(place, given)
    else:
        fork_for_all(place)
