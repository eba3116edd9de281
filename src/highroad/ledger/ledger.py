"""The ledger as the rooms above use it: write an entry, read a call's history."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import orjson

from highroad.domain.call import Call
from highroad.domain.confidence import KeptStatement, Statement
from highroad.domain.entry import (
    Entry,
    EntryKind,
    KeyClaim,
    KeyDestroyed,
    Position,
    Receipt,
    Row,
    Written,
)
from highroad.domain.error import LedgerError
from highroad.domain.identity import Principal, shadow_payer
from highroad.domain.json_value import JsonObject
from highroad.domain.part import Blob
from highroad.domain.payload import PayloadKind, PayloadRef
from highroad.domain.pin import Pin
from highroad.ledger import entries, snapshot
from highroad.ledger.access import Writer
from highroad.ledger.history import CallHistory, read_body, read_call, read_pin
from highroad.ledger.keyring import Keyring, RunKey
from highroad.ledger.record import CallRecord
from highroad.ledger.tables.derivation import stored
from highroad.ledger.vault import Vault
from highroad.ports.clock import Clock
from highroad.ports.store import Store

_MAX_KNOWN: Final = 10_000
"""Principals whose profile this process remembers to have written."""
_MAX_KEYS: Final = 8
"""Keys of a run that may be destroyed, one after another, while one entry is on its way."""
_NOTHING: Final[Mapping[str, bytes]] = {}


# Drafts are small objects and not closures: thousands may wait, and the garbage collector walks
# over every cell of a closure again and again.


class IntentDraft:
    """The intent of a read, as it stood when it was given."""

    __slots__ = ("_at_ms", "_content", "_ledger", "_lines", "_record", "_traced")

    def __init__(
        self, ledger: "Ledger", record: CallRecord, content: bytes, at_ms: int, lines: int
    ) -> None:
        self._ledger = ledger
        self._record = record
        self._content = content
        self._at_ms = at_ms
        self._lines = lines
        self._traced = record.traced

    def __call__(self) -> Entry | None:
        """The entry, unless the end has come meanwhile and says it too."""
        ledger, record = self._ledger, self._record
        if record.waiting is not self:
            return None
        record.waiting, record.traced = None, self._traced
        ledger.seal_arguments(record, self._content)
        entry = entries.intent(record, at_ms=self._at_ms, lines=self._lines)
        ledger.note(record, entry, self._lines)
        return entry

    async def again(self) -> "IntentDraft":
        """The same, to be drawn up under a fresh key; the end waits behind it."""
        await self._ledger.rekey(self._record)
        self._record.waiting = self
        return self


class EndDraft:
    """The end of a read."""

    __slots__ = ("_end", "_ledger", "_lines", "_record", "_traced")

    def __init__(
        self, ledger: "Ledger", record: CallRecord, end: Callable[[], Entry], lines: int
    ) -> None:
        self._ledger = ledger
        self._record = record
        self._end = end
        self._lines = lines
        self._traced: int | None = None

    def __call__(self) -> Entry:
        """The entry, with all that has landed with it noted."""
        if self._traced is None:
            self._traced = self._record.traced
        self._record.traced = self._traced
        entry = self._end()
        self._ledger.note(self._record, entry, self._lines)
        return entry

    async def again(self) -> "EndDraft":
        """The same, to be drawn up under a fresh key."""
        await self._ledger.rekey(self._record)
        return self


class Ledger:
    """Entries in, histories out; payloads sealed on the way."""

    def __init__(self, store: Store, writer: Writer, keyring: Keyring, clock: Clock) -> None:
        self.store = store
        self.writer = writer
        self.keyring = keyring
        self.clock = clock
        self.vault: Vault = Vault(store, keyring, clock)
        self._known: dict[str, Principal] = {}
        """Whose profile this process has written, by opaque id."""

    # -- writing ---------------------------------------------------------------------------

    async def record(self, call: Call, *, policy_version: str) -> CallRecord:
        """Begin to note what becomes of a call; nothing is written yet."""
        run_key: RunKey | Callable[[], RunKey]
        if call.is_direct:
            run_key = partial(self.vault.key_of_direct_run, call.run_id)
        else:
            is_second = call.parent_id is not None or call.stands_in_for is not None
            if is_second and self.writer.behind:
                # The key of a direct run is on its way to the store, with its first call.
                await self.writer.flush()
            run_key = await self.vault.key_of_run(call.run_id)
        payer = shadow_payer(call.organization) if call.in_shadow else call.principal
        record = CallRecord(
            call,
            principal_id=self.keyring.opaque(payer),
            run_key=run_key,
            policy_version=policy_version,
        )
        record.is_new_run = call.is_direct or record.run_key.is_new
        known = self._known.get(record.principal_id)
        if known is not payer and known != payer and not call.in_shadow:
            record.profile = self._profile(record)
        return record

    async def reopened(self, call: Call, history: CallHistory) -> CallRecord:
        """The record of a call that has entries already, to add to them."""
        record = CallRecord(
            call,
            principal_id=history.opening["principal"],
            run_key=await self.vault.key_of_run(call.run_id),
            policy_version=history.opening["policy"],
        )
        record.is_new_run = False
        record.can_be_kept = False
        record.tool_name = history.opening["tool"]
        record.approval = history.approval
        record.has_intent = history.intent is not None
        record.effect = None if history.intent is None else history.intent.get("effect")
        record.reserved_microusd = history.opening["reserved"]
        record.sources = history.sources
        record.confidential = history.confidential
        record.verification = history.verification
        record.stated = history.stated
        return record

    def seal(
        self, record: CallRecord, payload_id: str, kind: PayloadKind, content: bytes
    ) -> PayloadRef:
        """Encrypt content that rides with the next entry of `record`."""
        ref, sealed = self.vault.seal(record.run_key, payload_id, kind, content)
        record.payloads.append(sealed)
        return ref

    def seal_arguments(self, record: CallRecord, content: bytes) -> None:
        """Seal a call's arguments, and what its model said of them, once."""
        if record.arguments is None:
            call = record.call
            suffix = f".{call.revision}" if call.revision else ""
            record.arguments = self.seal(
                record, f"{call.id}.arguments{suffix}", PayloadKind.ARGUMENTS, content
            )
            if call.stated is not None:
                record.stated = self._seal_statement(record, call.stated)

    def _seal_statement(self, record: CallRecord, stated: Statement) -> KeptStatement:
        """Keep what a model stated: the number in plain, its words sealed (P7)."""
        reasoning: PayloadRef | None = None
        if stated.reasoning:
            payload_id, words = f"{record.call.id}.reasoning", orjson.dumps(stated.reasoning)
            reasoning = self.seal(record, payload_id, PayloadKind.REASONING, words)
        return KeptStatement(confidence=stated.confidence, reasoning=reasoning)

    def seal_call(self, record: CallRecord) -> None:
        """Seal what driving the call again takes."""
        call = record.call
        suffix = f".{call.revision}" if call.revision else ""
        self.seal(record, f"{call.id}.call{suffix}", PayloadKind.CALL, snapshot.freeze(call))
        record.is_call_kept = True

    async def write(self, record: CallRecord, entry: Entry) -> Receipt:
        """Wait until an entry is durable or turned down.

        Where its key was destroyed on the way, `record` has a fresh one for the next.

        Raises:
            LedgerError: It could not be written, and was not.
        """
        receipt = await self.writer.write(entry)
        if isinstance(receipt, Written):
            self.note(record, entry, len(record.trace))
        elif isinstance(receipt, KeyDestroyed):
            await self.rekey(record)
        return receipt

    async def write_drawn(self, record: CallRecord, draw: Callable[[], Entry]) -> Receipt:
        """Write what `draw` makes, anew under a fresh key where the one it had was destroyed.

        Raises:
            LedgerError: It could not be written, and was not.
        """
        for _ in range(_MAX_KEYS):
            receipt = await self.write(record, draw())
            if not isinstance(receipt, KeyDestroyed):
                return receipt
        raise LedgerError(f"run {record.call.run_id} is erased again and again; stop that first")

    async def rekey(self, record: CallRecord) -> None:
        """Go on under a fresh key; what waits in `record` is sealed anew when it is next drawn."""
        record.renew(await self.vault.fresh_key(record.run_key))
        record.profile = self._profile(record)

    async def put_intent(self, record: CallRecord, content: bytes, *, at_ms: int) -> None:
        """Let a read's intent ride with the next commit (P2); it waits where too many do.

        It is awaited after a commit has failed, so that reads are refused until one succeeds, and
        where it brings the key of a run that other calls will lean on.

        Args:
            record: Of the read.
            content: Its arguments, as they are before the body has them.
            at_ms: Unix time.

        Raises:
            LedgerError: The intent could not be written, and was not.
        """
        await self.writer.room()
        if self._is_awaited(record):

            def draw() -> Entry:
                """The intent, under the key that the record has by then."""
                self.seal_arguments(record, content)
                return entries.intent(record, at_ms=at_ms)

            await self.write_drawn(record, draw)
        else:
            record.waiting = IntentDraft(self, record, content, at_ms, len(record.trace))
            self.writer.put(record.waiting)

    async def put_answer(self, record: CallRecord, end: Callable[[], Entry]) -> None:
        """Let the end of a read ride whose body did not run: it is bounded as an intent is.

        Raises:
            LedgerError: It could not be written, and was not.
        """
        await self.writer.room()
        if self._is_awaited(record):
            await self.write_drawn(record, end)
        else:
            await self.put_end(record, end)

    def _is_awaited(self, record: CallRecord) -> bool:
        """Whether the first entry of a read does not ride, as `put_intent` says."""
        if self.writer.failure is not None:
            return True
        return not record.call.is_direct and record.run_key.pending is not None

    async def put_end(self, record: CallRecord, end: Callable[[], Entry]) -> None:
        """Let a read's end ride: what was let through is told as it was, once that can be.

        It waits for nothing, so that whoever goes away meanwhile takes no end along; how many
        ride is bounded by the intents, which wait. An intent that still waits for the same commit
        is left out: one entry then tells the whole call.
        """
        intent, record.waiting = record.waiting, None
        record.tells_intent = intent is not None
        self.writer.put(EndDraft(self, record, end, len(record.trace)), instead_of=intent)

    def note(self, record: CallRecord, entry: Entry, lines: int) -> None:
        """What has landed with an entry need not ride again; after one turned down it must."""
        record.traced = lines
        del record.payloads[: len(entry.payloads)]
        if entry.run_key is not None:
            record.run_key.pending = None
        record.run_key.is_new = False
        if record.profile is not None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[record.principal_id] = record.call.principal
            record.profile = None

    def _profile(self, record: CallRecord) -> Row:
        return self.profile_row(record.call.principal)

    def profile_row(self, principal: Principal) -> Row:
        """The row that says who a principal is, to ride with an entry that names its id."""
        opaque_id, sealed = self.keyring.opaque(principal), self.sealed_profile(principal)
        return Row("app_user", (opaque_id, principal.organization, sealed, self.clock.now_ms()))

    def sealed_profile(self, principal: Principal) -> bytes:
        """Who a principal is, encrypted, for the erasable table."""
        key = self.keyring.organization(principal.organization)
        profile = orjson.dumps(snapshot.freeze_principal(principal))
        return key.seal_profile(key.opaque(principal.id), profile)

    def forget(self, organization: str, opaque_id: str) -> None:
        """Let go of what memory holds of a principal."""
        self._known.clear()
        self.keyring.organization(organization).forget(opaque_id)

    # -- reading ---------------------------------------------------------------------------

    async def history(self, call_id: str) -> CallHistory | None:
        """All that is recorded of a call, with what still waits for its commit."""
        if self.writer.behind:
            await self.writer.flush()
        return read_call(await self.store.entries(call_id=call_id))

    async def pins(self) -> dict[tuple[str, str], Pin]:
        """What was accepted last, by name and version of the tool (P8)."""
        return await self._definitions(EntryKind.PINNED)

    async def met(self) -> dict[tuple[str, str], Pin]:
        """What programs were run with last where no pin says it, by name and version likewise."""
        return await self._definitions(EntryKind.MET)

    async def _definitions(self, kind: EntryKind) -> dict[tuple[str, str], Pin]:
        found: dict[tuple[str, str], Pin] = {}
        async for page in stored(self.store, kind=kind):
            for entry in page:
                pin = read_pin(read_body(entry))
                found[pin.tool, pin.version] = pin
        return found

    async def pin(self, tool: str, digest: str) -> Pin | None:
        """The definition with this digest; entries have what tables do not: all of it."""
        async for page in stored(self.store, kind=EntryKind.PINNED):
            for entry in page:
                pin = read_pin(read_body(entry))
                if (pin.tool, pin.digest) == (tool, digest) and pin.fields is not None:
                    return pin
        return None

    async def policy_version(self) -> str | None:
        """The policy version that was recorded last."""
        version: str | None = None
        after: Position | None = None
        while page := await self.store.entries(kind=EntryKind.POLICY, after=after):
            version, after = read_body(page[-1])["version"], page[-1].position
        return version

    async def claim(self, organization: str, digest: bytes) -> KeyClaim | None:
        """Who holds an idempotency key."""
        return await self.store.claim(organization, digest, at_ms=self.clock.now_ms())

    async def open_json(
        self, history: CallHistory, name: str, opened: Mapping[str, bytes] = _NOTHING
    ) -> bytes | None:
        """The plain bytes of a call's `arguments`, `result` or `message`.

        Args:
            history: Of the call.
            name: Which of them.
            opened: Payloads that are at hand, by id.

        Raises:
            VaultError: They were erased, or their key is lost.
        """
        ref = history.ref(name)
        return None if ref is None else await self._open(history, ref.id, opened)

    async def open_blobs(
        self, history: CallHistory, opened: Mapping[str, bytes] = _NOTHING
    ) -> tuple[Blob, ...]:
        """The bytes of the images and files that a call's result holds.

        Args:
            history: Of the call.
            opened: Payloads that are at hand, by id.

        Raises:
            VaultError: They were erased, or their key is lost.
        """
        ended = history.ended or {}
        return tuple(
            [
                Blob.of(await self._open(history, payload_id, opened))
                for payload_id, _, _ in ended.get("parts", ())
            ]
        )

    async def _open(
        self, history: CallHistory, payload_id: str, opened: Mapping[str, bytes]
    ) -> bytes:
        content = opened.get(payload_id)
        return await self.vault.open(history.run_id, payload_id) if content is None else content

    async def thaw(self, history: CallHistory) -> Call:
        """The call behind a history, ready to be driven on.

        Raises:
            VaultError: What it takes was erased, or its key is lost.
        """
        revision = history.opening.get("revision", 0)
        suffix = f".{revision}" if revision else ""
        frozen = await self.vault.open(history.run_id, f"{history.call_id}.call{suffix}")
        content = await self.open_json(history, "arguments")
        arguments: JsonObject = {} if content is None else orjson.loads(content)
        remaining = history.remaining_ms
        return snapshot.thaw(
            frozen,
            call_id=history.call_id,
            run_id=history.run_id,
            arguments=arguments,
            deadline_ms=self.clock.now_ms() + (remaining if remaining is not None else 0),
        )
