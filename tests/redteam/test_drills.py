"""Drills find nothing on the road, and find what is wrong with one that is broken by hand."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from highroad.approvals import desk, judging
from highroad.approvals.definitions import Definitions
from highroad.approvals.links import SignedLinks
from highroad.domain.approval import Ruling
from highroad.domain.error import DecisionRefused
from highroad.domain.grounding import GroundingMode, GroundingRule, GroundingRules
from highroad.domain.limits import Limits
from highroad.evals.redteam.suites.secrets import CANARY
from highroad.evals.redteam.targets import Targets
from highroad.testing.redteam import Layer, drills, layered
from highroad.testing.redteam.drills import DRILLS
from highroad.testing.redteam.lab import open_lab
from highroad.tools.registry import Registry


@pytest.fixture
def settings(notes):
    return layered(Layer.FULL, Registry(notes).definitions(), Path.cwd())


async def violations(suite, notes, settings):
    targets = Targets.of(Registry(notes))
    played = [each async for each in DRILLS[suite](targets, notes, settings)]
    assert played
    return {code for each in played for code in each.violations}


@pytest.mark.parametrize("suite", DRILLS)
async def test_nothing_gets_through(suite, notes, settings):
    assert await violations(suite, notes, settings) == set()


async def test_a_desk_that_heeds_anybody_is_found(notes, settings, monkeypatch):
    """As if nobody looked whose the approval is, and then who may decide about it."""
    monkeypatch.setattr(desk.Desk, "_theirs", lambda self, approval_id, _: self.get(approval_id))
    monkeypatch.setattr(judging, "objection", lambda *_: None)
    assert "decision" in await violations("organizations", notes, settings)


async def test_agreement_that_lasts_is_found(notes, settings, monkeypatch):
    monkeypatch.setattr("highroad.domain.approval.Approval.is_overdue", lambda *_: False)
    assert "late_approval" in await violations("approvals", notes, settings)


async def test_links_that_anybody_can_turn_are_found(notes, settings, monkeypatch):
    """As if nobody looked what a link was about, whether it was used, or how old it is."""
    monkeypatch.setattr(SignedLinks, "follow", _follows_whatever)
    monkeypatch.setattr(judging.Judging, "check_unused", _looks_away)
    found = await violations("approvals", notes, settings)
    assert {"forged_link", "replayed_link"} <= found


async def test_links_that_are_always_taken_are_found(notes, settings, monkeypatch):
    monkeypatch.setattr(SignedLinks, "follow", _looks_away)
    found = await violations("approvals", notes, settings)
    assert {"forged_link", "replayed_link", "turned_link", "late_link"} <= found


async def test_a_link_of_an_approval_that_never_expires_is_found(notes, settings, monkeypatch):
    monkeypatch.setattr("highroad.domain.approval.Approval.is_overdue", lambda *_: False)
    assert "late_link" in await violations("approvals", notes, settings)


async def test_definitions_that_nobody_has_to_accept_are_found(notes, settings, monkeypatch):
    monkeypatch.setattr(Definitions, "_change_of", lambda *_: None)
    assert {"unaccepted", "changed"} <= await violations("definitions", notes, settings)


async def test_suspicions_that_nobody_has_to_name_are_found(notes, settings, monkeypatch):
    monkeypatch.setattr(Definitions, "_judge_suspicions", lambda *_: ())
    assert await violations("definitions", notes, settings) == {"unnamed"}


async def test_a_description_that_is_obeyed_is_found(notes, settings):
    """Where nothing asks whether the user wanted it, or who chose its values."""
    open_ = layered(Layer.GROUNDING, Registry(notes).definitions(), Path.cwd())
    off = GroundingRules(rule=GroundingRule(mode=GroundingMode.OFF))
    open_ = replace(open_, grounding=off)
    assert await violations("definitions", notes, open_) == {"ordered"}


async def test_calls_beyond_a_limit_are_found(notes, settings, monkeypatch):
    """What the drill counts are bodies; the limit that it knows is not the one in force."""
    tight = Limits(calls_per_tool=2, calls_per_read=2)
    monkeypatch.setattr(drills, "_limits", lambda _: tight)
    assert {"loop", "fan_out"} & await violations("budgets", notes, settings)


async def test_limits_of_the_deployment_are_what_is_drilled(notes):
    """Where nothing else stops a flood."""
    settings = layered(Layer.GROUNDING, Registry(notes).definitions(), Path.cwd())
    tight = replace(settings, limits=replace(settings.limits, calls_per_tool=1, calls_per_read=1))
    assert await violations("budgets", notes, tight) == set()
    async with open_lab(notes, tight) as lab:
        target = _target(notes, "shout")
        await drills._flooded(lab, target, lambda _: [target.wished])
        assert len(lab.ran) == 1


async def test_a_value_in_a_log_is_found(notes, settings, monkeypatch):
    def telling(lab):
        def marked(_):
            logging.getLogger("somewhere").warning("got %s", CANARY)
            return {"text": "nothing"}

        return marked

    async def leaks(lab, target):
        lab.behave = telling(lab)
        with drills._logged() as lines:
            await lab.call(target.wished)
        return drills._stands_in(lab, lines)

    async with open_lab(notes, settings) as lab:
        assert await leaks(lab, _target(notes, "read_notes"))
        assert CANARY not in repr(lab.rehearsal.store.ledger)


async def _follows_whatever(links, token, *, reason=""):
    """Decides for the first approver about what waits, whatever the link says."""
    del token
    waiting = await links._desk.list()
    if not waiting:
        raise DecisionRefused("nothing waits")
    by = links._people["redteam"]
    return await links._desk.answer_link(
        waiting[-1].id, Ruling.APPROVE, by=by, reason=reason, made_ms=0
    )


async def _looks_away(*_):
    """Finds nothing wrong."""


def _target(notes, name):
    targets = Targets.of(Registry(notes))
    return next(each for each in (*targets.sinks, *targets.sources) if each.name == name)
