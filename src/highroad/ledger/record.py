"""What is known of a call while it is on the road: the stuff that its entries are made of."""

from collections.abc import Callable
from dataclasses import replace

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.confidence import KeptStatement
from highroad.domain.entry import Row
from highroad.domain.error import InvalidArguments
from highroad.domain.grounding import ValueSource
from highroad.domain.payload import PayloadRef, SealedPayload
from highroad.domain.sandbox import SandboxUse
from highroad.domain.verdict import StageLine
from highroad.domain.verification import VerificationRecord
from highroad.ledger.keyring import RunKey


class CallRecord:
    """Grows as stages pass; read by `highroad.ledger.entries`. It lives as long as the drive."""

    __slots__ = (
        "_run_key",
        "approval",
        "arguments",
        "at_most_microusd",
        "attempts",
        "call",
        "can_be_kept",
        "coercions",
        "confidential",
        "conversation_id",
        "effect",
        "has_intent",
        "invalid",
        "is_call_kept",
        "is_new_run",
        "key_digest",
        "opened_ms",
        "parent_run_id",
        "payloads",
        "policy_version",
        "preview",
        "principal_id",
        "profile",
        "ran_in",
        "reserved_microusd",
        "rules",
        "sources",
        "stated",
        "tells_intent",
        "tool_name",
        "trace",
        "traced",
        "verification",
        "waiting",
    )

    def __init__(  # noqa: PLR0915 - what there is to know of a call, a line for each
        self,
        call: Call,
        *,
        principal_id: str,
        run_key: RunKey | Callable[[], RunKey],
        policy_version: str,
    ) -> None:
        self.call: Call = call
        self.principal_id: str = principal_id
        """Opaque."""
        self._run_key = run_key
        self.policy_version: str = policy_version
        self.is_new_run: bool = call.is_direct
        """This call's first entry opens its run."""
        self.is_call_kept: bool = False
        """What driving it again takes is in the vault, or on its way there."""
        self.can_be_kept: bool = True
        """The call is here as it was made; of one that an earlier process began it may not be."""
        self.parent_run_id: str | None = None
        """The run that its run is a child of."""
        self.conversation_id: str | None = None
        """Opaque; of its run."""
        self.rules: tuple[str, ...] = ()
        """Of the policy, that allowed it."""
        self.sources: tuple[ValueSource, ...] = ()
        """Of its control values, where anybody looked for them."""
        self.confidential: tuple[str, ...] = ()
        """Arguments into which something flows that has readers, where a rule looks at that."""
        self.verification: VerificationRecord | None = None
        """The second opinion on it, where one was wanted."""
        self.trace: list[StageLine] = []
        self.traced: int = 0
        """How many lines of the trace an entry has already."""
        self.coercions: tuple[str, ...] = ()
        self.invalid: InvalidArguments | None = None
        self.arguments: PayloadRef | None = None
        self.stated: KeptStatement | None = None
        """How sure its model said it was, where it was asked; there once `arguments` are."""
        self.at_most_microusd: int = 0
        """What it may cost, of a call that is put before people: nothing is reserved for it yet."""
        self.preview: PayloadRef | None = None
        """What it would change, of a call that is put before people."""
        self.payloads: list[SealedPayload] = []
        """Sealed, and waiting for the next entry."""
        self.profile: Row | None = None
        """The principal's row in `app_user`, where this process has not written it yet."""
        self.key_digest: str | None = None
        """HMAC of the idempotency key with the run's key."""
        self.reserved_microusd: int = 0
        self.approval: Approval | None = None
        self.has_intent: bool = False
        """An intent is on disk, or on its way there."""
        self.effect: str | None = None
        """The class of the tool when an earlier process wrote the intent."""
        self.waiting: object = None
        """The draft of a read's intent, until it is drawn up."""
        self.tells_intent: bool = False
        """The end says all that the intent would have said: it came before that was drawn up."""
        self.attempts: int = 0
        self.ran_in: tuple[SandboxUse, ...] = ()
        """What ran in a sandbox for it, in this process."""
        self.tool_name: str | None = None
        """The tool's own name, once it is known. What no tool is called may be anything, and
        stays out of the ledger (P7)."""
        self.opened_ms: int = call.created_ms

    @property
    def run_key(self) -> RunKey:
        """The data key of the run; one of a direct run is made when something is first sealed."""
        if not isinstance(self._run_key, RunKey):
            self._run_key = self._run_key()
        return self._run_key

    def renew(self, key: RunKey) -> None:
        """Have another key: nothing that was made under the one before is written any more."""
        self._run_key = key
        self.payloads.clear()
        self.is_call_kept = False
        self.arguments = self.key_digest = None
        if self.verification is not None:
            self.verification = replace(self.verification, content=None)
