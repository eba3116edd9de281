"""Who is told of what waits, who may answer where, and who is asked when nobody does."""

import asyncio
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from highroad import Completed, Principal, tool
from highroad.approvals.receiver import Receiver
from highroad.bootstrap import Parts, assemble
from highroad.domain.approval import ApprovalState, Ruling
from highroad.domain.error import DecisionRefused
from highroad.domain.notice import NoticeKind
from highroad.ports.channel import ChannelError
from highroad.runtime import Runtime
from highroad.settings import load
from highroad.testing.clock import FakeClock, SequentialIds
from highroad.testing.contracts.channel import NOTICE
from highroad.testing.memory import MemoryLedger, MemoryStore
from highroad.testing.secrets import FixedKeys

pytestmark = pytest.mark.promise("P4")

ALICE = Principal("alice", authenticated=True)
CHIEF = Principal("chief", authenticated=True, roles={"chief"})
CAROL = Principal("carol", authenticated=True, roles={"manager"})
SETTINGS = """
[approvals]
four_eyes = true
escalate_after_s = 600
escalate_to = ["chief"]

[approvals.entitled.manager]

[approvals.channels.carol]
url = "https://chat.example/hook"
answers = "https://desk.example/answer"
approver = "carol"
roles = ["manager"]

[approvals.channels.stranger]
url = "https://other.example/hook"
organization = "globex"
"""


class Listener:
    """A channel that remembers, and is deaf so many times before."""

    name = "listener"

    def __init__(self, deaf=0):
        self.deaf = deaf
        self.heard = []
        self.hangs = None

    async def announce(self, notice):
        if self.hangs is not None:
            await self.hangs.wait()
        if self.deaf:
            self.deaf -= 1
            raise ChannelError("nobody is there")
        self.heard.append(notice)

    async def close(self):
        pass


class Desk:
    """A runtime with channels that remember."""

    def __init__(self, tmp_path, tools):
        self.folder = tmp_path
        self.set(SETTINGS)
        self.clock = FakeClock()
        self.channels = {"carol": Listener(), "stranger": Listener()}
        self.ledger = MemoryLedger()
        self.tools = tools

    def set(self, text):
        (self.folder / "highroad.toml").write_text(text)
        self.settings = load(self.folder, {})

    async def open_with(self, text):
        """Open again on the same ledger, with other settings."""
        self.set(text)
        self.ledger.holder = None
        return await self.open()

    async def open(self):
        self.assembly = await assemble(
            tools=self.tools,
            principal=ALICE,
            settings=self.settings,
            parts=Parts(
                store=MemoryStore(self.ledger),
                clock=self.clock,
                ids=SequentialIds(),
                keys=FixedKeys(),
                channels=self.channels,
            ),
        )
        self.runtime = Runtime(self.assembly)
        return self

    @property
    def heard(self):
        return self.channels["carol"].heard


@pytest.fixture
async def desk(tmp_path, effects):
    @tool(tier="irreversible")
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return cents

    @tool(tier="reversible")
    async def note(text: str) -> str:
        effects[text] += 1
        return text

    return await Desk(tmp_path, [wire, note]).open()


def token_of(notice, ruling):
    return parse_qs(urlsplit(notice.links[ruling]).query)["token"][0]


async def asked(app, method, token):
    """Status and page of the receiver."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "query_string": f"token={token}".encode()}
    await app(scope, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


async def test_who_may_decide_is_told_without_values_and_nobody_of_another_organization(
    desk, turns
):
    held = await desk.runtime.call("wire", {"cents": 8_400_17})
    await turns()
    (notice,) = desk.heard
    assert (notice.kind, notice.approval_id) == (NoticeKind.ASKED, held.approval_id)
    assert notice.reasons == ("The effect cannot be undone.",)
    assert "840017" not in repr(notice.json())
    assert not desk.channels["stranger"].heard


async def test_a_reversible_call_is_told_when_it_took_effect(desk, turns):
    assert isinstance(await desk.runtime.call("note", {"text": "hi"}), Completed)
    await turns()
    (notice,) = desk.heard
    assert (notice.kind, notice.tool, notice.links) == (NoticeKind.DONE, "note", {})


async def test_what_does_not_get_there_is_told_again(desk, turns):
    desk.channels["carol"].deaf = 2
    await desk.runtime.call("wire", {"cents": 1})
    for _ in range(3):
        await turns()
        desk.clock.advance(30)
    await turns()
    assert len(desk.heard) == 1


async def test_a_channel_that_hangs_has_so_much_ahead_of_it_and_no_more(desk, turns, caplog):
    carol, announcing = desk.channels["carol"], desk.assembly.announcing
    ours = replace(NOTICE, organization="default")
    carol.hangs = asyncio.Event()
    for _ in range(1_003):
        announcing.tell(ours)
    await turns()
    assert announcing.dropped == {"carol": 3}
    assert NOTICE.call_id in caplog.records[-1].getMessage()
    announcing.tell(replace(NOTICE, organization="globex"))
    await turns()
    assert len(desk.channels["stranger"].heard) == 1
    carol.hangs.set()
    await turns()
    assert len(carol.heard) == 1_000
    announcing.tell(ours)
    await turns()
    assert len(carol.heard) == 1_001


async def test_a_link_decides_by_post_alone_and_once(desk, turns, effects):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    app, token = Receiver(desk.runtime.links), token_of(desk.heard[0], "approve")
    status, page = await asked(app, "GET", token)
    assert (status, "<button>approve</button>" in page) == (200, True)
    assert (await desk.runtime.approvals.get(held.approval_id)).is_waiting
    assert (await asked(app, "POST", token))[0] == 200
    status, page = await asked(app, "POST", token)
    assert status == 409
    assert "approved already" in page or "was used" in page
    assert (await desk.runtime.wait(held.call_id)).unwrap() == 1
    assert (await asked(app, "POST", token))[0] == 409
    assert effects == {1: 1}


def name_of(desk, person):
    """What the audit tables have as the name of a person, who is known there."""
    key = desk.assembly.services.ledger.keyring.organization(person.organization)
    opaque_id = key.opaque(person.id)
    row = desk.ledger.tables["app_user"][opaque_id,]
    return json.loads(key.open_profile(opaque_id, row["sealed_profile"])).get("name")


async def test_who_answers_by_a_link_keeps_the_name_that_is_known(desk, turns):
    named = replace(CAROL, name="Carol Jones")
    first = await desk.runtime.call("wire", {"cents": 1})
    await desk.runtime.approvals.ask(first.approval_id, "What for?", by=named)
    await desk.runtime.call("wire", {"cents": 2})
    await turns()
    await desk.runtime.links.follow(token_of(desk.heard[1], "approve"))
    assert name_of(desk, CAROL) == "Carol Jones"


async def test_who_was_unknown_and_answers_by_a_link_is_known_then(desk, turns):
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    await desk.runtime.links.follow(token_of(desk.heard[0], "approve"))
    assert name_of(desk, CAROL) is None


async def test_a_link_stays_used_when_its_word_was_taken_back(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    token = token_of(desk.heard[0], "approve")
    await desk.runtime.links.follow(token)
    await desk.runtime.approvals.revoke(held.approval_id, by=CAROL)
    with pytest.raises(DecisionRefused, match="was used"):
        await desk.runtime.links.follow(token)


async def test_a_link_that_was_altered_is_none(desk, turns):
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    token = token_of(desk.heard[0], "approve")
    for bad in (token[:-2], "", "a.b", token.replace(".", ""), f"{token[:-4]}AAAA"):
        with pytest.raises(DecisionRefused, match="none of ours"):
            await desk.runtime.links.look(bad)
    assert (await asked(Receiver(desk.runtime.links), "POST", "x"))[0] == 409
    assert (await asked(Receiver(desk.runtime.links), "PUT", token))[0] == 405


@pytest.mark.parametrize(
    ("line", "other", "refusal"),
    [
        ('roles = ["manager"]\n', "", "manager"),
        ('approver = "carol"', 'approver = "dora"', "told by that channel no more"),
        ('approver = "carol"\n', "", "none of ours"),
        ("channels.carol]", "channels.dora]", "told by that channel no more"),
        ('answers = "https://desk.example/answer"\n', "", "none of ours"),
    ],
    ids=["role", "approver", "nobody", "channel", "answers"],
)
async def test_a_link_decides_with_what_the_settings_say_when_it_is_followed(
    desk, turns, line, other, refusal
):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    token = token_of(desk.heard[0], "approve")
    assert line in SETTINGS
    desk.channels = {}
    await desk.open_with(SETTINGS.replace(line, other))
    with pytest.raises(DecisionRefused, match=refusal):
        await desk.runtime.links.follow(token)
    assert (await desk.runtime.approvals.get(held.approval_id)).is_waiting


@pytest.mark.promise("P7")
async def test_no_key_is_derived_for_an_organization_that_a_stranger_names(desk, monkeypatch):
    asked = []
    keyring = desk.assembly.services.ledger.keyring
    monkeypatch.setattr(type(keyring), "organization", lambda _, name: asked.append(name))
    for named in ("globex", "acme", "x" * 50):
        token = f"{urlsafe_b64encode(named.encode()).decode().rstrip('=')}.AAAA"
        with pytest.raises(DecisionRefused, match="none of ours"):
            await desk.runtime.links.look(token)
    assert not asked


async def test_a_link_is_good_for_no_longer_than_its_approval(desk, turns):
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    token = token_of(desk.heard[0], "reject")
    desk.clock.advance(86_400)
    with pytest.raises(DecisionRefused, match="expired"):
        await desk.runtime.links.follow(token)


async def test_when_nobody_answers_others_are_asked_and_that_is_on_record(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    with pytest.raises(DecisionRefused, match="manager"):
        await desk.runtime.approvals.approve(held.approval_id, by=CHIEF)
    desk.clock.advance(599.9)
    await desk.assembly.announcing.sweep()
    desk.clock.advance(0.1)
    for _ in range(3):
        await desk.assembly.announcing.sweep()
    await turns()
    assert [notice.kind for notice in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]
    case = await desk.runtime.approvals.case(held.approval_id, by=CHIEF)
    assert [word.ruling for word in case.words] == [Ruling.ESCALATE]
    approved = await desk.runtime.approvals.approve(held.approval_id, by=CHIEF)
    assert approved.state is ApprovalState.APPROVED
    assert (await desk.runtime.wait(held.call_id)).unwrap() == 1


async def test_another_start_asks_and_tells_nobody_twice(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(600)
    await desk.assembly.announcing.sweep()
    await turns()
    desk.ledger.holder = None
    await desk.open()
    await desk.assembly.announcing.sweep()
    await turns()
    assert [notice.kind for notice in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert [word.ruling for word in case.words] == [Ruling.ESCALATE]
