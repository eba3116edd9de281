"""Writes ledgers and their exports as `docs/proof.md` says, in the plainest way.

It shares no code with Highroad or with its auditor. Trees are hashed by the recursive definitions
of RFC 6962; nothing is incremental, cached or clever.
"""

import base64
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LEDGER = "ledger-of-the-tests"
START = 1_700_000_000_000


def canonical(found):
    """RFC 8785, for ASCII names and integers."""
    return json.dumps(found, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def leaf(body):
    return sha256(b"\x00" + body).digest()


def node(left, right):
    return sha256(b"\x01" + left + right).digest()


def split(size):
    """The largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def root(leaves):
    """MTH of section 2.1, over hashes of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def path(index, leaves):
    """PATH of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def consistency(size, leaves):
    """PROOF of section 2.1.2."""
    return _subproof(size, leaves, is_whole=True)


def _subproof(size, leaves, *, is_whole):
    if size == len(leaves):
        return [] if is_whole else [root(leaves)]
    k = split(len(leaves))
    if size <= k:
        return [*_subproof(size, leaves[:k], is_whole=is_whole), root(leaves[k:])]
    return [*_subproof(size - k, leaves[k:], is_whole=False), root(leaves[:k])]


class Key:
    """A signing key from a published seed: for tests, and nothing else."""

    def __init__(self, seed):
        self.seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()
        self.id = sha256(self.public).hexdigest()[:16]

    def head_signature(self, statement):
        return self._private.sign(b"highroad-signed-head v1\n" + statement.encode())

    def endorsement(self, ledger, public):
        message = f"highroad-key-rotation v1\n{ledger}\n{public.hex()}"
        return self._private.sign(message.encode())


FIRST = Key(bytes(range(32)))
SECOND = Key(bytes(range(32, 64)))
STRANGER = Key(bytes(range(64, 96)))


@dataclass
class Entry:
    """A row of a store: columns beside the body."""

    seq: int
    schema: int
    kind: str
    organization: str
    run: str | None
    call: str | None
    at: int
    body: bytes

    def line(self):
        fields = {
            "seq": self.seq,
            "schema": self.schema,
            "kind": self.kind,
            "organization": self.organization,
            "run": self.run,
            "call": self.call,
            "at": self.at,
        }
        try:
            fields["body"] = self.body.decode()
        except UnicodeDecodeError:
            fields["body_base64"] = base64.b64encode(self.body).decode()
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()

    def moved(self, seq):
        return replace(self, seq=seq)


@dataclass
class Bundle:
    """An export, and the anchors beside it."""

    ledger: str
    entries: dict[str, list[Entry]]
    heads: list[bytes]
    anchors: dict[str, list[bytes]]
    leaves: dict[str, bytes]
    first: dict[str, int] = field(default_factory=dict)
    segments: list[bytes] = field(default_factory=list)
    """Lines of archived entries of the one log."""

    def copy(self):
        return Bundle(
            self.ledger,
            {log: list(entries) for log, entries in self.entries.items()},
            list(self.heads),
            {name: list(lines) for name, lines in self.anchors.items()},
            dict(self.leaves),
            dict(self.first),
            list(self.segments),
        )

    def files(self):
        """Every file by its name; anchors in a folder of their own."""
        logs = [
            {"entries": len(entries), "first": self.first.get(log, 0), "log": log}
            for log, entries in sorted(self.entries.items())
        ]
        manifest = {"ledger": self.ledger, "logs": logs, "v": 1}
        found = {"ledger.json": canonical(manifest).encode(), "heads.jsonl": _file(self.heads)}
        for log, entries in self.entries.items():
            found[f"entries-{log}.jsonl"] = _file(entry.line() for entry in entries)
            found[f"leaves-{log}.bin"] = self.leaves.get(log, b"")
        for name, lines in self.anchors.items():
            found[f"anchors/{name}.jsonl"] = _file(lines)
        if self.segments:
            found["segments/archived.jsonl"] = _file(self.segments)
        return found

    def write(self, folder):
        write(self.files(), folder)
        return folder


def write(files, folder):
    for name, content in files.items():
        target = Path(folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _file(lines):
    return b"".join(line + b"\n" for line in lines)


class Author:
    """Writes a ledger from its beginning."""

    def __init__(self, ledger=LEDGER, log="main", key=FIRST):
        self.ledger = ledger
        self.log = log
        self.entries = {log: []}
        self.heads = []
        self.statements = []
        self.now = START
        self.keys = []
        self.rekey(key)

    def append(self, kind, *, log=None, run=None, call=None, **facts):
        """Write an entry; gives its `seq`."""
        self.now += 250
        entries = self.entries.setdefault(log or self.log, [])
        body = {"v": 1, "kind": kind, "at": self.now, "org": "acme"}
        if run is not None:
            body["run"] = run
        if call is not None:
            body["call"] = call
        body |= facts
        entries.append(
            Entry(
                seq=len(entries),
                schema=1,
                kind=kind,
                organization="acme",
                run=run,
                call=call,
                at=self.now,
                body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
            )
        )
        return len(entries) - 1

    def rekey(self, key, *, endorsed_by=None, log=None):
        """Announce a key; the one before it endorses it, unless another is made to."""
        before = self.keys[-1] if self.keys else None
        signer = endorsed_by or before
        self.keys.append(key)
        return self.append(
            "ledger.rekeyed",
            log=log,
            key=key.id,
            public=key.public.hex(),
            previous=before and before.id,
            endorsement=signer and signer.endorsement(self.ledger, key.public).hex(),
        )

    def sizes(self):
        return {log: len(entries) for log, entries in sorted(self.entries.items())}

    def sign(self, *, key=None, sizes=None, **stated):
        """Sign a head of all logs as they stand; what is `stated` replaces what is true."""
        self.now += 1_000
        key = key or self.keys[-1]
        trees = [
            {"log": log, "root": root(self.leaves(log)[:size]).hex(), "size": size}
            for log, size in (sizes or self.sizes()).items()
        ]
        previous = self.statements[-1] if self.statements else None
        statement = {
            "at": self.now,
            "key": key.id,
            "ledger": self.ledger,
            "number": len(self.heads),
            "previous": previous and sha256(previous.encode()).hexdigest(),
            "trees": trees,
            "v": 1,
        } | stated
        text = canonical(statement)
        self.statements.append(text)
        self.heads.append(signed_line(key, text))
        return self.heads[-1]

    def leaves(self, log):
        return [leaf(entry.body) for entry in self.entries[log]]

    def bundle(self, **anchors):
        """The export as it stands; each anchor has the first so many heads."""
        covered = _covered(self.statements[-1]) if self.statements else {}
        return Bundle(
            ledger=self.ledger,
            entries={log: list(entries) for log, entries in self.entries.items()},
            heads=list(self.heads),
            anchors={name: self.heads[:count] for name, count in anchors.items()},
            leaves={log: b"".join(self.leaves(log)[: covered.get(log, 0)]) for log in self.entries},
        )


def signed_line(key, statement):
    signature = key.head_signature(statement).hex()
    return canonical({"signature": signature, "statement": statement}).encode()


def _covered(statement):
    return {tree["log"]: tree["size"] for tree in json.loads(statement)["trees"]}
