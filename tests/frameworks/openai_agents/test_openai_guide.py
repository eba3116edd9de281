"""The guide's agent without its guard: one line is deleted, and it runs as it did before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AGENT = Path(__file__).resolve().parents[3] / "examples" / "guides" / "openai_agents" / "agent.py"


@pytest.mark.usefixtures("grounded")
def test_to_remove_guard_is_to_delete_one_line():
    lines = AGENT.read_text("utf-8").splitlines(keepends=True)
    (guarded,) = [number for number, line in enumerate(lines) if "guard(" in line]
    Path("agent.py").write_text("".join(lines[:guarded] + lines[guarded + 1 :]), "utf-8")
    Path("trash").mkdir()
    Path("trash", "report-2023.txt").touch()
    Path("trash", "invoices.db").touch()
    done = subprocess.run(
        [sys.executable, "agent.py"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.splitlines() == [
        "list_trash: ['invoices.db', 'report-2023.txt']",
        "delete_file: invoices.db is gone",
        "empty_trash: 1 files are gone",
        "The trash is empty.",
    ]
    assert not list(Path("trash").iterdir())
