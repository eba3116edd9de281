"""What became of a body elsewhere, in bytes: in a worker process, or long after it was left.

Nothing is unpickled: what others made can reach this process as data only.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Self

import orjson
from pydantic import TypeAdapter

from highroad.domain.failure import Failure
from highroad.domain.part import Blob
from highroad.domain.value import value
from highroad.tools.body.result import Encoded
from highroad.tools.compile import RegisteredTool

_PROMISED_BY_NOBODY: Final = object()
"""In place of a result that breaks its promise, where what is left of it would not show that."""


@value
class Answer:
    """A result in JSON, or a failure as it was judged where it was met."""

    failure: Failure | None = None
    data: bytes = b"null"
    """The result in JSON."""
    is_invalid: bool = False
    """It breaks what the tool promises; `data` holds what can be written of it."""
    blobs: tuple[Blob, ...] = ()

    @classmethod
    def of(cls, encoded: Encoded) -> Self:
        """The answer that a result is."""
        return cls(data=encoded.data, is_invalid=bool(encoded.problems), blobs=encoded.blobs)

    def write(self) -> bytes:
        """The answer in bytes: a line of JSON with lengths, then one part after the other."""
        head: dict[str, Any] = {
            "invalid": self.is_invalid,
            "sizes": [len(self.data), *(len(blob.data) for blob in self.blobs)],
        }
        if self.failure is not None:
            head["failure"] = _failures().dump_python(self.failure, mode="json")
        return b"".join((orjson.dumps(head), b"\n", self.data, *(blob.data for blob in self.blobs)))

    @classmethod
    def read(cls, answer: bytes) -> Self:
        """What `write` wrote.

        Raises:
            ValueError: It is no answer.
        """
        line, _, rest = answer.partition(b"\n")
        head = orjson.loads(line)
        data, *parts = _cut(rest, head["sizes"])
        failure = head.get("failure")
        return cls(
            failure=None if failure is None else _failures().validate_python(failure),
            data=data,
            is_invalid=head["invalid"],
            blobs=tuple(map(Blob.of, parts)),
        )


def result_of(answer: Answer, tool: RegisteredTool[Any]) -> object:
    """The result of an answer, as a body here would have returned it.

    Of one that breaks what the tool promises there is its JSON alone, if that shows it as well.
    """
    blobs = {blob.digest: blob for blob in answer.blobs}
    if not answer.is_invalid:
        return tool.result.read(answer.data, blobs)
    broken = orjson.loads(answer.data)
    return broken if tool.result.encode(broken).problems else _PROMISED_BY_NOBODY


def _cut(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(content[at : at + size])
        at += size
    return parts


@cache
def _failures() -> TypeAdapter[Failure]:
    return TypeAdapter(Failure)
