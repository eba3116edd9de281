"""An anchor in a second PostgreSQL database."""

import traceback

import pytest

from highroad.adapters.anchors.postgres import PostgresAnchor
from highroad.domain.error import AnchorError


@pytest.fixture
def database(postgres):
    database = postgres.create()
    yield database
    postgres.drop(database)


@pytest.mark.promise("P7")
@pytest.mark.loopback
@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:port"])
async def test_an_anchor_that_is_away_is_named_without_its_password(address):
    anchor = PostgresAnchor(f"postgresql://alice:s3cret@{address}/heads")
    with pytest.raises(AnchorError, match="/heads cannot be used") as caught:
        await anchor.publish(["{}"])
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in anchor.name


async def test_a_head_of_many_logs_is_remembered(postgres, database):
    """It is longer than what an index takes."""
    anchor = PostgresAnchor(postgres.url(database))
    line = "".join(f"{number:x}" for number in range(9_000))
    await anchor.publish([line])
    await anchor.publish([line])
    assert list(await anchor.lines()) == [line]


async def test_who_may_only_add_and_read_can_take_nothing_back(postgres, database):
    """Once the table is there, its user needs no more."""
    await PostgresAnchor(postgres.url(database)).publish(["first"])
    postgres.sql(
        [
            f"CREATE ROLE only_adds_{database} LOGIN",
            f"GRANT SELECT, INSERT ON anchored_head TO only_adds_{database}",
        ],
        database,
    )
    url = postgres.url(database).replace("highroad@", f"only_adds_{database}@")
    anchor = PostgresAnchor(url)
    await anchor.publish(["second"])
    assert list(await anchor.lines()) == ["first", "second"]
