"""The two ways in which a leg ends before its strategy does."""

from collections.abc import Sequence

from highroad.domain.error import HighroadError
from highroad.domain.run import RunHold, RunStatus


class RunStopped(HighroadError):  # noqa: N818 - what is the case
    """The run ends here, and not because its strategy is done.

    Args:
        status: How it ends.
        code: Stable, as `Run.code` tells it.
        message: Free of what was asked and replied.
    """

    def __init__(self, status: RunStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Rests(BaseException):
    """The leg is over: the run waits for people, or for results that come later.

    It is no error and no `Exception`, so that a strategy which catches those lets it pass. When the
    run is resumed the strategy runs again from its beginning, and comes by what is on record.

    Args:
        holds: What is waited for.
    """

    def __init__(self, holds: Sequence[RunHold]) -> None:
        super().__init__("the run waits")
        # A call that is asked for twice in one reply is one call, and is waited for once.
        self.holds: tuple[RunHold, ...] = tuple({each.call_id: each for each in holds}.values())
