"""The command line: `highroad-auditor EXPORT --key KEY --anchor FILE`."""

import json
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from highroad_auditor.excerpt import Finding, check_excerpt
from highroad_auditor.export import Segment, UnusableError, audit_export
from highroad_auditor.keys import PublicKey
from highroad_auditor.report import Report

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST_KEY_FILE: Final = 2**16


class Exit(IntEnum):
    """Exit codes; `--help` says what each means."""

    HOLDS = 0
    INTEGRITY = 1
    COMPLETENESS = 2
    BOTH = 3
    UNUSABLE = 4


_MEANINGS: Final = {
    Exit.HOLDS: "integrity and completeness hold",
    Exit.INTEGRITY: "integrity is broken",
    Exit.COMPLETENESS: "completeness is broken",
    Exit.BOTH: "both are broken",
    Exit.UNUSABLE: "no verdict: something cannot be read, or an option is wrong",
}


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.UNUSABLE, f"highroad-auditor: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit an export, print what it comes to, and give the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.export.is_file():
            return _check_excerpt(options)
        report = _audit(options)
        _print(report, as_json=options.json)
    except (UnusableError, OSError) as error:
        sys.stderr.write(f"highroad-auditor: {ascii(str(error))[1:-1]}\n")
        return Exit.UNUSABLE
    return _exit(report)


def _check_excerpt(options: Namespace) -> Exit:
    found = list(check_excerpt(options.export, _public_key(options.key)))
    if not found:
        raise UnusableError(f"{options.export} is empty")
    for finding in found:
        line = json.dumps(asdict(finding)) if options.json else _told(finding)
        print(line, flush=True)
    return Exit.HOLDS if all(finding.holds for finding in found) else Exit.INTEGRITY


def _told(finding: Finding) -> str:
    return f"line {finding.line}: {'holds' if finding.holds else 'BROKEN'}, {finding.says}"


def _print(report: Report, *, as_json: bool) -> None:
    text = json.dumps(report.as_json()) if as_json else "\n".join(report.lines())
    # Flushed here, where it is noticed that nobody reads it.
    print(text, flush=True)


def _audit(options: Namespace) -> Report:
    return audit_export(
        options.export,
        _public_key(options.key),
        anchors={str(path): path for path in options.anchor},
        segments=[_segment(text) for text in options.segment],
        now_ms=options.now_ms,
    )


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="highroad-auditor",
        description="Audit an export of a Highroad ledger, offline.",
        epilog="exit codes:\n" + "\n".join(f"  {code.value}  {_MEANINGS[code]}" for code in Exit),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("export", type=Path, help="folder of the export, or file of an excerpt")
    parser.add_argument(
        "--key", required=True, help="public key: 64 hex digits, or a file with them or with PEM"
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="file of anchored heads, one on a line; may be repeated",
    )
    parser.add_argument(
        "--segment",
        action="append",
        default=[],
        metavar="[LOG=]FILE",
        help="file of archived entries; may be repeated",
    )
    parser.add_argument(
        "--now-ms",
        type=int,
        metavar="MS",
        help="count tails up to this Unix time instead of the newest entry's",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _exit(report: Report) -> Exit:
    match report.integrity.holds, report.completeness.holds:
        case True, True:
            return Exit.HOLDS
        case False, True:
            return Exit.INTEGRITY
        case True, False:
            return Exit.COMPLETENESS
        case _:
            return Exit.BOTH


def _segment(text: str) -> Segment:
    log, equals, path = text.partition("=")
    if equals and not Path(text).exists():
        return Segment(path=Path(path), log=log)
    return Segment(path=Path(text))


def _public_key(text: str) -> PublicKey:
    if _HEX.fullmatch(text):
        return PublicKey(bytes.fromhex(text))
    with Path(text).open("rb") as file:
        held = file.read(_LARGEST_KEY_FILE)
    if held.lstrip().startswith(b"-----BEGIN"):
        return _from_pem(held)
    found = held.strip().decode("ascii", "replace")
    if _HEX.fullmatch(found) is None:
        raise UnusableError(f"{text} holds neither 64 lower-case hex digits nor PEM")
    return PublicKey(bytes.fromhex(found))


def _from_pem(held: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(held)
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableError("the PEM file holds no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableError("the PEM file holds a key that is not Ed25519")
    return PublicKey(key.public_bytes_raw())
