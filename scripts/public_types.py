"""Fails unless every public symbol of the installed package has a complete type."""

import json
import subprocess
import sys
from pathlib import Path

CHECKER = str(Path(sys.executable).with_name("basedpyright"))
COMMAND = [CHECKER, "--verifytypes", "highroad", "--ignoreexternal", "--outputjson"]


def main() -> int:
    """Run the checker and say which symbols lack a type."""
    # The command is ours and fixed.
    ran = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        report = json.loads(ran.stdout)["typeCompleteness"]
    except (ValueError, KeyError):
        print(f"types: basedpyright gave no report: {ran.stdout[:500]}{ran.stderr[:500]}")
        return 1
    print(f"types: {report['completenessScore']:.1%} of the public surface")
    incomplete = [
        f"{symbol['name']}: {diagnostic['message']}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not symbol["isTypeKnown"]
        for diagnostic in symbol["diagnostics"]
    ]
    print(*incomplete, sep="\n", end="\n" if incomplete else "")
    return 0 if report["completenessScore"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
