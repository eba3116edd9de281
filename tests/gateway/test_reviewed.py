"""What a person accepted on a terminal is what a client of the gateway may call."""

import sys
import tomllib
from pathlib import Path

import pytest
from tests.terminal import talk_apart

from highroad.bootstrap.upstreams import upstream_of

INVOICES = Path(__file__).with_name("invoice_server.py")

pytestmark = pytest.mark.anyio


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


JUDGING = '[grounding]\nmode = "enforce"\n\n[policy.ask."*"]\nlevel = "false"\n'
OPEN = {"invoice_id": "INV-000042", "recipient": "Quayside Pottery", "amount": 84.5}
PAID = {**OPEN, "note": "with thanks"}


@pytest.mark.promise("P8")
async def test_what_a_review_wrote_of_arguments_judges_calls_and_an_edit_of_it_waits(bench):
    file, command = bench.path / "highroad.toml", [sys.executable, str(INVOICES)]
    bench.settings(JUDGING)
    server = ("--in", str(bench.path), "--name", "it", "--", *command)
    assert talk_apart(("tools", "review", *server), "\r", "\r").code == 0
    written = file.read_text("utf-8")
    assert tomllib.loads(written)["contracts"]["pay_invoice"]["arguments"] == {
        "recipient": {"role": "control", "integrity": "system"},
        "amount": {"role": "control", "integrity": "system"},
        "note": {"role": "content"},
    }

    async def pay(accept, *payments):
        bench.upstream = upstream_of(command, name="it")
        async with bench.gateway(accept) as gateway, bench.client(gateway, "2026-07-28") as client:
            await client.call_tool("list_invoices", {})
            return [await client.call_tool("pay_invoice", each) for each in payments]

    invented, paid = await pay((), {**PAID, "amount": 845.0}, PAID)
    assert "/amount" in invented.content[0].text
    assert not paid.is_error

    # Whoever wants notes to be grounded as well says so in the file, and a person accepts that.
    file.write_text(written.replace('role = "content"', 'role = "control"'), "utf-8")
    [waiting] = await pay((), PAID)
    assert "definition_changed" in waiting.content[0].text
    [refused] = await pay(("pay_invoice",), PAID)
    assert "/note" in refused.content[0].text
