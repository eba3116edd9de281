"""Fails unless every public symbol of the installed package has a complete type."""

import json
import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKER = str(BIN / "basedpyright")
COMMAND = [CHECKER, "--verifytypes", "highroad", "--ignoreexternal", "--outputjson"]


def main() -> int:
    """Run the checker and say which symbols lack a type."""
    # With --verifytypes the checker looks at the first python on PATH, whatever it is told.
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    ran = subprocess.run(  # noqa: S603  the command is ours and fixed
        COMMAND, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
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
