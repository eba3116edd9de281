"""What every test stands on: no network, no settings of the developer, tests by promise."""

import asyncio
import os
import socket
import sys
from collections import Counter, defaultdict
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import settings
from scripts.hosts import ENVIRONMENTS

settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

collect_ignore = ["typing"]  # read by type checkers, never run
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def pytest_addoption(parser):
    group = parser.getgroup("highroad")
    group.addoption("--promise", metavar="ID", help="run only the tests of this promise")
    group.addoption("--nightly", action="store_true", help="run the long tests too")


def pytest_collection_modifyitems(config, items):
    promise = config.getoption("--promise")
    nightly = config.getoption("--nightly")

    def is_wanted(item):
        if promise and not any(promise in mark.args for mark in item.iter_markers("promise")):
            return False
        return nightly or item.get_closest_marker("nightly") is None

    unwanted = [item for item in items if not is_wanted(item)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if is_wanted(item)]


def pytest_terminal_summary(terminalreporter):
    """What tests counted as their property `counted`, summed, and what they found `missing`."""
    subjects = defaultdict(lambda: defaultdict(Counter))
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, counted in report.user_properties:
                if name == "counted":
                    subject, part, figures = counted
                    subjects[subject]["in all"].update(figures)
                    subjects[subject][part].update(figures)
    for subject, parts in subjects.items():
        told = (
            f"{part} {', '.join(f'{number:,} {what}' for what, number in figures.items())}"
            for part, figures in parts.items()
        )
        terminalreporter.write_line(f"{subject}: {'; '.join(told)}")
    missing = {
        what
        for report in terminalreporter.stats.get("skipped", ())
        for name, what in report.user_properties
        if name == "missing"
    }
    if missing:
        terminalreporter.write_line(
            f"not on this machine, so not tested: {'; '.join(sorted(missing))}"
        )


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def repository():
    """The checkout; tests themselves run in an empty folder."""
    return Path(__file__).resolve().parent.parent


def _beside(name):
    """A module beside this file; tests are no package."""
    path = Path(__file__).with_name(f"{name}.py")
    # Not by that name alone: a client library may have it.
    spec = spec_from_file_location(f"tests_{name}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres_programs():
    """The module `postgres.py`: servers that a test starts for itself."""
    return _beside("postgres")


@pytest.fixture(scope="session")
def postgres(postgres_programs):
    """A PostgreSQL server of this test process, started when the first test asks for it."""
    server = postgres_programs.Server()
    try:
        server.start()
        server.template = server.create()
        asyncio.run(postgres_programs.migrate(server.url(server.template)))
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres):
    """URL of an empty ledger."""
    database = postgres.create(postgres.template)
    yield postgres.url(database)
    postgres.drop(database)


@pytest.fixture(scope="session")
def redis_programs():
    """The module `redis.py`: servers that a test starts, kills and restarts for itself."""
    return _beside("redis")


@pytest.fixture(scope="session")
def redis(redis_programs):
    """A Redis server of this test process, started when the first test asks for it."""
    server = redis_programs.Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_url(redis):
    """URL of an empty Redis."""
    redis.command("FLUSHALL")
    return redis.url()


@pytest.fixture(scope="session")
def host():
    """Gives the environment of a framework, of MCP or of Node by its name; all are built before."""

    def environment(name):
        found = ENVIRONMENTS[name]
        if not found.is_built:
            pytest.fail(f"{found.name}: not built, and tests have no network: run `make hosts`")
        return found

    return environment


@pytest.fixture
def machine_has(request, record_property):
    """Goes on where nothing is missing; names what is, and in the nightly run insists on it."""

    def insist(missing):
        if missing is None:
            return
        if request.config.getoption("--nightly"):
            pytest.fail(f"the nightly run needs {missing}")
        record_property("missing", missing)
        pytest.skip(f"needs {missing}")

    return insist


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """An empty folder and no variable of ours: no ledger, key or highroad.toml by chance."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HIGHROAD_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _knows_no_secrets():
    """What one test has fetched must not be hidden from another."""
    yield
    known = sys.modules.get("highroad.redaction.known_secrets")
    if known is not None:
        known.KNOWN.forget_all()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, request):
    """Fails the test that reaches for the network, even if the code would swallow the error."""
    permitted = LOOPBACK if request.node.get_closest_marker("loopback") else frozenset()

    def guard(owner, name, host_of):
        original = getattr(owner, name)

        def guarded(*args, **options):
            host = host_of(*args, **options)
            if host is not None and host not in permitted:
                pytest.fail(f"{name} reached for {host!r}; tests have no network")
            return original(*args, **options)

        monkeypatch.setattr(owner, name, guarded)

    def peer(connection, *args, **_):
        return args[-1][0] if connection.family in (socket.AF_INET, socket.AF_INET6) else None

    guard(socket.socket, "connect", peer)
    guard(socket.socket, "connect_ex", peer)
    guard(socket.socket, "sendto", peer)
    guard(socket, "getaddrinfo", lambda host, *_, **__: host)
