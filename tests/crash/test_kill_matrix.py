"""Killed anywhere, no effect is lost and none comes oftener than its class permits."""

from random import Random

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
    "before BEGIN IMMEDIATE",
    "before COMMIT",
    "after COMMIT",
    "before append of call.intent",
    "after append of call.intent with approval",
    "before append of call.held",
    "after append of approval.decided",
    "before append of call.deferred",
    "after append of call.deferred",
    "before post",
    "after forget",
    "execute suspended",
    "execute resumed",
    "finish suspended",
    "before the effect of pay",
    "after the effect of stamp",
}


def test_a_program_that_nobody_kills_breaks_no_rule(matrix, death):
    for seed in (1, 2):
        assert matrix.die(death(seed=seed, at=None)) == []


def test_the_points_are_found_by_counting(matrix):
    places = matrix.places(4, is_lossy=True)
    assert len(places) > 300
    assert {name for name, _ in places} >= KINDS | {"before sync", "after sync"}


@WAYS
def test_a_spread_of_deaths_breaks_no_promise(matrix, spread_over, is_lossy, record_property):
    places = matrix.places(4, is_lossy=is_lossy)
    matrix.run(spread_over(places, 25, chance=7, seed=4, is_lossy=is_lossy))
    matrix.report(record_property, is_lossy=is_lossy)
    assert matrix.found == []
    assert matrix.missed <= 2


def test_recovery_that_dies_and_is_begun_again_breaks_no_promise(
    matrix, spread_over, record_property
):
    at = ("after the effect of charge", 1)
    places = matrix.places(4, phase="recover", at=at)
    deaths = spread_over(places, 10, chance=5, seed=4, kind="recovery_dies_at", at=at)
    matrix.run(deaths)
    matrix.report(record_property)
    assert matrix.found == []


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@WAYS
@pytest.mark.parametrize("seed", [1, 2], ids=["a narrow budget", "a wide budget"])
def test_no_death_at_all_breaks_a_promise(matrix, spread_over, is_lossy, seed, record_property):
    places = matrix.places(seed, is_lossy=is_lossy)
    later = matrix.places(seed, phase="recover", at=places[len(places) // 2])
    deaths = spread_over(places, len(places), chance=seed, seed=seed, is_lossy=is_lossy)
    random = Random(seed)  # noqa: S311 - which points are tried is no secret
    deaths = [
        again.but(recovery_dies_at=random.choice(later)) if random.random() < 0.3 else again
        for again in deaths
    ]
    matrix.run(deaths)
    matrix.report(record_property, is_lossy=is_lossy)
    assert matrix.points >= len(places) > 300
    assert matrix.found == []
