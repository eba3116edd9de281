"""One-time codes: who agrees has to have, besides, what only their channel brings to them."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad import Completed, Principal, tool
from highroad.approvals.codes import OneTimeCodes
from highroad.bootstrap import Parts, assemble
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused
from highroad.domain.notice import NoticeKind
from highroad.ports.channel import ChannelError
from highroad.runtime import Runtime
from highroad.settings import load
from highroad.testing.clock import FakeClock
from highroad.testing.master_keys import FixedKeys
from highroad.testing.memory import MemoryLedger, MemoryStore

pytestmark = pytest.mark.promise("P4")

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
CAROL = Principal("carol", authenticated=True)
SETTINGS = """
[approvals]
code_tiers = ["irreversible", "privileged"]
code_lasts_s = 300

[approvals.channels.bob]
url = "https://chat.example/bob"
answers = "https://desk.example/answer"
approver = "bob"

[approvals.channels.everybody]
url = "https://chat.example/all"

[approvals.channels.stranger]
url = "https://other.example/hook"
approver = "bob"
organization = "globex"
"""


@tool(tier="irreversible")
async def wire(cents: int) -> int:
    """Wire money."""
    return cents


@tool(tier="reversible", ask="true")
async def note(text: str) -> str:
    """Note something."""
    return text


class Listener:
    """A channel that remembers."""

    name = "listener"

    def __init__(self):
        self.heard, self.is_deaf = [], False

    async def announce(self, notice):
        if self.is_deaf:
            raise ChannelError("nobody is there")
        self.heard.append(notice)

    async def close(self):
        pass


class House:
    """Runtimes on one ledger, with channels that remember."""

    def __init__(self, folder):
        (folder / "highroad.toml").write_text(SETTINGS)
        self.settings = load(folder, {})
        self.clock, self.ledger = FakeClock(), MemoryLedger()
        self.channels = {name: Listener() for name in ("bob", "everybody", "stranger")}

    async def open(self):
        parts = Parts(
            store=MemoryStore(self.ledger),
            clock=self.clock,
            keys=FixedKeys(),
            channels=self.channels,
        )
        self.assembly = await assemble(
            tools=[wire, note], principal=ALICE, settings=self.settings, parts=parts
        )
        return Runtime(self.assembly)

    async def told(self, kind):
        found = await self.assembly.services.ledger.store.entries(kind=kind)
        return [json.loads(entry.body) for entry in found]

    async def code(self, runtime, approval_id, by=BOB):
        await runtime.approvals.send_code(approval_id, by=by)
        return self.channels["bob"].heard[-1].code


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
async def runtime(house):
    return await house.open()


async def test_nobody_agrees_without_a_code_and_anybody_objects(runtime):
    held = await runtime.call("wire", {"cents": 1})
    desk = runtime.approvals
    for word in (
        desk.approve(held.approval_id, by=BOB),
        desk.edit(held.approval_id, {"cents": 2}, by=BOB),
    ):
        with pytest.raises(DecisionRefused, match="one-time code"):
            await word
    assert (await desk.reject(held.approval_id, by=BOB)).state == "rejected"
    held = await runtime.call("note", {"text": "x"})
    await desk.approve(held.approval_id, by=BOB)


async def test_a_code_goes_to_the_approver_alone_and_stands_nowhere_else(house, runtime, caplog):
    held = await runtime.call("wire", {"cents": 1})
    code = await house.code(runtime, held.approval_id)
    notice = house.channels["bob"].heard[-1]
    assert (notice.kind, notice.json()["code"]) == (NoticeKind.CODE, code)
    assert code not in repr(notice)
    assert not house.channels["stranger"].heard
    assert all(each.code is None for each in house.channels["everybody"].heard)
    with pytest.raises(DecisionRefused, match="no code was sent"):
        await runtime.approvals.send_code(held.approval_id, by=CAROL)
    await runtime.approvals.approve(held.approval_id, by=BOB, code=code)
    assert isinstance(await runtime.wait(held.call_id), Completed)
    (word,) = await house.told(EntryKind.DECIDED)
    assert word["code_at"] <= house.clock.now_ms()
    kept = repr([getattr(house.ledger, each.name) for each in fields(house.ledger)]) + caplog.text
    assert not any(each in kept for each in (code, code.replace("-", "")))


async def test_a_code_is_good_for_one_person_one_approval_and_what_is_asked_there(house, runtime):
    desk = runtime.approvals
    first, second = [await runtime.call("wire", {"cents": cents}) for cents in (1, 2)]
    code = await house.code(runtime, first.approval_id)
    for approval_id, by in ((first.approval_id, CAROL), (second.approval_id, BOB)):
        with pytest.raises(DecisionRefused, match="none for you"):
            await desk.approve(approval_id, by=by, code=code)
    edited = await desk.edit(first.approval_id, {"cents": 3}, by=BOB, code=code)
    assert edited.state == "approved"
    third = await runtime.call("wire", {"cents": 4})
    code = await house.code(runtime, third.approval_id)
    assert await desk.approve(
        third.approval_id, by=BOB, code=code.lower().replace("-", " ").replace("1", "l")
    )


async def test_a_code_counts_once_and_for_some_minutes(house, runtime):
    desk = runtime.approvals
    held = await runtime.call("wire", {"cents": 1})
    code = await house.code(runtime, held.approval_id)
    await desk.approve(held.approval_id, by=BOB, code=code)
    await desk.revoke(held.approval_id, by=BOB)
    with pytest.raises(DecisionRefused, match="code was used"):
        await desk.approve(held.approval_id, by=BOB, code=code)
    house.clock.advance(1)
    code = await house.code(runtime, held.approval_id)
    house.clock.advance(300)
    with pytest.raises(DecisionRefused, match="over"):
        await desk.approve(held.approval_id, by=BOB, code=code)
    code = await house.code(runtime, held.approval_id)
    house.clock.advance(299)
    await desk.approve(held.approval_id, by=BOB, code=code)


async def test_a_code_counts_in_another_process_and_once_among_all(house, runtime):
    held = await runtime.call("wire", {"cents": 1})
    code = await house.code(runtime, held.approval_id)
    owner = house.assembly
    beside = await house.open()
    assert beside.owner_pid is not None
    await beside.approvals.approve(held.approval_id, by=BOB, code=code)
    with pytest.raises(DecisionRefused, match="code was used"):
        await beside.approvals.approve(held.approval_id, by=BOB, code=code)
    (posted,) = await owner.store.inbox()
    assert code not in posted.content
    await owner.inbox.empty()
    assert (await runtime.approvals.get(held.approval_id)).state == "approved"


async def test_who_takes_an_order_asks_for_the_code_again(house, runtime):
    held = await runtime.call("note", {"text": "x"})
    owner = house.assembly
    beside = await house.open()
    await beside.approvals.approve(held.approval_id, by=BOB)
    owner.desk.judging.rules = replace(
        owner.desk.judging.rules, code_tiers=frozenset({"reversible"})
    )
    await owner.inbox.empty()
    assert (await runtime.approvals.get(held.approval_id)).is_waiting


async def test_a_code_is_good_after_a_restart(house, runtime):
    held = await runtime.call("wire", {"cents": 1})
    code = await house.code(runtime, held.approval_id)
    await runtime.close()
    again = await house.open()
    await again.approvals.approve(held.approval_id, by=BOB, code=code)


async def test_no_link_stands_in_for_a_code(house, runtime, turns):
    await runtime.call("wire", {"cents": 1})
    await runtime.call("note", {"text": "x"})
    await turns()
    offered = {notice.tool: set(notice.links) for notice in house.channels["bob"].heard}
    assert offered == {"wire": {"reject"}, "note": {"approve", "reject"}}


async def test_who_is_told_nothing_hears_so(house, runtime):
    held = await runtime.call("wire", {"cents": 1})
    house.channels["bob"].is_deaf = True
    with pytest.raises(DecisionRefused, match="no code was sent"):
        await runtime.approvals.send_code(held.approval_id, by=BOB)


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=18, max_size=18) | st.text())
def test_no_text_is_a_code(approval, text):
    codes, opaque_id = approval
    with pytest.raises(DecisionRefused):
        codes[0].made_ms(codes[1], opaque_id, text)


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_each_sign_of_a_code_counts(approval, at, sign):
    (codes, about), opaque_id = approval
    code = codes.made(about, opaque_id).replace("-", "")
    changed = code[:at] + sign + code[at + 1 :]
    if changed != code:
        with pytest.raises(DecisionRefused):
            codes.made_ms(about, opaque_id, changed)


@pytest.mark.parametrize("later_ms", [-90_000, -1, 0, 90_000])
def test_a_code_counts_whatever_the_clocks_of_two_processes_say(approval, later_ms):
    """One is sent by a process whose clock is behind that of whoever asked for the approval."""
    (codes, about), opaque_id = approval
    late = replace(about, created_ms=codes._ledger.clock.now_ms() - later_ms)  # noqa: SLF001
    assert codes.made_ms(late, opaque_id, codes.made(late, opaque_id)) >= late.created_ms


@pytest.fixture(scope="module")
def approval():
    from highroad.domain.approval import Approval, Level  # noqa: PLC0415 - of these two alone
    from highroad.ledger.keyring import Keyring  # noqa: PLC0415

    class Ledger:
        clock = FakeClock()
        keyring = Keyring(FixedKeys())

    about = Approval(
        id="apr_1",
        call_id="call_1",
        run_id="run_1",
        organization="acme",
        requester="usr_alice",
        tool="wire",
        digest="d",
        level=Level.HUMAN,
        quorum=1,
        obligations=(),
        created_ms=Ledger.clock.now_ms(),
        expires_ms=Ledger.clock.now_ms() + 86_400_000,
    )
    return (OneTimeCodes(Ledger()), about), "usr_bob"
