"""What may be told of where a ledger or an anchor is: the server, and no secret."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from highroad.adapters.stores.postgres.address import Address
from highroad.domain.address import without_secrets

pytestmark = pytest.mark.promise("P7")

SECRET = "s3cret"
SECRETS = ("user", "password", "sslpassword", "passfile", "sslkey", "options", "service", "token")
HOSTS = st.lists(
    st.sampled_from(["db-1", "db-2:5433", "127.0.0.1:1", "[::1]:5432"]), max_size=2, unique=True
).map(",".join)
SERVERS = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from(["/run/a", "/run/b", "%2Frun%2Fa", "db-3"]),
        "port": st.sampled_from(["5432", "5433"]),
        "dbname": st.sampled_from(["shop", "bank"]),
    },
)
HARD = st.text("ab:/@%", max_size=5)
"""What a password may have that should have been written otherwise."""


@st.composite
def places(draw):
    """Hosts, path and parameters: what tells one database from another."""
    pairs = [f"{name}={value}" for name, value in draw(SERVERS).items()]
    return draw(HOSTS), draw(st.sampled_from(["shop", "bank", ""])), tuple(pairs)


@st.composite
def urls(draw, place):
    """One of the many URLs of a place."""
    hosts, path, pairs = place
    names = draw(st.lists(st.sampled_from(SECRETS), unique=True, max_size=3))
    secrets = [f"{name}={SECRET}{draw(HARD)}" for name in names]
    login = draw(st.sampled_from(["", f"{SECRET}@", f"alice:{draw(HARD)}{SECRET}{draw(HARD)}@"]))
    query = "&".join([*secrets[:1], *pairs, *secrets[1:]])
    return f"postgresql://{login}{hosts}/{path}{'?' if query else ''}{query}"


@given(st.data(), places())
def test_no_secret_is_told_of_a_database(data, place):
    """Wherever it stands in the URL, and whatever it has in it."""
    assert SECRET not in without_secrets(data.draw(urls(place)))


@given(st.data(), places(), places())
@example(None, ("", "shop", ("host=/run/a", "port=1")), ("", "shop", ("host=/run/b", "port=1")))
@example(None, ("", "shop", ("host=/run/a", "port=1")), ("", "shop", ("host=/run/a", "port=2")))
def test_two_places_have_one_name_only_where_they_are_one(data, one, other):
    """However different the users are, and what else their URLs say."""
    names = []
    for hosts, path, pairs in (one, other):
        plain = f"postgresql://{hosts}/{path}{'?' if pairs else ''}{'&'.join(pairs)}"
        url = plain if data is None else data.draw(urls((hosts, path, pairs)))
        names.append(without_secrets(url))
        assert names[-1] == plain
    assert (names[0] == names[1]) == (one == other)


@given(st.text("ab:/@?#&%", max_size=6))
@example("?")
@example("#")
@example("/?")
def test_a_password_that_should_have_been_quoted_is_not_told(rest):
    """A `?` or `#` in it begins no query."""
    url = f"postgresql://alice:{SECRET}{rest}{SECRET}@db-1/shop?host=db-2"
    assert SECRET not in without_secrets(url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://alice:s3@cret@db-1,db-2:5433/shop?password=s3cret", "db-1,db-2:5433/shop"),
        ("postgresql://a@/shop?host=/run&port=1&sslmode=require", "/shop?host=/run&port=1"),
        ("postgresql://db/shop#s3cret", "db/shop"),
        ("postgresql://db/shop?port=1#s3cret", "db/shop?port=1"),
        ("postgresql://db/shop?foo=1&user=alice@tenant&password=s3cret", "db/shop"),
        ("postgresql://db/shop?password=s3cret&x@y&sslpassword=s3cret", "y"),
    ],
)  # fmt: skip
def test_the_name_of_an_address_is_without_secrets(url, name):
    """Also where a password has an `@` that should have been written `%40`."""
    address = Address(url)
    assert address.name == f"postgresql://{name}"
    assert "cret" not in repr(address)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://alice:s3cret@web/a@b?token=s3cret#s3cret", "https://web/a@b"),
        ("sqlite:////srv/a@b.db", "sqlite:////srv/a@b.db"),
        ("file:heads.jsonl", "file:heads.jsonl"),
    ],
)
def test_other_addresses_are_told_as_they_are(url, name):
    """Of a web page without user and query, of a file whole."""
    assert without_secrets(url) == name
