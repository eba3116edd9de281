"""No host at all: a program that hands its model's calls to `runtime.call`."""

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from ten_calls import REQUEST, THREAD, TOOLS, Conversation, Proposed, opened

from highroad import Held, Origin, Runtime
from highroad.domain.evidence import Evidence, EvidenceKind, Source

SAID = Evidence((Source("message-1", EvidenceKind.REQUEST, text=REQUEST),))


@dataclass
class Loop:
    """Makes the calls one by one, and stops where one waits."""

    runtime: Runtime
    calls: list[Proposed]
    held: Held | None = None
    results: list[str] = field(default_factory=list)

    async def begin(self) -> list[str]:
        self.results = []
        while self.calls and self.held is None:
            each = self.calls.pop(0)
            self._take(
                await self.runtime.call(
                    each.tool,
                    each.arguments,
                    run=THREAD,
                    conversation=THREAD,
                    origin=Origin.MODEL,
                    evidence=SAID,
                )
            )
        return self.results

    async def go_on(self) -> list[str]:
        assert self.held is not None
        call_id, self.held = self.held.call_id, None
        self.results = []
        self._take(await self.runtime.wait(call_id))
        return self.results + await self.begin()

    def _take(self, outcome: Any) -> None:
        self.held = outcome if isinstance(outcome, Held) else None
        self.results.append(json.dumps(outcome.for_model()))


class Python:
    name = "python"

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        return opened(tools=TOOLS)

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        return Loop(runtime, list(calls))


DOOR = Python()
