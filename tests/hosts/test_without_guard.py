"""To take `guard` away again is to delete one line: the agent then runs as its host runs it."""

import os
import subprocess

import pytest

EXAMPLES = {"langgraph": "langgraph"}
"""The folder of each guide's agent, and the environment of its host."""


@pytest.mark.parametrize("guide", EXAMPLES)
def test_without_its_one_line_an_agent_runs_as_its_host_runs_it(guide, host, repository, tmp_path):
    written = (repository / "examples" / "guides" / guide / "agent.py").read_text("utf-8")
    lines = written.splitlines(keepends=True)
    guards = [line for line in lines if "guard(" in line]
    assert len(guards) == 1
    (tmp_path / "agent.py").write_text("".join(each for each in lines if each not in guards))
    files = tmp_path / "files"
    files.mkdir()
    for name in ("report-2023.txt", "report-2024.txt"):
        (files / name).touch()
    done = subprocess.run(
        [host(EXAMPLES[guide]).interpreter, "agent.py"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(repository / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [each.name for each in files.iterdir()] == ["report-2024.txt"]
    assert "delete_file: invoices.db is gone" in done.stdout
    assert "waits" not in done.stdout
