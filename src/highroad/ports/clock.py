"""Time, as the road reads it."""

from typing import Protocol


class Clock(Protocol):
    """Two readings of time, and a pause."""

    def now_ms(self) -> int:
        """Unix time in milliseconds; it may jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a test's clock waits in its own time."""
        ...
