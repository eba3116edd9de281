"""What a stranger can prove of the record, and what happens to whoever changes it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from highroad import Principal
from highroad.demo.export import Entry, Export
from highroad.demo.people import ACME, ALICE, BOB
from highroad.demo.story import Beat, Chapter, Claim, Stage
from highroad_auditor import Code, PublicKey, Report
from highroad_auditor.export import audit_export

_REFUND: Final = {"order_id": "ORD-000042", "cents": 700}
_ORDER: Final = {"order_id": "ORD-000042"}
_ERIN: Final = Principal(
    "erin", organization=ACME, roles={"support"}, name="Erin", authenticated=True
)
_OFFICER: Final = replace(BOB, permissions=frozenset({"audit:erase"}))


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    # A head before the refund and one behind it: in between lies what somebody will deny.
    await stage.runtime.audit.sign()
    refund = await stage.in_run("proof").call("refund", _REFUND, by=ALICE)
    await stage.runtime.audit.sign()
    public = await stage.runtime.audit.public_key()
    auditor = _Auditor(stage.home.folder, stage.home.demo, public)
    await auditor.receive(stage)
    entry = auditor.export.end_of(refund.call_id)
    yield _audited(auditor, entry)
    yield await _forgotten(stage)
    yield _cut(auditor, entry)
    explanation = await stage.runtime.audit.explain(refund.call_id)
    yield _changed(auditor, entry, explanation.principal)


@dataclass(frozen=True, slots=True)
class _Auditor:
    """A stranger with an export, a public key, and nothing of the road.

    Args:
        home: Where commands are typed.
        folder: Where the files lie that were handed over.
        public: The public key.
    """

    home: Path
    folder: Path
    public: bytes

    @property
    def export(self) -> Export:
        return Export(self.folder / "export")

    @property
    def anchor(self) -> Path:
        return self.folder / "anchor.jsonl"

    @property
    def _key(self) -> Path:
        return self.folder / "key.pub"

    async def receive(self, stage: Stage) -> None:
        """Take what is handed over: the export, the key, and the heads as an anchor has them."""
        self.export.make_room()
        await stage.runtime.audit.export(self.export.folder)
        self._key.write_text(self.public.hex(), "ascii")
        self.export.anchored(self.anchor)

    def audit(self, export: Export, *anchors: Path) -> Report:
        """The report of the stand-alone auditor."""
        held = {str(self._typed(anchor)): anchor for anchor in anchors}
        return audit_export(export.folder, PublicKey(self.public), anchors=held)

    def command(self, export: Export, *anchors: Path) -> str:
        """The same as it is typed."""
        options = "".join(f" --anchor {self._typed(anchor)}" for anchor in anchors)
        key = self._typed(self._key)
        return f"highroad-auditor {self._typed(export.folder)} --key {key}{options}"

    def _typed(self, path: Path) -> str:
        return path.relative_to(self.home).as_posix()


def _audited(auditor: _Auditor, entry: Entry) -> Beat:
    report = auditor.audit(auditor.export)
    return Beat(
        tried="Alice refunds 7 euros. A stranger gets an export of the ledger and its public key, "
        "and runs an auditor that shares no code with Highroad.",
        call=auditor.command(auditor.export),
        status=_status(report),
        shown=_verdicts(report),
        why="Entries are the leaves of a hash tree, whose root and size are signed. Integrity: "
        "what is there is what was signed. Completeness: nothing is missing.",
        claims=(
            Claim("Both verdicts hold.", report.holds),
            Claim("The refund is signed.", _signed(report, entry.log) > entry.seq),
        ),
    )


async def _forgotten(stage: Stage) -> Beat:
    call = await stage.in_run("erin").call("get_order", _ORDER, by=_ERIN)
    audit = stage.runtime.audit
    before = await audit.explain(call.call_id)
    await audit.erase(before.principal, by=_OFFICER)
    await audit.sign()
    after = await audit.explain(call.call_id)
    report = await audit.verify()
    return Beat(
        tried="Erin reads an order, leaves acme, and is forgotten. Is the record still whole?",
        call="highroad audit verify",
        status=_status(report),
        shown=_verdicts(report),
        why="Entries hold opaque ids and digests; names, arguments and results lie apart, and "
        "their keys were destroyed. What was hashed and signed is as it was.",
        claims=(
            Claim("Her name was known.", before.principal_name == _ERIN.name),
            Claim("It is not any more.", after.principal_name is None),
            Claim("Her call is in the record still.", after.status == "completed"),
            Claim("All of it is signed, and holds.", report.holds and not report.unsigned.entries),
        ),
    )


def _cut(auditor: _Auditor, entry: Entry) -> Beat:
    copy = auditor.export.copied("cut")
    copy.cut(entry)
    alone = auditor.audit(copy)
    report = auditor.audit(copy, auditor.anchor)
    return Beat(
        tried="Somebody cuts a copy off in front of the refund, signed head and all: it never was.",
        call=auditor.command(copy, auditor.anchor),
        status=_status(report),
        shown=_verdicts(report),
        why="What is left is genuine, and so holds by itself. An anchor is a place elsewhere that "
        "every signed head is written to: what it has seen cannot be taken back.",
        claims=(
            Claim("Without the anchor nobody could tell.", alone.holds),
            Claim(
                "With it, what is missing is named from its first entry on.",
                _first(report) == (entry.log, _signed(alone, entry.log)),
            ),
        ),
    )


def _changed(auditor: _Auditor, entry: Entry, principal: str) -> Beat:
    copy = auditor.export.copied("altered")
    somebody = principal[:-1] + ("0" if principal[-1] != "0" else "1")
    changed = copy.change(entry, principal, somebody)
    report = auditor.audit(copy)
    first = report.integrity.first
    return Beat(
        tried="Somebody changes one byte of a copy: the refund was another's.",
        call=auditor.command(copy),
        status=_status(report),
        shown=f"{principal}\n{somebody}\n\n{_verdicts(report)}",
        why="One byte is another leaf, another root, and no signature for it. The leaf hashes "
        "that do lead to the signed root say which entry it is.",
        claims=(
            Claim("One byte was changed.", changed == 1),
            Claim(
                f"The auditor points at it: entry {entry.seq} of the log, the refund's.",
                first is not None
                and (first.log, first.seq, first.until) == (entry.log, entry.seq, None),
            ),
            Claim(
                "It finds fault with nothing else.",
                [code for _, code, _ in report.classes] == [Code.ENTRY_CHANGED]
                and report.integrity.problems == 1,
            ),
        ),
    )


def _status(report: Report) -> str:
    return "verified" if report.holds else "broken"


def _verdicts(report: Report) -> str:
    """The two verdicts in the auditor's own words."""
    return "\n".join(
        line for line in report.lines() if line.startswith(("integrity:", "completeness:"))
    )


def _signed(report: Report, log: str) -> int:
    """The size of a log that the last head of a report states."""
    return next((found.signed for found in report.logs if found.log == log), 0)


def _first(report: Report) -> tuple[str | None, int | None]:
    """The entry from which on something is missing."""
    first = report.completeness.first
    return (None, None) if first is None else (first.log, first.seq)


CHAPTER: Final = Chapter(name="proof", title="The record proves itself", tell=_tell)
