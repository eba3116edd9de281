"""What entries refer to: facts that stand in others, before them or in another log.

Logs have no order among them, so facts may come in any order; only where two stand in one log is
the first of them the earlier.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias

Body: TypeAlias = Mapping[str, Any]
"""The parsed body of an entry, whose columns were found to be of their types."""
Place: TypeAlias = tuple[str, int]
"""Where an entry stands: log, `seq`."""
Reader: TypeAlias = Callable[[Place, Body], None]
"""Learns from the body of an entry."""
Key: TypeAlias = str | bytes
"""Of a fact, an id or its digest."""

NAME: Final = 80
"""Characters of an id that are shown."""
_SHORT: Final = 48
"""Characters of an id that is kept as it is."""


class Facts:
    """Facts of one kind, and who referred to one that was not there: behind it, or never."""

    def __init__(self) -> None:
        self.known: set[Key] = set()
        self._early: dict[Key, dict[str, int]] = {}
        """The first such place in each log."""

    def add(self, key: Key, log: str) -> None:
        """A fact stands in a log: whoever referred to it from another one was right."""
        self.known.add(key)
        self.meet(key, log)

    def meet(self, key: Key, log: str) -> None:
        """The same, of a fact that is kept elsewhere."""
        if key in self._early:
            early = self._early.pop(key)
            if log in early:
                self._early[key] = {log: early[log]}

    def refer(self, key: Key, place: Place) -> None:
        """An entry refers to a fact."""
        if key not in self.known:
            self._early.setdefault(key, {}).setdefault(*place)

    def missed(self) -> Iterator[Place]:
        """Where entries referred to what is not there."""
        return (place for places in self._early.values() for place in places.items())


def key_of(name: object) -> Key | None:
    """A short id as it is; of a long one, which a forger may have made of megabytes, a digest."""
    if type(name) is not str:
        return None
    if len(name) <= _SHORT:
        return name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
