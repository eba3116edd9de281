"""A second auditor, written from docs/proof.md alone, with the standard library alone.

It is slow and plain on purpose: what the page calls a definition is computed as that definition.
Where the page leaves something open, the comment begins with "Open:" and says what was chosen.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

# --- Ed25519, RFC 8032 section 5.1 --------------------------------------------------------------

PRIME: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
CURVE: Final = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE: Final = pow(2, (PRIME - 1) // 4, PRIME)

# Extended homogeneous coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z; section 5.1.4.
Point = tuple[int, int, int, int]
NEUTRAL: Final[Point] = (0, 1, 1, 0)


def added(p: Point, q: Point) -> Point:
    """Section 5.1.4: the sum of two points."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % PRIME
    b = (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c = 2 * p[3] * q[3] * CURVE % PRIME
    d = 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def multiplied(scalar: int, point: Point) -> Point:
    """The point added to itself as often as the scalar says."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = added(total, point)
        point, scalar = added(point, point), scalar >> 1
    return total


def is_same(p: Point, q: Point) -> bool:
    """Whether two points are one, whatever their Z."""
    return (p[0] * q[2] - q[0] * p[2]) % PRIME == 0 == (p[1] * q[2] - q[1] * p[2]) % PRIME


def recovered(y: int, sign: int) -> int | None:
    """Section 5.1.3, steps 2 to 4: the x of a y, or `None` where there is none."""
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if (x * x - square) % PRIME or (x == 0 and sign):
        return None
    return x if x & 1 == sign else PRIME - x


def decoded(text: bytes) -> Point | None:
    """Section 5.1.3: the point that 32 bytes encode, or `None`."""
    number = int.from_bytes(text, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if len(text) != 32 or y >= PRIME:
        return None
    x = recovered(y, sign)
    return None if x is None else (x, y, 1, x * y % PRIME)


BASE: Final = decoded((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))


def challenge(*parts: bytes) -> int:
    """SHA-512 of the parts as a scalar."""
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Section 5.1.7: whether [8][S]B = [8]R + [8][k]A."""
    start, key = decoded(signature[:32]), decoded(public)
    scalar = int.from_bytes(signature[32:], "little")
    if BASE is None or start is None or key is None or len(signature) != 64 or scalar >= ORDER:
        return False
    k = challenge(signature[:32], public, message)
    right = added(start, multiplied(k, key))
    return is_same(multiplied(8 * scalar, BASE), multiplied(8, right))


# --- The tree, RFC 6962 section 2.1 -------------------------------------------------------------


def leaf_hash(body: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + body).digest()


@dataclass(frozen=True)
class Tree:
    """The tree over leaf hashes, by its recursive definition; it remembers what it computed."""

    leaves: Sequence[bytes]
    known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def root(self, size: int) -> bytes | None:
        """The root of the first `size` leaves, or `None` where there are not as many."""
        if size > len(self.leaves):
            return None
        return self.between(0, size) if size else hashlib.sha256().digest()

    def between(self, start: int, end: int) -> bytes:
        """The hash of the tree over the leaves from `start` up to `end`, at least one."""
        if end - start == 1:
            return self.leaves[start]
        if (start, end) not in self.known:
            split = start + (1 << (end - start - 1).bit_length() - 1)
            both = self.between(start, split) + self.between(split, end)
            self.known[start, end] = hashlib.sha256(b"\x01" + both).digest()
        return self.known[start, end]


# --- JSON ---------------------------------------------------------------------------------------


class MalformedError(ValueError):
    """Text that is not what the page says."""


def demand(holds: object, otherwise: str) -> None:
    """Raises `MalformedError` unless it holds."""
    if not holds:
        raise MalformedError(otherwise)


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Open: a name that stands twice in an object makes it unreadable; parsers disagree on it."""
    demand(len(dict(pairs)) == len(pairs), "a name stands twice")
    return dict(pairs)


def refused(constant: str) -> None:
    """NaN and the infinities are no JSON."""
    raise MalformedError(constant)


def read_object(text: bytes) -> dict[str, Any]:
    """The JSON object that the text is."""
    try:
        value: dict[str, Any] = json.loads(
            text.decode("utf-8"), object_pairs_hook=without_twins, parse_constant=refused
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from error
    demand(isinstance(value, dict), "no JSON object")
    return value


def canonical(value: dict[str, Any]) -> bytes:
    """RFC 8785 for what occurs here: names in ASCII, strings, whole numbers, lists, `null`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def is_whole(value: object) -> bool:
    """A whole number from 0 that RFC 8785 can write; `true` is none."""
    return type(value) is int and 0 <= value < 2**53


def is_hex(value: object, size: int) -> bool:
    """So many bytes in lower-case hex."""
    return isinstance(value, str) and bool(re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value))


def is_log(value: object) -> bool:
    """Open: the name of a log is text that can be part of a file's name, or a whole number."""
    return is_whole(value) or (
        isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9._-]+", value))
    )


def order_of(log: Any) -> tuple[bool, Any]:
    """Logs in order: numbers by size, then names by code points."""
    return isinstance(log, str), log


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file, each ended by a line feed, which the last may lack.

    Open: a file that is not there has no lines.
    """
    text = path.read_bytes() if path.is_file() else b""
    return text.removesuffix(b"\n").split(b"\n") if text else []


# --- Signed heads -------------------------------------------------------------------------------

HEAD_FIELDS: Final = {"at", "key", "ledger", "number", "previous", "trees", "v"}


def id_of(public: bytes) -> str:
    """The id of a key."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class Head:
    """A signed head that has the form; nothing is said of its signature."""

    statement: bytes
    signature: bytes
    at: int
    key: str
    ledger: str
    number: int
    previous: str | None
    trees: dict[Any, tuple[int, bytes]]

    def size(self, log: object) -> int:
        """How many entries of the log it covers."""
        return self.trees.get(log, (0, b""))[0]

    def is_by(self, public: bytes) -> bool:
        """Whether its key is this one, and signed it."""
        message = b"highroad-signed-head v1\n" + self.statement
        return self.key == id_of(public) and is_signed(public, message, self.signature)


def read_head(line: bytes) -> Head:
    """The signed head of one line."""
    written = read_object(line)
    demand(set(written) == {"signature", "statement"}, "not the two fields of a signed head")
    demand(is_hex(written["signature"], 64), "the signature is not 64 bytes in hex")
    demand(isinstance(written["statement"], str), "the statement is no string")
    demand(canonical(written) == line, "the line is not in the form of RFC 8785")
    text = written["statement"].encode("utf-8", "surrogatepass")
    stated = read_object(text)
    check_statement(stated)
    demand(canonical(stated) == text, "the statement is not in the form of RFC 8785")
    return Head(
        statement=text,
        signature=bytes.fromhex(written["signature"]),
        trees=trees_of(stated["trees"]),
        **{name: stated[name] for name in HEAD_FIELDS - {"trees", "v"}},
    )


def check_statement(stated: dict[str, Any]) -> None:
    """Every field of a statement but its trees."""
    demand(set(stated) == HEAD_FIELDS, "not the fields of a statement")
    demand(is_whole(stated["v"]) and stated["v"] == 1, "v is not 1")
    demand(is_whole(stated["at"]) and is_whole(stated["number"]), "no whole number")
    demand(is_hex(stated["key"], 8), "the key is no id")
    demand(isinstance(stated["ledger"], str), "the ledger is no id")
    demand(stated["previous"] is None or is_hex(stated["previous"], 32), "previous is no hash")


def trees_of(listed: Any) -> dict[Any, tuple[int, bytes]]:
    """Size and root by log."""
    demand(isinstance(listed, list), "trees is no list")
    trees = {}
    for one in listed:
        demand(isinstance(one, dict) and set(one) == {"log", "root", "size"}, "no tree")
        demand(is_log(one["log"]) and is_whole(one["size"]), "no tree")
        demand(is_hex(one["root"], 32), "the root is no hash")
        trees[one["log"]] = one["size"], bytes.fromhex(one["root"])
    names = [one["log"] for one in listed]
    demand(names == sorted(trees, key=order_of), "trees are not in order")
    return trees


# --- The export ---------------------------------------------------------------------------------

COLUMNS: Final = {
    "schema": "v",
    "kind": "kind",
    "at": "at",
    "organization": "org",
    "run": "run",
    "call": "call",
}
OPTIONAL: Final = {"run", "call"}


@dataclass(frozen=True)
class Entry:
    """One line of entries; `body` is `None` where the line cannot be read, `fields` likewise."""

    log: Any
    place: int
    columns: dict[str, Any]
    body: bytes | None
    fields: dict[str, Any] | None

    @property
    def index(self) -> tuple[Any, int]:
        """Log and `seq`: the one that its place asks for, whatever the line says."""
        return self.log, self.place

    def agrees(self) -> bool:
        """Whether columns say what the body says, and the body is one that may be there."""
        fields = self.fields
        if fields is None or self.body is None or b"\n" in self.body:
            return False
        return all(
            (name in fields or name in OPTIONAL)
            and type(fields.get(name)) is type(self.columns[column])
            and fields.get(name) == self.columns[column]
            for column, name in COLUMNS.items()
        )


def read_entry(log: object, place: int, line: bytes) -> Entry:
    """The entry of one line."""
    try:
        columns = read_object(line)
        demand({"seq", *COLUMNS} <= set(columns), "a column is missing")
        demand(is_whole(columns["seq"]), "seq is no number")
        body = body_of(columns)
    except MalformedError:
        return Entry(log, place, {}, None, None)
    try:
        return Entry(log, place, columns, body, read_object(body))
    except MalformedError:
        return Entry(log, place, columns, body, None)


def body_of(columns: dict[str, Any]) -> bytes:
    """The exact bytes of a body."""
    demand(("body" in columns) != ("body_base64" in columns), "not one body")
    text = columns["body"] if "body" in columns else columns["body_base64"]
    demand(isinstance(text, str), "the body is no string")
    try:
        if "body" in columns:
            return str(text).encode("utf-8")
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedError(str(error)) from error


@dataclass(frozen=True)
class Log:
    """One log of an export: its entries, and the leaf hashes that came with it."""

    name: Any
    first: int
    stated: int
    entries: list[Entry]
    leaves: list[bytes]

    @property
    def end(self) -> int:
        """The size that the log reaches."""
        return self.first + len(self.entries)

    def hashes(self) -> list[bytes]:
        """Leaf hashes of what is there; those of the export stand in for the archive only.

        A line that cannot be read has a hash of no length, which makes every root differ.
        """
        return self.leaves[: self.first] + [
            b"" if entry.body is None else leaf_hash(entry.body) for entry in self.entries
        ]


@dataclass(frozen=True)
class Export:
    """What an export folder holds."""

    ledger: str
    logs: dict[Any, Log]
    heads: list[Head | None]

    @property
    def is_archived(self) -> bool:
        """Whether entries of some log are elsewhere."""
        return any(log.first for log in self.logs.values())

    def entries(self) -> Iterator[Entry]:
        """Every entry, by log and `seq`."""
        for log in self.logs.values():
            yield from log.entries


def read_export(folder: Path) -> Export:
    """The export of a folder; `MalformedError` where it does not say what it holds."""
    path = folder / "ledger.json"
    demand(path.is_file(), "there is no ledger.json")
    stated = read_object(path.read_bytes())
    demand({"ledger", "logs", "v"} <= set(stated), "a field of ledger.json is missing")
    # Open: the page gives ledger.json a `v` and no value for it; 1 is taken.
    demand(is_whole(stated["v"]) and stated["v"] == 1, "v of ledger.json is not 1")
    demand(isinstance(stated["ledger"], str), "the ledger is no id")
    demand(isinstance(stated["logs"], list), "logs is no list")
    logs = {log.name: log for log in (read_log(folder, one) for one in stated["logs"])}
    demand(len(logs) == len(stated["logs"]), "a log stands twice")
    in_order = {name: logs[name] for name in sorted(logs, key=order_of)}
    return Export(stated["ledger"], in_order, heads_in(folder))


def heads_in(folder: Path) -> list[Head | None]:
    """The signed heads of an export, `None` for a line that is none."""
    return [perhaps(line) for line in lines_of(folder / "heads.jsonl")]


def perhaps(line: bytes) -> Head | None:
    """The signed head of a line, or `None` where it is none."""
    try:
        return read_head(line)
    except MalformedError:
        return None


def read_log(folder: Path, stated: Any) -> Log:
    """One log, as ledger.json announces it."""
    demand(isinstance(stated, dict) and {"entries", "first", "log"} <= set(stated), "no log")
    demand(is_log(stated["log"]), "the name of a log cannot be one of a file")
    demand(is_whole(stated["entries"]) and is_whole(stated["first"]), "no whole number")
    name, first = stated["log"], stated["first"]
    lines = lines_of(folder / f"entries-{name}.jsonl")
    return Log(
        name=name,
        first=first,
        stated=stated["entries"],
        entries=[read_entry(name, first + at, line) for at, line in enumerate(lines)],
        leaves=leaves_in(folder / f"leaves-{name}.bin"),
    )


def leaves_in(path: Path) -> list[bytes]:
    """Leaf hashes; one that is cut short is left out."""
    text = path.read_bytes() if path.is_file() else b""
    return [text[at : at + 32] for at in range(0, len(text) - len(text) % 32, 32)]


# --- Findings -----------------------------------------------------------------------------------

Index = tuple[Any, int] | None


@dataclass(frozen=True)
class Findings:
    """Faults of one verdict, with the index of an entry where one can be named."""

    faults: list[tuple[Index, str]] = field(default_factory=list)

    def add(self, index: Index, words: str) -> None:
        """Notes one fault."""
        self.faults.append((index, words))

    def verdict(self) -> dict[str, Any]:
        """Open: of several indexes the first by log, then by `seq`; `null` where none has one."""
        indexes = [index for index, _ in self.faults if index is not None]
        first = min(indexes, key=lambda index: (order_of(index[0]), index[1]), default=None)
        return {
            "holds": not self.faults,
            "first": None if first is None else list(first),
            "faults": [words for _, words in self.faults],
        }


# --- Keys ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Announcement:
    """A signing key, and the entry that announces it; no entry where that is in the archive."""

    index: Index
    public: bytes
    previous: str | None
    endorsement: str | None

    @property
    def key(self) -> str:
        """The id of the key."""
        return id_of(self.public)

    def is_covered(self, head: Head) -> bool:
        """Whether the head covers the announcement."""
        return self.index is None or self.index[1] < head.size(self.index[0])

    def follows(self, before: "Announcement | None", ledger: str) -> bool:
        """Whether it names the key before it, and that key endorsed it."""
        if before is None or self.previous != before.key or self.endorsement is None:
            return before is None and self.previous is None and self.endorsement is None
        message = f"highroad-key-rotation v1\n{ledger}\n{self.public.hex()}".encode()
        return is_signed(before.public, message, bytes.fromhex(self.endorsement))


def announced_by(entry: Entry) -> Announcement | None:
    """The key that an entry announces, or `None` where it has not the form.

    Open: the fields stand in the body beside `kind`, and bytes are in hex.
    """
    fields: dict[str, Any] = dict.fromkeys(["key", "public", "previous", "endorsement"])
    fields |= entry.fields or {}
    previous, endorsement = fields["previous"], fields["endorsement"]
    if not is_hex(fields["public"], 32):
        return None
    public = bytes.fromhex(fields["public"])
    has_form = (
        fields["key"] == id_of(public)
        and (previous is None or is_hex(previous, 8))
        and (endorsement is None or is_hex(endorsement, 64))
    )
    return Announcement(entry.index, public, previous, endorsement) if has_form else None


def keys_of(export: Export, given: bytes, integrity: Findings) -> list[Announcement]:
    """The announced keys from the first to the newest, each endorsed by the one before it.

    Open: keys announced in several logs are ordered by `previous`; of two that follow the same
    key, and of one that was announced before, the later by log and `seq` is the fault.
    """
    waiting = []
    for entry in export.entries():
        if (entry.fields or {}).get("kind") == "ledger.rekeyed":
            announcement = announced_by(entry)
            if announcement is None:
                integrity.add(entry.index, "an announcement of a key has not the form")
            else:
                waiting.append(announcement)
    keys = archived_key(export, waiting, given)
    while following := next((one for one in waiting if is_next(one, keys, export.ledger)), None):
        keys.append(following)
        waiting.remove(following)
    for one in waiting:
        integrity.add(one.index, "a key does not follow the key before it")
    return keys


def is_next(one: Announcement, keys: list[Announcement], ledger: str) -> bool:
    """Whether the announcement continues the keys, and is none of them."""
    is_new = all(one.public != key.public for key in keys)
    return is_new and one.follows(keys[-1] if keys else None, ledger)


def archived_key(export: Export, seen: list[Announcement], given: bytes) -> list[Announcement]:
    """Open: where the first key was announced in the archive, the given one is the start."""
    if not export.is_archived or any(one.previous is None or one.public == given for one in seen):
        return []
    return [Announcement(None, given, None, None)]


def key_for(head: Head, keys: list[Announcement]) -> bytes | None:
    """The newest key whose announcement the head covers."""
    return next((key.public for key in reversed(keys) if key.is_covered(head)), None)


# --- Integrity ----------------------------------------------------------------------------------


def check_heads(export: Export, keys: list[Announcement], integrity: Findings) -> set[bytes]:
    """Form, signature, `number`, `previous` and sizes of every head; the keys that signed one."""
    signed_with = set()
    before: Head | None = None
    for number, head in enumerate(export.heads):
        if head is None:
            integrity.add(None, f"line {number} of heads.jsonl is no signed head")
            continue
        public = key_for(head, keys)
        if public is not None and head.is_by(public):
            signed_with.add(public)
        else:
            integrity.add(None, f"head {number} is not signed with the key of its position")
        if head.ledger != export.ledger:
            integrity.add(None, f"head {number} is one of another ledger")
        check_order(number, before, head, integrity)
        before = head
    return signed_with


def check_order(number: int, before: Head | None, head: Head, integrity: Findings) -> None:
    """A head against the one before it."""
    previous = None if before is None else hashlib.sha256(before.statement).hexdigest()
    if head.number != number or head.previous != previous:
        integrity.add(None, f"head {number} does not follow the head before it")
    if before and any(
        log not in head.trees or head.size(log) < before.size(log) for log in before.trees
    ):
        integrity.add(None, f"head {number} states less than the head before it")


def check_given(
    given: bytes, keys: list[Announcement], signed_with: set[bytes], integrity: Findings
) -> None:
    """The key from outside is announced, and signed a head.

    Stricter than the page, which asks for the announcement only: anyone can announce a key of
    somebody else, endorsed with a key made up for a ledger made up.
    """
    if all(key.public != given for key in keys):
        integrity.add(None, "the given key is not announced")
    elif given not in signed_with:
        integrity.add(None, "no head is signed with the given key")


def check_entries(export: Export, integrity: Findings) -> None:
    """Columns against bodies."""
    for entry in export.entries():
        if not entry.agrees():
            integrity.add(entry.index, "columns and body disagree, or one cannot be read")


def check_roots(
    export: Export, heads: Iterable[Head], integrity: Findings, *, is_anchored: bool
) -> None:
    """The root at each size that a head states.

    Open: a log too short for a head of the export differs from it; a log too short for an anchored
    head is no matter of integrity, but of completeness.
    """
    heads = list(heads)
    for name in sorted({name for head in heads for name in head.trees}, key=order_of):
        log = export.logs.get(name) or Log(name, 0, 0, [], [])
        hashes = log.hashes()
        stated = {head.trees[name] for head in heads if name in head.trees}
        if is_anchored:
            stated = {(size, root) for size, root in stated if size <= len(hashes)}
        check_log(log, hashes, sorted(stated), integrity)


def check_log(
    log: Log, hashes: list[bytes], stated: list[tuple[int, bytes]], integrity: Findings
) -> None:
    """The first root of one log that differs, and the entry that made it so."""
    tree = Tree(hashes)
    agreeing = [size for size, root in stated if tree.root(size) == root]
    differing = [pair for pair in stated if tree.root(pair[0]) != pair[1]]
    if differing:
        size, root = differing[0]
        agreed = max((one for one in agreeing if one <= size), default=0)
        place = first_bad(log.leaves, hashes, size, root, agreed)
        index = None if place is None else (log.name, place)
        integrity.add(index, f"log {log.name}: the root of {size} entries differs")


def first_bad(
    leaves: list[bytes], hashes: list[bytes], size: int, root: bytes, agreed: int
) -> int | None:
    """The place of the first bad entry, or `None` where no entry can be bad.

    Open: where leaf hashes do not reproduce the root, the first place where it can be. No entry
    lies there if another head of the same size agreed.
    """
    if Tree(leaves).root(size) == root:
        differing = (at for at in range(size) if hashes[at : at + 1] != leaves[at : at + 1])
        return next(differing)
    return agreed if agreed < size else None


# --- Anchors ------------------------------------------------------------------------------------


def anchored_heads(
    export: Export,
    anchors: Sequence[Path],
    keys: list[Announcement],
    given: bytes,
    integrity: Findings,
) -> list[Head]:
    """Every anchored head whose signature holds; those that do not agree are faults.

    Open: a malformed line is a fault; a head that the export lacks may be signed with any announced
    key, because its announcement may be what was cut off.
    """
    exported = {head.number: head for head in reversed(export.heads) if head}
    publics = {key.key: key.public for key in keys} | {id_of(given): given}
    holding = []
    for line in dict.fromkeys(line for anchor in anchors for line in lines_of(anchor)):
        head = perhaps(line)
        if head is None:
            integrity.add(None, "a line of an anchor is no signed head")
            continue
        if head.ledger == export.ledger and head.is_by(publics.get(head.key, b"")):
            holding.append(head)
        else:
            integrity.add(None, f"the signature of anchored head {head.number} does not hold")
        if head.number in exported and head != exported[head.number]:
            integrity.add(None, f"anchored head {head.number} is not the head of the export")
    return holding


def unanchored_tail(export: Export, last: Head | None) -> dict[str, Any]:
    """What came after the last anchored head.

    Open: entries are those beyond its sizes in all logs. Seconds run from its `at` (or, without
    one, from the earliest entry) to the latest `at` of those entries, and are never less than 0.
    """

    def size(log: Log) -> int:
        return last.size(log.name) if last else 0

    times = [
        entry.columns["at"]
        for log in export.logs.values()
        for entry in log.entries
        if entry.place >= size(log) and is_whole(entry.columns.get("at"))
    ]
    start = last.at if last else min(times, default=0)
    return {
        "entries": sum(max(0, log.end - size(log)) for log in export.logs.values()),
        "seconds": max(0, max(times, default=start) - start) / 1000,
    }


# --- Completeness -------------------------------------------------------------------------------


def check_numbers(export: Export, completeness: Findings) -> None:
    """Entries without a gap, as many as ledger.json says."""
    for log in export.logs.values():
        for entry in log.entries:
            if entry.columns.get("seq") != entry.place:
                completeness.add(entry.index, f"log {log.name}: {entry.place} is not in its place")
        if log.stated != len(log.entries):
            place = log.first + min(log.stated, len(log.entries))
            completeness.add((log.name, place), f"log {log.name}: not as many as ledger.json says")


def check_reach(export: Export, anchored: list[Head], completeness: Findings) -> None:
    """Heads without a gap up to the last anchored one; logs as long as heads state."""
    for number, head in enumerate(export.heads):
        if head is None or head.number != number:
            completeness.add(None, f"head {number} is missing")
    last = max((head.number for head in anchored), default=-1)
    if last >= len(export.heads):
        completeness.add(None, f"heads do not reach the anchored head {last}")
    written = [head for head in export.heads if head]
    for head in [*written[-1:], *anchored]:
        for name, (size, _) in head.trees.items():
            end = export.logs[name].end if name in export.logs else 0
            if end < size:
                completeness.add((name, end), f"log {name} does not reach {size}")


def check_calls(export: Export, completeness: Findings) -> list[str]:
    """One end for each call, one intent for each approval; the calls that are open.

    Open: what an entry refers to may stand anywhere in the ledger; where entries are in the archive
    and not given, what is not found is no fault.
    """
    ended: dict[str, Index] = {}
    begun: dict[str, None] = {}
    for entry, kind, call in calls_of(export):
        if kind in {"call.intent", "call.held"}:
            begun[call] = None
        elif kind == "call.ended" and call in ended:
            completeness.add(entry.index, "a call ended twice")
        elif kind == "call.ended":
            ended[call] = entry.index
    for entry, kind, call in calls_of(export):
        if kind == "call.amended" and call not in ended and not export.is_archived:
            completeness.add(entry.index, "an amended call has not ended")
    return [call for call in begun if call not in ended]


def calls_of(export: Export) -> Iterator[tuple[Entry, str, str]]:
    """Entries that belong to a call: with their kind and the id of the call, as bodies say."""
    for entry in export.entries():
        fields = entry.fields or {}
        if isinstance(fields.get("kind"), str) and isinstance(fields.get("call"), str):
            yield entry, fields["kind"], fields["call"]


def check_approvals(export: Export, completeness: Findings) -> None:
    """Every approval is spent once at most, and was given.

    Open: the body of `approval.decided` has `approval`, an object with `id` and `state`.
    """
    approved = {
        approval.get("id")
        for approval in approvals_of(export, "approval.decided", dict)
        if approval.get("state") == "approved" and isinstance(approval.get("id"), str)
    }
    spent = set()
    for entry in export.entries():
        approval = approval_of(entry, "call.intent", str)
        if approval is None:
            continue
        if approval in spent:
            completeness.add(entry.index, "an approval is spent twice")
        if approval not in approved and not export.is_archived:
            completeness.add(entry.index, "an approval is spent that nobody gave")
        spent.add(approval)


def approvals_of(export: Export, kind: str, shape: type) -> Iterator[Any]:
    """The field `approval` of every entry of a kind."""
    found = (approval_of(entry, kind, shape) for entry in export.entries())
    return (approval for approval in found if approval is not None)


def approval_of(entry: Entry, kind: str, shape: type) -> Any:
    """The field `approval` of an entry, where it is one of the kind and the field has the shape."""
    fields = entry.fields or {}
    approval = fields.get("approval")
    return approval if fields.get("kind") == kind and isinstance(approval, shape) else None


# --- The auditor --------------------------------------------------------------------------------


def verify(
    folder: str | Path, public_key_hex: str, anchor_files: Sequence[str | Path] = ()
) -> dict[str, Any]:
    """The two verdicts on an export, each with its first bad index, and what they leave open.

    Raises:
        ValueError: The public key is not 32 bytes in lower-case hex.
        FileNotFoundError: There is no such anchor.
    """
    demand(is_hex(public_key_hex, 32), "Give the public key as 32 bytes in lower-case hex.")
    anchors = [Path(one) for one in anchor_files]
    for anchor in anchors:
        if not anchor.is_file():
            raise FileNotFoundError(anchor)
    integrity, completeness = Findings(), Findings()
    try:
        export = read_export(Path(folder))
    except MalformedError as error:
        integrity.add(None, str(error))
        completeness.add(None, str(error))
        return answer(integrity, completeness, open=[], archived={}, unanchored=None)
    given = bytes.fromhex(public_key_hex)
    anchored = check_integrity(export, given, anchors, integrity)
    check_numbers(export, completeness)
    check_reach(export, anchored, completeness)
    check_approvals(export, completeness)
    open_calls = check_calls(export, completeness)
    last = max(anchored, key=lambda head: head.number, default=None)
    return answer(
        integrity,
        completeness,
        open=open_calls,
        # Open: nothing that is signed says what was archived, so what is not given is counted.
        archived={name: log.first for name, log in export.logs.items() if log.first},
        unanchored=unanchored_tail(export, last),
    )


def check_integrity(
    export: Export, given: bytes, anchors: list[Path], integrity: Findings
) -> list[Head]:
    """Everything that integrity asks; the anchored heads whose signature holds."""
    check_entries(export, integrity)
    keys = keys_of(export, given, integrity)
    signed_with = check_heads(export, keys, integrity)
    check_given(given, keys, signed_with, integrity)
    check_roots(export, [head for head in export.heads if head], integrity, is_anchored=False)
    anchored = anchored_heads(export, anchors, keys, given, integrity)
    check_roots(export, anchored, integrity, is_anchored=True)
    return anchored


def answer(integrity: Findings, completeness: Findings, **told: object) -> dict[str, Any]:
    """The two verdicts, and what is told beside them."""
    return {"integrity": integrity.verdict(), "completeness": completeness.verdict(), **told}
