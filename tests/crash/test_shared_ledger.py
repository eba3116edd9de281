"""On a PostgreSQL server: killed anywhere, and the server too, while another process lives."""

from dataclasses import dataclass
from random import Random

import pytest

pytestmark = [
    pytest.mark.promise("P2"),
    pytest.mark.promise("P3"),
    pytest.mark.promise("P11"),
    pytest.mark.loopback,
    pytest.mark.timeout(300),
]
KINDS = {
    "before BEGIN",
    "before COMMIT",
    "COMMIT suspended",
    "COMMIT resumed",
    "after COMMIT",
    "before append of call.intent",
    "after append of call.intent with approval",
    "before append of call.held",
    "after append of approval.decided",
    "before post",
    "after forget",
    "execute suspended",
    "execute resumed",
    "finish suspended",
    "before the effect of pay",
    "after the effect of stamp",
}
STRIKES = ("program", "program", "program", "server", "both")


def varied(deaths, chance):
    """The same deaths, some of them of the server too."""
    random = Random(chance)  # noqa: S311 - which points are tried is no secret
    return [death.but(strikes=random.choice(STRIKES)) for death in deaths]


def test_a_program_that_nobody_kills_breaks_no_rule(shared_matrix, death):
    assert shared_matrix.die(death(seed=1, at=None)) == []


def test_a_spread_of_deaths_breaks_no_promise(shared_matrix, spread_over, record_property):
    places = shared_matrix.places(4)
    assert {name for name, _ in places} >= KINDS
    shared_matrix.run(varied(spread_over(places, 20, chance=7, seed=4), chance=7))
    shared_matrix.report(record_property)
    assert shared_matrix.found == []
    assert shared_matrix.missed <= 4  # how writes are grouped depends on how busy the server is
    assert shared_matrix.strikes >= 3


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_death_of_hundreds_breaks_a_promise(shared_matrix, spread_over, record_property, seed):
    places = shared_matrix.places(seed)
    later = shared_matrix.places(seed, phase="recover", at=places[len(places) // 2])
    deaths = varied(spread_over(places, 200, chance=seed, seed=seed), chance=seed)
    random = Random(seed)  # noqa: S311 - which points are tried is no secret
    deaths = [
        again.but(recovery_dies_at=random.choice(later)) if random.random() < 0.3 else again
        for again in deaths
    ]
    shared_matrix.run(deaths)
    shared_matrix.report(record_property)
    assert len(places) > 300
    assert shared_matrix.points >= 200
    assert shared_matrix.found == []


@dataclass(frozen=True)
class Break:
    """A rule, the words that state it, others in their place, and where that shows."""

    rule: str
    edits: tuple[tuple[str, str, str], ...]
    at: tuple[str, int]


ADAPTER = "highroad.adapters.stores.postgres"
SETTLE = "highroad.recovery.settle"
BREAKS = (
    Break(
        "an unprotected call is not run again",
        (
            (SETTLE, ' and opening.get("effect") != Effect.UNPROTECTED', ""),
            (SETTLE, "case Effect.REPEATABLE:", "case Effect.REPEATABLE | Effect.UNPROTECTED:"),
            (
                "highroad.pipeline.stages.execute",
                (
                    "if context.approval is None and call.known_definition.effect"
                    " is not Effect.UNPROTECTED:"
                ),
                "if context.approval is None:",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "a call of a process that lives is left to it",
        (
            (
                f"{ADAPTER}.reading",
                'OR {lives.gone("$2")}',
                "OR true OR $2::text[] IS NULL",
            ),
            (f"{ADAPTER}.logs", "if driver not in is_free and not", "if not is_free and not"),
        ),
        ("after the effect of pay", 1),
    ),
)


@pytest.mark.parametrize(
    "broken",
    [pytest.param(each, id=each.rule.replace(" ", "-")) for each in BREAKS],
)
def test_the_oracle_sees_that_a_rule_is_broken(shared_matrix, death, broken):
    at = death(seed=4, at=broken.at)
    assert shared_matrix.die(at) == []
    assert shared_matrix.missed == 0
    found = shared_matrix.die(at, edits=broken.edits)
    assert found != []
    # A program that the edit has broken altogether would say nothing of the rule.
    assert not [sentence for sentence in found if " ended with " in sentence]
