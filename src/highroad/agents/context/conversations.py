"""What was said earlier in a conversation: requests and answers of its runs that have ended."""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import orjson

from highroad.agents.context.tokens import estimate, most_of, tokens_of
from highroad.domain.error import VaultError
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.ledger.entries.runs import request_ref, result_ref
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import Record, records, selection

Said: TypeAlias = UserMessage | ModelMessage
ReadText: TypeAlias = Callable[[bytes], str]
"""The text in what a run's payload holds."""

_MOST_OF_ONE: Final = 4
"""One text takes a quarter of the room at most."""


def answer_text(result: bytes) -> str:
    """What a run came to, as a model would have said it: a text as it is, all else in JSON."""
    told = orjson.loads(result)
    return told if isinstance(told, str) else result.decode()


class Conversations:
    """Reads the history of conversations from the ledger; nothing of it is kept twice.

    Calls and their results are left out: what they brought stands in the answers.

    Args:
        ledger: Where the runs are.
        request_text: Reads what a run was to do.
        result_text: Reads what it came to.
    """

    def __init__(
        self, ledger: Ledger, *, request_text: ReadText, result_text: ReadText = answer_text
    ) -> None:
        self._ledger = ledger
        self._request_text = request_text
        self._result_text = result_text

    async def history(  # noqa: PLR0913 - whose, until when and how much, each by name
        self,
        conversation_id: str,
        *,
        organization: str,
        principal_id: str,
        before_ms: int,
        most_tokens: int = 4_000,
        most_runs: int = 20,
    ) -> tuple[Said, ...]:
        """Requests and answers of earlier runs in their order; the newest, where not all fit.

        Only the principal's own runs count: whoever picks the same name for a conversation is
        shown nothing of another's. A run that has been erased is left out.

        Args:
            conversation_id: Opaque, as `keyring.conversation_id` makes it.
            organization: Whose.
            principal_id: Opaque.
            before_ms: When the run began that the history is for; what ended later is none of its
                history, so that a resumed run has the same.
            most_tokens: Of all of it, estimated.
            most_runs: That are told of.
        """
        runs = await self._ended(conversation_id, organization, principal_id, before_ms)
        told = [said async for said in self._newest(runs[:most_runs], most_tokens)]
        return tuple([message for pair in reversed(told) for message in pair])

    async def _ended(
        self, conversation_id: str, organization: str, principal_id: str, before_ms: int
    ) -> list[Record]:
        """The runs of agents that had ended by then, newest first."""
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        wanted = selection(
            "agent_run",
            conversation_id=conversation_id,
            organization=organization,
            principal_id=principal_id,
        )
        found = [
            row
            async for row in records(self._ledger.store.tables, wanted)
            if row["agent"] is not None
            and row["parent_id"] is None
            and row["ended_ms"] is not None
            and row["ended_ms"] <= before_ms
        ]
        return sorted(found, key=lambda row: (row["started_ms"], row["id"]), reverse=True)

    async def _newest(
        self, runs: list[Record], most_tokens: int
    ) -> AsyncIterator[tuple[Said, Said]]:
        left = most_tokens
        for run in runs:
            said = await self._said(run, most_tokens // _MOST_OF_ONE)
            if said is None:
                continue
            left -= sum(map(tokens_of, said))
            if left < 0:
                return
            yield said

    async def _said(self, run: Record, most: int) -> tuple[Said, Said] | None:
        """What was asked and answered; `None` where that cannot be read any more."""
        run_id, vault = run["id"], self._ledger.vault
        try:
            request = self._request_text(await vault.open(run_id, request_ref(run_id)))
            if run["status"] == RunStatus.COMPLETED:
                answer = self._result_text(await vault.open(run_id, result_ref(run_id)))
            else:
                answer = f"[This run ended without an answer: {run['status']}.]"
        except VaultError:
            return None
        return UserMessage(text=_cut(request, most)), ModelMessage(text=_cut(answer, most))


def _cut(text: str, most: int) -> str:
    """The beginning of a text, as much as so many tokens hold."""
    length = len(text)
    cut = text
    while most_of(cut) > most and estimate(cut) > most and length:
        length //= 2
        cut = f"{text[:length]} [{len(text) - length} characters were left out]"
    return cut
