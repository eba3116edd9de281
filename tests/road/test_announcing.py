"""Who is told of what waits, who may answer where, and who is asked when nobody does."""

import asyncio
import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from functools import partial
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import pytest

from highroad import Completed, Principal, tool
from highroad.approvals.receiver import Receiver
from highroad.bootstrap import Parts, assemble
from highroad.domain.approval import ApprovalState, Ruling
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.notice import NoticeKind
from highroad.ports.channel import ChannelError
from highroad.runtime import Runtime
from highroad.settings import load
from highroad.testing.clock import FakeClock, SequentialIds
from highroad.testing.contracts.channel import NOTICE
from highroad.testing.master_keys import FixedKeys
from highroad.testing.memory import MemoryLedger, MemoryStore

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

    async def open_beside(self, owner):
        """Open on the ledger of another one, which goes on."""
        self.ledger, self.clock = owner.ledger, owner.clock
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

    @tool(tier="reversible", compensation=note)
    async def pin(text: str) -> str:
        return text

    return await Desk(tmp_path, [wire, note, pin]).open()


def token_of(notice, ruling):
    return urlsplit(notice.links[ruling]).fragment


async def asked(app, method, token=None, **fields):
    """Status and page of the receiver."""
    sent = []
    form = fields if token is None else {"token": token, **fields}
    parts = [*(bytes([each]) for each in urlencode(form).encode()), b""]

    async def receive():
        body = parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    await app({"type": "http", "method": method, "query_string": b""}, receive, send)
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


async def test_what_can_be_taken_back_is_told_with_a_link_that_does_once(desk, turns, effects):
    done = await desk.runtime.call("pin", {"text": "hi"})
    await turns()
    (notice,) = desk.heard
    assert (notice.undo, notice.expires_ms) == ("note", desk.clock.now_ms() + 86_400_000)
    assert list(notice.links) == ["undo"]
    app, token = Receiver(desk.runtime.links), token_of(notice, "undo")
    status, page = await asked(app, "POST", token)
    assert (status, "undo</button>" in page) == (200, True)
    assert not effects
    status, page = await asked(app, "POST", token, decide="yes")
    assert (status, "is taken back" in page) == (200, True)
    status, page = await asked(app, "POST", token, decide="yes")
    assert (status, "was taken back before" in page) == (200, True)
    assert effects == {"hi": 1}
    (taken,) = (await desk.runtime.audit.explain(done.call_id)).compensations
    told = await desk.runtime.audit.explain(taken.call_id)
    assert told.principal == desk.assembly.services.ledger.keyring.opaque(CAROL)


async def test_who_was_asked_about_a_call_is_told_how_it_ended_in_the_same_thread(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    revised = await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    await desk.runtime.wait(held.call_id)
    late = await desk.runtime.call("wire", {"cents": 3})
    desk.clock.advance(86_400)
    await desk.assembly.waiting.sweep()
    await turns()
    assert revised.state is ApprovalState.APPROVED
    assert [(each.kind, each.status, each.thread) for each in desk.heard] == [
        (NoticeKind.ASKED, None, held.call_id),
        (NoticeKind.ENDED, "completed", held.call_id),
        (NoticeKind.ASKED, None, late.call_id),
        (NoticeKind.ENDED, "expired", late.call_id),
    ]
    assert not desk.heard[-1].links


async def test_what_takes_a_call_back_is_told_in_the_thread_of_that_call(desk, turns):
    done = await desk.runtime.call("pin", {"text": "hi"})
    undone = await desk.runtime.undo(done.call_id, by=CAROL)
    await turns()
    assert [(each.call_id, each.thread) for each in desk.heard] == [
        (done.call_id, done.call_id),
        (undone.call_id, done.call_id),
    ]


async def test_a_link_that_takes_back_decides_about_no_approval(desk, turns):
    await desk.runtime.call("pin", {"text": "hi"})
    await turns()
    token = token_of(desk.heard[0], "undo")
    for use in (desk.runtime.links.look, desk.runtime.links.follow):
        with pytest.raises(DecisionRefused, match="decides about none"):
            await use(token)


async def test_a_link_takes_nothing_back_when_it_is_too_late(desk, turns, effects):
    await desk.runtime.call("pin", {"text": "hi"})
    await turns()
    desk.clock.advance(86_400)
    token = token_of(desk.heard[0], "undo")
    status, page = await asked(Receiver(desk.runtime.links), "POST", token, decide="yes")
    assert (status, "too long ago" in page) == (409, True)
    assert not effects


async def test_what_does_not_get_there_is_told_again(desk, turns):
    desk.channels["carol"].deaf = 2
    await desk.runtime.call("wire", {"cents": 1})
    for _ in range(3):
        await turns()
        desk.clock.advance(30)
    await turns()
    assert len(desk.heard) == 1


@pytest.mark.parametrize("is_production", [True, False])
async def test_no_link_is_offered_that_would_be_refused_for_want_of_a_token(
    desk, turns, is_production
):
    rules = replace(desk.settings.approvals, is_production=is_production)
    desk.settings, desk.ledger.holder = replace(desk.settings, approvals=rules), None

    @tool(tier="privileged")
    async def drop(name: str) -> str:
        return name

    desk.tools = [*desk.tools, drop]
    await desk.open()
    await desk.runtime.call("drop", {"name": "x"})
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    offered = {notice.tool: set(notice.links) for notice in desk.heard}
    both = {"approve", "reject"}
    assert offered == {"wire": both, "drop": set() if is_production else both}


async def test_no_link_is_offered_to_who_may_not_decide(desk, turns):
    await desk.runtime.call("wire", {"cents": 1}, principal=CAROL)
    assert (await desk.open_with(SETTINGS.replace('"manager"', '"clerk"'))).heard is desk.heard
    await desk.runtime.call("wire", {"cents": 2})
    await turns()
    assert [notice.links for notice in desk.heard] == [{}, {}]


async def test_who_is_asked_in_time_is_offered_links_then(desk, turns):
    await desk.open_with(SETTINGS.replace('roles = ["manager"]', 'roles = ["chief"]'))
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    desk.clock.advance(600)
    await desk.assembly.announcing.sweep()
    await turns()
    assert [(notice.kind, len(notice.links)) for notice in desk.heard] == [
        (NoticeKind.ASKED, 0),
        (NoticeKind.ESCALATED, 2),
    ]


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


async def test_a_link_decides_by_a_post_that_says_so_and_once(desk, turns, effects):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    app, token = Receiver(desk.runtime.links), token_of(desk.heard[0], "approve")
    for method, fields in (("GET", {}), ("HEAD", {}), ("POST", {"token": token})):
        assert (await asked(app, method, **fields))[0] == 200
        assert (await desk.runtime.approvals.get(held.approval_id)).is_waiting
    _, page = await asked(app, "POST", token)
    assert "The effect cannot be undone." in page
    assert ">approve</button>" in page
    status, page = await asked(app, "POST", token, decide="yes")
    assert status == 200
    assert "recorded" in page
    assert "is approved" in page
    status, page = await asked(app, "POST", token, decide="yes")
    assert status == 409
    assert "was used" in page
    assert (await desk.runtime.wait(held.call_id)).unwrap() == 1
    assert (await asked(app, "POST", token, decide="yes"))[0] == 409
    status, page = await asked(app, "POST", token)
    assert "is consumed" in page
    assert "button" not in page
    assert effects == {1: 1}


@pytest.mark.promise("P7")
async def test_no_server_is_sent_a_token_before_somebody_follows_the_link(desk, turns):
    """Addresses stand in the logs of every proxy; a browser sends no fragment."""
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    for link in desk.heard[0].links.values():
        address, _, token = link.partition("#")
        assert address == "https://desk.example/answer"
        assert token
    _, page = await asked(Receiver(desk.runtime.links), "GET")
    assert "location.hash" in page


async def test_what_runs_in_the_page_is_what_its_policy_lets_run(desk):
    sent = []

    async def send(message):
        sent.append(message)

    await Receiver(desk.runtime.links)({"type": "http", "method": "GET"}, None, send)
    policy = dict(sent[0]["headers"])[b"content-security-policy"].decode()
    script = sent[1]["body"].decode().partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy


async def test_a_page_says_when_others_have_to_agree_too(desk, turns):
    two = SETTINGS + "[[approvals.quorum]]\npeople = 2\n"
    await desk.open_with(two)
    await desk.runtime.call("wire", {"cents": 1})
    await turns()
    app, token = Receiver(desk.runtime.links), token_of(desk.heard[0], "approve")
    _, page = await asked(app, "POST", token, decide="yes")
    assert "is waiting" in page
    assert "1 of 2 have agreed" in page


async def test_a_page_says_when_another_process_has_to_record_it(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    token = token_of(desk.heard[0], "approve")
    other = await Desk(desk.folder, desk.tools).open_beside(desk)
    status, page = await asked(Receiver(other.runtime.links), "POST", token, decide="yes")
    assert status == 200
    assert "posted to the process that decides" in page
    assert "recorded" not in page.replace("has recorded it", "")
    assert (await desk.runtime.approvals.get(held.approval_id)).is_waiting
    await desk.assembly.inbox.empty()
    assert (await desk.runtime.approvals.get(held.approval_id)).state is ApprovalState.APPROVED


async def test_a_form_that_is_too_large_is_not_read(desk):
    status, _ = await asked(Receiver(desk.runtime.links), "POST", "x" * 20_000)
    assert status == 413


async def test_a_question_uses_no_link(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    await desk.runtime.approvals.ask(held.approval_id, "What for?", by=CAROL)
    approved = await desk.runtime.links.follow(token_of(desk.heard[0], "approve"))
    assert approved.state is ApprovalState.APPROVED


async def test_an_edit_tells_nobody_where_its_editor_agrees_at_once(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    before = await desk.runtime.approvals.get(held.approval_id)
    await turns()
    desk.clock.advance(60)
    after = await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    await turns()
    assert after.state is ApprovalState.APPROVED
    assert len(desk.heard) == 1
    assert after.expires_ms == before.expires_ms


async def test_an_edit_that_takes_others_tells_them(desk, turns):
    await desk.open_with(SETTINGS + "[[approvals.quorum]]\npeople = 2\n")
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    after = await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    await turns()
    assert [each.approval_id for each in desk.heard] == [held.approval_id, after.id]


async def test_who_is_asked_besides_may_edit_and_agrees_by_that(desk, turns, effects):
    """Their right is of the call as it was asked about, and not of when the edit was made."""
    held = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(600)
    after = await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CHIEF)
    assert after.state is ApprovalState.APPROVED
    assert (await desk.runtime.wait(held.call_id)).unwrap() == 2
    assert effects == {2: 1}


async def test_what_was_agreed_to_late_can_be_edited_as_long_as_it_can_be_used(desk, effects):
    """Its time to be asked about is over by then."""
    held = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(86_399)
    before = await desk.runtime.approvals.approve(held.approval_id, by=CAROL)
    desk.clock.advance(1)
    after = await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    assert after.state is ApprovalState.APPROVED
    assert after.expires_ms == before.use_by_ms
    assert (await desk.runtime.wait(held.call_id)).unwrap() == 2
    assert effects == {2: 1}


async def test_edited_calls_expire_in_their_turn(desk):
    """An edit makes an approval that is younger than others, and is over before them."""
    first = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(3_600)
    second = await desk.runtime.call("wire", {"cents": 2})
    revised = await desk.runtime.approvals.edit(first.approval_id, {"cents": 3}, by=CAROL)
    await desk.runtime.approvals.revoke(revised.id, by=CAROL)
    desk.clock.advance(82_800)
    await desk.assembly.waiting.sweep()
    states = [each.state for each in await desk.runtime.approvals.list(state=None)]
    assert states == ["void", "waiting", "expired"]
    assert (await desk.runtime.approvals.get(second.approval_id)).is_waiting


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


async def test_of_two_links_that_are_followed_at_one_moment_one_counts(desk, turns):
    """Who says both at once has said one of them; it is not both agreed to and rejected."""
    await desk.open_with(SETTINGS + "[[approvals.quorum]]\npeople = 2\n")
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    tokens = [token_of(desk.heard[0], ruling) for ruling in ("approve", "reject")]
    said = await asyncio.gather(
        *(desk.runtime.links.follow(token) for token in tokens), return_exceptions=True
    )
    refused = [each for each in said if isinstance(each, DecisionRefused)]
    assert len(refused) == 1
    assert "was used" in str(refused[0])
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert len(case.words) == 1


async def test_of_two_links_that_are_followed_in_another_process_one_counts(desk, turns):
    """Also before the owner has recorded the first."""
    await desk.open_with(SETTINGS + "[[approvals.quorum]]\npeople = 2\n")
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    tokens = [token_of(desk.heard[0], ruling) for ruling in ("approve", "reject")]
    other = await Desk(desk.folder, desk.tools).open_beside(desk)
    said = await asyncio.gather(
        *(other.runtime.links.follow(token) for token in tokens), return_exceptions=True
    )
    assert [isinstance(each, DecisionRefused) for each in said] == [False, True]
    await desk.assembly.inbox.empty()
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert [word.ruling for word in case.words] == [Ruling.APPROVE]


async def test_of_two_links_that_two_other_processes_follow_at_one_moment_one_counts(desk, turns):
    """Neither sees what the other has not left yet; whoever records them does."""
    await desk.open_with(SETTINGS + "[[approvals.quorum]]\npeople = 2\n")
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    tokens = [token_of(desk.heard[0], ruling) for ruling in ("approve", "reject")]
    others = [await Desk(desk.folder, desk.tools).open_beside(desk) for _ in tokens]
    both = asyncio.Barrier(2)
    for other in others:
        store = other.assembly.desk._ledger.store  # noqa: SLF001 - the moment before it is left
        store.post = partial(_posted_together, store.post, both)
    said = await asyncio.gather(
        *(other.runtime.links.follow(each) for other, each in zip(others, tokens, strict=True))
    )
    assert len(said) == 2
    await desk.assembly.inbox.empty()
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert len(case.words) == 1
    (refused,) = await desk.assembly.store.entries(kind=EntryKind.ORDER_REFUSED)
    assert b"this link was used" in refused.body


async def _posted_together(post, both, order):
    await both.wait()
    await post(order)


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


async def test_who_dies_before_it_is_on_record_leaves_telling_to_the_next(desk, turns):
    """At least once: what was told and not recorded is told again."""
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    desk.clock.advance(600)
    carol = desk.channels["carol"]
    carol.hangs = asyncio.Event()
    await desk.assembly.announcing.sweep()
    await turns()
    await desk.assembly.announcing.close()  # it dies while it tells
    assert not await desk.assembly.desk.is_escalated(
        await desk.runtime.approvals.get(held.approval_id)
    )
    carol.hangs = None
    desk.ledger.holder = None
    await desk.open()
    for _ in range(3):
        await desk.assembly.announcing.sweep()
    await turns()
    assert [each.kind for each in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert [word.ruling for word in case.words] == [Ruling.ESCALATE]


async def test_an_escalation_that_cannot_be_recorded_is_recorded_later_and_told_once(
    desk, turns, monkeypatch
):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    desk.clock.advance(600)
    escalate, failing = desk.assembly.desk.escalate, [LedgerError("full"), LedgerError("full")]

    async def fail_first(approval):
        if failing:
            raise failing.pop()
        await escalate(approval)

    monkeypatch.setattr(desk.assembly.desk, "escalate", fail_first)
    for _ in range(4):
        await desk.assembly.announcing.sweep()
        await turns()
        desk.clock.advance(30)
    await turns()
    assert [each.kind for each in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert [word.ruling for word in case.words] == [Ruling.ESCALATE]


async def test_what_could_not_be_looked_at_is_looked_at_again(desk, turns, monkeypatch):
    await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(600)
    is_escalated, failing = desk.assembly.desk.is_escalated, [LedgerError("away")]

    async def fail_first(approval):
        if failing:
            raise failing.pop()
        return await is_escalated(approval)

    monkeypatch.setattr(desk.assembly.desk, "is_escalated", fail_first)
    with pytest.raises(LedgerError):
        await desk.assembly.announcing.sweep()
    await desk.assembly.announcing.sweep()
    await turns()
    assert [each.kind for each in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]


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


async def escalated(desk):
    """Sweep, and say which approvals others were told of."""
    for _ in range(3):
        await desk.assembly.announcing.sweep()
        await asyncio.sleep(0)
    return [each.approval_id for each in desk.heard if each.kind is NoticeKind.ESCALATED]


@pytest.mark.parametrize("reopens", [False, True], ids=["here", "in the next process"])
async def test_an_edit_gives_those_who_are_asked_no_more_time(desk, turns, reopens):
    """Others are asked by since when the call waits, also behind calls that were made meanwhile."""
    await desk.open_with(SETTINGS + "[[approvals.quorum]]\npeople = 2\n")
    held = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(300)
    await desk.runtime.call("wire", {"cents": 2})
    desk.clock.advance(290)
    after = await desk.runtime.approvals.edit(held.approval_id, {"cents": 3}, by=CAROL)
    await turns()
    if reopens:
        desk.ledger.holder = None
        await desk.open()
    assert await escalated(desk) == []
    with pytest.raises(DecisionRefused, match="manager"):
        await desk.runtime.approvals.approve(after.id, by=CHIEF)
    desk.clock.advance(10)
    assert await escalated(desk) == [after.id]
    approved = await desk.runtime.approvals.approve(after.id, by=CHIEF)
    assert approved.state is ApprovalState.APPROVED


async def test_people_are_asked_where_an_editor_could_not_agree(desk, turns, monkeypatch):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    writer = desk.assembly.services.ledger.writer
    write = writer.write

    async def fail_to_decide(entry):
        if entry.kind == "approval.decided":
            raise LedgerError("full")
        return await write(entry)

    monkeypatch.setattr(writer, "write", fail_to_decide)
    with pytest.raises(LedgerError):
        await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    await turns()
    (waiting,) = await desk.runtime.approvals.list()
    assert [each.approval_id for each in desk.heard] == [held.approval_id, waiting.id]


async def test_people_are_asked_where_the_process_died_before_an_editor_agreed(
    desk, turns, monkeypatch
):
    """By the next one; and nobody is asked about what its editor agreed to."""
    held = await desk.runtime.call("wire", {"cents": 1})
    agreed = await desk.runtime.call("wire", {"cents": 10})
    await desk.runtime.approvals.edit(agreed.approval_id, {"cents": 11}, by=CAROL)
    await turns()

    async def die(*_given, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(desk.assembly.desk), "_record", die)
    with pytest.raises(KeyboardInterrupt):
        await desk.runtime.approvals.edit(held.approval_id, {"cents": 2}, by=CAROL)
    monkeypatch.undo()
    told = len(desk.heard)
    desk.ledger.holder = None
    await desk.open()
    await desk.assembly.announcing.sweep()
    await turns()
    (waiting,) = await desk.runtime.approvals.list()
    assert [each.approval_id for each in desk.heard[told:]] == [waiting.id]
    assert desk.heard[-1].kind is NoticeKind.ASKED


async def test_others_are_asked_about_what_waits_again_because_a_word_was_taken_back(desk, turns):
    """Also where those that are younger had their turn before."""
    first = await desk.runtime.call("wire", {"cents": 1})
    await desk.runtime.approvals.approve(first.approval_id, by=CAROL)
    second = await desk.runtime.call("wire", {"cents": 2})
    desk.clock.advance(600)
    await desk.assembly.announcing.sweep()
    await turns()
    await desk.runtime.approvals.revoke(first.approval_id, by=CAROL)
    for _ in range(3):
        await desk.assembly.announcing.sweep()
        await turns()
    escalated = [each.call_id for each in desk.heard if each.kind is NoticeKind.ESCALATED]
    assert escalated == [second.call_id, first.call_id]


async def test_a_word_taken_back_tells_nobody_twice_who_is_being_told(desk, turns):
    held = await desk.runtime.call("wire", {"cents": 1})
    await turns()
    desk.clock.advance(600)
    carol = desk.channels["carol"]
    carol.hangs = asyncio.Event()
    await desk.assembly.announcing.sweep()
    await turns()
    await desk.runtime.approvals.approve(held.approval_id, by=CAROL)
    await desk.runtime.approvals.revoke(held.approval_id, by=CAROL)
    await desk.assembly.announcing.sweep()
    carol.hangs.set()
    await turns()
    assert [each.kind for each in desk.heard] == [NoticeKind.ASKED, NoticeKind.ESCALATED]


@pytest.mark.promise("P7")
async def test_a_channel_that_raises_what_it_should_not_keeps_nobody_from_going_on(
    desk, turns, monkeypatch, caplog
):
    async def announce(notice):
        raise RuntimeError("https://chat.example/hooks/secret")

    monkeypatch.setattr(desk.channels["carol"], "announce", announce)
    held = await desk.runtime.call("wire", {"cents": 1})
    desk.clock.advance(600)
    await desk.assembly.announcing.sweep()
    for _ in range(4):
        await turns()
        desk.clock.advance(30)
    await turns()
    case = await desk.runtime.approvals.case(held.approval_id, by=CAROL)
    assert [word.ruling for word in case.words] == [Ruling.ESCALATE]
    assert "channel listener raised RuntimeError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(("undo_s", "days"), [(365 * 86_400, 30), (0, None)])
async def test_nobody_is_told_of_an_undo_that_would_be_refused(desk, turns, undo_s, days):
    await desk.open_with(SETTINGS.replace("[approvals]", f"[approvals]\nundo_s = {undo_s}", 1))
    await desk.runtime.call("pin", {"text": "hi"})
    await turns()
    notice = desk.heard[-1]
    if days is None:
        assert (notice.undo, notice.expires_ms, notice.links) == (None, None, {})
    else:
        assert (notice.undo, list(notice.links)) == ("note", ["undo"])
        assert notice.expires_ms == notice.created_ms + days * 86_400_000
