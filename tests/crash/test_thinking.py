"""An agent whose process is killed anywhere comes to the same end, and does nothing twice."""

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
    "after append of run.started",
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
