"""A guard that is taken away is seen, by a suite and by whoever compares with a baseline."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench.redteam.campaigns import parts

from highroad.approvals import desk
from highroad.approvals.definitions import Definitions
from highroad.approvals.links import SignedLinks
from highroad.domain.approval import Approval, Ruling
from highroad.domain.error import DecisionRefused
from highroad.domain.grounding import ValueSource
from highroad.evals.redteam.report import worse
from highroad.evidence.intent.lock import Lock
from highroad.evidence.matching import notation
from highroad.evidence.repeats import Repeats
from highroad.pipeline import provenance
from highroad.pipeline.stages import authorize
from highroad.testing.redteam import Campaign, Layer


async def _nothing(*_: object, **__: object) -> None:
    """Finds nothing wrong."""


async def _decides(links: Any, token: str, *, reason: str = "") -> Approval:
    """Takes whatever waits for what the link is about."""
    del token
    waiting = await links._desk.list()
    if not waiting:
        raise DecisionRefused("nothing waits")
    by = links._people["redteam"]
    about = waiting[-1].id
    return await links._desk.answer_link(about, Ruling.APPROVE, by=by, reason=reason, made_ms=0)


@dataclass(frozen=True)
class Mutant:
    """One guard that is gone.

    Args:
        holder: Module or class that has it.
        name: Of the function.
        instead: What stands in its place.
        seen_by: Suites, one of which must find it.
        layer: Under which it is looked for: where no other guard stands behind.
        behind: Guards that stand behind it, in the same form, and are gone with it.
    """

    holder: Any
    name: str
    instead: Any
    seen_by: tuple[str, ...]
    layer: Layer = Layer.PROVENANCE
    behind: tuple[tuple[Any, str, Any], ...] = ()


MUTANTS = {
    "provenance is off": Mutant(provenance, "applies", lambda *_: False, ("encodings", "adaptive")),
    "any request calls for any tool": Mutant(
        Lock, "calls_for", lambda *_, **__: True, ("selection",)
    ),
    "what is untrusted is good enough": Mutant(
        ValueSource, "falls_short", property(lambda _: False), ("adaptive",)
    ),
    "a part of a field is the field": Mutant(notation, "is_part", lambda *_: False, ("adaptive",)),
    "what is read is trusted anew": Mutant(
        Repeats, "left", lambda _, keys, *__: keys, ("adaptive",)
    ),
    "nobody asks whose it is": Mutant(authorize, "_judge_owners", _nothing, ("organizations",)),
    "anybody decides": Mutant(
        desk,
        "objection",
        lambda *_: None,
        ("organizations",),
        Layer.FULL,
        behind=((desk.Desk, "_theirs", lambda self, approval_id, _: self.get(approval_id)),),
    ),
    "an agreement lasts": Mutant(
        Approval, "is_overdue", lambda *_: False, ("approvals",), Layer.FULL
    ),
    "a link decides about anything": Mutant(
        SignedLinks, "follow", _decides, ("approvals",), Layer.FULL
    ),
    "no definition has to be accepted": Mutant(
        Definitions, "_change_of", lambda *_: None, ("definitions",)
    ),
    "no suspicion has to be named": Mutant(
        Definitions, "_judge_suspicions", lambda *_: (), ("definitions",)
    ),
}
"""By what is so without the guard."""

SAMPLED = (
    "provenance is off",
    "any request calls for any tool",
    "what is untrusted is good enough",
)
"""Each of these has its effect in the sample that every change is compared with."""


def take_away(mutant, monkeypatch):
    for holder, name, instead in ((mutant.holder, mutant.name, mutant.instead), *mutant.behind):
        monkeypatch.setattr(holder, name, instead)


async def report(campaign, mutant, **changed):
    suites = {"suites": mutant.seen_by, "layers": [mutant.layer]}
    return await replace(campaign, **suites, **changed).report()


@pytest.mark.parametrize("name", SAMPLED)
async def test_a_rise_in_the_sample_is_worse_than_the_baseline(name, monkeypatch, repository):
    file = repository / "tests" / "data" / "redteam" / "demo.7.json"
    baseline = json.loads(file.read_text("utf-8"))
    campaign = parts(7, is_encoded=False)["demo"].campaign
    take_away(MUTANTS[name], monkeypatch)
    found = worse(await report(campaign, MUTANTS[name]), baseline)
    assert [each for each in found if each.what.startswith("attack success")]


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", MUTANTS)
async def test_each_guard_is_seen_by_a_suite(name, monkeypatch, notes, orders):
    mutant = MUTANTS[name]
    campaign = Campaign(tools=orders if mutant.seen_by == ("adaptive",) else notes, root=Path.cwd())
    whole = await report(campaign, mutant)
    assert [each.success.count for each in whole.scores if each.layer == mutant.layer] == [
        0 for _ in mutant.seen_by
    ]
    take_away(mutant, monkeypatch)
    found = await report(campaign, mutant)
    assert all(each.success.count for each in found.scores if each.layer == mutant.layer)
