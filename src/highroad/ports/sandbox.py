"""Where bodies run that must be stopped whatever they do."""

from typing import Protocol

from highroad.domain.error import HighroadError


class SandboxError(HighroadError):
    """A body could not be run apart, or its place was lost. The message says which, and why.

    Args:
        message: Free of values.
        has_begun: Whether the body may have begun; otherwise nothing was applied.
    """

    def __init__(self, message: str, *, has_begun: bool) -> None:
        super().__init__(message)
        self.has_begun = has_begun


class Cell(Protocol):
    """A place where one body is loaded, ready to run once."""

    async def run(self, request: bytes) -> bytes:
        """Run the body and give its answer. Cancelled, it is stopped, whatever it does.

        Raises:
            SandboxError: The place was lost before the answer came.
        """
        ...


class Sandbox(Protocol):
    """Runs bodies apart from this process. What they are and answer is the caller's affair."""

    async def prepare(self, body: bytes) -> Cell:
        """Find a place and load a body there; wait while all are taken.

        Whoever gets a cell runs it. Cancelled, the place is not lost: loading goes on.

        Args:
            body: Says which, to the code that loads it.

        Raises:
            SandboxError: The body cannot be loaded.
        """
        ...

    async def close(self) -> None:
        """Stop what runs, and give up every place."""
        ...
