"""The two ways in which a leg ends before its strategy does."""

from collections.abc import Iterator, Sequence
from typing import Any

from highroad.domain.error import HighroadError
from highroad.domain.run import RunHold, RunStatus


class RunStopped(HighroadError):  # noqa: N818 - what is the case
    """The run ends here, and not because its strategy is done.

    Args:
        status: How it ends.
        code: Stable, as `Run.code` tells it.
        message: Free of what was asked and replied.
        reason: What was behind it, in one word that is as free of that.
    """

    def __init__(
        self, status: RunStatus, code: str, message: str, *, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reason = reason


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


def weightiest(group: BaseExceptionGroup[Any]) -> BaseException:
    """What a leg ends by whose lines went side by side in a way of the strategy's own.

    Where one waits the run waits; else the first that a run knows to end by, or any.
    """
    found = list(_each_in(group))
    resting = [each for each in found if isinstance(each, Rests)]
    if resting:
        return Rests([hold for each in resting for hold in each.holds])
    return next((each for each in found if isinstance(each, HighroadError)), found[0])


def _each_in(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _each_in(each)
        else:
            yield each
