"""One query that reads: its tables, functions and bounds, and what SQLite itself makes of it."""

import re
import sys
from typing import Annotated

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import ReadOnlySql
from highroad.tools.validate import check_arguments

SQLITE = ReadOnlySql("sqlite")


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("sqlite", "SELECT * FROM orders"),
        ("sqlite", "SELECT * FROM ORDERS"),
        ("sqlite", 'SELECT * FROM "Orders"'),
        ("sqlite", "SELECT * FROM main.items AS i JOIN orders o ON o.id = i.id"),
        ("postgres", "SELECT * FROM Orders"),
        ("postgres", 'SELECT * FROM main."items"'),
        ("mysql", "SELECT * FROM `orders`"),
        ("duckdb", "SELECT * FROM main.items, orders"),
        ("postgres", "WITH secret AS (SELECT * FROM orders) SELECT * FROM secret"),
        ("postgres", "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, a"),
        ("postgres", "WITH RECURSIVE s AS (SELECT 1 UNION SELECT * FROM s) SELECT * FROM s"),
        ("postgres", "WITH s AS (SELECT 1) SELECT * FROM orders WHERE id IN (SELECT * FROM s)"),
        ("postgres", "WITH s AS (SELECT 1) (SELECT * FROM s) UNION SELECT * FROM s"),
    ],
)
def test_only_listed_tables_are_read_and_those_that_the_query_defines(dialect, query):
    listed = ReadOnlySql(dialect, tables=["orders", "main.items"])
    assert listed.objection(query) is None


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("sqlite", "SELECT * FROM secret"),
        ("sqlite", "SELECT * FROM main.orders"),
        ("sqlite", "SELECT * FROM items"),
        ("sqlite", "SELECT * FROM other.items"),
        ("sqlite", "SELECT * FROM orders, secret"),
        ("sqlite", "SELECT * FROM orders JOIN secret USING (id)"),
        ("sqlite", "SELECT (SELECT x FROM secret) FROM orders"),
        ("sqlite", "SELECT * FROM orders UNION SELECT * FROM secret"),
        ("sqlite", "SELECT orders.x FROM secret AS orders"),
        ("sqlite", "SELECT * FROM sqlite_master"),
        ("postgres", 'SELECT * FROM "Orders"'),
        ("postgres", "SELECT * FROM shop.main.items"),
        ("mysql", "SELECT * FROM Orders"),
        # The inner one is not in sight of the outer query, nor of itself.
        ("postgres", "SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret) x, secret"),
        ("postgres", "WITH secret AS (SELECT * FROM secret) SELECT * FROM secret"),
        ("postgres", "WITH a AS (SELECT * FROM secret), secret AS (SELECT 1) SELECT * FROM a"),
        ("postgres", "(WITH secret AS (SELECT 1) SELECT 1) UNION SELECT * FROM secret"),
        ("postgres", 'WITH "Secret" AS (SELECT 1) SELECT * FROM Secret'),
        ("postgres", "WITH secret AS (SELECT 1) SELECT * FROM main.secret"),
        ("mysql", "WITH Secret AS (SELECT 1) SELECT * FROM secret"),
    ],
)
def test_other_tables_are_refused_and_the_right_ones_named(dialect, query):
    listed = ReadOnlySql(dialect, tables=["orders", "main.items"])
    assert listed.objection(query) == "only the tables main.items, orders"


def test_a_listed_table_of_the_system_is_read():
    assert (
        ReadOnlySql("sqlite", tables=["sqlite_master"]).objection("SELECT * FROM sqlite_master")
        is None
    )


def test_functions_of_ones_own_are_called_also_in_the_place_of_a_table():
    query = "SELECT Margin(total) FROM generate_series(1, 10)"
    assert ReadOnlySql("postgres").objection(query) is not None
    own = ReadOnlySql("postgres", functions=["margin", "GENERATE_SERIES"])
    assert own.objection(query) is None
    assert own.objection("SELECT * FROM unnest(x), lower('x')") is not None
    assert own.objection("SELECT public.margin(1)") is not None
    assert own.objection('SELECT "Margin"(1)') is not None


def test_joins_and_length_are_bounded():
    bounded = ReadOnlySql("sqlite", most_joins=2, most_length=80)
    assert bounded.objection("SELECT * FROM a JOIN b ON 1, c") is None
    assert bounded.objection("SELECT * FROM a, b, c, d") == "a statement with at most 2 joins"
    assert bounded.objection("SELECT 1" + " " * 80) == "one statement of at most 80 characters"


def test_nesting_is_bounded():
    for depth, is_refused in ((24, False), (25, True)):
        query = f"SELECT {'(' * depth}1{')' * depth}"
        assert (SQLITE.objection(query) is not None) is is_refused


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("SELECT 1 -- x", "without comments"),
        ("SELECT ?", "placeholders"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("DROP TABLE x", "begins with SELECT or WITH"),
        ("SELECT load_extension('x')", "only functions that compute from their arguments"),
        ("SELECT * INTO x FROM y", "without INTO"),
        ("SELECT * FROM sqlite_master", "none of the system's"),
        ("SELECT (", "can be parsed"),
        ("SELECT 'a\\'", "double a quote instead"),
        ("SELECT 1\0", "control"),
    ],
)
def test_a_refusal_says_what_would_be_right(query, form):
    assert form in SQLITE.objection(query)


def test_a_wrong_declaration_is_told_at_once():
    with pytest.raises(ValueError, match="a dialect is one of sqlite, postgres, mysql, duckdb"):
        ReadOnlySql("oracle")
    with pytest.raises(TypeError, match="tables are several"):
        ReadOnlySql("sqlite", tables="orders")


def test_a_missing_sqlglot_names_the_command_that_installs_it(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("highroad.tools.semantic.sql.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(ModuleNotFoundError, match=re.escape("pip install 'highroad[sql]'")):
        ReadOnlySql("sqlite")


@tool(tier="read")
def ask(query: Annotated[str, ReadOnlySql("sqlite", tables=["orders"])]) -> None:
    """Ask the shop's database."""
    raise AssertionError(query)


def test_it_stands_in_the_schema_and_in_the_way_of_a_call():
    ready = compile_tool(ask)
    told = ready.definition.input_schema["properties"]["query"]["description"]
    assert "SQLite" in told
    assert "only the tables orders" in told
    checked = check_arguments(ready, {"query": "SELECT * FROM users"})
    assert isinstance(checked, Invalid)
    assert [each.code for each in checked.problems] == ["read_only_sql"]


# What SQLite asks its authorizer about in a statement that reads.
READING = {
    apsw.SQLITE_SELECT,
    apsw.SQLITE_READ,
    apsw.SQLITE_FUNCTION,
    apsw.SQLITE_RECURSIVE,
}


class Shop:
    """A real database that notes whatever a statement asks for beyond reading its tables."""

    def __init__(self, path):
        self.path = path
        self.connection = apsw.Connection(str(path))
        self.connection.execute(
            "CREATE TABLE orders (id, customer_id, state, total, created, note, tags);"
            "CREATE TABLE items (id, order_id, qty);"
            "CREATE TABLE customers (id, name, city, data);"
            "CREATE TABLE läger (größe);"
            "CREATE TABLE a (id, total, b); CREATE TABLE b (id); CREATE TABLE c (id);"
            "INSERT INTO orders VALUES (1, 1, 'paid', 10, '2026-01-01', 'x', '[]');"
            "INSERT INTO customers VALUES (1, 'Ann', 'Graz', '{}');"
        )
        self.bytes = path.read_bytes()
        self.changes = self.connection.total_changes()
        self.asked = set()
        self.were_reading = []
        self.connection.authorizer = self._authorize
        self.connection.set_progress_handler(lambda: True, 200_000)

    def _authorize(self, operation, one, two, database, trigger):
        if operation not in READING or str(one).startswith(("sqlite_", "pragma_")):
            self.asked.add((operation, one, two))
        return apsw.SQLITE_OK

    def _trace(self, cursor, statement, bindings):
        self.were_reading.append(cursor.is_readonly)
        return True

    def run(self, query):
        """Whether SQLite prepares the query; the run itself may fail, or take too long."""
        self.were_reading.clear()
        cursor = self.connection.cursor()
        cursor.exec_trace = self._trace
        try:
            for at, _ in enumerate(cursor.execute(query)):
                if at > 50:
                    break
        except apsw.Error:
            pass
        finally:
            cursor.close(force=True)
        return bool(self.were_reading)

    def is_untouched(self):
        return (
            self.asked == set()
            and all(self.were_reading)
            and self.connection.total_changes() == self.changes
            and self.path.read_bytes() == self.bytes
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("shop") / "shop.db")
    yield shop
    shop.connection.close()


@pytest.fixture(scope="module")
def ordinary(entries):
    return list(entries("ordinary_sql_sqlite.txt"))


def test_sqlite_notices_what_does_more_than_read(shop, tmp_path):
    """The measure itself: without it the tests below would prove nothing."""
    noticing = Shop(tmp_path / "other.db")
    for query in ("DELETE FROM orders", "SELECT * FROM sqlite_master", "PRAGMA user_version = 2"):
        noticing.run(query)
        assert not noticing.is_untouched(), query
        noticing.asked.clear()
    noticing.connection.close()


def test_what_is_ordinary_runs_in_sqlite_and_only_reads(shop, ordinary):
    prepared = [shop.run(query) for query in ordinary]
    assert shop.is_untouched()
    # Some name tables that this shop does not have.
    assert sum(prepared) > 0.9 * len(ordinary)


WORDS = re.compile(r"\w+|'[^']*'|\s+|.", re.DOTALL)
SPLICED = st.sampled_from(
    [
        *("sqlite_master", "pragma_table_info('orders')", "pragma_database_list", "dbstat", "'x'"),
        *("load_extension('x')", "readfile('x')", "randomblob(9)", "IN", "INTO x", "MATCH", ";"),
        *("DELETE FROM orders", "(", ")", ",", ".", "main.", "temp.", "*", "1", "NULL", "orders"),
        *("SELECT", "FROM", "WHERE", "WITH x AS (SELECT 1)", "UNION", "JOIN", "AS", '"', "'", "`"),
        *("PRAGMA user_version = 1", "ATTACH 'x' AS y", "RETURNING *", "VALUES (1)", "--", "/*"),
    ]
)


@given(data=st.data())
def test_what_passes_only_reads_by_the_judgement_of_sqlite(data, shop, ordinary):
    words = WORDS.findall(data.draw(st.sampled_from(ordinary)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        kept = data.draw(st.integers(0, 1))
        words[at : at + kept] = [f" {data.draw(SPLICED)} "]
    query = "".join(words)
    if SQLITE.objection(query) is None:
        shop.run(query)
        assert shop.is_untouched(), query
