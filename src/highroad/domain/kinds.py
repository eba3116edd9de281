"""Kinds of entries, as stores have them."""

from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError


def read_kind(name: str, seq: int) -> EntryKind:
    """The kind of the entry `seq`.

    Raises:
        LedgerError: This version has none of that name.
    """
    try:
        return EntryKind(name)
    except ValueError:
        raise LedgerError(
            f"entry {seq} of the ledger is of a kind that this version does not know: open it with "
            "the newer highroad that wrote it, or run `highroad audit verify`"
        ) from None
