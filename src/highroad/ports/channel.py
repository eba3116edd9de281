"""Where people are told that something waits for them."""

from typing import Protocol

from highroad.domain.error import HighroadError
from highroad.domain.notice import Notice


class ChannelError(HighroadError):
    """What somebody was to be told did not get there. Nothing else changed; tell it again."""


class Channel(Protocol):
    """A way to people. Whoever tells something may tell it again: a channel may repeat itself."""

    @property
    def name(self) -> str:
        """For logs: its address without secrets."""
        ...

    async def announce(self, notice: Notice) -> None:
        """Tell it; it is there when this returns.

        Raises:
            ChannelError: It did not get there.
        """
        ...

    async def close(self) -> None:
        """Let go of what is held open."""
        ...
