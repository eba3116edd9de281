"""A recorded model, which answers without a network."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from highroad.adapters.models.tape.exchange import Exchange
from highroad.adapters.models.tape.file import read
from highroad.adapters.models.tape.imprint import OF_SHAPE, Imprint, differences, imprint
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import ModelError, ModelRequest, ReplyPart

_MOST: Final = 5
"""Differences that are told."""


class Replay:
    """Replies as a tape has it (`highroad.ports.model.Model`).

    A request is answered by the first exchange that was not played yet and in which the same was
    asked; so runs that ask side by side find what is theirs. What is asked again, as by a run that
    goes on after a crash, is answered as before.

    Args:
        path: Of the tape.
        shape: In which tools are offered, where it is to be another than that of the recorded
            model.

    Raises:
        HighroadError: The file cannot be read, or is no tape.
    """

    def __init__(self, path: Path, *, shape: str | None = None) -> None:
        tape = read(path)
        self._path = path
        self._head = tape.head
        self._shape = shape or tape.head.shape
        self._exchanges = tape.exchanges
        self._played: set[int] = set()

    @property
    def name(self) -> str:
        """Of the model that was recorded, so that a run costs what it cost."""
        return self._head.model

    @property
    def shape(self) -> str:
        """Of the model that was recorded, or that which was asked for."""
        return self._shape

    @property
    def context_tokens(self) -> int | None:
        """Of the model that was recorded."""
        return self._head.context_tokens

    @property
    def left(self) -> int:
        """Exchanges that were not played."""
        return len(self._exchanges) - len(self._played)

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """What came when the same was asked.

        Raises:
            ModelError: An error came; or the same was never asked, and the message says by
                pointers what is different.
        """
        for part in self._exchange(request).parts(is_streamed=request.is_streamed):
            yield part

    async def close(self) -> None:
        """Nothing is held open."""

    def _exchange(self, request: ModelRequest) -> Exchange:
        asked = imprint(request)
        same = [
            number
            for number, exchange in enumerate(self._exchanges)
            if not self._differences(exchange, asked)
        ]
        if not same:
            raise self._unknown(asked)
        number = next((each for each in same if each not in self._played), same[-1])
        self._played.add(number)
        return self._exchanges[number]

    def _differences(self, exchange: Exchange, asked: Imprint) -> list[str]:
        same_shape = self._shape == self._head.shape
        return list(differences(exchange.request, asked, same_shape=same_shape))

    def _unknown(self, asked: Imprint) -> ModelError:
        due = next(
            (at for at in range(len(self._exchanges)) if at not in self._played),
            None,
        )
        if due is None:
            why = f"all {len(self._exchanges)} exchanges were played, and this is none of them"
        else:
            different = self._differences(self._exchanges[due], asked)
            told = ", ".join(pointer.replace(OF_SHAPE, "/") for pointer in different[:_MOST])
            more = len(different) - _MOST
            why = f"exchange {due + 1} is due, and the request differs from it at {told}" + (
                f" and {more} more" if more > 0 else ""
            )
        return ModelError(
            f"the tape {self._path} has no such request: {why}; if that is meant, remove the file "
            "and record the run anew",
            kind=FailureKind.PERMANENT,
            is_counted=False,
        )
