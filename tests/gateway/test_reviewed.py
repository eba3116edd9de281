"""What a person accepted on a terminal is what a client of the gateway may call."""

import tomllib

import pytest
from tests.terminal import talk_apart

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


@pytest.mark.promise("P8")
async def test_a_server_that_was_reviewed_serves_its_reads_without_asking(repository_folder):
    folder = repository_folder
    server = ("--in", str(folder.path), "--name", folder.name, "--", *folder.command)
    talk = talk_apart(("tools", "review", *server), "s", "\r", "q")
    assert "git_branch" in talk.shown[1]
    assert talk.code == 3
    written = tomllib.loads((folder.path / "highroad.toml").read_text("utf-8"))["contracts"]
    assert {name: (each["source"], each["tier"]) for name, each in written.items()} == {
        "git_branch": ("stdio:it", "read")
    }

    async with folder.client("2026-07-28") as client:
        listed = [each.name for each in (await client.list_tools()).tools]
        place = {"repo_path": str(folder.path / "repository"), "branch_type": "local"}
        branches = await client.call_tool("git_branch", place)
    assert listed == ["git_branch"]
    assert not branches.is_error
    assert "main" in branches.content[0].text
