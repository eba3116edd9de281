"""An agent whose process is killed anywhere comes to the same end, and does nothing twice."""

from dataclasses import dataclass

import pytest

# Processes start by the hundred: on a busy machine that takes its time.
pytestmark = [
    pytest.mark.promise("P2"),
    pytest.mark.promise("P3"),
    pytest.mark.promise("P11"),
    pytest.mark.timeout(300),
]

WAYS = pytest.mark.parametrize("is_lossy", [False, True], ids=["killed", "without power"])
KINDS = {
    "before COMMIT",
    "after append of run.started, model.asked",
    "after append of call.intent with approval",
    "before the effect of ship",
    "after the effect of pay",
    "execute suspended",
    "finish suspended",
}


def test_a_run_that_nobody_kills_breaks_no_rule(matrix, death):
    assert matrix.die(death(seed=4, at=None, program="thinking")) == []
    assert {name for name, _ in matrix.places(4, program="thinking")} >= KINDS


@WAYS
def test_a_spread_of_deaths_leaves_every_run_at_its_end(
    matrix, spread_over, is_lossy, record_property
):
    places = matrix.places(4, is_lossy=is_lossy, program="thinking")
    matrix.run(spread_over(places, 10, chance=3, seed=4, is_lossy=is_lossy, program="thinking"))
    matrix.report(record_property, is_lossy=is_lossy)
    assert matrix.found == []
    assert matrix.missed <= 2


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@WAYS
def test_no_death_at_all_keeps_a_run_from_its_end(matrix, spread_over, is_lossy, record_property):
    places = matrix.places(4, is_lossy=is_lossy, program="thinking")
    matrix.run(
        spread_over(places, len(places), chance=4, seed=4, is_lossy=is_lossy, program="thinking")
    )
    matrix.report(record_property, is_lossy=is_lossy)
    assert matrix.points >= len(places) > 100
    assert matrix.found == []


@dataclass(frozen=True)
class Break:
    """A rule, the words that state it, others in their place, and where that shows."""

    rule: str
    edits: tuple[tuple[str, str, str], ...]
    at: tuple[str, int]


BREAKS = (
    Break(
        "the run below is gone on with, and no other is begun",
        (
            (
                "highroad.agents.runs",
                "run_id, brief = with_prefix(call_id, RUN), self.crew",
                "run_id, brief = self._services.ids.new(RUN), self.crew",
            ),
        ),
        ("after the effect of charge", 2),
    ),
    Break(
        "a call on record is not made again",
        (
            (
                "highroad.agents.acting",
                "history = run.record.calls.get((wanted.asked_by, wanted.position))\n        if",
                "history = None\n        if",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "a reply is recorded before what it asks for is begun",
        (
            (
                "highroad.agents.writing",
                "        self._ledger.writer.put(\n            entries.model_replied(",
                "        self.late = (\n            entries.model_replied(",
            ),
            (
                "highroad.agents.writing",
                "    async def _write(self, entry: Entry) -> None:\n",
                (
                    "    late = None\n\n"
                    "    async def _write(self, entry: Entry) -> None:\n"
                    "        if self.late is not None:\n"
                    "            self._ledger.writer.put(self.late)\n"
                    "            self.late = None\n"
                ),
            ),
        ),
        ("after the effect of pay", 1),
    ),
)


@pytest.mark.parametrize("broken", BREAKS, ids=[each.rule.replace(" ", "-") for each in BREAKS])
def test_the_oracle_sees_that_a_rule_is_broken(matrix, death, broken):
    at = death(seed=4, at=broken.at, program="thinking")
    assert matrix.die(at) == []
    assert matrix.missed == 0
    found = matrix.die(at, edits=broken.edits)
    assert found != []
    # A program that the edit has broken altogether would say nothing of the rule.
    assert not [sentence for sentence in found if " ended with " in sentence]


@pytest.mark.loopback
def test_on_a_server_a_spread_of_deaths_leaves_every_run_at_its_end(
    shared_matrix, spread_over, record_property
):
    places = shared_matrix.places(4, program="thinking")
    shared_matrix.run(spread_over(places, 8, chance=3, seed=4, program="thinking"))
    shared_matrix.report(record_property)
    assert shared_matrix.found == []
    assert shared_matrix.missed <= 2


@pytest.mark.loopback
@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("strikes", ["program", "server", "both"])
def test_on_a_server_no_death_of_hundreds_keeps_a_run_from_its_end(
    shared_matrix, spread_over, record_property, strikes
):
    places = shared_matrix.places(4, program="thinking")
    shared_matrix.run(
        spread_over(places, 200, chance=4, seed=4, strikes=strikes, program="thinking")
    )
    shared_matrix.report(record_property)
    assert shared_matrix.points >= 200
    assert shared_matrix.found == []
