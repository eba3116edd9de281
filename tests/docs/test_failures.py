"""docs/failures.md has every kind, the retry table, and the mapping of each source, as they are."""

import pytest

from highroad.domain.failure import FailureKind
from highroad.domain.tool import Effect
from highroad.resilience.failures import database, grpc, http, mcp
from highroad.resilience.retry import Stop
from highroad.resilience.retry_table import RETRIES, SCHEDULES

CLASSES = (Effect.REPEATABLE, Effect.IDEMPOTENT, Effect.CHECKABLE, Effect.UNPROTECTED)
YES = {True: "yes", False: "no"}


@pytest.fixture
def table(page_of, rows_of):
    page = page_of("docs/failures.md")
    return lambda heading: rows_of(page.under(heading))


def test_every_kind_is_explained_and_whom_it_speaks_against(table):
    told = [(row[0].strip("`"), row[2]) for row in table("## Nine kinds")]
    assert told == [(kind, YES[kind.is_of_dependency]) for kind in FailureKind]


@pytest.mark.promise("P11")
def test_the_retry_table_is_the_one_in_force(table):
    told = table("## What is tried again")[: len(RETRIES)]
    expected = []
    for kind, row in RETRIES.items():
        schedule = SCHEDULES.get(kind)
        how = ("", "") if schedule is None else (schedule.attempts, f"{schedule.base_s:g} s")
        expected.append([f"`{kind}`", *(row[each] for each in CLASSES), *map(str, how)])
    assert told == expected


def test_every_reason_to_stop_is_explained(table):
    told = [row[0].strip("`") for row in table("## What is tried again")[len(RETRIES) :]]
    assert told == [f"retry.{stop}" for stop in Stop]


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("heading", "mapping"),
    [
        ("### HTTP", http.STATUSES),
        ("### gRPC", grpc.CODES),
        ("### MCP", mcp.CODES),
        ("### Databases", database.STATES),
    ],
    ids=["http", "grpc", "mcp", "databases"],
)
def test_each_mapping_is_the_one_in_force(table, heading, mapping):
    told = [[row[0].strip("`"), *row[1:3]] for row in table(heading)]
    assert told == [
        [str(code), kind, YES[is_not_applied]] for code, (kind, is_not_applied) in mapping.items()
    ]


@pytest.mark.promise("P3")
def test_every_proof_has_its_reason(table):
    assert all(
        row[3]
        for heading in ("### Python", "### HTTP")
        for row in table(heading)
        if row[2] == "yes"
    )
