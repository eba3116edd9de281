"""What the entries of one call say, read together."""

from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

from highroad.domain.approval import Approval, ApprovalState, Level, Obligation
from highroad.domain.confidence import KeptStatement
from highroad.domain.dead_letter import DeadLetter, letter_of, values_of
from highroad.domain.deferral import Deferral, deferral_of, deferral_values
from highroad.domain.egress import Clearance, Connection
from highroad.domain.entry import (
    SCHEMA_VERSION,
    Amendment,
    AmendmentKind,
    EntryKind,
    StoredEntry,
)
from highroad.domain.error import InvalidArguments, LedgerError
from highroad.domain.grounding import ValueSource
from highroad.domain.identity import Origin
from highroad.domain.label import Integrity
from highroad.domain.outcome import Status
from highroad.domain.payload import PayloadRef
from highroad.domain.pin import Authored, Pin
from highroad.domain.run import RunHead, WhyDry
from highroad.domain.sandbox import SandboxUse
from highroad.domain.trial import TrialChange, TrialState
from highroad.domain.value import value
from highroad.domain.verification import VerificationRecord
from highroad.ledger.bodies import strange_field
from highroad.ledger.projections import Body, amendment_id


@value
class CallHistory:
    """One call, from its first entry to the last amendment."""

    call_id: str
    run_id: str
    organization: str
    opening: Body
    """The body of its newest entry that says who, what and why: intent, hold, or a lone end."""
    intent: Body | None
    deferred: Body | None
    """Where its result was to come later."""
    ended: Body | None
    approval: Approval | None
    """As its last entry left it; the store knows whether it was spent."""
    remaining_ms: int | None
    """Of its deadline, where it was held."""
    decisions: tuple[Body, ...]
    amendments: tuple[Amendment, ...]
    letter: DeadLetter | None
    """Where it was given up on, as the last entry about that left it."""
    stages: tuple[list[Any], ...]
    positions: tuple[int, ...]

    @property
    def status(self) -> Status | None:
        """How it ended, if it did."""
        return None if self.ended is None else Status(self.ended["status"])

    @property
    def hold(self) -> Approval | Deferral | None:
        """What it waits for: people, or a result; `None` where it does not wait."""
        if self.ended is not None:
            return None
        return self.approval if self.intent is None else self.deferral

    @property
    def code(self) -> str | None:
        """The code of the error that it ended with, if any."""
        return None if self.ended is None else self.ended["code"]

    @property
    def is_held(self) -> bool:
        """Whether it waits for people, or for a result that comes later."""
        return self.hold is not None

    @property
    def deferral(self) -> Deferral | None:
        """Its wait for a result, as its last entry left it."""
        told = self.deferred if self.ended is None else self.ended
        if told is None or "deferral" not in told:
            return None
        return deferral_of(deferral_values(told["deferral"]))

    @property
    def successor(self) -> str | None:
        """The call that stands in for this one, as its terminal record names it."""
        named = None if self.ended is None else self.ended.get("fallback")
        return None if named is None else str(named)

    @property
    def settled(self) -> bool | None:
        """Whether an unknown call was applied, by its last amendment; `None` is not known."""
        for amendment in reversed(self.amendments):
            if amendment.applied is not None:
                return amendment.applied
        return None

    @property
    def sources(self) -> tuple[ValueSource, ...]:
        """Where its control values came from, where anybody looked for that."""
        told = self.opening.get("sources", ())
        judged = self.opening.get("integrity") or [(None, None)] * len(told)
        if len(judged) != len(told):
            raise _unreadable(f"the entries of {self.call_id} judge other values than they name")
        return tuple(
            ValueSource(
                pointer=pointer,
                kind=kind,
                source=source,
                how=how,
                integrity=None if has is None else Integrity(has),
                needs=None if needs is None else Integrity(needs),
            )
            for (pointer, kind, source, how), (has, needs) in zip(told, judged, strict=True)
        )

    @property
    def confidential(self) -> tuple[str, ...]:
        """Arguments into which something flowed that has readers, where a rule looked at that."""
        return tuple(self.opening.get("confidential", ()))

    @property
    def endorsed(self) -> tuple[str, ...]:
        """Digests of the values that people have vouched for, for the rest of the run."""
        told = (word.get("endorsed", ()) for word in self.decisions)
        return tuple([digest for values in told for _, digest in values])

    @property
    def ran_in(self) -> tuple[SandboxUse, ...]:
        """What ran in a sandbox for it, before its result was deferred or it ended."""
        told = (self.deferred, self.ended)
        return tuple(_read_use(each) for body in told if body for each in body.get("ran_in", ()))

    @property
    def verification(self) -> VerificationRecord | None:
        """The second opinion on it, where one was wanted."""
        body = self.opening.get("verification")
        if body is None:
            return None
        content = body.get("content")
        return VerificationRecord(
            verifier=body["by"],
            opinion=body["opinion"],
            request=body.get("request"),
            is_kept="kept" in body,
            content=None if content is None else PayloadRef(*content),
        )

    @property
    def invalid(self) -> InvalidArguments | None:
        """What was wrong with its arguments, where they were refused."""
        return None if self.ended is None else read_invalid(self.ended)

    @property
    def stated(self) -> KeptStatement | None:
        """How sure its model said it was; `None` where it was not asked."""
        if "confidence" not in self.opening:
            return None
        confidence = self.opening["confidence"]
        return KeptStatement(confidence=confidence, reasoning=self.ref("reasoning"))

    def ref(self, name: str) -> PayloadRef | None:
        """The reference to `arguments`, `reasoning`, `result`, `message` or `verification`."""
        if name == "verification":
            return None if self.verification is None else self.verification.content
        source = self.ended if name in {"result", "message"} else self.opening
        found = None if source is None else source.get(name)
        return None if found is None else PayloadRef(*found)


def read_invalid(body: Body) -> InvalidArguments | None:
    """What the end of a call says was wrong with its arguments."""
    found = body.get("invalid")
    if found is None:
        return None
    problems = tuple((pointer, code) for pointer, code in found["problems"])
    return InvalidArguments(attempt=found["attempt"], problems=problems)


def is_of_code(opening: Body) -> bool:
    """Whether the first entry of a call says that code made it, or a body on its way."""
    return "parent" in opening or opening.get("origin") == Origin.CODE


def read_call(entries: Sequence[StoredEntry]) -> CallHistory | None:
    """Read the entries of one call, in order; `None` where there are none.

    Raises:
        LedgerError: An entry is of a newer schema than this version reads.
    """
    reading = _Reading()
    for entry in entries:
        reading.take(entry, read_body(entry))
    if reading.opening is None:
        return None
    first = entries[0]
    return CallHistory(
        call_id=first.call_id or "",
        run_id=first.run_id or "",
        organization=first.organization,
        opening=reading.opening,
        intent=reading.intent,
        deferred=reading.deferred,
        ended=reading.ended,
        approval=reading.approval,
        remaining_ms=reading.remaining_ms,
        decisions=tuple(reading.decisions),
        amendments=tuple(reading.amendments),
        letter=reading.letter,
        stages=tuple(reading.stages),
        positions=tuple(entry.position.seq for entry in entries),
    )


class _Reading:
    """A history in the making."""

    def __init__(self) -> None:
        self.opening: Body | None = None
        self.intent: Body | None = None
        self.deferred: Body | None = None
        self.ended: Body | None = None
        self.approval: Approval | None = None
        self.remaining_ms: int | None = None
        self.decisions: list[Body] = []
        self.amendments: list[Amendment] = []
        self.letter: DeadLetter | None = None
        self.stages: list[list[Any]] = []

    def take(self, entry: StoredEntry, body: Body) -> None:
        """Add what one more entry says."""
        if "stages" in body:
            self._take_stages(body)
        if "letter" in body:
            self.letter = letter_of(values_of(body["letter"]))
        if isinstance(body.get("approval"), dict):
            self.approval = read_approval(body["approval"], entry.organization)
        match entry.kind:
            case EntryKind.INTENT:
                self.intent = body
            case EntryKind.HELD:
                self._take_hold(body)
            case EntryKind.DEFERRED:
                self.deferred = body
            case EntryKind.ENDED:
                self.ended = body
            case EntryKind.DECIDED:
                self.decisions.append(body)
            case EntryKind.AMENDED:
                self.amendments.append(_read_amendment(body))
            case _:
                pass

    def _take_hold(self, body: Body) -> None:
        self.remaining_ms = body["remaining_ms"]
        if "edited" in body:  # it is in place of another one, by a word of somebody
            self.decisions.append({**body["edited"], "org": body["org"]})

    def _take_stages(self, body: Body) -> None:
        """A call that is driven again passes every stage anew; its end adds to its intent."""
        if "policy" in body:
            self.opening = body
            self.stages = list(body["stages"])
        else:
            self.stages.extend(body["stages"])


class _Read(Body):
    """A body; what it should say and does not was taken away by somebody."""

    def __missing__(self, name: str) -> NoReturn:
        """Tell what is missing."""
        raise _unreadable(f"an entry of kind {self.get('kind')} does not say {name!r}")


def _unreadable(what: str) -> LedgerError:
    return LedgerError(f"{what}: somebody changed the ledger; run `highroad audit verify`")


def text_of(entry: StoredEntry) -> str:
    """An entry's body as it stands.

    Raises:
        LedgerError: It is no text.
    """
    try:
        return entry.body.decode()
    except UnicodeDecodeError:
        raise LedgerError(
            f"entry {entry.position.seq} is no text: somebody changed the ledger; run `highroad "
            "audit verify`, or take all of it with `highroad audit export --to FOLDER`"
        ) from None


def read_body(entry: StoredEntry) -> Body:
    """Parse an entry's body.

    Raises:
        LedgerError: It is of a newer schema than this version reads, or nothing that it wrote.
    """
    if entry.schema > SCHEMA_VERSION:
        raise LedgerError(
            f"entry {entry.position.seq} has schema {entry.schema}, this version reads up to "
            f"{SCHEMA_VERSION}: open this ledger with the newer highroad that wrote it"
        )
    try:
        body = _Read(orjson.loads(entry.body))
    except (ValueError, TypeError):
        raise _unreadable(f"entry {entry.position.seq} is no JSON object") from None
    strange = strange_field(entry.kind, body)
    if strange is not None or body["kind"] != entry.kind:
        named = strange or "kind"
        raise _unreadable(f"entry {entry.position.seq} says nothing that can be read as {named!r}")
    return body


def read_pin(body: Body) -> Pin:
    """A pin as an entry has it."""
    return Pin(
        tool=body["tool"],
        version=body.get("version", ""),
        digest=body["definition"],
        change=body["change"],
        at_ms=body["at"],
        source=body.get("source", ""),
        by=body.get("by"),
        fields=body.get("fields"),
        despite=tuple(body.get("despite", ())),
        authored=_read_authored(body.get("authored")),
    )


def _read_authored(said: Body | None) -> Authored | None:
    return None if said is None else Authored(given=tuple(said["given"]), fields=said["fields"])


def read_trial_change(body: Body) -> TrialChange:
    """What somebody said of an agent on trial."""
    return TrialChange(
        id=body["id"],
        agent=body["agent"],
        organization=body["org"],
        state=TrialState(body["state"]),
        definition=body["definition"],
        by=body["by"],
        at_ms=body["at"],
        is_early=body["early"],
        reason=body.get("reason"),
    )


def read_run_head(body: Body) -> RunHead:
    """What the first entry of an agent's run says of the run."""
    return RunHead(
        run_id=body["run"],
        organization=body["org"],
        principal_id=body["principal"],
        agent=body["agent"],
        definition=body["definition"],
        trace_id=body["trace"],
        parent_span_id=body.get("parent_span"),
        started_ms=body["opened"],
        parent_id=body.get("parent_run"),
        conversation_id=body.get("conversation"),
        origin=Origin(body["origin"]),
        door=body["door"],
        delegated_by=body.get("delegated_by"),
        delegation=tuple(body.get("delegation", ())),
        dry=None if "dry" not in body else WhyDry(body["dry"]),
        shadow_of=body.get("shadow_of"),
        payer_id=body.get("payer"),
    )


def read_approval(body: Body, organization: str) -> Approval:
    """An approval as an entry has it."""
    return Approval(
        id=body["id"],
        call_id=body["call"],
        run_id=body["run"],
        organization=organization,
        requester=body["requester"],
        tool=body["tool"],
        digest=body["digest"],
        level=Level(body["level"]),
        quorum=body["quorum"],
        obligations=tuple(
            Obligation(code, reason, Level(level), quorum)
            for code, reason, level, quorum in body["obligations"]
        ),
        created_ms=body["created"],
        expires_ms=body["expires"],
        state=ApprovalState(body["state"]),
        approvers=tuple(body["approvers"]),
        use_by_ms=body.get("use_by"),
    )


def _read_use(body: Body) -> SandboxUse:
    return SandboxUse(
        sandbox=body["sandbox"],
        version=body["version"],
        strength=body["strength"],
        what=body["what"],
        ended=body["ended"],
        limits=body["limits"],
        count=body["count"],
        connections=tuple(
            Connection(
                host=host,
                port=port,
                clearance=Clearance(clearance),
                sent=sent,
                received=received,
                count=count,
            )
            for host, port, clearance, sent, received, count in body.get("connections", ())
        ),
    )


def _read_amendment(body: Body) -> Amendment:
    return Amendment(
        id=amendment_id(body),
        call_id=body["call"],
        kind=AmendmentKind(body["source"]),
        applied=body["applied"],
        by=body["by"],
        at_ms=body["at"],
        reason=body.get("reason"),
    )
