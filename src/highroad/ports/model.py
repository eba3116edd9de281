"""Whoever proposes: a language model, a scripted one, or rules."""

from collections.abc import AsyncGenerator
from typing import Protocol

from highroad.domain.model import ModelRequest, ReplyPart


class Model(Protocol):
    """Replies to requests. Contract kit: `highroad.testing.contracts.model`.

    It keeps nothing of one request for the next, so that any process may go on with a run.
    """

    @property
    def name(self) -> str:
        """`provider:model`, as it is priced, pinned and recorded."""
        ...

    @property
    def shape(self) -> str:
        """The form in which it is offered tools, one of `highroad.tools.shapes.SHAPES`."""
        ...

    @property
    def context_tokens(self) -> int | None:
        """How much a request and its reply may hold together; `None` where nobody knows."""
        ...

    def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Ask, and give the reply: parts where the request is streamed, last the whole of it.

        The last part is a `ModelReply`, which has all text and all calls; where it has no calls,
        no `CallReady` came. Closed early, it stops asking. What the model wrote is handed on as
        it is, however malformed.

        Raises:
            ModelError: There is no whole reply.
        """
        ...

    async def close(self) -> None:
        """Give up connections. Safe to call twice."""
        ...
