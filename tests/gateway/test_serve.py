"""`highroad serve --stdio` as a client starts it: real processes, and processes that are killed."""

import asyncio
import io
import json
import os
import subprocess
import sys
from functools import partial

import pytest
from mcp import MCPError
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.cli.exits import ExitCode
from highroad.cli.output import Output
from highroad.cli.serve import Wanted, _tell
from highroad.domain.error import LedgerOwned
from highroad.domain.identity import Principal
from highroad.gateway.opening import opened
from highroad.gateway.stdio import LONGEST_LINE, _Lines
from highroad.settings import load
from highroad.testing.upstream import FakeUpstream

pytestmark = pytest.mark.anyio

QUICK = "[gateway]\nhold_wait_s = 0.1\n"
FREE = '[policy.ask."*"]\nlevel = "false"\n'


HANDSHAKE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def commits(folder):
    log = ["git", "-C", str(folder.path / "repository"), "log", "--format=%s"]
    return subprocess.run(log, check=True, capture_output=True, text=True).stdout.split()


def staged(folder):
    (folder.path / "repository" / "file").write_text("text")
    subprocess.run(["git", "-C", str(folder.path / "repository"), "add", "file"], check=True)


def said(result):
    return [block.text for block in result.content]


@pytest.mark.promise("P11")
@pytest.mark.nightly  # of these, `test_node.py` has one in every run
@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
@pytest.mark.parametrize("when", ["waiting", "approved"])
async def test_killed_before_or_behind_the_approval_it_commits_once(repository_folder, era, when):
    folder = repository_folder
    folder.settings(QUICK)
    staged(folder)
    await folder.accept("git_commit")
    commit = {"repo_path": str(folder.path / "repository"), "message": "second"}

    async with folder.client(era) as client:
        held = await client.call_tool("git_commit", commit)
        approval_id = held.meta["highroad/approval-id"]
        if when == "approved":
            # On record, or in the inbox of a process that has not looked yet: it runs nothing more.
            code, _, err = await folder.run("approvals", "approve", approval_id)
            assert code == ExitCode.COMPLETED, err
        folder.kill()
        with pytest.raises(MCPError):
            await client.call_tool("git_commit", commit)
    if when == "waiting":
        code, _, err = await folder.run("approvals", "approve", approval_id)
        assert code == ExitCode.COMPLETED, err
    assert commits(folder) == ["first"]

    async with folder.client(era) as client:
        first = await client.call_tool("git_commit", commit)
        again = await client.call_tool("git_commit", commit)

    assert not first.is_error, said(first)
    assert '"repeated":true' in said(again)[0]
    assert commits(folder) == ["second", "first"]


async def test_nothing_but_the_protocol_is_written_to_standard_output(folder):
    folder.command = [sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC"]
    (folder.path / "loud.py").write_text(
        "import os\nprint('loud')\nos.system('echo louder')\n"
        "from highroad import tool\n\n@tool(tier='read')\ndef own() -> str:\n    return ''\n"
    )
    folder.settings('tools = ["loud"]\n' + FREE)
    await folder.accept("convert_time")

    async with folder.client("legacy") as client:
        noon = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        converted = await client.call_tool("convert_time", noon)

    assert json.loads(said(converted)[0])["time_difference"] == "+9.0h"
    assert "louder" in folder.stderr
    assert "Nobody has accepted" in folder.stderr
    assert "highroad tools review --name it -- " in folder.stderr


@pytest.mark.parametrize(
    "errors", ["closed", pytest.param("unread", marks=pytest.mark.nightly)], ids=str
)
async def test_nobody_has_to_read_standard_error(folder, errors):
    reading, writing = os.pipe()
    os.close(reading)
    is_closed = errors == "closed"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *folder.line),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if is_closed else writing,
        preexec_fn=partial(os.close, 2) if is_closed else None,
    )
    os.close(writing)
    out, _ = await process.communicate(json.dumps(HANDSHAKE).encode() + b"\n")

    assert process.returncode == ExitCode.COMPLETED
    assert json.loads(out)["result"]["serverInfo"]["name"] == "highroad-it"


@pytest.mark.nightly
async def test_two_clients_need_two_ledgers_and_the_second_is_told_so(folder):
    folder.settings(FREE)
    await folder.accept("echo")
    async with folder.client("legacy") as client:
        await client.call_tool("echo", {"text": "here"})
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, *folder.line),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await second.communicate()
        echoed = await client.call_tool("echo", {"text": "still here"})

    assert second.returncode == ExitCode.LEDGER
    assert out == b""
    assert b"ledger_owned" in err
    assert b"HIGHROAD_LEDGER" in err
    assert said(echoed) == ["still here"]


async def test_a_client_whose_line_is_too_long_is_not_listened_to_any_longer():
    longest = b"x" * LONGEST_LINE
    lines = _Lines(io.BytesIO(b"first\n" + longest[:-1] + b"\n" + longest + b"\nlast\n"))

    assert [len(line) async for line in lines] == [6, LONGEST_LINE]


async def test_it_prints_what_a_client_has_to_be_told(folder, tmp_path):
    code, out, _ = await folder.run(
        *("serve", "--stdio", "--env", "TOKEN", "--print-config", "--", sys.executable, "server.py")
    )

    (entry,) = json.loads(out)["mcpServers"].items()
    assert code == ExitCode.COMPLETED
    assert entry[0] == "server"
    assert entry[1]["args"] == [
        *("serve", "--stdio", "--in", str(tmp_path), "--env", "TOKEN"),
        *("--", sys.executable, "server.py"),
    ]
    assert entry[1]["env"] == {"TOKEN": ""}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ([], "no server is named"),
        (["--", "x"], "Give --stdio"),
        (["--stdio", "--env", "NO_SUCH_VARIABLE", "--", "x"], "NO_SUCH_VARIABLE"),
        (["--stdio", "--as", "nobody", "--", "x"], "know no user"),
        (["--stdio", "--token-file", "none", "--", "x"], "cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_on_standard_error(line, word):
    done = CliRunner().invoke(app, ["serve", *line])

    assert done.exit_code != 0
    assert done.stdout == ""
    assert word in done.stderr


async def test_a_program_that_is_not_there_is_said_on_standard_error(folder):
    code, out, err = await folder.run("serve", "--stdio", "--", "no-such-program", "hush-hush")

    assert code != 0
    assert out == ""
    assert "cannot be started" in err
    assert "hush-hush" not in err


async def test_what_is_not_offered_is_said(folder, capsys):
    upstream = FakeUpstream([], {}, beside={"prompts": 3, "resources": 0})
    await upstream.open()
    wanted = Wanted(
        command=("x",), name="it", user=None, token_file=None, variables=(), folder=folder.path
    )
    async with opened(upstream, load(folder.path), principal=Principal("me"), name="one") as found:
        _tell(Output(), wanted, found)

    told = capsys.readouterr().err
    assert "not offered, see docs/mcp.md: 3 prompts\n" in told


async def test_a_ledger_that_another_process_owns_is_left_alone(folder):
    upstream = FakeUpstream([], {})
    await upstream.open()
    settings, me = load(folder.path), Principal("me")
    async with opened(upstream, settings, principal=me, name="one"):
        with pytest.raises(LedgerOwned):
            async with opened(upstream, settings, principal=me, name="two"):
                pass
