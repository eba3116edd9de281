"""A command that was asked for what cannot be done."""

from highroad.domain.error import HighroadError


class Misuse(HighroadError):  # noqa: N818 - what happened
    """The command line asks for what there is not, or may not be. Nothing was done."""

    def __init__(self, reason: str, *, do: str = "") -> None:
        super().__init__(reason)
        self.do = do
