"""The command line: `highroad-auditor EXPORT --key KEY --anchor FILE`."""

import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from highroad_auditor.excerpt import check_excerpt
from highroad_auditor.export import Segment, UnusableError, audit_export
from highroad_auditor.keys import PublicKey
from highroad_auditor.strict import COUNT

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST_KEY_FILE: Final = 2**16


_MEANINGS: Final = (
    "integrity and completeness hold",
    "integrity is broken",
    "completeness is broken",
    "both are broken",
    "no verdict: something cannot be read, or an option is wrong",
)
"""What each exit code says."""
_UNUSABLE: Final = 4


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(_UNUSABLE, f"highroad-auditor: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit an export, print what it comes to, and give the exit code."""
    try:
        return _answer(_parser().parse_args(arguments))
    except (UnusableError, OSError) as error:
        sys.stderr.write(f"highroad-auditor: {ascii(str(error))[1:-1]}\n")
        return _UNUSABLE
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads on; else Python would complain when it hands over the rest at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer(options: Namespace) -> int:
    code, lines = _excerpt(options) if options.export.is_file() else _audit(options)
    with suppress(BrokenPipeError):
        print(*lines, sep="\n", flush=True)
    return code


def _excerpt(options: Namespace) -> tuple[int, Iterable[str]]:
    found = list(check_excerpt(options.export, _public_key(options.key)))
    if not found:
        raise UnusableError(f"{options.export} is empty")
    lines = [json.dumps(asdict(one)) if options.json else str(one) for one in found]
    return int(not all(finding.holds for finding in found)), lines


def _audit(options: Namespace) -> tuple[int, Iterable[str]]:
    report = audit_export(
        options.export,
        _public_key(options.key),
        anchors={str(path): path for path in options.anchor},
        segments=[_segment(text) for text in options.segment],
        now_ms=options.now_ms,
    )
    lines = [json.dumps(report.as_json())] if options.json else report.lines()
    return (not report.integrity.holds) + 2 * (not report.completeness.holds), lines


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="highroad-auditor",
        description="Audit an export of a Highroad ledger, offline.",
        epilog="\n".join(
            ("exit codes:", *(f"  {code}  {says}" for code, says in enumerate(_MEANINGS)))
        ),
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("export", type=Path, help="folder of the export, or file of an excerpt")
    add("--key", required=True, help="public key: 64 hex digits, or a file with them or with PEM")
    anchors = "file of anchored heads, one on a line; may be repeated"
    add("--anchor", type=Path, action="append", default=[], metavar="FILE", help=anchors)
    segments = "file of archived entries; may be repeated"
    add("--segment", action="append", default=[], metavar="[LOG=]FILE", help=segments)
    now = "count tails up to this Unix time instead of the newest entry's"
    add("--now-ms", type=_moment, metavar="MS", help=now)
    add("--json", action="store_true", help="print the report as JSON")
    return parser


def _moment(text: str) -> int:
    if not COUNT.fits(int(text)):
        raise ValueError
    return int(text)


def _segment(text: str) -> Segment:
    log, equals, path = text.partition("=")
    if equals and not Path(text).exists():
        return Segment(path=Path(path), log=log)
    return Segment(path=Path(text))


def _public_key(text: str) -> PublicKey:
    held = text
    if not _HEX.fullmatch(text):
        with Path(text).open("rb") as file:
            raw = file.read(_LARGEST_KEY_FILE)
        if raw.lstrip().startswith(b"-----BEGIN"):
            return _from_pem(raw)
        held = raw.strip().decode("ascii", "replace")
    if not _HEX.fullmatch(held):
        raise UnusableError(f"{text} holds neither 64 lower-case hex digits nor PEM")
    return PublicKey(bytes.fromhex(held))


def _from_pem(held: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(held)
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableError("the PEM file holds no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableError("the PEM file holds a key that is not Ed25519")
    return PublicKey(key.public_bytes_raw())
