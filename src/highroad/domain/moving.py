"""What a ledger is made of, when it is carried from one store to another."""

from enum import StrEnum


class Section(StrEnum):
    """One kind of rows; audit tables are sections of their own, by their names.

    The columns of each are fixed, so that stores of different kinds understand each other.
    """

    LEDGER = "ledger"
    """`name`, `value`: the ledger's id, and what it remembers of itself."""
    LOG = "log"
    """`log_id`, `epoch`, `first`, `size`."""
    ENTRY = "entry"
    """`log_id`, `seq`, `kind`, `schema`, `organization`, `run_id`, `call_id`, `at_ms`, `body`."""
    PAYLOAD = "payload"
    """`id`, `run_id`, `kind`, `ciphertext`, `created_ms`."""
    RUN_KEY = "run_key"
    """`run_id`, `master`, `wrapped`, `created_ms`."""
    KEY_CLAIM = "key_claim"
    """`organization`, `digest`, `arguments`, `call_id`, `expires_ms`."""
    OPEN_CALL = "open_call"
    """`call_id`, `log_id`, `seq`."""
    TILE = "tile"
    """`log_id`, `level`, `position`, `hashes`."""
    SIGNED_HEAD = "signed_head"
    """`number`, `statement`, `signature`."""
    ANCHORED = "anchored"
    """`anchor`, `number`."""
    INBOX = "inbox"
    """`kind`, `content`: orders as `highroad.domain.order.write_order` gives them."""
