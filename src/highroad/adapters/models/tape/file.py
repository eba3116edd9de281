"""A tape: a file with a line of JSON for its model, and one for each exchange with it.

It holds what a model replied in plain, which repeats what users and tools said. What was asked it
holds as digests, which can be tried by whoever guesses. The file is for its owner's eyes only.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from highroad.adapters.models.tape.exchange import Exchange, Written
from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonObject

_VERSION: Final = 1
_PRIVATE: Final = 0o600
_NO_TAPE: Final = (KeyError, TypeError, ValueError)
"""What reading JSON of another kind ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which model is on a tape."""

    model: str
    shape: str
    context_tokens: int | None

    def written(self) -> JsonObject:
        """As the first line holds it."""
        return {
            "tape": _VERSION,
            "model": self.model,
            "shape": self.shape,
            "context_tokens": self.context_tokens,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """What is on a tape."""

    head: Head
    exchanges: tuple[Exchange, ...]


def read(path: Path) -> Tape:
    """Everything on a tape.

    Raises:
        HighroadError: The file cannot be read, or is no tape.
    """
    lines = _lines(path)
    if not lines:
        raise HighroadError(f"there is nothing on the tape {path}: record a run first")
    try:
        head = _head(json.loads(lines[0]))
    except _NO_TAPE:
        raise HighroadError(f"{path} is no tape of version {_VERSION}: record it anew") from None
    exchanges = tuple(
        _exchange(path, number, line) for number, line in enumerate(lines[1:], start=2)
    )
    return Tape(head=head, exchanges=exchanges)


def begin(path: Path, head: Head) -> None:
    """Make a tape of that model, or see that the one which is there may go on.

    Raises:
        HighroadError: Another model is on it, it is no tape, or it cannot be written.
    """
    if path.exists() and path.stat().st_size:
        known = read(path).head
        if known != head:
            raise HighroadError(
                f"{known.model} is on the tape {path}, and not {head.model} in the same form: "
                "name another file, or remove this one"
            )
        return
    try:
        append(path, head.written())
    except OSError as error:
        raise HighroadError(
            f"the tape {path} cannot be written ({error.strerror}): name another file"
        ) from error


def append(path: Path, line: JsonObject) -> None:
    """Add a line at once.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(line).encode() + b"\n")


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HighroadError(f"the tape {path} cannot be read: {_why(error)}") from None
    whole, _, torn = text.rpartition("\n")
    if torn:
        raise HighroadError(
            f"the tape {path} ends in the middle of a line: whoever recorded it died; record the "
            "run anew"
        )
    return whole.split("\n") if whole else []


def _why(error: OSError | UnicodeDecodeError) -> str:
    return f"{error.strerror}" if isinstance(error, OSError) else "it is no text"


def _head(written: Written) -> Head:
    if written["tape"] != _VERSION:
        raise ValueError("a tape of another version")
    return Head(
        model=written["model"], shape=written["shape"], context_tokens=written["context_tokens"]
    )


def _exchange(path: Path, number: int, line: str) -> Exchange:
    try:
        return Exchange.read(json.loads(line))
    except _NO_TAPE:
        raise HighroadError(
            f"{path}:{number} is no exchange with a model: record the run anew"
        ) from None
