"""Killed anywhere, no effect is lost and none comes oftener than its class permits."""

import pytest

pytestmark = [
    pytest.mark.promise("P2"),
    pytest.mark.promise("P3"),
    pytest.mark.promise("P11"),
]

ORDINARY, NIGHTLY = 30, 400
SEEDS = (1, 2)


def test_a_program_that_nobody_kills_breaks_no_rule(matrix, death):
    assert matrix.die(death(seed=1, at=None)) == []
    assert matrix.missed == 0


@pytest.mark.parametrize("is_lossy", [False, True], ids=["killed", "without power"])
def test_a_spread_of_deaths_breaks_no_promise(matrix, spread_over, is_lossy):
    places = matrix.places(1, is_lossy=is_lossy)
    matrix.run(spread_over(places, ORDINARY, chance=7, seed=1, is_lossy=is_lossy))
    matrix.report()
    assert matrix.found == []
