"""One parameterized write: its shape, table, columns and placeholders; and SQLite's view."""

import apsw
import pytest

from highroad.domain.error import ToolError
from highroad.tools.semantic import SqlWrite

ORDERS = SqlWrite("sqlite", tables={"orders": ["note", "state", "total"]})


@pytest.mark.parametrize(
    ("dialect", "statement", "placeholders"),
    [
        ("sqlite", "UPDATE orders SET note = ?, state = ? WHERE id = ?", ("?", "?", "?")),
        ("sqlite", "UPDATE orders SET note = :n WHERE id = :id AND note <> :n", ("n", "id")),
        ("postgres", "UPDATE orders SET note = $1 WHERE id = $2::int", ("1", "2")),
        ("postgres", "UPDATE orders SET note = %s WHERE id = ANY(%s)", ("?", "?")),
        ("postgres", "DELETE FROM orders WHERE id = %(id)s AND x = %(date)s", ("id", "date")),
        ("postgres", "INSERT INTO orders (note, state) VALUES ($1, DEFAULT)", ("1",)),
        ("mysql", "DELETE FROM orders WHERE id IN (%s, %s)", ("?", "?")),
        ("mysql", "INSERT INTO orders (note) VALUES (%(key)s)", ("key",)),
        ("mysql", "INSERT INTO orders (note) VALUES (?)", ("?",)),
        ("duckdb", "UPDATE orders SET note = $note WHERE id = $id", ("note", "id")),
        ("sqlite", "INSERT INTO orders (note) VALUES (NULL)", ()),
    ],
)
def test_placeholders_are_told_in_the_style_of_the_driver(dialect, statement, placeholders):
    write = SqlWrite(dialect, tables=["orders"])
    assert write.objection(statement) is None
    assert write.placeholders(statement) == placeholders


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        ("sqlite", "DELETE FROM orders WHERE id = ? AND x = :x"),
        ("sqlite", "DELETE FROM orders WHERE id = %s"),
        ("sqlite", "DELETE FROM orders WHERE id = $1"),
        ("postgres", "DELETE FROM orders WHERE id = ?"),
        ("postgres", "DELETE FROM orders WHERE id = %s AND x = $1"),
        ("postgres", "DELETE FROM orders WHERE id = % s"),
        ("postgres", "DELETE FROM orders WHERE id = $$1$$"),
        ("mysql", "DELETE FROM orders WHERE id = @id"),
        ("mysql", "DELETE FROM orders WHERE id = %s AND x = ?"),
        ("duckdb", "DELETE FROM orders WHERE id = :id"),
    ],
)
def test_placeholders_of_other_styles_or_of_two_are_refused(dialect, statement):
    assert SqlWrite(dialect, tables=["orders"]).objection(statement) is not None


def test_placeholders_of_a_refused_statement_are_not_told():
    with pytest.raises(ToolError) as caught:
        ORDERS.placeholders("DELETE FROM users WHERE id = ?")
    assert caught.value.code == "sql_refused"
    assert "users" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("statement", "form"),
    [
        ("UPDATE orders SET owner = ? WHERE id = ?", "orders (note, state, total)"),
        ("UPDATE users SET note = ? WHERE id = ?", "orders (note, state, total)"),
        ("INSERT INTO orders (note, id) VALUES (?, ?)", "orders (note, state, total)"),
        ("DELETE FROM orders", "a WHERE in which a column equals a placeholder"),
        ("DELETE FROM orders WHERE id = ? OR x = ?", "a WHERE in which a column equals"),
        ("DELETE FROM orders WHERE id = 1", "placeholders for all values"),
        ("UPDATE orders SET note = upper(?) WHERE id = ?", "no functions"),
        ("DELETE FROM orders WHERE id = ? RETURNING id", "without RETURNING"),
        ("SELECT 1", "begins with INSERT or UPDATE or DELETE"),
    ],
)
def test_a_refusal_says_what_would_be_right(statement, form):
    assert form in ORDERS.objection(statement)


def test_any_column_may_choose_rows_but_only_listed_ones_get_values():
    assert ORDERS.objection("UPDATE orders SET note = ? WHERE owner = ?") is None
    assert ORDERS.objection("UPDATE orders SET note = ? WHERE orders.owner = ?") is None
    assert ORDERS.objection("UPDATE orders SET note = ? WHERE users.owner = ?") is not None
    assert (
        SqlWrite("sqlite", tables=["orders"]).objection("UPDATE orders SET owner = ? WHERE id = ?")
        is None
    )


def test_quoted_names_are_other_names_where_the_database_says_so():
    quoted = 'UPDATE "Orders" SET "Note" = %s WHERE id = %s'
    assert SqlWrite("postgres", tables={"orders": ["note"]}).objection(quoted) is not None
    assert SqlWrite("postgres", tables={"Orders": ["note"]}).objection(quoted) is not None
    assert SqlWrite("postgres", tables={"Orders": ["Note"]}).objection(quoted) is None


def test_statements_functions_and_returning_are_given_one_by_one():
    narrow = SqlWrite(
        "postgres", tables=["orders"], statements=["insert"], functions=["NOW"], returning=True
    )
    assert narrow.objection("INSERT INTO orders (at) VALUES (now()) RETURNING id, at") is None
    assert narrow.objection("INSERT INTO orders (at) VALUES (now()) RETURNING *") is None
    assert narrow.objection("INSERT INTO orders (at) VALUES (evil())") == (
        "no functions but the allowed ones"
    )
    assert narrow.objection("DELETE FROM orders WHERE id = %s") == (
        "a statement that begins with INSERT"
    )
    assert "WHERE" not in narrow.schema()["description"]


def test_the_schema_tells_tables_columns_and_how_placeholders_are_written():
    told = ORDERS.schema()["description"]
    for part in ("SQLite", "orders (note, state, total)", ":name or ?", "WHERE"):
        assert part in told


def test_a_wrong_declaration_is_told_at_once():
    with pytest.raises(ValueError, match="statements are some of insert, update, delete"):
        SqlWrite("sqlite", tables=["orders"], statements=["merge"])
    with pytest.raises(ValueError, match="statements are some of insert, update, delete"):
        SqlWrite("sqlite", tables=["orders"], statements=[])
    with pytest.raises(TypeError, match="tables are several"):
        SqlWrite("sqlite", tables="orders")


WRITING = {apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE}


def test_what_passes_writes_that_table_and_those_columns_by_the_judgement_of_sqlite(entries):
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE orders (id, note, state, total, owner, customer_id)")
    asked = set()

    def authorize(operation, one, two, database, trigger):
        asked.add((operation, one, two if operation == apsw.SQLITE_UPDATE else None))
        return apsw.SQLITE_OK

    connection.authorizer = authorize
    for statement in entries("ordinary_sql_write.txt"):
        names = ORDERS.placeholders(statement)
        bound = (1,) * len(names) if "?" in names else dict.fromkeys(names, 1)
        connection.execute(statement, bound)
    connection.close()
    written = {each for each in asked if each[0] in WRITING}
    assert {one for _, one, _ in written} == {"orders"}
    assert {two for _, _, two in written} - {None} == {"note", "state", "total"}
    assert {operation for operation, *_ in asked} <= WRITING | {
        apsw.SQLITE_READ,
        # `VALUES` of several rows, and `LIKE` and `CURRENT_TIMESTAMP`, which are functions to it.
        apsw.SQLITE_SELECT,
        apsw.SQLITE_FUNCTION,
    }
