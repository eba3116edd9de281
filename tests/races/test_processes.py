"""Four real processes race for one call, and are killed: one effect or none, never two (P4).

On a file one process owns the ledger and three leave orders in its inbox; on a server all four
drive calls. Each is killed at a drawn place or not at all, and another one takes its seat.
"""

import pytest

pytestmark = [
    pytest.mark.promise("P3"),
    pytest.mark.promise("P4"),
    pytest.mark.promise("P12"),
    pytest.mark.timeout(300),
]

SAMPLE = range(4)
NAMED = ("after call.held", "after approval.decided", "after call.intent", "after the effect")
"""Behind the hold, between agreement and drive, intent and body, effect and end."""
SEEDS = 200
BATCH = 50


def test_processes_on_a_file_come_to_one_effect_or_none(race, record_property):
    """A sample."""
    assert race.see(SAMPLE, record_property, "on a file") == []


def test_processes_on_a_file_are_killed_at_named_places(race):
    """Whoever comes there first; the others go on."""
    assert [race.run(seed, dies_at=(place, 1)) for seed, place in enumerate(NAMED)] == [[]] * 4
    assert race.killed


@pytest.mark.loopback
def test_processes_on_a_server_are_killed_at_named_places(shared_race):
    """Each of the four, unless another one has done it all before."""
    found = [shared_race.run(seed, dies_at=(place, 1)) for seed, place in enumerate(NAMED)]
    assert found == [[]] * 4
    assert shared_race.killed


@pytest.mark.loopback
def test_processes_on_a_server_come_to_one_effect_or_none(shared_race, record_property):
    """A sample."""
    assert shared_race.see(SAMPLE, record_property, "on a server") == []


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_hundreds_of_races_on_a_file(race, record_property, first):
    """Most of all with deaths."""
    assert race.see(range(first, first + BATCH), record_property, "on a file") == []
    assert race.killed >= BATCH // 4


@pytest.mark.loopback
@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_hundreds_of_races_on_a_server(shared_race, record_property, first):
    """Most of all with deaths."""
    assert shared_race.see(range(first, first + BATCH), record_property, "on a server") == []
    assert shared_race.killed >= BATCH // 4
