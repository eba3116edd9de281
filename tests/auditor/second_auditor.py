"""A second auditor, written from docs/proof.md alone, with the standard library alone.

It is slow and plain on purpose: what the page calls a definition is computed as that definition.
"""

import base64
import hashlib
import heapq
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import takewhile
from operator import itemgetter
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


@lru_cache(maxsize=4096)
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


# --- JSON and lines -----------------------------------------------------------------------------

LONGEST: Final = 4 * 2**20


class MalformedError(ValueError):
    """Text that is not what the page says."""


def demand(holds: object, otherwise: str) -> None:
    """Raises `MalformedError` unless it holds."""
    if not holds:
        raise MalformedError(otherwise)


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice."""
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


def read_fields(text: bytes, names: set[str]) -> dict[str, Any]:
    """The JSON object that the text is, with these fields and no others."""
    value = read_object(text)
    demand(set(value) == names, f"the fields are not {sorted(names)}")
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
    """The id of a log."""
    return isinstance(value, str) and bool(re.fullmatch(r"(?!\.)[A-Za-z0-9._-]{1,128}", value))


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file, of which the last may lack its line feed; none where there is no file.

    A line that is longer than it may be comes as an empty one, which is no JSON either.
    """
    text = path.read_bytes() if path.is_file() else b""
    lines = text.removesuffix(b"\n").split(b"\n") if text else []
    return [line if len(line) <= LONGEST else b"" for line in lines]


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
    trees: dict[str, tuple[int, bytes]]

    def size(self, log: str) -> int:
        """How many entries of the log it covers."""
        return self.trees.get(log, (0, b""))[0]

    def is_by(self, public: bytes) -> bool:
        """Whether its key is this one, and signed it."""
        message = b"highroad-signed-head v1\n" + self.statement
        return self.key == id_of(public) and is_signed(public, message, self.signature)


def read_head(line: bytes, ledger: str) -> Head | None:
    """The signed head of a line, or `None` where it is none of this ledger."""
    try:
        head = demanded_head(line)
    except MalformedError:
        return None
    return head if head.ledger == ledger else None


def demanded_head(line: bytes) -> Head:
    """The signed head of a line; `MalformedError` where it is none."""
    written = read_fields(line, {"signature", "statement"})
    demand(is_hex(written["signature"], 64), "the signature is not 64 bytes in hex")
    demand(isinstance(written["statement"], str), "the statement is no string")
    demand(canonical(written) == line, "the line is not in the form of RFC 8785")
    text = written["statement"].encode("utf-8", "surrogatepass")
    stated = read_fields(text, HEAD_FIELDS)
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
    demand(is_whole(stated["v"]) and stated["v"] == 1, "v is not 1")
    demand(is_whole(stated["at"]) and is_whole(stated["number"]), "no whole number")
    demand(is_hex(stated["key"], 8), "the key is no id")
    demand(isinstance(stated["ledger"], str), "the ledger is no id")
    is_first = stated["number"] == 0
    demand(stated["previous"] is None if is_first else is_hex(stated["previous"], 32), "no hash")


def trees_of(listed: Any) -> dict[str, tuple[int, bytes]]:
    """Size and root by log."""
    demand(isinstance(listed, list), "trees is no list")
    trees = {}
    for one in listed:
        demand(isinstance(one, dict) and set(one) == {"log", "root", "size"}, "no tree")
        demand(is_log(one["log"]) and is_whole(one["size"]), "no tree")
        demand(is_hex(one["root"], 32), "the root is no hash")
        trees[one["log"]] = one["size"], bytes.fromhex(one["root"])
    demand([one["log"] for one in listed] == sorted(trees), "trees are not in order")
    return trees


# --- The export ---------------------------------------------------------------------------------

Index = tuple[str, int] | None
COLUMNS: Final = {
    "schema": "v",
    "kind": "kind",
    "at": "at",
    "organization": "org",
    "run": "run",
    "call": "call",
}


@dataclass(frozen=True)
class Entry:
    """One line of entries that has the form; `fields` are `None` where its body has not."""

    seq: int
    columns: dict[str, Any]
    body: bytes
    fields: dict[str, Any] | None

    def says(self, name: str) -> Any:
        """A field of the body, or `None`."""
        return (self.fields or {}).get(name)

    def agrees(self) -> bool:
        """Whether columns say what the body says, and the body is one that may be there."""
        if self.fields is None or b"\n" in self.body:
            return False
        return all(self.says(name) == self.columns[column] for column, name in COLUMNS.items())


def read_entry(line: bytes) -> Entry | None:
    """The entry of one line, or `None` where it has not the form."""
    try:
        columns = read_object(line)
        body = body_of(columns)
        demand(set(columns) == {"seq", *COLUMNS}, "not the columns of an entry")
        demand(is_whole(columns["seq"]), "seq is no number")
        check_columns(columns, {column: column for column in COLUMNS})
    except MalformedError:
        return None
    return Entry(columns["seq"], columns, body, fields_of(body))


def check_columns(found: dict[str, Any], names: dict[str, str]) -> None:
    """Numbers, texts, and what may be `null`, by the names that columns have here."""
    demand(all(is_whole(found.get(names[one])) for one in ("schema", "at")), "no number")
    texts = {one: found.get(names[one]) for one in ("kind", "organization", "run", "call")}
    for one, text in texts.items():
        is_nothing = text is None and one in {"run", "call"}
        demand(is_nothing or isinstance(text, str), "no text")


def body_of(columns: dict[str, Any]) -> bytes:
    """The exact bytes of a body, which is taken out of the columns."""
    name = "body" if "body" in columns else "body_base64"
    text = columns.pop(name, None)
    demand(isinstance(text, str), "the body is no string")
    try:
        return text.encode() if name == "body" else decoded_base64(text)
    except ValueError as error:
        raise MalformedError(str(error)) from error


def decoded_base64(text: str) -> bytes:
    """The bytes of the one text in base64 that means them."""
    body = base64.b64decode(text, validate=True)
    demand(base64.b64encode(body).decode() == text, "no base64")
    return body


def fields_of(body: bytes) -> dict[str, Any] | None:
    """The object that a body is, or `None` where it has not the fields of an entry."""
    try:
        fields = read_object(body)
        check_columns(fields, COLUMNS)
    except MalformedError:
        return None
    return fields


@dataclass
class Log:
    """One log, as its lines leave it: what is held, and which numbers are not."""

    name: str
    first: int = 0
    stored: bytes = b""
    held: dict[int, Entry] = field(default_factory=dict)
    malformed: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    due: int = 0

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hashes of the export; one that is cut short is left out."""
        return [self.stored[at - 32 : at] for at in range(32, len(self.stored) + 1, 32)]

    @property
    def end(self) -> int:
        """The number behind its last entry."""
        return max(self.due, self.first)

    def take(self, entry: Entry | None) -> None:
        """Hold the entry of the next line; what is wrong with it has the number that was due."""
        if entry is None:
            self.malformed.append(self.due)
        elif entry.seq < self.due:
            if not self.has_twice(entry):
                self.late.append(self.due)
        else:
            if entry.seq > self.end:
                self.gaps.append(self.end)
            self.held[entry.seq] = entry
            self.due = entry.seq + 1

    def has_twice(self, entry: Entry) -> bool:
        """Whether a segment and the export both have this archived entry."""
        return entry.seq == self.due - 1 < self.first and self.held[entry.seq].body == entry.body

    def hash_at(self, seq: int) -> bytes:
        """The leaf hash of an entry; that of the export where it was archived; or nothing."""
        if seq in self.held:
            return leaf_hash(self.held[seq].body)
        return b"".join(self.leaves[seq : seq + 1]) if seq < self.first else b""

    def hashes(self, known: list[bytes], size: int) -> list[bytes]:
        """What is known of leaf hashes, then those of entries until one is missing."""
        behind = map(self.hash_at, range(len(known), size))
        return known[:size] + list(takewhile(bool, behind))

    def entries(self) -> Iterator[Entry]:
        """Entries in their order."""
        return (self.held[seq] for seq in sorted(self.held))

    def left_out(self, start: int) -> int | None:
        """The first number from `start` on that is archived and was not given."""
        return next((seq for seq in range(start, self.first) if seq not in self.held), None)


@dataclass(frozen=True)
class Export:
    """What an export folder holds; a head is `None` where its line is none."""

    ledger: str
    logs: dict[str, Log]
    heads: list[Head | None]
    counts: dict[str, tuple[int, int]]
    """How many lines of entries `ledger.json` says there are, and how many there are."""

    @property
    def last(self) -> Head | None:
        """The last signed head."""
        return next((head for head in reversed(self.heads) if head), None)

    @property
    def is_archived(self) -> bool:
        """Whether entries of some log are elsewhere, and were not given."""
        return any(log.left_out(0) is not None for log in self.logs.values())

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Every entry, by log and `seq`."""
        return ((name, entry) for name, log in self.logs.items() for entry in log.entries())


def read_export(folder: Path, segments: Mapping[str, Sequence[Path]]) -> Export:
    """The export of a folder; `MalformedError` where it does not say what it holds."""
    path = folder / "ledger.json"
    demand(path.is_file(), "there is no ledger.json")
    stated = read_fields(path.read_bytes(), {"ledger", "logs", "v"})
    demand(is_whole(stated["v"]) and stated["v"] == 1, "v of ledger.json is not 1")
    demand(isinstance(stated["ledger"], str), "the ledger is no id")
    demand(isinstance(stated["logs"], list), "logs is no list")
    counts = dict(count_of(one) for one in stated["logs"])
    demand(len(counts) == len(stated["logs"]), "a log stands twice")
    logs = {}
    for name in sorted(counts):
        entries, first = counts[name]
        lines = lines_of(folder / f"entries-{name}.jsonl")
        counts[name] = entries, len(lines)
        leaves = folder / f"leaves-{name}.bin"
        logs[name] = Log(name, first, leaves.read_bytes() if leaves.is_file() else b"")
        sources = [*map(lines_of, segments.get(name, ())), lines]
        for _, entry in heapq.merge(*map(numbered, sources), key=itemgetter(0)):
            logs[name].take(entry)
    heads = [read_head(line, stated["ledger"]) for line in lines_of(folder / "heads.jsonl")]
    return Export(stated["ledger"], logs, heads, counts)


def count_of(stated: Any) -> tuple[str, tuple[int, int]]:
    """One log, as ledger.json announces it: its id, how many lines, from which `seq` on."""
    demand(isinstance(stated, dict) and set(stated) == {"entries", "first", "log"}, "no log")
    demand(is_log(stated["log"]), "no id of a log")
    demand(is_whole(stated["entries"]) and is_whole(stated["first"]), "no whole number")
    return stated["log"], (stated["entries"], stated["first"])


def numbered(lines: list[bytes]) -> Iterator[tuple[int, Entry | None]]:
    """Entries by their number; a line that is none goes with the entry before it."""
    seq = 0
    for entry in map(read_entry, lines):
        seq = seq if entry is None else entry.seq
        yield seq, entry


# --- Findings -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Findings:
    """Faults of one verdict, with the index of an entry where one can be named."""

    faults: list[tuple[Index, str]] = field(default_factory=list)

    def add(self, index: Index, words: str) -> None:
        """Notes one fault."""
        self.faults.append((index, words))

    def verdict(self) -> dict[str, Any]:
        """Of several indexes the first by log, then by `seq`; `null` where none has one."""
        first = min((index for index, _ in self.faults if index is not None), default=None)
        return {
            "holds": not self.faults,
            "first": None if first is None else list(first),
            "faults": [words for _, words in self.faults],
        }


# --- Keys ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Announcement:
    """A signing key, and the entry that announces it."""

    index: tuple[str, int]
    public: bytes
    previous: str | None
    endorsement: str | None

    def is_covered(self, head: Head) -> bool:
        """Whether the head covers the announcement."""
        return self.index[1] < head.size(self.index[0])

    def continues(self, keys: "list[Announcement]", ledger: str) -> bool:
        """Whether it is new, stands behind those of its log, and the last key endorsed it."""
        if any(key.public == self.public or key.is_behind(self) for key in keys):
            return False
        if not keys or self.previous is None or self.endorsement is None:
            return not keys and self.previous is None and self.endorsement is None
        message = f"highroad-key-rotation v1\n{ledger}\n{self.public.hex()}".encode()
        is_endorsed = is_signed(keys[-1].public, message, bytes.fromhex(self.endorsement))
        return self.previous == id_of(keys[-1].public) and is_endorsed

    def is_behind(self, other: "Announcement") -> bool:
        """Whether both are in one log, and this one is the later."""
        return self.index[0] == other.index[0] and self.index[1] > other.index[1]


def announced_by(log: str, entry: Entry) -> Announcement | None:
    """The key that an entry announces, or `None` where it has not the form."""
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
    return Announcement((log, entry.seq), public, previous, endorsement) if has_form else None


def keys_of(export: Export, integrity: Findings) -> list[Announcement]:
    """The announced keys from the first to the newest, each endorsed by the one before it."""
    waiting = []
    for log, entry in export.entries():
        if entry.says("kind") == "ledger.rekeyed":
            announcement = announced_by(log, entry)
            if announcement is None:
                integrity.add((log, entry.seq), "an announcement of a key has not the form")
            else:
                waiting.append(announcement)
    keys: list[Announcement] = []
    while following := [one for one in waiting if one.continues(keys, export.ledger)]:
        keys.append(following[0])
        waiting.remove(following[0])
    for one in waiting:
        integrity.add(one.index, "a key does not follow the key before it")
    return keys


def is_signed_as_due(head: Head, keys: list[Announcement]) -> bool:
    """Whether the newest key whose announcement the head covers signed it."""
    public = next((key.public for key in reversed(keys) if key.is_covered(head)), None)
    return public is not None and head.is_by(public)


# --- Integrity ----------------------------------------------------------------------------------


def hash_of(head: Head | None) -> str | None:
    """What the head after this one has as `previous`."""
    return None if head is None else hashlib.sha256(head.statement).hexdigest()


def check_heads(export: Export, keys: list[Announcement], integrity: Findings) -> None:
    """Form, signature, `number`, `previous` and sizes of every head."""
    before: Head | None = None
    for number, head in enumerate(export.heads):
        if head is None:
            integrity.add(None, f"line {number} of heads.jsonl is no signed head")
            continue
        if not is_signed_as_due(head, keys):
            integrity.add(None, f"head {number} is not signed with the key of its position")
        if head.number != number or head.previous != hash_of(before):
            integrity.add(None, f"head {number} does not follow the head before it")
        if before and any(head.size(log) < before.size(log) for log in before.trees):
            integrity.add(None, f"head {number} states less than the head before it")
        if before and not before.trees.keys() <= head.trees.keys():
            integrity.add(None, f"a log disappears from head {number}")
        before = head


def trusted_heads(export: Export, keys: list[Announcement], given: bytes) -> list[Head]:
    """Heads whose roots are known to be signed: also by the given key, or bound by such a head."""
    bound: str | None = None
    trusted = []
    for head in reversed([head for head in export.heads if head]):
        if head.is_by(given) or hash_of(head) == bound:
            bound = head.previous
            trusted.append(head)
        elif is_signed_as_due(head, keys):
            trusted.append(head)
    return trusted[::-1]


def check_given(
    export: Export, given: bytes, keys: list[Announcement], integrity: Findings
) -> None:
    """The key from outside is announced, and the last head covers that."""
    last = export.last
    if last is None or not any(key.public == given and key.is_covered(last) for key in keys):
        integrity.add(None, "no signed head covers an announcement of the given key")


def check_entries(export: Export, integrity: Findings) -> None:
    """Lines, their order, and columns against bodies."""
    for name, log in export.logs.items():
        for seq in log.malformed:
            integrity.add((name, seq), "a line has not the form of an entry")
        for seq in log.late:
            integrity.add((name, seq), "an entry stands where its number has passed")
    for name, entry in export.entries():
        if not entry.agrees():
            integrity.add((name, entry.seq), "columns and body disagree, or one cannot be read")


def check_roots(
    export: Export, trusted: list[Head], anchored: list["Anchored"], integrity: Findings
) -> None:
    """The root at each size that a head states, of the export or of an anchor, by size."""
    heads = [*trusted, *(one.head for one in anchored)]
    for name in {name for head in heads for name in head.trees}:
        log, known, agreed = export.logs.get(name) or Log(name), list[bytes](), 0
        stated = {head.trees[name] for head in trusted if name in head.trees}
        shared = {
            (one.head.trees[name], one.shared.size(name) if one.shared else 0)
            for one in anchored
            if name in one.head.trees
        }
        for size in sorted({size for size, _ in stated} | {at for (at, _), _ in shared}):
            before = agreed
            for root in sorted(root for at, root in stated if at == size):
                found = check_root(log, known, (size, root), before, before, integrity)
                if found is not None:
                    known, agreed = found, size
            for (at, root), last in sorted(shared):
                if at == size:
                    since, end = min(last, agreed), min(last, at)
                    known = check_root(log, known, (at, root), since, end, integrity) or known


def check_root(
    log: Log,
    known: list[bytes],
    stated: tuple[int, bytes],
    before: int,
    shared: int,
    integrity: Findings,
) -> list[bytes] | None:
    """One root; gives the leaf hashes that are known to be signed then, if it is reached.

    Args:
        log: The log.
        known: The leaf hashes that are known to be signed.
        stated: A size, and the root that a head states for it.
        before: The last smaller size whose root agreed.
        shared: From where on nothing is proven if this one differs.
        integrity: Where to note what is wrong.
    """
    size, root = stated
    end = min(size, log.end)
    hashes = log.hashes(known, size)
    stored = known[:size] + log.leaves[len(known) : size]
    places = [at for at in range(before, min(end, len(stored))) if log.hash_at(at) != stored[at]]
    if Tree(hashes).root(size) == root:
        if places:
            integrity.add((log.name, places[0]), "a leaf hash is not that of the signed tree")
        return hashes
    if Tree(stored).root(size) == root:
        if places:
            integrity.add((log.name, places[0]), "the entry is not the one that was signed")
        return stored
    if size <= log.end or shared < end:
        integrity.add((log.name, shared), f"it is not proven up to {size}")
    elif len(stored) == size:
        integrity.add((log.name, end), "leaf hashes behind the end lead to another root")
    return None


# --- Anchors ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anchored:
    """A head that an anchor has and the export has not, and the last that they share."""

    head: Head
    shared: Head | None


def anchored_heads(
    export: Export, anchors: Sequence[Path], integrity: Findings
) -> dict[bytes, Anchored]:
    """Every anchored head that is not word for word one of the export, by its line."""
    exported = {head.number: head for head in reversed(export.heads) if head}
    others: dict[bytes, Anchored] = {}
    for anchor in anchors:
        heads = [read_head(line, export.ledger) for line in lines_of(anchor)]
        shared = [head for head in heads if head and head == exported.get(head.number)]
        last = max(shared, key=lambda head: head.number, default=None)
        for head in heads:
            if head is None:
                integrity.add(None, "a line of an anchor is no signed head")
            elif exported.get(head.number) != head:
                others.setdefault(line_of(head), Anchored(head, last))
                if head.number in exported:
                    integrity.add(None, f"anchored head {head.number} is not that of the export")
    return others


def holds_anchored(head: Head, keys: list[Announcement], given: bytes) -> bool:
    """Whether the given key signed it, or the one that its position asks for."""
    return head.is_by(given) or is_signed_as_due(head, keys)


def last_anchored(export: Export, anchors: Sequence[Path]) -> Head | None:
    """The last head of the export that an anchor has too."""
    lines = {line for anchor in anchors for line in lines_of(anchor)}
    return next((h for h in reversed(export.heads) if h and line_of(h) in lines), None)


def line_of(head: Head) -> bytes:
    """A signed head as it is written down."""
    signature = head.signature.hex()
    return canonical({"signature": signature, "statement": head.statement.decode()})


def tail(export: Export, last: Head | None) -> dict[str, Any]:
    """What came after a head: entries, and seconds up to the newest of all entries."""
    times = [entry.columns["at"] for _, entry in export.entries()]
    start = last.at if last else min(times, default=0)
    sizes = {name: last.size(name) if last else 0 for name in export.logs}
    return {
        "entries": sum(max(0, log.end - sizes[name]) for name, log in export.logs.items()),
        "seconds": max(0, max(times, default=start) - start) / 1000,
    }


# --- Completeness -------------------------------------------------------------------------------


def check_numbers(export: Export, stated: list[Head], completeness: Findings) -> None:
    """Entries and heads without a gap, logs as long as heads state, files as long as they should.

    Args:
        export: What is there.
        stated: Its heads, and those that only anchors have.
    """
    for name in export.logs.keys() | {name for head in stated for name in head.trees}:
        log = export.logs.get(name) or Log(name)
        size = max((head.size(name) for head in stated), default=0)
        for seq in log.gaps:
            completeness.add((name, seq), f"log {name}: {seq} is missing")
        if log.end < size:
            completeness.add((name, log.end), f"log {name} does not reach {size}")
        if name in export.logs and (
            len(set(export.counts[name])) > 1 or len(log.stored) != 32 * size
        ):
            completeness.add(None, f"log {name}: a file has not as much as it should")
    due = 0
    for head in export.heads:
        if head and head.number > due:
            completeness.add(None, f"head {due} is missing")
        due = max(due, head.number if head else due) + (head is None or head.number >= due)


def check_anchored(export: Export, anchored: list[Head], completeness: Findings) -> None:
    """Heads that anchors have, and the export not even another one of that number."""
    numbers = {head.number for head in export.heads if head}
    for head in anchored:
        if head.number not in numbers:
            completeness.add(None, f"anchored head {head.number} is missing")


def check_archives(export: Export, last: Head | None, completeness: Findings) -> None:
    """What was left out is announced, and both are covered by the last head that holds."""
    sizes = {name: last.size(name) if last else 0 for name in export.logs}
    announced = dict.fromkeys(export.logs, 0)
    for name, entry in export.entries():
        log, first = entry.says("log"), entry.says("first")
        is_announced = entry.says("kind") == "ledger.archived" and entry.seq < sizes[name]
        if is_announced and isinstance(log, str) and log in announced and is_whole(first):
            announced[log] = max(announced[log], first)
    for name, log in export.logs.items():
        missing = log.left_out(min(announced[name], sizes[name]))
        if missing is not None:
            completeness.add((name, missing), f"log {name}: left out, and not as archived")


Places = dict[str, list[tuple[str, int]]]


def is_before(places: list[tuple[str, int]], index: tuple[str, int]) -> bool:
    """Whether one of the places is in another log, or in the same one and before."""
    return any(log != index[0] or seq < index[1] for log, seq in places)


def places_of(export: Export, kind: str, name: str = "call") -> Places:
    """Where entries of a kind stand that name their call, by what a field of theirs says."""
    places: Places = {}
    for log, entry in export.entries():
        value = entry.says(name)
        if entry.says("kind") == kind and is_about(entry) and isinstance(value, str):
            places.setdefault(value, []).append((log, entry.seq))
    return places


BEGINNING = ("call.intent", "call.held", "call.deferred")
"""Kinds of entries of a call that has begun."""


def is_about(entry: Entry) -> bool:
    """Whether an entry about a call or an approval says which."""
    if entry.says("kind") == "approval.decided":
        approval = entry.says("approval")
        return isinstance(approval, dict) and isinstance(approval.get("id"), str)
    if entry.says("kind") not in {*BEGINNING, "call.ended", "call.amended"}:
        return True
    return isinstance(entry.says("call"), str)


def check_calls(export: Export, completeness: Findings) -> list[str]:
    """One end for each call; the calls that are open."""
    for log, entry in export.entries():
        if not is_about(entry):
            completeness.add((log, entry.seq), "it does not say of which call or approval")
    ended = places_of(export, "call.ended")
    for places in ended.values():
        for index in places[1:]:
            completeness.add(index, "a call ended twice")
    begun: Places = {}
    for kind in BEGINNING:
        for call, places in places_of(export, kind).items():
            begun.setdefault(call, []).extend(places)
    if not export.is_archived:
        check_amendments(export, begun, ended, completeness)
    return sorted(set(begun) - set(ended))


def check_amendments(export: Export, begun: Places, ended: Places, completeness: Findings) -> None:
    """An amended call has ended; one of which its process said what it knew has begun at least."""
    for log, entry in export.entries():
        call = entry.says("call")
        if entry.says("kind") != "call.amended" or not isinstance(call, str):
            continue
        known = ended.get(call, [])
        if entry.says("source") == "late":
            known = known + begun.get(call, [])
        if not is_before(known, (log, entry.seq)):
            completeness.add((log, entry.seq), "an amended call has not ended")


RUN = ("run.started", "run.message", "run.held", "run.resumed", "run.ended")
"""Kinds of entries about a run of an agent."""
REQUEST = ("model.asked", "model.replied")
"""Kinds of entries about a request to a model."""


def check_runs(export: Export, completeness: Findings) -> list[str]:
    """One beginning and one end for each run, one answer for each request; the open runs."""
    for log, entry in export.entries():
        field = {**dict.fromkeys(RUN, "run"), **dict.fromkeys(REQUEST, "id")}.get(
            str(entry.says("kind"))
        )
        if field is not None and not isinstance(entry.says(field), str):
            completeness.add((log, entry.seq), "it does not say of which run or request")
    first = {"run": "run.started", "id": "model.asked"}
    for field, kinds in (("run", RUN), ("id", REQUEST)):
        begun = places_of(export, first[field], field)
        for kind in kinds:
            for name, places in places_of(export, kind, field).items():
                if kind in {"run.started", "run.ended", *REQUEST}:
                    for index in places[1:]:
                        completeness.add(index, "it began or ended twice")
                for index in places:
                    is_known = is_before(begun.get(name, []), index)
                    if kind != first[field] and not export.is_archived and not is_known:
                        completeness.add(index, "it speaks of what has not begun")
    started = places_of(export, "run.started", "run")
    return sorted(set(started) - set(places_of(export, "run.ended", "run")))


def check_approvals(export: Export, completeness: Findings) -> None:
    """Every approval is spent once at most, and was given."""
    given: Places = {}
    for log, entry in export.entries():
        approval = entry.says("approval")
        if entry.says("kind") == "approval.decided" and is_about(entry):
            if approval.get("state") == "approved":
                given.setdefault(approval["id"], []).append((log, entry.seq))
        elif entry.says("kind") == "call.intent" and not isinstance(approval, str | None):
            completeness.add((log, entry.seq), "what an intent spends is no approval")
    for approval, places in places_of(export, "call.intent", "approval").items():
        for index in places[1:]:
            completeness.add(index, "an approval is spent twice")
        for index in places:
            if not export.is_archived and not is_before(given.get(approval, []), index):
                completeness.add(index, "an approval is spent that nobody gave")


# --- The auditor --------------------------------------------------------------------------------


def verify(
    folder: str | Path,
    public_key_hex: str,
    anchor_files: Sequence[str | Path] = (),
    segments: Mapping[str, Sequence[Path]] | None = None,
) -> dict[str, Any]:
    """The two verdicts on an export, each with its first bad index, and what they leave open.

    Raises:
        MalformedError: The public key is not 32 bytes in lower-case hex, or `ledger.json` does not
            say what the export holds.
        FileNotFoundError: There is no such anchor.
    """
    demand(is_hex(public_key_hex, 32), "Give the public key as 32 bytes in lower-case hex.")
    given, anchors = bytes.fromhex(public_key_hex), [Path(one) for one in anchor_files]
    for anchor in anchors:
        if not anchor.is_file():
            raise FileNotFoundError(anchor)
    integrity, completeness = Findings(), Findings()
    export = read_export(Path(folder), segments or {})
    anchored = anchored_heads(export, anchors, integrity)
    others = [one.head for one in anchored.values()]
    last = check_integrity(export, given, list(anchored.values()), integrity)
    check_numbers(export, [head for head in [*export.heads, *others] if head], completeness)
    check_anchored(export, others, completeness)
    check_archives(export, last, completeness)
    check_approvals(export, completeness)
    open_calls = check_calls(export, completeness)
    open_runs = check_runs(export, completeness)
    return {
        "integrity": integrity.verdict(),
        "completeness": completeness.verdict(),
        "open": open_calls,
        "open_runs": open_runs,
        "archived": {
            name: log.first - sum(seq < log.first for seq in log.held)
            for name, log in export.logs.items()
            if log.left_out(0) is not None
        },
        "unsigned": tail(export, last),
        "unanchored": tail(export, last_anchored(export, anchors)),
    }


def check_integrity(
    export: Export, given: bytes, anchored: list[Anchored], integrity: Findings
) -> Head | None:
    """Everything that integrity asks; gives the last head that holds."""
    check_entries(export, integrity)
    keys = keys_of(export, integrity)
    check_heads(export, keys, integrity)
    check_given(export, given, keys, integrity)
    held = [one for one in anchored if holds_anchored(one.head, keys, given)]
    for one in anchored:
        if one not in held:
            integrity.add(None, f"the signature of anchored head {one.head.number} does not hold")
    trusted = trusted_heads(export, keys, given)
    check_roots(export, trusted, held, integrity)
    return trusted[-1] if trusted else None
