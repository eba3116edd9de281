"""What was revoked or ended shows nobody from then on: not by a caller that a program holds on."""

import asyncio
import json

import pytest

from highroad import Completed, Held, Principal, Refused, tool
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.entry import EntryKind
from highroad.domain.error import Code, DecisionRefused, Unauthenticated
from highroad.domain.identity import ShownBy
from highroad.domain.identity_rules import IdentityRules, SessionRule
from highroad.domain.refusal import CredentialRefused
from highroad.identity.validity import TRUSTED_S

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", permissions={"vault"}, authenticated=True)
PRODUCTION = {"approvals": ApprovalRules(is_production=True)}


@tool(tier="privileged", effect="repeatable", permissions={"vault"})
def wipe() -> str:
    return "wiped"


@tool(tier="irreversible", effect="repeatable")
def send() -> str:
    return "sent"


@tool(tier="read")
def look() -> str:
    return "seen"


TOOLS = [wipe, send, look]


async def held(runtime, which=wipe, principal=ALICE):
    principal = Principal("alice", permissions={"vault"}) if principal is ALICE else principal
    outcome = await runtime.call(which, {}, principal=principal)
    assert isinstance(outcome, Held)
    return outcome


async def shown_in(runtime, tokens, how):
    """A caller whose credentials can be ended, and what ends them."""
    identity = runtime.identity
    if how == "session":
        opening = await identity.sign_in(tokens.token("bob"))
        return opening.caller, lambda: identity.sessions.end(opening.session.id, by=BOB)
    made = await identity.keys.create(BOB, by=BOB)
    caller = await runtime.authenticate(made.secret)
    if how == "session of a key":
        caller = (await identity.sign_in(made.secret)).caller
    return caller, lambda: identity.keys.revoke(made.key.id, by=BOB)


WAYS = ("key", "session", "session of a key")


@pytest.mark.parametrize("how", WAYS)
async def test_what_has_ended_decides_nothing(opened, tokens, any_store, how):
    async with opened(any_store, tools=TOOLS, **PRODUCTION) as runtime:
        caller, end = await shown_in(runtime, tokens, how)
        outcome, desk = await held(runtime), runtime.approvals
        await desk.ask(outcome.approval_id, "Why?", by=caller)
        await opened.inbox.empty()
        await end()
        assert runtime.identity.vouches_for(caller)  # for what this process knows alone
        words = (
            desk.approve(outcome.approval_id, by=caller),
            desk.reject(outcome.approval_id, by=caller),
            desk.edit(outcome.approval_id, {}, by=caller),
            desk.ask(outcome.approval_id, "Why?", by=caller),
            desk.revoke(outcome.approval_id, by=caller),
        )
        for word in words:
            with pytest.raises(DecisionRefused, match="sign in again"):
                await word
        assert (await desk.case(outcome.approval_id, by=caller)).withheld is not None
        await opened.inbox.empty()
        assert isinstance(await runtime.wait(outcome.call_id, timeout_s=0), Held)


@pytest.mark.parametrize("how", WAYS)
async def test_a_word_that_waits_in_the_inbox_falls_with_what_showed_its_author(
    opened, tokens, any_store, how
):
    async with opened(any_store, tools=TOOLS, **PRODUCTION) as runtime:
        outcome, desk = await held(runtime), runtime.approvals
        caller, end = await shown_in(runtime, tokens, how)
        is_owner, desk.is_owner = desk.is_owner, False  # as where another process decides
        await desk.approve(outcome.approval_id, by=caller)
        desk.is_owner = is_owner
        await end()
        await opened.inbox.empty()
        assert isinstance(await runtime.wait(outcome.call_id, timeout_s=0), Held)
        assert not await decided(opened)
        (refused,) = await opened.ledger.store.entries(kind=EntryKind.ORDER_REFUSED)
        assert b"sign in again" in refused.body


async def decided(opened):
    entries = await opened.ledger.store.entries(kind=EntryKind.DECIDED)
    return [json.loads(entry.body) for entry in entries]


@pytest.mark.parametrize("how", WAYS)
async def test_of_a_word_and_a_revocation_between_its_check_and_its_entry_the_revocation_counts(
    opened, tokens, any_store, how
):
    async with opened(any_store, tools=TOOLS, **PRODUCTION) as runtime:
        outcome, desk = await held(runtime), runtime.approvals
        caller, end = await shown_in(runtime, tokens, how)
        scope = desk.wiring.scope

        async def found_good_and_revoked_at_once(*asked):
            found = await scope(*asked)
            await end()
            return found

        desk.wiring.scope, desk.is_owner = found_good_and_revoked_at_once, True
        with pytest.raises(DecisionRefused, match="sign in again"):
            await desk.approve(outcome.approval_id, by=caller)
        assert not await decided(opened)


async def test_no_word_stands_behind_the_revocation_of_what_showed_its_author(opened, any_store):
    async with opened(any_store, tools=TOOLS, **PRODUCTION) as runtime:
        desk = runtime.approvals
        desk.is_owner = True
        for _ in range(8):
            outcome = await held(runtime)
            made = await runtime.identity.keys.create(BOB, by=BOB)
            caller = await runtime.authenticate(made.secret)
            await asyncio.gather(
                runtime.identity.keys.revoke(made.key.id, by=BOB),
                desk.approve(outcome.approval_id, by=caller),
                return_exceptions=True,
            )
        ended = set()
        for entry in await opened.ledger.store.entries():
            body = json.loads(entry.body)
            if body.get("change") == "ended":
                ended.add(body["target"])
            assert body.get("by_key") not in ended
        assert len(ended) == 8


@pytest.mark.parametrize("how", WAYS)
async def test_what_has_ended_calls_nothing(opened, tokens, any_store, how):
    async with opened(any_store, tools=TOOLS) as runtime:
        caller, end = await shown_in(runtime, tokens, how)
        assert isinstance(await runtime.call(look, {}, principal=caller), Completed)
        await end()
        for which in (look, wipe):
            with pytest.raises(Unauthenticated):
                await runtime.call(which, {}, principal=caller)
        refused = await opened.ledger.store.entries(kind=EntryKind.UNAUTHENTICATED)
        assert b'"why":"ended"' in refused[0].body


async def test_what_is_ended_elsewhere_calls_what_is_privileged_no_more_and_the_rest_a_moment(
    opened, clock, tokens, any_store
):
    async with opened(any_store, tools=TOOLS) as runtime:
        caller, _ = await shown_in(runtime, tokens, "session")
        await runtime.call(look, {}, principal=caller)
        inbox = opened.inbox
        async with opened(any_store, tools=TOOLS) as elsewhere:
            await elsewhere.identity.sessions.end(caller.session_id, by=BOB)
            runtime.identity.changes.is_ended = lambda: None
            await inbox.empty()
        assert isinstance(await runtime.call(look, {}, principal=caller), Completed)
        with pytest.raises(Unauthenticated):
            await runtime.call(wipe, {}, principal=caller)
        clock.advance(TRUSTED_S)
        with pytest.raises(Unauthenticated):
            await runtime.call(look, {}, principal=caller)


async def test_credentials_that_are_over_call_nothing(opened, clock, tokens, memory_store):
    async with opened(memory_store, tools=TOOLS) as runtime:
        caller = await runtime.authenticate(tokens.token("bob", seconds=60))
        assert isinstance(await runtime.call(look, {}, principal=caller), Completed)
        clock.advance(60)
        with pytest.raises(Unauthenticated):
            await runtime.call(look, {}, principal=caller)


async def test_a_call_that_was_held_does_not_run_once_its_key_is_revoked(opened, any_store):
    async with opened(any_store, tools=TOOLS) as runtime:
        made = await runtime.identity.keys.create(ALICE, by=ALICE)
        caller = await runtime.authenticate(made.secret)
        outcome = await held(runtime, send, caller)
        await runtime.identity.keys.revoke(made.key.id, by=ALICE)
        await runtime.approvals.approve(outcome.approval_id, by=BOB)
        await opened.inbox.empty()
        ended = await runtime.wait(outcome.call_id, timeout_s=0)
        assert isinstance(ended, Refused)
        assert ended.error.code == Code.DENIED
        told = await runtime.audit.explain(outcome.call_id)
        assert told.stages[0].rule == f"delegation.{made.key.id}: has ended"


async def test_a_session_that_is_ended_while_it_is_used_does_not_go_on(
    opened, clock, tokens, any_store
):
    rules = IdentityRules(session=SessionRule(idle_s=600, most_s=3_000))
    async with opened(any_store, rules=rules) as runtime:
        opening = await runtime.identity.sign_in(tokens.token("bob", seconds=9_000))
        clock.advance(300)  # its next use is recorded
        changes, sessions = runtime.identity.changes, runtime.identity.sessions
        note = changes.note

        async def ended_just_before(*wanted, **row):
            await sessions.end(opening.session.id, by=BOB)
            await note(*wanted, **row)

        changes.note = ended_just_before
        with pytest.raises(CredentialRefused):
            await runtime.identity.examine(opening.token)
        changes.note = note
        with pytest.raises(CredentialRefused, match="over"):
            await runtime.identity.examine(opening.token)


# -- how far a key goes --------------------------------------------------------------------


@pytest.mark.parametrize("by_session", [False, True])
@pytest.mark.parametrize(
    ("scope", "why"),
    [
        ({"tools": ["look"]}, "not for wipe"),
        ({"tools": ["w*"], "permissions": {"orders"}}, "does not pass on vault"),
        ({"tools": []}, "not for wipe"),
        ({"tools": ["w*"], "permissions": {"vault", "orders"}}, None),
        ({"tools": ["*"]}, None),
    ],
)
async def test_a_key_bounds_deciding_as_it_bounds_calling(
    opened, any_store, scope, why, by_session
):
    async with opened(any_store, tools=TOOLS, **PRODUCTION) as runtime:
        outcome, desk = await held(runtime), runtime.approvals
        made = await runtime.identity.keys.create(BOB, by=BOB, **scope)
        caller = await runtime.authenticate(made.secret)
        if by_session:
            caller = (await runtime.identity.sign_in(made.secret)).caller
        case = await desk.case(outcome.approval_id, by=caller)
        if why is None:
            assert case.withheld is None
            await desk.approve(outcome.approval_id, by=caller)
            await opened.inbox.empty()
            assert isinstance(await runtime.wait(outcome.call_id, timeout_s=0), Completed)
            (word,) = await decided(opened)
            assert word["by_key"] == made.key.id
            assert ("by_session" in word) == by_session
            return
        assert why in case.withheld
        words = (
            desk.approve(outcome.approval_id, by=caller),
            desk.reject(outcome.approval_id, by=caller),
            desk.edit(outcome.approval_id, {}, by=caller),
            desk.ask(outcome.approval_id, "Why?", by=caller),
        )
        for word in words:
            with pytest.raises(DecisionRefused, match=why):
                await word


async def test_the_key_of_somebody_else_shows_nobody(opened, memory_store):
    async with opened(memory_store) as runtime:
        made = await runtime.identity.keys.create(ALICE, by=ALICE)
        shown = ShownBy(key_id=made.key.id)
        alice, bob = map(opened.ledger.keyring.opaque, (ALICE, BOB))
        assert await runtime.approvals.wiring.scope(shown, ALICE.organization, alice)
        for organization, whose in ((ALICE.organization, bob), ("acme", alice)):
            with pytest.raises(CredentialRefused):
                await runtime.approvals.wiring.scope(shown, organization, whose)
