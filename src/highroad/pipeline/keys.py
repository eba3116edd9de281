"""Idempotency keys: how a call gets one, and how it takes it.

What the second call with a key is answered stands in `highroad.pipeline.repetition`.
"""

from dataclasses import replace
from typing import Final

from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.call import Call
from highroad.domain.entry import (
    ApprovalSpent,
    CredentialsEnded,
    Entry,
    KeyClaim,
    KeyDestroyed,
    KeyTaken,
    Written,
)
from highroad.domain.error import BrokenPromise, CallError, Code
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.ledger.canonical import canonical
from highroad.pipeline import repetition
from highroad.pipeline.context import RoadContext

REMEMBER_MS: Final = 30 * 86_400_000
"""A claim outlives the month in which somebody may still ask whether it happened."""

_RACES: Final = 100
"""How often a call that lost its key to one that does not keep it tries again."""

ERASED: Final = CallError(
    code=Code.LEDGER_UNAVAILABLE,
    message="The run of this call was erased just as the call began; nothing was done.",
    hint="Make the call again if it is still wanted.",
    retryable=True,
)

UNSHOWN: Final = CallError(
    code=Code.DENIED,
    message="The credentials of whoever gave these arguments have ended.",
    hint="Have them sign in again.",
)


def undo_ms(rules: ApprovalRules) -> int:
    """For how long a call can be taken back: not once its key is forgotten, else it were twice."""
    return min(int(rules.undo_s * 1_000), REMEMBER_MS)


def is_shared(call: Call) -> bool:
    """Whether a later call could have this call's key.

    Derived in a run of one, only a call from inside its own body can, while it is in flight.
    """
    is_named = call.idempotency_key is not None or call.compensates is not None
    return is_named or not call.is_direct


def claim_key(call: Call, context: RoadContext) -> KeyClaim:
    """The claim on this call's key: given by the caller, or derived from run and arguments.

    That of a compensation is derived from the call that it takes back, and given to what stands in
    for it.
    """
    services = context.services
    organization = services.ledger.keyring.organization(call.organization)
    definition = call.known_definition
    same = _key_arguments(call, context)
    scope: tuple[bytes, ...] = (
        b"key",
        context.record.principal_id.encode(),
        definition.name.encode(),
    )
    if call.in_dry_run and not definition.has_effects:
        # What its body calls is dry: a read whose body acts must not be answered by it.
        scope = (*scope, b"dry")
    if call.compensates is not None and call.stands_in_for is None:
        # Whoever takes a call back, and with whatever arguments by then: it is taken back once.
        digest = arguments = organization.digest(b"compensates", call.compensates.encode())
    elif call.idempotency_key is None:
        # Derived from the arguments, it stands for them too.
        digest = arguments = organization.digest(*scope, b"derived", call.run_id.encode(), same)
    else:
        digest = organization.digest(*scope, b"given", call.idempotency_key.encode())
        arguments = organization.digest(b"arguments", same)
    context.record.key_digest = context.record.run_key.digest(b"key" + digest)
    expires_ms = services.clock.now_ms() + REMEMBER_MS
    return KeyClaim(call.organization, digest, arguments, call.id, expires_ms)


def _key_arguments(call: Call, context: RoadContext) -> bytes:
    """What makes two calls the same: the arguments that the tool names, else all."""
    named = call.known_definition.key
    if not named:
        return context.canonical_arguments
    arguments = call.known_arguments
    return canonical({name: arguments.get(name) for name in named})


async def take(call: Call, context: RoadContext, entry: Entry) -> Written | ApprovalSpent | Verdict:
    """Write the entry that claims the call's key; who loses it is answered from the winner.

    The winner may have ended without keeping the key by the time it is looked at. Then the entry
    is written once more: whatever it stands for, the hold above all, must not be skipped.

    Returns:
        What became of the entry, or the verdict of a call whose key is another's.
    """
    for _ in range(_RACES):
        receipt = await context.services.ledger.write(context.record, entry)
        if isinstance(receipt, Written | ApprovalSpent):
            return receipt
        if isinstance(receipt, KeyDestroyed):
            return Refuse(ERASED, rule="run.erased")
        if isinstance(receipt, CredentialsEnded):
            return Refuse(UNSHOWN, rule=f"credentials.{receipt.subject}: ended")
        if not isinstance(receipt, KeyTaken):
            raise BrokenPromise(f"call {call.id} has ended, and was driven on")
        answered = await repetition.answer(call, context, receipt.claim)
        if not isinstance(answered, Proceed):
            return answered
        entry = replace(entry, claim=context.claim)
    raise BrokenPromise(f"call {call.id} lost its key {_RACES} times to calls that do not keep it")
