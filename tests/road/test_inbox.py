"""Orders of other processes: judged when they are taken, and none is lost or stops the others."""

import inspect
import json
from dataclasses import replace

import pytest

import highroad.domain.order
from highroad import Principal, tool
from highroad.approvals.desk import Desk
from highroad.domain.approval import Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.dependency import BreakerState
from highroad.domain.error import (
    DecisionRefused,
    HighroadError,
    NotPermitted,
    NotRecorded,
    code_of,
)
from highroad.domain.identity import DEFAULT_ORGANIZATION, Assurance
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.order import (
    BreakerOrder,
    Cancellation,
    Completion,
    Decision,
    Discard,
    Edit,
    Endorsement,
    ErasureOrder,
    IdentityOrder,
    Order,
    Redrive,
    RunMessage,
    Settlement,
    TrialOrder,
)
from highroad.domain.order_form import (
    ASIDE,
    ASSURED,
    FORM,
    KINDS,
    SHOWN,
    MalformedOrderError,
    NewerOrderError,
    PostedOrder,
    read_order,
    write_order,
)
from highroad.domain.trial import TrialState
from highroad.ledger.authorship import signed
from highroad.ledger.upkeep.erasure import Eraser
from highroad.recovery.settlements import Settlements
from highroad.settings import load

pytestmark = pytest.mark.promise("P4")

BOSS = Principal(
    "boss", authenticated=True, permissions={"calls:settle", "audit:erase"}, roles={"manager"}
)
CLERK = Principal("clerk", authenticated=True)
STRANGER = replace(BOSS, organization="globex")
POLICY = '[policy]\nallow = ["*"]\n[approvals]\nroles = ["manager"]\n'

DECISION = Decision(
    approval_id="apr_1",
    organization="default",
    ruling=Ruling.APPROVE,
    by="usr_x",
    digest="d",
    at_ms=1,
    reason=b"\x00",
)
SETTLEMENT = Settlement(
    id="amd_1", call_id="call_1", organization="acme", applied=True, by="usr_x", at_ms=2
)
ERASURE = ErasureOrder(principal_id="usr_y", organization="acme", by="usr_x", at_ms=3, mac=b"\x01")
TRIAL = TrialOrder(
    id="trl_1",
    agent="support",
    definition="d",
    becomes=TrialState.PROMOTED,
    is_early=True,
    organization="acme",
    by="usr_x",
    at_ms=10,
    reason=b"\x05",
)
SAMPLES = (
    DECISION,
    Edit(
        approval_id="apr_1",
        organization="default",
        ruling=Ruling.EDIT,
        by="usr_x",
        digest="d",
        at_ms=1,
        arguments=b"\x07",
    ),
    Endorsement(
        approval_id="apr_1",
        organization="default",
        ruling=Ruling.APPROVE,
        by="usr_x",
        digest="d",
        at_ms=1,
        pointers=("/to", "/copies"),
    ),
    SETTLEMENT,
    ERASURE,
    Redrive(letter_id="dl_1", organization="acme", by="usr_x", at_ms=4),
    Discard(letter_id="dl_1", organization="acme", by="usr_x", at_ms=5, reason=b"\x02"),
    BreakerOrder(
        id="brk_1",
        dependency="mail",
        state=BreakerState.OPEN,
        organization="acme",
        by="usr_x",
        at_ms=6,
    ),
    Cancellation(id="cnl_1", run_id="run_1", call_id="", organization="acme", by="usr_x", at_ms=7),
    Completion(
        id="cmp_1", call_id="call_1", answer=b"\x03", organization="acme", by="usr_x", at_ms=8
    ),
    RunMessage(
        id="msg_1",
        run_id="run_1",
        when="after",
        text=b"\x04",
        organization="acme",
        by="usr_x",
        at_ms=9,
    ),
    TRIAL,
    IdentityOrder(
        id="idc_1",
        area=IdentitySubject.KEY,
        act=IdentityAct.BEGAN,
        target="key_1",
        whose="usr_y",
        cells=b"\x05",
        organization="acme",
        by="usr_x",
        at_ms=10,
    ),
)
ORDERS = pytest.mark.parametrize("order", SAMPLES, ids=[type(each).__name__ for each in SAMPLES])


@tool(tier="irreversible", ask="true")
async def wire(number: int) -> int:
    return number


@tool(tier="reversible")
async def pay(number: int) -> int:
    raise RuntimeError


@pytest.fixture
async def here(world, tmp_path):
    """An owner under a policy, with a held call, an unknown one, and what others may do to them."""
    (tmp_path / "highroad.toml").write_text(POLICY)
    where = await world(wire, pay, settings=load(tmp_path, {})).open()
    where.held = await where.call(wire, {"number": 1}, run="held")
    where.unknown = await where.call(pay, {"number": 1}, run="unknown")
    return where


def put(here, kind, content):
    """Write into the inbox behind the owner's back."""
    number = max(here.ledger.inbox, default=0) + 1
    here.ledger.inbox[number] = (kind, content if isinstance(content, str) else json.dumps(content))


async def refusals(here):
    await here.services.ledger.writer.flush()
    return [json.loads(entry.body) for entry in await here.store.entries(kind="order.refused")]


class Elsewhere:
    """Another process, which judges nothing of what it leaves."""

    def __init__(self, here):
        self.here, self.ledger = here, here.services.ledger

    def _common(self, by):
        return {
            "organization": by.organization,
            "by": self.ledger.keyring.opaque(by),
            "at_ms": self.here.clock.now_ms(),
            "profile": self.ledger.sealed_profile(by),
        }

    async def decision(self, by, **changes):
        approval = await self.here.store.approval(self.here.held.approval_id)
        word = Decision(
            approval_id=approval.id,
            ruling=Ruling.APPROVE,
            digest=approval.digest,
            **self._common(by),
        )
        return signed(self.ledger.keyring, replace(word, **changes))

    async def settlement(self, by, **changes):
        word = Settlement(
            id="amd_1", call_id=self.here.unknown.call_id, applied=True, **self._common(by)
        )
        return signed(self.ledger.keyring, replace(word, **changes))

    async def erasure(self, by, **changes):
        alice = self.ledger.keyring.opaque(self.here.principal)
        order = ErasureOrder(principal_id=alice, **self._common(by))
        return signed(self.ledger.keyring, replace(order, **changes))


@pytest.fixture
def elsewhere(here):
    return Elsewhere(here)


async def approve(here, by):
    await here.desk.approve(here.held.approval_id, by=by)


async def settle(here, by):
    await here.runtime.settle(here.unknown.call_id, applied=True, by=by, reason="seen")


async def erase(here, by):
    await here.runtime.audit.erasures.order("usr_nobody", by=by)


def test_every_kind_of_order_has_a_name_and_is_tried_here():
    there_are = {
        each
        for each in vars(highroad.domain.order).values()
        if inspect.isclass(each) and issubclass(each, Order) and not inspect.isabstract(each)
    }
    assert there_are == set(KINDS.values()) == {type(each) for each in SAMPLES}


@ORDERS
async def test_every_kind_of_order_has_somebody_who_takes_it(here, order):
    put(here, *write_order(order))
    await here.assembly.inbox.empty()
    assert not here.ledger.inbox
    (refused,) = await refusals(here)
    assert (refused["order"], refused["about"]) == (write_order(order)[0], order.subject)


@ORDERS
def test_an_order_is_read_as_it_was_written(order):
    assert read_order(PostedOrder(1, *write_order(order))) == order
    assert json.loads(write_order(order)[1])["v"] == FORM


def test_a_decision_says_how_it_is_known_whose_it_is():
    order = replace(DECISION, assurance=Assurance.PUBLIC_KEY)
    assert json.loads(write_order(order)[1])["v"] == ASSURED
    assert read_order(PostedOrder(1, *write_order(order))) == order


@pytest.mark.parametrize(
    "shown", [{"key_id": "key_1"}, {"session_id": "ses_1"}, {"code_ms": 7}, {"link_ms": 7}]
)
def test_a_decision_says_by_which_key_or_session_its_author_was_shown(shown):
    order = replace(DECISION, assurance=Assurance.HASH, **shown)
    assert json.loads(write_order(order)[1])["v"] == SHOWN
    assert read_order(PostedOrder(1, *write_order(order))) == order


def test_a_decision_of_the_first_form_is_read():
    fields = {"approval_id": "apr_1", "ruling": "reject", "by": "usr_x", "digest": "d", "at_ms": 7}
    content = json.dumps({**fields, "reason": None, "profile": "00ff"})
    found = read_order(PostedOrder(1, "decision", content))
    assert (found.ruling, found.profile, found.mac) == (Ruling.REJECT, b"\x00\xff", None)
    assert found.organization == DEFAULT_ORGANIZATION


@pytest.mark.parametrize(
    ("kind", "content"),
    [("of tomorrow", "{}"), ("decision", f'{{"v": {SHOWN + 1}}}'), ("aside", "[")],
)
def test_what_a_newer_version_wrote_is_told_apart(kind, content):
    with pytest.raises(NewerOrderError):
        read_order(PostedOrder(1, kind, content))


MALFORMED = (
    "",
    "[]",
    "null",
    "{}",
    "[" * 100_000,
    '{"v": "2"}',
    '{"v": true}',
    '{"v": 0}',
    '{"v": 2}',
)


def altered(order, **changes):
    """The content of an order with other fields; `...` takes one away."""
    said = {**json.loads(write_order(order)[1]), **changes}
    return json.dumps({name: found for name, found in said.items() if found is not ...})


CHANGED = [
    {"unheard_of": 1},
    {"at_ms": ...},
    {"at_ms": None},
    {"at_ms": -1},
    {"at_ms": 2**53},
    {"at_ms": 1.5},
    {"at_ms": True},
    {"by": None},
    {"by": ["usr_x"]},
    {"mac": 7},
    {"mac": "no hex"},
    {"profile": {}},
]


@ORDERS
@pytest.mark.parametrize("change", CHANGED, ids=str)
def test_what_no_version_writes_is_malformed(order, change):
    kind, _ = write_order(order)
    with pytest.raises(MalformedOrderError, match="its "):
        read_order(PostedOrder(1, kind, altered(order, **change)))


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_order_at_all_is_malformed(content):
    with pytest.raises(MalformedOrderError, match="its "):
        read_order(PostedOrder(1, "decision", content))


@pytest.mark.parametrize(
    ("order", "change"),
    [
        (DECISION, {"ruling": "maybe"}),
        (DECISION, {"ruling": []}),
        (SETTLEMENT, {"applied": 1}),
        (TRIAL, {"becomes": "trusted"}),
        (TRIAL, {"is_early": 1}),
    ],
    ids=range(5),
)
def test_words_that_there_are_not_are_malformed(order, change):
    with pytest.raises(MalformedOrderError):
        read_order(PostedOrder(1, write_order(order)[0], altered(order, **change)))


async def test_what_a_newer_version_left_stays_and_holds_up_nothing(here, elsewhere, caplog):
    put(here, "of tomorrow", "{}")
    put(here, "decision", {"v": SHOWN + 1, "all": "new"})
    await here.store.post(await elsewhere.decision(BOSS))
    for _ in range(3):
        here.clock.advance(60)
        await here.assembly.inbox.empty()
    assert [posted.kind for posted in await here.store.inbox()] == ["of tomorrow", "decision"]
    told = [record.message for record in caplog.records if "order_newer" in record.message]
    assert len(told) == 2
    assert all("open the ledger with the newer highroad" in line for line in told)
    assert (await here.desk.get(here.held.approval_id)).state == "approved"


async def test_what_is_no_order_is_put_aside_with_the_reason(here, elsewhere, caplog):
    for content in MALFORMED:
        put(here, "decision", content)
    await here.store.post(await elsewhere.decision(BOSS))
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    aside = [json.loads(content) for kind, content in here.ledger.inbox.values() if kind == ASIDE]
    assert [each["content"] for each in aside] == list(MALFORMED)
    assert all(each["kind"] == "decision" and each["reason"] for each in aside)
    assert caplog.text.count("order_malformed") == len(MALFORMED)
    assert (await here.desk.get(here.held.approval_id)).state == "approved"
    await here.assembly.inbox.empty()
    assert caplog.text.count("order_malformed") == len(MALFORMED)


@pytest.mark.parametrize("name", ["decision", "settlement", "erasure"])
async def test_an_order_of_whoever_may_give_it_counts(here, elsewhere, name):
    if name == "erasure":
        await settle(here, BOSS)
        await here.desk.reject(here.held.approval_id, by=BOSS)
        await here.wait(here.held.call_id)
    await here.store.post(await getattr(elsewhere, name)(BOSS))
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    assert await refusals(here) == []
    told = {
        "decision": (await here.desk.get(here.held.approval_id)).state == "approved",
        "settlement": await here.runtime.unsettled() == (),
        "erasure": not here.ledger.run_keys,
    }
    assert told[name]


@pytest.mark.parametrize(
    ("name", "directly", "by"),
    [
        ("decision", approve, CLERK),
        ("decision", approve, STRANGER),
        ("settlement", settle, CLERK),
        ("settlement", settle, STRANGER),
        ("erasure", erase, CLERK),
    ],
    ids=range(5),
)
async def test_the_owner_refuses_what_a_command_would_have_been_refused(
    here, elsewhere, name, directly, by
):
    with pytest.raises(HighroadError) as refused:
        await directly(here, by)
    await here.store.post(await getattr(elsewhere, name)(by))
    before = (await here.desk.get(here.held.approval_id), await here.runtime.unsettled())
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    assert (await here.desk.get(here.held.approval_id), await here.runtime.unsettled()) == before
    assert here.ledger.run_keys
    (told,) = await refusals(here)
    assert told["code"] == code_of(refused.value)
    assert told["order"] == name
    assert told["by"] == here.services.ledger.keyring.opaque(by)


async def test_a_decision_is_taken_before_the_approval_expires_or_not_at_all(here, elsewhere):
    word = await elsewhere.decision(BOSS)
    await here.store.post(word)
    approval = await here.desk.get(here.held.approval_id)
    here.clock.advance((approval.expires_ms - here.clock.now_ms()) / 1_000)
    await here.assembly.inbox.empty()
    assert (await here.desk.get(approval.id)).state == "waiting"
    (told,) = await refusals(here)
    assert "expired" in told["refusal"]


FORGED = {
    "unsigned": {"mac": None},
    "other mac": {"mac": b"\x00" * 32},
    "no profile": {"profile": None},
    "other ruling": {"ruling": Ruling.REJECT},
    "later": {"at_ms": 1},
    "by another": {"by": "usr_other"},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
async def test_nobody_without_the_keys_gives_an_order_in_the_name_of_another(
    here, elsewhere, change
):
    """Also with a profile that stands in the audit tables."""
    await here.store.post(replace(await elsewhere.decision(BOSS), **change))
    await here.assembly.inbox.empty()
    assert (await here.desk.get(here.held.approval_id)).state == "waiting"
    (told,) = await refusals(here)
    assert told["code"] == "decision_refused"
    assert "keys" in told["refusal"]


async def test_an_order_that_was_recorded_before_its_owner_died_is_not_refused(here, elsewhere):
    for order in (await elsewhere.decision(BOSS), await elsewhere.settlement(BOSS)):
        await here.store.post(order)
        await here.assembly.inbox.empty()
        await here.store.post(order)
        await here.assembly.inbox.empty()
    assert await refusals(here) == []
    bodies = [body["kind"] for body in await here.bodies()]
    assert bodies.count("approval.decided") == bodies.count("call.amended") == 1


async def test_a_process_beside_the_owner_judges_before_it_leaves_an_order(here):
    ledger = here.services.ledger
    desk = Desk(ledger, ApprovalRules(roles=frozenset({"manager"})), is_owner=False)
    settlements = Settlements(
        ledger, here.ids, permissions=lambda by: by.permissions, is_owner=False
    )
    eraser = Eraser(ledger, is_owner=False)
    with pytest.raises(DecisionRefused):
        await desk.approve(here.held.approval_id, by=CLERK)
    with pytest.raises(DecisionRefused):
        await settlements.settle(here.unknown.call_id, applied=True, by=CLERK, reason="r")
    with pytest.raises(NotRecorded):
        await settlements.settle(here.unknown.call_id, applied=True, by=STRANGER, reason="r")
    with pytest.raises(NotPermitted):
        await eraser.order("usr_nobody", by=CLERK)
    assert await here.store.inbox() == []


@pytest.mark.promise("P7")
async def test_a_refusal_keeps_little_of_what_an_order_says_of_itself(here, elsewhere):
    order = await elsewhere.decision(BOSS, approval_id="x" * 5_000)
    await here.store.post(order)
    await here.assembly.inbox.empty()
    (told,) = await refusals(here)
    assert len(told["about"]) == 100
