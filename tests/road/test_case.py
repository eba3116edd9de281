"""What is shown to whoever decides about a held call (P4, P7)."""

import pytest

from highroad import Held, Principal, tool
from highroad.domain.approval import Ruling
from highroad.domain.error import DecisionRefused
from highroad.settings import load

pytestmark = pytest.mark.promise("P4")

CAROL = Principal("carol", authenticated=True, roles={"manager"})
RULES = "[approvals.entitled.manager]\n"


@pytest.fixture
def rename(effects):
    """A tool that says what it would change."""

    async def preview(arguments):
        if arguments["name"] == "broken":
            raise RuntimeError
        return {"name": ["Ann", arguments["name"]]}

    @tool(tier="irreversible", preview=preview, cost=0.05)
    async def rename(name: str) -> str:
        effects[name] += 1
        return name

    return rename


@pytest.fixture
def opened(world, tmp_path, rename):
    async def opened():
        (tmp_path / "highroad.toml").write_text(RULES)
        return await world(rename, settings=load(tmp_path, {})).open()

    return opened


async def test_who_may_decide_sees_the_call_and_what_it_would_change(opened, alice):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    await here.desk.ask(held.approval_id, "Is she married?", by=CAROL)
    await here.desk.answer(held.approval_id, "Yes.", by=alice)
    case = await here.desk.case(held.approval_id, by=CAROL)
    assert case.withheld is None
    assert case.arguments == {"name": "Bea"}
    assert case.preview == {"name": ["Ann", "Bea"]}
    assert case.cost_usd == 0.05
    assert (case.tier, case.origin, case.revision) == ("irreversible", "code", 0)
    assert [(word.ruling, word.text) for word in case.words] == [
        (Ruling.ASK, "Is she married?"),
        (Ruling.ANSWER, "Yes."),
    ]


async def test_who_may_not_decide_sees_no_value(opened, bob):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    await here.desk.ask(held.approval_id, "Is she married?", by=CAROL)
    for who in (None, bob):
        case = await here.desk.case(held.approval_id, by=who)
        assert case.withheld
        assert (case.arguments, case.preview) == (None, None)
        assert [word.text for word in case.words] == [None]
        assert "Bea" not in repr(case)


async def test_the_requester_sees_their_own_call(opened, alice):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    assert (await here.desk.case(held.approval_id, by=alice)).arguments == {"name": "Bea"}


async def test_another_organization_finds_no_case(opened):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    stranger = Principal("carol", "globex", roles={"manager"}, authenticated=True)
    with pytest.raises(DecisionRefused, match="there is no approval"):
        await here.desk.case(held.approval_id, by=stranger)


async def test_a_preview_that_fails_keeps_nobody_from_being_asked(opened):
    here = await opened()
    held = await here.call("rename", {"name": "broken"})
    assert isinstance(held, Held)
    assert (await here.desk.case(held.approval_id, by=CAROL)).preview is None


async def test_an_edited_call_is_shown_as_it_is_now(opened):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    revised = await here.desk.edit(held.approval_id, {"name": "Cleo"}, by=CAROL, reason="typo")
    case = await here.desk.case(revised.id, by=CAROL)
    assert case.revision == 1
    assert case.arguments == {"name": "Cleo"}
    assert case.preview == {"name": ["Ann", "Cleo"]}
    assert [(word.ruling, word.text) for word in case.words] == [
        (Ruling.EDIT, "typo"),
        (Ruling.APPROVE, None),
    ]


@pytest.mark.promise("P7")
async def test_a_page_of_the_queue_says_all_but_values(opened, alice):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})
    (queued,) = await here.desk.page()
    assert queued.approval == await here.desk.get(held.approval_id)
    assert (queued.tier, queued.origin, queued.revision) == ("irreversible", "code", 0)
    assert queued.cost_usd == 0.05
    assert "Bea" not in repr(queued)
    await here.desk.approve(held.approval_id, by=CAROL)
    assert await here.desk.page() == []
    (decided,) = await here.desk.page(state=None)
    assert decided.approval.until_ms == decided.approval.use_by_ms


async def test_a_page_goes_on_behind_the_last_one(opened):
    here = await opened()
    for name in ("Ann", "Bea", "Cleo"):
        await here.call("rename", {"name": name})
    first = await here.desk.page(limit=2)
    rest = await here.desk.page(after=first[-1].approval.id, limit=2)
    assert [len(first), len(rest)] == [2, 1]


async def test_what_was_archived_stays_on_the_page(opened, monkeypatch):
    here = await opened()
    held = await here.call("rename", {"name": "Bea"})

    async def gone(call_id):
        assert call_id == held.call_id

    monkeypatch.setattr(here.desk, "_ledger", Archived(here.services.ledger, gone))
    (queued,) = await here.desk.page(state=None)
    assert queued.approval.id == held.approval_id
    assert (queued.tier, queued.cost_usd) == (None, None)


class Archived:
    """A ledger whose entries stand elsewhere."""

    def __init__(self, ledger, history):
        self._ledger = ledger
        self.history = history

    def __getattr__(self, name):
        return getattr(self._ledger, name)


async def test_a_held_call_is_stored_in_two_commits_at_most(world, rename, faulty):
    """With everything that it takes to show it and to drive it on."""
    here = await world(rename, wrap=faulty).open()
    await here.call("rename", {"name": "Ann"})
    before = here.store.appends
    await here.call("rename", {"name": "Bea"})
    assert here.store.appends - before <= 2
