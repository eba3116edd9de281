"""The retail set before a second model: the whole path, by a model that knows what was asked."""

import json

import pytest
from bench.retail.changes.situation import Family
from bench.retail.requests import requests
from bench.retail.road import Layer
from bench.retail.trial import open_trial

from highroad.testing import ScriptedModel

WRITES = 8
"""Of the set, from which wrong proposals are made besides."""


def answer(opinion, *concerns):
    return json.dumps({"opinion": opinion, "concerns": concerns, "correction": None})


class Oracle:
    """A model that approves the writes of the set, for the request that they belong to."""

    def __init__(self):
        self.right = {each.text: each.writes for each in requests()}
        self.asked = []
        self.model = ScriptedModel.answering(self.judge)

    def judge(self, request):
        case = json.loads(request.messages[0].text.partition("\n")[2].rpartition("\n")[0])
        proposed = case["proposed_call"]
        self.asked.append((case, request))
        (said,) = [turn["text"] for turn in case["request"]]
        right = any(
            (deed.tool, dict(deed.arguments)) == (proposed["tool"], proposed["arguments"])
            for deed in self.right[said]
        )
        return answer("approved") if right else answer("rejected", "Nobody asked for that.")


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def met():
    oracle = Oracle()
    async with open_trial(verifier=oracle.model) as trial:
        chosen = [
            write
            for write in trial.writes[:: len(trial.writes) // WRITES]
            if not trial.faults(*write)
        ]
        cases = [
            case
            for write in chosen
            for case in [await trial.correct(*write), *await trial.mutated(*write)]
        ]
    return oracle, cases


async def test_right_writes_come_through_a_second_model(met):
    _, cases = met
    right = [case for case in cases if case.proposal.family is Family.CORRECT]
    assert right
    assert {case.met.layer for case in right} == {Layer.NONE}


async def test_what_the_deterministic_layers_cannot_see_it_stops(met):
    _, cases = met
    wrong = [case for case in cases if case.is_wrong]
    reached = [case for case in wrong if case.met.layer in {Layer.VERIFIER, Layer.NONE}]
    assert len(reached) >= WRITES
    assert {case.met.layer for case in reached} == {Layer.VERIFIER}
    assert all(case.met.is_stopped for case in wrong)


async def test_it_is_asked_of_nothing_that_another_layer_had_stopped(met):
    oracle, cases = met
    before = [case for case in cases if case.met.layer not in {Layer.VERIFIER, Layer.NONE}]
    assert before
    assert len(oracle.asked) <= len(cases) - len(before)


async def test_it_is_shown_no_word_of_the_results(met):
    oracle, _ = met
    for case, request in oracle.asked:
        assert set(case) == {
            *("request", "earlier_turns_left_out", "proposed_call", "contract", "sources"),
        }
        assert len(request.messages) == 1
        assert {each["kind"] for each in case["sources"]} <= {
            *("request", "profile", "result", "default", None),
        }
