"""What was said earlier in a conversation: requests and answers of its runs that have ended."""

from collections.abc import AsyncIterator
from typing import Final, TypeAlias

import orjson

from highroad.agents.context.tokens import estimate, most_of, tokens_of
from highroad.agents.snapshot import thaw_errand
from highroad.domain.error import VaultError
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.run import RunHead, RunStatus
from highroad.ledger.entries.runs import request_ref, result_ref
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import Record, records, selection

Said: TypeAlias = UserMessage | ModelMessage

_MOST_OF_ONE: Final = 4
"""One text takes a quarter of the room at most."""
_DRY: Final = "[This was a dry run: nothing of what the answer says was done.]"


def answer_text(result: bytes) -> str:
    """What a run came to, as a model would have said it: a text as it is, all else in JSON."""
    told = orjson.loads(result)
    return told if isinstance(told, str) else result.decode()


class Conversations:
    """Reads the history of conversations from the ledger; nothing of it is kept twice.

    Calls and their results are left out: what they brought stands in the answers.

    Args:
        ledger: Where the runs are.
        most_tokens: Of one history, estimated.
        most_runs: That it tells of.
    """

    def __init__(self, ledger: Ledger, *, most_tokens: int = 4_000, most_runs: int = 20) -> None:
        self._ledger = ledger
        self._most_tokens = most_tokens
        self._most_runs = most_runs

    async def before(self, run: RunHead) -> tuple[Said, ...]:
        """Requests and answers of runs that had ended when `run` began, in their order.

        Where not all fit it is the newest. Only runs of the same principal count: whoever picks the
        same name for a conversation is shown nothing of another's. A run that has been erased is
        left out. A run below another one has no history: it is told its task, and nothing else.
        """
        if run.conversation_id is None or run.parent_id is not None:
            return ()
        runs = await self._ended_before(run)
        told = [said async for said in self._newest(runs[: self._most_runs])]
        return tuple([message for pair in reversed(told) for message in pair])

    async def _ended_before(self, run: RunHead) -> list[Record]:
        """Runs of agents, newest first; none that ended later, so a resumed run has the same."""
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        wanted = selection(
            "agent_run",
            conversation_id=run.conversation_id,
            organization=run.organization,
            principal_id=run.principal_id,
        )
        found = [
            row
            async for row in records(self._ledger.store.tables, wanted)
            if row["agent"] is not None
            and row["parent_id"] is None
            and row["ended_ms"] is not None
            and row["ended_ms"] <= run.started_ms
        ]
        return sorted(found, key=lambda row: (row["started_ms"], row["id"]), reverse=True)

    async def _newest(self, runs: list[Record]) -> AsyncIterator[tuple[Said, Said]]:
        left = self._most_tokens
        for run in runs:
            said = await self._said(run, self._most_tokens // _MOST_OF_ONE)
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
            errand = thaw_errand(await vault.open(run_id, request_ref(run_id)))
            if run["status"] == RunStatus.COMPLETED:
                answer = answer_text(await vault.open(run_id, result_ref(run_id)))
            else:
                answer = f"[This run ended without an answer: {run['status']}.]"
        except VaultError:
            return None
        if errand.is_dry:
            answer = f"{_DRY} {answer}"
        return UserMessage(text=_cut(errand.text, most)), ModelMessage(text=_cut(answer, most))


def _cut(text: str, most: int) -> str:
    """The beginning of a text, as much as so many tokens hold."""
    length = len(text)
    cut = text
    while most_of(cut) > most and estimate(cut) > most and length:
        length //= 2
        cut = f"{text[:length]} [{len(text) - length} characters were left out]"
    return cut
