"""References to encrypted content: the ledger holds these, never the content."""

from enum import StrEnum

from highroad.domain.value import value


class PayloadKind(StrEnum):
    """What a payload is, so that retention and access can differ."""

    ARGUMENTS = "arguments"
    CALL = "call"
    """What is needed to drive a call again: its principal, delegation, evidence and key."""
    PREVIEW = "preview"
    """What a held call would change, as its tool said when it was put before people."""
    REASONING = "reasoning"
    """Why a model made a call, in its own words."""
    RESULT = "result"
    PART = "part"
    """Bytes of an image or a file that a result holds."""
    REQUEST = "request"
    """What a run is to do, with all that going on with it takes."""
    REPLY = "reply"
    """A whole reply of a model."""
    VERIFICATION = "verification"
    """A second opinion on a call, with what it was given on."""
    MESSAGE = "message"
    """Text that a tool's author or a person wrote: an error message, a reason, a word to a run."""


@value(kw_only=False)
class PayloadRef:
    """Names a payload in a ledger entry.

    `digest` is an HMAC-SHA256 under the run's key over the content in RFC 8785 form, in hex: once
    the key is erased nobody can guess the content back, and proofs over the entry still hold.
    """

    id: str
    digest: str
    size: int
    """Bytes in plain."""


@value(kw_only=False)
class SealedPayload:
    """Content under AES-256-GCM with the key of its run; `id` and run are authenticated with it."""

    id: str
    run_id: str
    kind: PayloadKind
    ciphertext: bytes
    """Nonce (12 bytes), ciphertext, tag."""
    created_ms: int
    sealed_under: bytes | None = None
    """The key of its run in wrapped form, where others may destroy it before the payload lands:
    it lands under that one alone. It is not stored."""


@value(kw_only=False)
class SealedKey:
    """The data key of a run, wrapped by a master key that `master` names."""

    run_id: str
    master: str
    wrapped: bytes
    created_ms: int
