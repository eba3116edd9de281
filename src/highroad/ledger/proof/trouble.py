"""What goes wrong again and again, and is told once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from highroad.domain.error import HighroadError

_log: Final = logging.getLogger("highroad.ledger")


class Trouble:
    """Work that is tried again until it succeeds; its failure is logged when it begins.

    Args:
        what: The beginning of the sentence, such as "the ledger is not signed".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self.is_on: bool = False

    @contextmanager
    def told(self) -> Iterator[None]:
        """Run one try; its error ends here."""
        try:
            yield
        except HighroadError as error:
            if not self.is_on:
                _log.error("%s, which is tried again: %s", self._what, error)
            self.is_on = True
        else:
            self.is_on = False
