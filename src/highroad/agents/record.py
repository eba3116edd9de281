"""A run as its ledger tells it: what a leg goes by before it is live."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final, TypeAlias

import orjson

from highroad.agents.context.summary import is_summary
from highroad.agents.snapshot import Errand, thaw_errand, thaw_reply
from highroad.domain.confidence import StatedFields
from highroad.domain.entry import EntryKind, Position, StoredEntry
from highroad.domain.error import LedgerError, NotRecorded, VaultError
from highroad.domain.json_value import JsonValue
from highroad.domain.model import ModelReply, TokenUsage
from highroad.domain.payload import SealedPayload
from highroad.domain.run import RunHead
from highroad.domain.value import value
from highroad.ledger.entries.runs import (
    message_ref,
    reply_ref,
    request_ref,
    result_ref,
    stated_fields,
)
from highroad.ledger.history import CallHistory, read_body, read_call, read_run_head
from highroad.ledger.keyring import RunKey
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body

_PAGE: Final = 1_000
_AS_THEY_CAME: Final = {"tool", "raw"}
"""What is kept of a call that was turned down before its arguments had a form."""
_MOST_MESSAGES: Final = 1_000_000
_SHAPE: Final = "openai"
"""The form of tools where a request does not say it, as those of older versions do not."""

Place: TypeAlias = tuple[str, int]
"""Of a call: the request, or the line of a strategy, that proposed it, and which of its calls."""


@value
class Answered:
    """A request of the run that a model has replied to."""

    request_id: str
    number: int
    """Among the requests of the run, from 1."""
    purpose: str
    shape: str
    """The form in which the model that answered took its tools."""
    tools: tuple[str, ...]
    """Names of those that it was offered."""
    choice: str
    """Whether it could call, and what."""
    stated: Mapping[str, StatedFields] = field(default_factory=dict)
    """By tool, where it was asked to say how sure it is of a call."""
    heard: tuple[str, ...]
    """Messages to the run that stood in it for the first time."""
    provisional: tuple[str, ...]
    """Calls that waited, and that it was answered of for the time being."""
    told: tuple[str, ...]
    """Calls whose outcome it was told behind such an answer."""
    reply: ModelReply


@value
class Turn:
    """What begins another turn of a run that was through."""

    heard: tuple[str, ...] = ()
    """Messages."""
    told: tuple[str, ...] = ()
    """Calls that were answered for the time being, and whose outcome has come."""


@value
class Heard:
    """A message that was sent to the run."""

    id: str
    text: str
    by: str
    """Who sent it: an opaque id."""
    is_urgent: bool
    """It goes before calls that wait."""


class RunRecord:
    """All that the ledger says of one run, opened and in order.

    Args:
        head: What every entry of the run says about it.
        errand: What it was asked for.
    """

    def __init__(self, head: RunHead, errand: Errand) -> None:
        self.head: RunHead = head
        self.errand: Errand = errand
        self.answered: dict[str, list[Answered]] = defaultdict(list)
        """By line of thought, in order."""
        self.calls: dict[Place, CallHistory] = {}
        self.heard: dict[str, Heard] = {}
        """Messages that were sent to it, by id, in order."""
        self.turns: list[Turn] = []
        """Behind the first, in order."""
        self.requests: int = 0
        """That were numbered."""
        self.usage: TokenUsage = TokenUsage()
        self.cost_microusd: int = 0
        self.legs: int = 0
        """That have begun."""
        self.leg_began: Position | None = None
        """Where the last one did, unless it is over."""
        self.waits_for: list[str] = []
        """Calls, as the run said when it last rested."""
        self.ended: Body | None = None
        self.result: bytes | None = None
        self.payloads: dict[str, bytes] = {}
        """Opened, by id; of what the run itself said, and of its calls' results."""

    @property
    def steps(self) -> int:
        """Replies that strategies have had."""
        return sum(len(line) for path, line in self.answered.items() if not is_summary(path))

    def call(self, call_id: str) -> CallHistory | None:
        """One of its calls by id."""
        return next((each for each in self.calls.values() if each.call_id == call_id), None)

    def count(self, usage: TokenUsage, cost_microusd: int) -> None:
        """Add what one more request took."""
        before = self.usage
        self.cost_microusd += cost_microusd
        self.usage = TokenUsage(
            input=before.input + usage.input,
            output=before.output + usage.output,
            cache_read=before.cache_read + usage.cache_read,
            cache_write=before.cache_write + usage.cache_write,
            ungoverned=before.ungoverned + usage.ungoverned,
        )


async def read_run(ledger: Ledger, run_id: str) -> RunRecord:
    """Read a run; one question for its entries, and one for all that they refer to.

    Raises:
        NotRecorded: The ledger has no such run.
        VaultError: What was said in it was erased, or its key is lost.
        LedgerError: Its entries cannot be read, or do not belong together.
    """
    if ledger.writer.behind:
        await ledger.writer.flush()
    entries = await entries_of(ledger, run_id)
    if not any(entry.kind is EntryKind.RUN_STARTED for entry in entries):
        raise NotRecorded(f"the ledger has no run {run_id} of an agent")
    key = await ledger.vault.kept_key(run_id)
    if key is None:
        raise VaultError(f"the key of run {run_id} was erased: what was said in it is gone")
    return _Reading(key, await ledger.store.payloads(run_id)).of(entries)


async def read_end(ledger: Ledger, run_id: str) -> tuple[RunHead, Body] | None:
    """Who had a run, and how it ended, of which nothing may be left that was said; or `None`."""
    ended = await ledger.store.entries(run_id=run_id, kind=EntryKind.RUN_ENDED, limit=1)
    if not ended:
        return None
    body = read_body(ended[0])
    return read_run_head(body), body


async def read_messages(ledger: Ledger, record: RunRecord) -> None:
    """Add to a record the messages that have come since it was read.

    Raises:
        LedgerError: They cannot be read.
    """
    run_id = record.head.run_id
    for entry in await ledger.store.entries(
        run_id=run_id, kind=EntryKind.RUN_MESSAGE, limit=_MOST_MESSAGES
    ):
        body = read_body(entry)
        if body["id"] not in record.heard:
            text = await ledger.vault.open(run_id, body["message"][0])
            record.heard[body["id"]] = _heard(body, text)


async def entries_of(ledger: Ledger, run_id: str) -> list[StoredEntry]:
    """All entries of a run, in the order in which they landed."""
    found: list[StoredEntry] = []
    after: Position | None = None
    while page := await ledger.store.entries(run_id=run_id, after=after, limit=_PAGE):
        found += page
        after = page[-1].position
        if len(page) < _PAGE:
            break
    return found


class _Reading:
    """A record in the making."""

    def __init__(self, key: RunKey, payloads: Iterable[SealedPayload]) -> None:
        self._opened = {each.id: key.open(each.id, each.ciphertext) for each in payloads}
        self._asked: dict[str, Body] = {}
        self._of_calls: dict[str, list[StoredEntry]] = defaultdict(list)
        self._run_id = ""

    def of(self, entries: Sequence[StoredEntry]) -> RunRecord:
        """The record that the entries of one run make."""
        bodies = [(entry, read_body(entry)) for entry in entries if entry.call_id is None]
        started = _beginning(bodies)
        head = read_run_head(started)
        self._run_id = head.run_id
        request = self._payload(started, "request", request_ref(head.run_id))
        record = RunRecord(head, thaw_errand(request))
        record.payloads = self._opened
        for entry, body in bodies:
            self._take(entry.kind, body, record)
            _take_leg(entry, record)
        for entry in entries:
            if entry.call_id is not None:
                self._of_calls[entry.call_id].append(entry)
        for each in self._of_calls.values():
            self._take_call(each, record)
        for line in record.answered.values():
            line.sort(key=lambda answered: answered.number)
        return record

    def _take(self, kind: EntryKind, body: Body, record: RunRecord) -> None:
        match kind:
            case EntryKind.MODEL_ASKED:
                self._asked[body["id"]] = body
                record.requests = max(record.requests, body["number"])
            case EntryKind.MODEL_REPLIED:
                self._take_reply(body, record)
            case EntryKind.RUN_MESSAGE:
                record.heard[body["id"]] = _heard(body, self._message(body))
            case EntryKind.RUN_HELD:
                record.waits_for = list(body["waits_for"])
            case EntryKind.RUN_RESUMED:
                record.waits_for = []
                if "heard" in body or "told" in body:
                    record.turns.append(Turn(heard=_ids(body, "heard"), told=_ids(body, "told")))
            case EntryKind.RUN_ENDED:
                record.ended = body
                if "result" in body:
                    own = result_ref(self._run_id)
                    record.result = self._payload(body, "result", own)
            case _:
                pass

    def _take_reply(self, body: Body, record: RunRecord) -> None:
        usage = TokenUsage(
            input=body["tokens_in"],
            output=body["tokens_out"],
            cache_read=body["cache_read"],
            cache_write=body["cache_write"],
            ungoverned=body["ungoverned"],
        )
        record.count(usage, body["cost"])
        if "reply" not in body:
            return
        asked = self._asked.get(body["id"])
        if asked is None:
            raise LedgerError(
                f"the ledger has the reply to {body['id']} and not the request: somebody changed "
                "it; run `highroad audit verify`"
            )
        record.answered[body["path"]].append(
            Answered(
                request_id=body["id"],
                number=body["number"],
                purpose=asked["purpose"],
                shape=asked.get("shape", _SHAPE),
                tools=_ids(asked, "tools"),
                choice=asked.get("choice", "auto"),
                stated=stated_fields(asked),
                heard=_ids(asked, "heard"),
                provisional=_ids(asked, "provisional"),
                told=_ids(asked, "told"),
                reply=thaw_reply(self._payload(body, "reply", reply_ref(self._run_id, body["id"]))),
            )
        )

    def _take_call(self, entries: Sequence[StoredEntry], record: RunRecord) -> None:
        history = read_call(entries)
        if history is None or "asked_by" not in history.opening:
            return
        place = (history.opening["asked_by"], history.opening["position"])
        record.calls.setdefault(place, history)

    def _message(self, body: Body) -> bytes:
        return self._payload(body, "message", message_ref(self._run_id, body["id"]))

    def _payload(self, body: Body, name: str, own: str) -> bytes:
        """What an entry refers to, by the payload's own id, under which alone it opens.

        Raises:
            LedgerError: It refers to something else, or that is gone.
        """
        if body[name][0] != own:
            raise LedgerError(
                f"an entry refers to another payload than {own}: somebody changed the ledger; run "
                "`highroad audit verify`"
            )
        found = self._opened.get(own)
        if found is None:
            raise VaultError(f"payload {own} is not in the ledger: it was erased or expired")
        return found


def _beginning(bodies: Iterable[tuple[StoredEntry, Body]]) -> Body:
    """The entry that a run began with.

    Raises:
        LedgerError: None of them is it.
    """
    for entry, body in bodies:
        if entry.kind is EntryKind.RUN_STARTED:
            return body
    raise LedgerError(
        "the entry that a run began with is said to be of a call: somebody changed the ledger; run "
        "`highroad audit verify`"
    )


def arguments_in(content: bytes | None) -> JsonValue:
    """What a call was made with, by what is kept of it: canonical, or as it came."""
    kept: JsonValue = orjson.loads(content or b"null")
    if not isinstance(kept, dict) or kept.keys() != _AS_THEY_CAME:
        return kept
    raw = kept["raw"]
    try:
        came: JsonValue = orjson.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return raw
    return came


def _heard(body: Body, text: bytes) -> Heard:
    return Heard(id=body["id"], text=text.decode(), by=body["by"], is_urgent=body["when"] == "now")


def _take_leg(entry: StoredEntry, record: RunRecord) -> None:
    match entry.kind:
        case EntryKind.RUN_STARTED | EntryKind.RUN_RESUMED:
            record.legs += 1
            record.leg_began = entry.position
        case EntryKind.RUN_HELD | EntryKind.RUN_ENDED:
            record.leg_began = None
        case _:
            pass


def _ids(body: Body, name: str) -> tuple[str, ...]:
    return tuple(body.get(name, ()))
