"""Audits bundles of the author, fed into the engine and as files."""

from pathlib import Path

from proof_author import SECOND, write

from highroad_auditor import Aspect, Audit, PublicKey
from highroad_auditor.export import Segment, audit_export

CHUNK = 7 * 32
"""Bytes of leaf hashes that are handed over at a time: never a whole tile, to meet every edge."""


def pushed(bundle, *, key=SECOND, now_ms=None, with_leaves=True):
    """Feed a bundle into the engine, as Highroad does with a store."""
    audit = Audit(bundle.ledger, bundle.heads, bundle.anchors, PublicKey(key.public))
    for name, entries in bundle.entries.items():
        log = audit.log(name, first=bundle.first.get(name, 0))
        leaves = bundle.leaves.get(name, b"") if with_leaves else b""
        for start in range(0, len(leaves), CHUNK):
            log.expect(leaves[start : start + CHUNK])
        for e in entries:
            log.take(e.seq, e.schema, e.kind, e.organization, e.run, e.call, e.at, e.body)
    return audit.report(now_ms)


def exported(files, folder, *, key=SECOND):
    """Write files into a folder and audit them as an export."""
    write(files, folder)
    return audited(files, folder, key=key)


def audited(names, folder, *, key=SECOND):
    """Audit the files of these names as an export."""
    folder = Path(folder)
    named = {name: folder / name for name in names}
    return audit_export(
        folder,
        PublicKey(key.public),
        anchors={name: path for name, path in named.items() if name.startswith("anchors/")},
        segments=[
            Segment(path=path) for name, path in named.items() if name.startswith("segments/")
        ],
    )


def codes(report, aspect=None):
    """Classes of problems, of one aspect or of both."""
    return {code for of, code, _ in report.classes if aspect in (None, of)}


def first(verdict):
    """The first bad index of a verdict: `seq`, or the number of a head."""
    problem = verdict.first
    return problem and (problem.seq if problem.seq is not None else f"head {problem.head}")


INTEGRITY, COMPLETENESS = Aspect.INTEGRITY, Aspect.COMPLETENESS
