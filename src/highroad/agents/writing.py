"""What a leg writes of its run: each entry with what was said in it, sealed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from highroad.agents.lease import claim_of_leg, claim_of_mail
from highroad.agents.record import Heard, RunRecord, Turn
from highroad.agents.snapshot import Errand, freeze_errand, freeze_reply
from highroad.domain.entry import Entry, KeyDestroyed, KeyTaken, Receipt, Row, Written
from highroad.domain.error import LedgerError
from highroad.domain.model import ModelReply, TokenUsage
from highroad.domain.payload import PayloadKind
from highroad.domain.run import ReplyRecord, RequestRecord, RunHead, RunStatus
from highroad.ledger.entries import runs as entries
from highroad.ledger.entries.runs import Sealed
from highroad.ledger.keyring import RunKey
from highroad.ledger.ledger import Ledger


class RunWriter:
    """Writes the entries of one run.

    Args:
        ledger: Where to.
        head: What every entry of the run says about it.
        key: Of the run.
    """

    def __init__(self, ledger: Ledger, head: RunHead, key: RunKey) -> None:
        self._ledger = ledger
        self._head = head
        self._key = key
        self._beginning: asyncio.Future[Receipt] | None = None
        """What tells of the run's first entry, while that is on its way to the disk."""

    def start(self, errand: Errand, profile: Row, begun: Callable[[], None]) -> RunRecord:
        """Let the run begin; nothing may be done for it before that is durable, as `begun` says.

        Whatever else is written waits for it by itself, and may share its commit.

        Args:
            errand: What it is asked for.
            profile: Of the principal, for the erasable table.
            begun: Called once it is durable.
        """
        name = entries.request_ref(self._head.run_id)
        request = self._seal(name, PayloadKind.REQUEST, freeze_errand(errand))
        self._beginning = self._ledger.writer.begin(
            entries.run_started(
                self._head,
                request,
                at_ms=self._now_ms,
                run_key=self._key.pending,
                profile=profile,
            )
        )
        self._beginning.add_done_callback(partial(self._landed, begun))
        record = RunRecord(self._head, errand)
        record.legs = 1
        return record

    async def begun(self) -> None:
        """Wait until the beginning of the run is durable, if it began here.

        Raises:
            LedgerError: It could not be written.
        """
        if self._beginning is None:
            return
        # Several lines of thought may wait for it, and one of them may be called off.
        self._check(await asyncio.shield(self._beginning))

    def _landed(self, begun: Callable[[], None], beginning: asyncio.Future[Receipt]) -> None:
        """Tell of a run that has begun; that it has not, whoever would go on with it is told."""
        failed = beginning.cancelled() or beginning.exception() is not None
        if not failed and isinstance(beginning.result(), Written):
            self._beginning = None
            self._key.pending, self._key.is_new = None, False
            begun()

    async def asked(self, request: RequestRecord) -> None:
        """A request is about to be sent; durable when this returns.

        Raises:
            LedgerError: It could not be written.
        """
        await self._write(entries.model_asked(self._head, request, at_ms=self._now_ms))

    def replied(self, record: ReplyRecord, reply: ModelReply | None) -> None:
        """What came of a request. It rides: whatever is begun because of it lands behind it."""
        sealed = None
        if reply is not None:
            name = entries.reply_ref(self._head.run_id, record.id)
            sealed = self._seal(name, PayloadKind.REPLY, freeze_reply(reply))
        self._ledger.writer.put(
            entries.model_replied(self._head, record, sealed, at_ms=self._now_ms)
        )

    async def message(self, heard: Heard, *, number: int, profile: bytes | None = None) -> bool:
        """A message has reached the run; durable when this returns.

        Args:
            heard: The message.
            number: Among those of the run, from 1.
            profile: Who sent it, encrypted.

        Returns:
            Whether it has; `False` where another message, or the end of the run, came first.

        Raises:
            LedgerError: It could not be written.
        """
        name = entries.message_ref(self._head.run_id, heard.id)
        entry = entries.run_message(
            self._head,
            self._seal(name, PayloadKind.MESSAGE, heard.text.encode()),
            message_id=heard.id,
            by=heard.by,
            when="now" if heard.is_urgent else "after",
            profile=profile,
            at_ms=self._now_ms,
        )
        claim = claim_of_mail(self._ledger, self._head, number, heard.id)
        return await self._comes_first(replace(entry, claim=claim))

    async def held(self, calls: Sequence[str]) -> None:
        """The leg is over, and the run waits for these calls.

        Raises:
            LedgerError: It could not be written.
        """
        await self._write(entries.run_held(self._head, calls, at_ms=self._now_ms))

    async def resumed(self, turn: Turn, *, leg_id: str, number: int) -> None:
        """The run is driven on, with another turn where there is something to begin it.

        Args:
            turn: What begins another turn.
            leg_id: Of the leg that drives it on.
            number: Among the legs and turns of the run, from 1.

        Raises:
            LedgerError: It could not be written, or another process has driven the run on.
        """
        entry = entries.run_resumed(
            self._head, heard=turn.heard, told=turn.told, at_ms=self._now_ms
        )
        claim = claim_of_leg(self._ledger, self._head, number, leg_id)
        await self._write(replace(entry, claim=claim))

    async def ended(  # noqa: PLR0913 - the facts of an end, each by name
        self,
        status: RunStatus,
        *,
        code: str | None,
        reason: str | None = None,
        result: bytes | None,
        steps: int,
        usage: TokenUsage,
        cost_microusd: int,
        messages: int,
    ) -> bool:
        """The run is over; durable when this returns.

        Returns:
            Whether it is; `False` where a message came first, beside the `messages` that are known.

        Raises:
            LedgerError: It could not be written.
        """
        sealed = None
        if result is not None:
            name = entries.result_ref(self._head.run_id)
            sealed = self._seal(name, PayloadKind.RESULT, result)
        entry = entries.run_ended(
            self._head,
            status,
            code=code,
            reason=reason,
            result=sealed,
            steps=steps,
            tokens_in=usage.input,
            tokens_out=usage.output,
            cost_microusd=cost_microusd,
            at_ms=self._now_ms,
        )
        claim = claim_of_mail(self._ledger, self._head, messages + 1, self._head.run_id)
        return await self._comes_first(replace(entry, claim=claim))

    @property
    def _now_ms(self) -> int:
        return self._ledger.clock.now_ms()

    def _seal(self, payload_id: str, kind: PayloadKind, content: bytes) -> Sealed:
        return self._ledger.vault.seal(self._key, payload_id, kind, content)

    async def _comes_first(self, entry: Entry) -> bool:
        """Write an entry; `False` where another one has what it claims."""
        receipt = await self._written(entry)
        if isinstance(receipt, KeyTaken):
            return False
        self._check(receipt)
        return True

    async def _write(self, entry: Entry) -> None:
        self._check(await self._written(entry))

    async def _written(self, entry: Entry) -> Receipt:
        if self._beginning is None:
            return await self._ledger.writer.write(entry)
        if self._beginning.done():  # nothing may land behind a beginning that has not
            await self.begun()
        _, receipt = await asyncio.gather(self.begun(), self._ledger.writer.begin(entry))
        return receipt

    def _check(self, receipt: Receipt) -> None:
        match receipt:
            case Written():
                return
            case KeyDestroyed():
                raise LedgerError(
                    f"run {self._head.run_id} was erased while it was under way: it cannot go on"
                )
            case KeyTaken():
                raise LedgerError(
                    f"another process has gone on with run {self._head.run_id} meanwhile: leave it "
                    "to that, or resume it later"
                )
            case _:
                raise LedgerError(f"an entry of run {self._head.run_id} was turned down")
