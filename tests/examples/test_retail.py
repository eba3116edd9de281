"""The retail set on trial: right writes come through, wrong ones stop before anybody is asked."""

import json
from collections import Counter, defaultdict

import pytest
from bench.retail.changes.situation import Family
from bench.retail.judge import broken
from bench.retail.report import PAGE, SENSITIVITY, figures, table, trial_of, verified
from bench.retail.requests import DATA, Stock, requests
from bench.retail.road import Layer
from bench.retail.trial import SEED, open_trial
from examples.retail.tools import TOOLS

from highroad import tool_definition

RIGHT = 100
"""Writes of the sample that are met as they stand."""
CHANGED = 36
"""Of these, writes from which wrong proposals are made."""

UNGUARDED = 12
"""Writes that are tried without owners and checks."""


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def sample():
    """Each so many-th write of the set, and what is made of every third of these."""
    async with open_trial() as trial:
        chosen = trial.writes[:: len(trial.writes) // RIGHT][:RIGHT]
        right = [await trial.correct(*write) for write in chosen]
        wrong = [
            case for write in chosen[:: RIGHT // CHANGED] for case in await trial.mutated(*write)
        ]
    return right + wrong


@pytest.fixture(scope="module")
async def unguarded_sample():
    """The same, of fewer writes, where tools have neither owners nor checks."""
    async with open_trial(is_guarded=False) as trial:
        chosen = trial.writes[:: len(trial.writes) // UNGUARDED]
        return [
            case
            for write in chosen
            if not trial.faults(*write)
            for case in [await trial.correct(*write), *await trial.mutated(*write)]
        ]


def test_the_tools_are_those_of_the_set():
    theirs = json.loads((DATA / "tools.json").read_text("utf-8"))
    wanted = {
        each["function"]["name"]: set(each["function"]["parameters"]["properties"])
        for each in theirs
    }
    ours = {tool_definition(each).name: tool_definition(each) for each in TOOLS}
    assert {name: set(each.input_schema["properties"]) for name, each in ours.items()} == wanted


def test_the_judge_finds_the_writes_that_break_the_policy():
    stock = Stock.of()
    found = broken(stock)
    assert sum(len(each.writes) for each in requests()) == 768
    assert len(found) == 67
    assert Counter(fault for faults in found.values() for fault in faults) == {
        "an item swapped for itself": 47,
        "too little on a gift card for the order": 10,
        "too little on a gift card for the difference": 11,
    }


def test_where_money_moves_three_writes_are_judged_otherwise():
    stock = Stock.of()
    found, moved = broken(stock), broken(stock, moves_money=True)
    assert set(found) - set(moved) == {(68, 3), (377, 1)}
    assert set(moved) - set(found) == {(314, 3)}


def families(cases):
    """How many of each family there are, and how many of them were stopped."""
    number, stopped = Counter(), Counter()
    for case in cases:
        number[case.proposal.family] += 1
        stopped[case.proposal.family] += case.met.is_stopped
    return {family: (stopped[family], number[family]) for family in number}


@pytest.mark.anyio
async def test_right_writes_come_through(sample):
    right = [case for case in sample if case.proposal.family is Family.CORRECT]
    assert len(right) > 80
    spent = broken(Stock.of(), moves_money=True)  # of a card that an earlier write has charged
    stopped = [case for case in right if case.met.is_stopped]
    assert [case for case in stopped if (case.request, case.place) not in spent] == []


@pytest.mark.anyio
@pytest.mark.parametrize("family", [Family.MADE_UP, Family.FOREIGN])
async def test_what_nobody_said_and_what_another_customer_owns_never_come_through(sample, family):
    stopped, number = families(sample)[family]
    assert number > 30
    assert stopped == number


@pytest.mark.anyio
async def test_an_id_of_another_customer_meets_its_owner_before_anything_else(sample):
    layers = {case.met.layer for case in sample if case.proposal.family is Family.FOREIGN}
    assert layers == {Layer.OWNER}


@pytest.mark.anyio
async def test_grounding_alone_stops_what_nobody_said(unguarded_sample):
    rates = families(unguarded_sample)
    for family in (Family.MADE_UP, Family.FOREIGN):
        assert rates[family][0] == rates[family][1] > 0
    assert rates[Family.CORRECT][0] == 0
    layers = {case.met.layer for case in unguarded_sample}
    assert layers <= {Layer.GROUNDING, Layer.SCHEMA, Layer.NONE}


@pytest.mark.anyio
async def test_every_rule_of_the_policy_is_kept(sample):
    by_kind = defaultdict(set)
    for case in sample:
        if case.proposal.family is Family.RULE and not case.proposal.kind.startswith("in the set"):
            by_kind[case.proposal.kind].add(case.met.layer)
    assert len(by_kind) > 10
    assert {kind: layers for kind, layers in by_kind.items() if Layer.NONE in layers} == {}


@pytest.mark.anyio
async def test_a_simulated_verifier_stops_a_part_of_what_comes_through(sample):
    open_ = [case for case in sample if case.is_wrong and not case.met.is_stopped]
    stopped = verified(open_).total()
    assert 0.5 * SENSITIVITY * len(open_) < stopped < len(open_)
    assert verified(open_) == verified(open_)


@pytest.mark.anyio
async def test_a_table_has_a_row_for_each_family_and_says_how_many_were_stopped(sample):
    rows = [line.split() for line in table(sample, lambda case: case.proposal.family).splitlines()]
    (foreign,) = [row for row in rows if "another" in row and "customer's" in row]
    assert foreign[-1] == "100.0%"
    assert len(rows) == 1 + len(families(sample))


@pytest.mark.anyio
async def test_what_is_proposed_is_the_same_for_the_same_seed():
    async with open_trial(seed=SEED) as trial:
        first = await trial.mutated(0, 0)
        again = await trial.mutated(0, 0)
    assert [case.proposal for case in first] == [case.proposal for case in again]


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.anyio
async def test_the_whole_set_is_held_to_its_rates_and_the_page_tells_them():
    guarded = await trial_of(is_guarded=True, sample=None)
    rates = families(guarded)
    assert sum(case.is_wrong for case in guarded) >= 4_000
    assert rates[Family.CORRECT][1] == 701
    assert rates[Family.CORRECT][0] <= 0.01 * 701
    for family in (Family.MADE_UP, Family.FOREIGN):
        assert rates[family][0] == rates[family][1]
    assert rates[Family.RULE][0] >= 0.9 * rates[Family.RULE][1]
    unguarded = await trial_of(is_guarded=False, sample=None)
    assert families(unguarded)[Family.CORRECT][0] <= 0.01 * 701
    assert figures(guarded, unguarded) in PAGE.read_text("utf-8")
