"""What others wrote for Node: a server behind `highroad serve`, the inspector before it."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from mcp import MCPError

pytestmark = pytest.mark.anyio


@pytest.fixture
def node(host, monkeypatch):
    programs = host("node").programs
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return programs


@pytest.mark.promise("P11")
async def test_a_file_is_written_once_whoever_is_killed_meanwhile(folder, node, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    folder.command = [str(node / "mcp-server-filesystem"), str(files)]
    folder.settings("[gateway]\nhold_wait_s = 0.1\n")
    await folder.accept("write_file")
    write = {"path": str(files / "a"), "content": "once"}

    async with folder.client("legacy") as client:
        held = await client.call_tool("write_file", write)
        await folder.run("approvals", "approve", held.meta["highroad/approval-id"])
        folder.kill()
        with pytest.raises(MCPError):
            await client.call_tool("write_file", write)
    assert not (files / "a").exists()
    async with folder.client("2026-07-28") as client:
        written = await client.call_tool("write_file", write)
        (files / "a").write_text("somebody's own")
        again = await client.call_tool("write_file", write)

    assert not written.is_error
    assert '"repeated":true' in again.content[0].text
    assert (files / "a").read_text() == "somebody's own"


async def test_the_inspector_lists_and_calls(folder, node, request):
    nightly = request.config.getoption("--nightly")
    folder.settings('[policy.ask."*"]\nlevel = "false"\n')
    await folder.accept("echo")

    # Clients hand on few variables: this one says where the checkout is, if anything does.
    variables = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    entry = {"command": sys.executable, "args": folder.line, "env": variables}
    (folder.path / "mcp.json").write_text(json.dumps({"mcpServers": {"it": entry}}))

    async def inspector(*line):
        process = await asyncio.create_subprocess_exec(
            *("mcp-inspector", "--cli", "--config", str(folder.path / "mcp.json")),
            *("--server", "it", *line),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return json.loads(out)

    if nightly:
        listed = await inspector("--method", "tools/list")
        assert [each["name"] for each in listed["tools"]] == ["echo"]
    called = await inspector(
        *("--method", "tools/call", "--tool-name", "echo", "--tool-arg", "text=here")
    )

    assert called["content"][0]["text"] == "here"
    assert called["_meta"]["highroad/status"] == "completed"
