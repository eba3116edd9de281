"""A model whose replies are recorded as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.to_thread

from highroad.adapters.models.tape.exchange import Exchange, begun
from highroad.adapters.models.tape.file import Head, append, begin
from highroad.adapters.models.tape.imprint import imprint
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import ModelError, ModelReply, ModelRequest, ReplyPart
from highroad.ports.model import Model


class Recorder:
    """Hands on what a model replies, and records it (`highroad.ports.model.Model`).

    A reply is on the tape before it is handed on whole; one that nobody read to its end is not.

    Args:
        model: Asked in truth.
        path: Of the tape, which goes on where it is there. It holds replies in plain.

    Raises:
        HighroadError: The file has another model, is no tape, or cannot be written.
    """

    def __init__(self, model: Model, path: Path) -> None:
        self._model = model
        self._path = path
        self._writing = anyio.Lock()
        begin(path, Head(model=model.name, shape=model.shape, context_tokens=model.context_tokens))

    @property
    def name(self) -> str:
        """Of the model that is asked."""
        return self._model.name

    @property
    def shape(self) -> str:
        """Of the model that is asked."""
        return self._model.shape

    @property
    def context_tokens(self) -> int | None:
        """Of the model that is asked."""
        return self._model.context_tokens

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Ask the model.

        Raises:
            ModelError: It did not reply, which is recorded too; or the tape cannot be written.
        """
        asked, came = imprint(request), list[ReplyPart]()
        try:
            async with aclosing(self._model.reply(request)) as parts:
                async for part in parts:
                    came.append(part)
                    if isinstance(part, ModelReply):
                        await self._record(Exchange(request=asked, reply=part))
                    yield part
        except ModelError as error:
            reply = begun(came, self.name)
            await self._record(Exchange(request=asked, reply=reply, error=error))
            raise

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()

    async def _record(self, exchange: Exchange) -> None:
        async with self._writing:
            try:
                await anyio.to_thread.run_sync(append, self._path, exchange.written())
            except OSError as error:
                raise ModelError(
                    f"the tape {self._path} cannot be written ({error.strerror}): name another "
                    "file, or go on without recording",
                    kind=FailureKind.PERMANENT,
                ) from error
