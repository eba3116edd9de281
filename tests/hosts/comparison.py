"""What a scene left in its ledger, and what of two such records is not the same.

Everything that an entry about a call or an approval says is compared. What cannot be the same is
replaced by what can be: an id or a keyed digest by a number, in the order in which they first
appear, so that two that were equal in one record have to be equal in the other.
"""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

KINDS = ("call.", "approval.")
"""Of what is compared: a run of our own agent has entries of its own besides."""

TIMES = {
    "at": "when it was written",
    "opened": "when the call came in",
    "created": "when the approval was asked for",
    "expires": "when it expires",
    "use_by": "until when it may be used",
    "remaining_ms": "what is left of the deadline",
    "latency_us": "how long it took",
    "created_ms": "when the dead letter was laid down",
    "changed_ms": "when that changed",
}
"""Fields that are left out: times, and figures of latency; the last of each stage is one too."""
KEYED = {
    "key": "by the key of the organization",
    "digest": "by the key of the run",
    "saw": "by the key of the run",
}
"""Digests that no other ledger has: they are numbered."""
PAYLOADS = ("arguments", "result", "message", "preview", "reason", "content", "reasoning")
"""Fields that refer to what is sealed: an id, a digest by the key of the run, and a size."""
IDS = re.compile(r"(?:call|conv|run|apr|usr|req|letter)_[0-9a-z]{20,}")
"""They are numbered wherever they stand, also in a rule."""


class Normal:
    """Puts numbers in the place of what no other ledger has."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict)

    def body(self, body: dict) -> dict:
        """What an entry says, comparable.

        Which calls are of one trace is the host's own doing; that a call keeps its trace is not.
        """
        if "trace" in body:
            body = body | {"trace": f"{body['trace']} of {body.get('call')}"}
        return {name: self._field(name, each) for name, each in body.items()}

    def _field(self, name: str, value: object) -> object:
        if name == "door" or name in TIMES:
            return name
        if name == "trace" or name in KEYED:
            return self._number(name, value)
        if name in PAYLOADS and isinstance(value, list):
            id_, digest, size = value
            return [self._plain(id_), self._number("digest", digest), size]
        if name == "stages":
            return [self._plain(stage[:-1]) for stage in value]
        if name == "sources":
            return [[at, kind, self._number("source", id_), how] for at, kind, id_, how in value]
        return self._plain(value)

    def _plain(self, value: object) -> object:
        if isinstance(value, dict):
            return self.body(value)
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        if isinstance(value, str):
            return IDS.sub(lambda id_: self._number(id_[0].partition("_")[0], id_[0]), value)
        return value

    def _number(self, kind: str, value: object) -> str:
        known = self._numbers[kind]
        return f"{kind} {known.setdefault(str(value), len(known) + 1)}"


def entries_of(folder: Path) -> list[dict]:
    """The entries about calls and approvals that a scene left, in order, as they stand."""
    uri = f"{(folder / 'ledger.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as ledger:
        rows = ledger.execute("SELECT kind, body FROM entry ORDER BY seq").fetchall()
    return [json.loads(body) for kind, body in rows if kind.startswith(KINDS)]


def comparable(entries: list[dict]) -> list[dict]:
    """Entries without what no other ledger has."""
    normal = Normal()
    return [normal.body(body) for body in entries]


def differences(one: object, other: object, at: str = "") -> Iterator[str]:
    """Where two records differ, one line for each field."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from differences(one.get(name), other.get(name), f"{at}/{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from differences(mine, theirs, f"{at}/{number}")
    elif one != other:
        yield f"{at}: {json.dumps(one)} is not {json.dumps(other)}"
