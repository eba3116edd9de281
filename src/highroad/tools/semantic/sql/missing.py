"""What to do where the extra is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sqlglot_needed() -> Iterator[None]:
    """Name the command that installs sqlglot, if that is what is missing.

    Raises:
        ModuleNotFoundError: It is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sqlglot":
            raise
        raise ModuleNotFoundError(
            "SQL types need sqlglot: pip install 'highroad[sql]'", name="sqlglot"
        ) from error
