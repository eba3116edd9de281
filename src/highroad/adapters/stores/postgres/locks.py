"""Advisory locks: who writes a log, who empties the inbox, who signs, who changes the schema.

They belong to a session of the server, so that death frees them. The first of two keys says what
is locked, the second which of these.
"""

from dataclasses import dataclass
from typing import Final

_FAMILY: Final = 0x4852_0000
"""Keeps our locks apart from those of other programs in the same database."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock."""

    kind: int
    number: int = 0
    is_shared: bool = False
    """Several may have it at once, while nobody has it alone."""

    @property
    def is_of_log(self) -> bool:
        """Whether it is that of a log's writer."""
        return self.kind == _LOG

    @property
    def keys(self) -> str:
        """As SQL writes it."""
        return f"{_FAMILY + self.kind}, {self.number}"

    @property
    def take(self) -> str:
        """SQL that takes it until the session ends, and says whether it could."""
        suffix = "_shared" if self.is_shared else ""
        return f"SELECT pg_try_advisory_lock{suffix}({self.keys})"

    @property
    def give_back(self) -> str:
        """SQL that lets go of it before the session ends."""
        return f"SELECT pg_advisory_unlock({self.keys})"

    @property
    def take_for_transaction(self) -> str:
        """SQL that takes it until the transaction ends, and says whether it could."""
        return f"SELECT pg_try_advisory_xact_lock({self.keys})"

    @property
    def wait_for(self) -> str:
        """SQL that waits until it can be had, and has it until the transaction ends."""
        return f"SELECT pg_advisory_xact_lock({self.keys})"


MIGRATION: Final = Lock(1)
DESK: Final = Lock(2)
"""Whoever has it turns the orders of the inbox into entries."""
SIGNING: Final = Lock(3)
PARTITIONS: Final = Lock(4)
DERIVING: Final = Lock(7)
"""Whoever has it derives the audit tables anew."""
ALONE: Final = Lock(6)
"""Whoever has it owns the whole ledger: nobody writes any log of it."""
BESIDE: Final = Lock(6, is_shared=True)
"""Every writer has it, beside the others."""
_LOG: Final = 5


def of_log(number: int) -> Lock:
    """The lock of a log's living writer."""
    return Lock(_LOG, number)


HELD: Final = (
    "SELECT objid::bigint::integer FROM pg_locks WHERE locktype = 'advisory' "  # noqa: S608 - a constant
    "AND granted AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND classid = {_FAMILY + _LOG}"
)
"""SQL that gives the numbers of the logs with a living writer."""
