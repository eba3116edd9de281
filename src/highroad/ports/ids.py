"""Names for new things."""

from typing import Protocol


class Ids(Protocol):
    """Time-ordered ids: later ones sort behind earlier ones, to the millisecond.

    Form: TypeID 0.3, that is a prefix, `_`, and a UUIDv7 (RFC 9562) in 26 characters of
    lower-case Crockford base32, so that a store's index grows at its end.
    """

    def new(self, prefix: str) -> str:
        """A fresh id, for example `call_01jd…`."""
        ...
