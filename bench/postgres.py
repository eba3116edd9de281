"""A PostgreSQL of a bench's own, from the wheel that the tests start theirs from."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from typing import Final, Protocol, cast

from scripts.locked_environment import ROOT

from bench.harness import BenchError

SCHEMA: Final = "highroad"
"""Where a ledger has its tables."""
_PROGRAMS: Final = ROOT / "tests" / "postgres.py"


class Server(Protocol):
    """A server that is up."""

    def create(self) -> str:
        """Make a database that is empty, and give its name."""
        ...

    def url(self, database: str) -> str:
        """Where a database is reached."""
        ...

    def sql(self, statements: list[str], database: str) -> str:
        """Run statements, and give what they print."""
        ...

    def start(self) -> None:
        """Begin to answer."""
        ...

    def remove(self) -> None:
        """End it, and take its folder away."""
        ...


@contextmanager
def server() -> Iterator[Server]:
    """Give a server that lives as long as the context.

    Raises:
        BenchError: Its programs are not installed.
    """
    spec = spec_from_file_location("tests_postgres", _PROGRAMS)
    if spec is None or spec.loader is None:
        raise BenchError(f"{_PROGRAMS} cannot be read: run it from a checkout")
    programs = module_from_spec(spec)
    spec.loader.exec_module(programs)
    try:
        made = cast("Server", programs.Server())
    except AttributeError as error:  # the wheel is not there
        raise BenchError("PostgreSQL comes with the tools for developers: `make venv`") from error
    try:
        made.start()
        yield made
    finally:
        made.remove()
