"""What doors ask of a runtime beside calls: which one waits, and that one is not to be made."""

import pytest

from highroad import Completed, Held, Principal, Refused, Runtime, tool

ALICE, BOB = Principal("alice"), Principal("bob", authenticated=True)


@pytest.fixture
def disk():
    """A tool that asks, and what it did."""
    deleted = []

    @tool(tier="irreversible")
    def delete(path: str) -> str:
        """Delete a file."""
        deleted.append(path)
        return f"deleted {path}"

    return delete, deleted


@pytest.fixture
async def opened(disk):
    async with Runtime.open(tools=[disk[0]], principal=ALICE) as runtime:
        yield runtime


async def test_a_call_that_waits_is_found_by_the_very_same_call_and_by_no_other(opened, disk):
    arguments = {"path": "a"}
    assert await opened.held("delete", arguments, run="one") is None
    held = await opened.call("delete", arguments, run="one")
    assert isinstance(held, Held)
    assert await opened.held("delete", '{"path": "a"}', run="one") == held.call_id
    for other in (
        {"run": "two"},
        {"run": "one", "principal": BOB},
        {"run": "one", "key": "mine"},
        {},
    ):
        assert await opened.held("delete", arguments, **other) is None
    assert await opened.held("delete", {"path": "b"}, run="one") is None
    assert await opened.held("delete", "{", run="one") is None
    assert await opened.held("remove", arguments, run="one") is None
    assert disk[1] == []


async def test_what_is_over_does_not_wait_and_looking_ends_nothing(opened, disk):
    held = await opened.call("delete", {"path": "a"}, run="one")
    await opened.approvals.approve(held.approval_id, by=BOB)
    assert await opened.held("delete", {"path": "a"}, run="one") == held.call_id
    assert disk[1] == []
    assert isinstance(await opened.wait(held.call_id), Completed)
    assert await opened.held("delete", {"path": "a"}, run="one") is None


@pytest.mark.promise("P3")
async def test_a_call_that_is_turned_away_ends_refused_on_record_and_does_nothing():
    moved = []

    @tool(tier="reversible")
    def move(path: str) -> str:
        """Move a file."""
        moved.append(path)
        return f"moved {path}"

    async with Runtime.open(tools=[move], principal=ALICE) as runtime:
        outcome = await runtime.turn_away("move", {"path": "a"}, run="one")
        assert isinstance(outcome, Refused)
        assert outcome.error.code == "unknown_tool"
        record = await runtime.audit.explain(outcome.call_id)
        assert (record.tool, record.status, record.code) == ("move", "refused", "unknown_tool")
        assert moved == []
        # It takes no key: whoever is offered the tool is not answered by that.
        assert (await runtime.call("move", {"path": "a"}, run="one")).unwrap() == "moved a"
