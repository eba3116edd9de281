"""What errors of databases mean; SQLite's are real ones."""

import sqlite3

import apsw
import asyncpg
import pytest

from highroad.domain.failure import FailureKind
from highroad.resilience.failures.database import PEP_249, SQLITE, STATES
from highroad.resilience.failures.reading import meaning_of


@pytest.mark.parametrize("name", ["sqlstate", "pgcode"])
@pytest.mark.parametrize(
    ("state", "kind", "is_not_applied"),
    [
        ("40001", "transient", True),
        ("40P01", "transient", True),
        ("40002", "invalid_arguments", True),
        ("40003", "transient", False),
        ("23505", "invalid_arguments", False),
        ("22003", "invalid_arguments", False),
        ("08001", "transient", True),
        ("08006", "transient", False),
        ("08007", "transient", False),
        ("28P01", "denied", True),
        ("28000", "denied", False),
        ("42501", "denied", False),
        ("42P01", "bug", False),
        ("53300", "throttled", True),
        ("53200", "transient", False),
        ("55P03", "transient", False),
        ("57014", "cancelled", False),
        ("57P01", "transient", False),
        ("57P03", "transient", True),
        ("P0001", "permanent", False),
        ("ZZ999", "unknown", False),
    ],
)
def test_a_state_or_else_its_class_says_the_kind(raised, name, state, kind, is_not_applied):
    seen = meaning_of(raised("psycopg.errors.SomeError", "psycopg.Error", **{name: state}))
    assert (seen.kind, seen.is_not_applied) == (kind, is_not_applied)
    assert seen.rule == ("database" if kind == "unknown" else f"database.{state}")


@pytest.mark.promise("P3")
def test_only_a_rollback_and_a_session_that_never_began_are_proofs():
    proofs = {state for state, (_, is_not_applied) in STATES.items() if is_not_applied}
    assert proofs == {"08001", "08004", "28P01", "40", "40002", "53300", "57P03"}


@pytest.mark.promise("P7")
@pytest.mark.parametrize("state", ["4000", "40001x", "secret", "", 40001, None])
def test_what_has_not_the_form_of_a_state_is_none(raised, state):
    assert meaning_of(raised("shop.OddError", sqlstate=state)).rule == "unmapped"


def test_the_exceptions_of_a_real_driver_are_read():
    seen = meaning_of(asyncpg.SerializationError("no"))
    assert (seen.kind, seen.is_not_applied) == (FailureKind.TRANSIENT, True)
    assert meaning_of(asyncpg.UniqueViolationError("no")).kind is FailureKind.INVALID_ARGUMENTS


def failing(statement, *before):
    connection = sqlite3.connect(":memory:")
    for each in before:
        connection.execute(each)
    try:
        connection.execute(statement)
    except sqlite3.Error as error:
        return error
    finally:
        connection.close()
    raise AssertionError


def test_a_busy_database_is_transient_and_proves_nothing(tmp_path):
    path = tmp_path / "x.db"
    holder = sqlite3.connect(path)
    holder.execute("begin immediate")
    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError) as busy:
        other.execute("begin immediate")
    seen = meaning_of(busy.value)
    assert (seen.kind, seen.is_not_applied, seen.rule) == ("transient", False, "sqlite.5")
    for connection in (holder, other):
        connection.close()


def test_a_constraint_and_wrong_sql_are_told_apart():
    unique = failing(
        "insert into t values (1)", "create table t(a unique)", "insert into t values (1)"
    )
    assert meaning_of(unique).rule == "sqlite.19"
    assert meaning_of(unique).kind is FailureKind.INVALID_ARGUMENTS
    assert meaning_of(failing("selec")).kind is FailureKind.BUG


def test_apsw_is_read_by_its_result():
    connection = apsw.Connection(":memory:")
    connection.execute("create table t(a unique)")
    connection.execute("insert into t values(1)")
    with pytest.raises(apsw.ConstraintError) as unique:
        connection.execute("insert into t values(1)")
    assert meaning_of(unique.value).kind is FailureKind.INVALID_ARGUMENTS
    connection.close()


@pytest.mark.parametrize("code", [5, 6, 517, 261])
def test_busy_and_locked_are_transient_in_their_extended_forms_as_well(raised, code):
    assert meaning_of(raised("sqlite3.Error", sqlite_errorcode=code)).kind is SQLITE[code & 255]
    assert SQLITE[code & 255] is FailureKind.TRANSIENT


@pytest.mark.parametrize("name", PEP_249)
def test_a_driver_that_says_no_more_is_read_by_its_class(raised, name):
    error = raised(f"shopdb.{name}", "shopdb.DatabaseError", "shopdb.Error", sqlstate=None)
    assert meaning_of(error).kind is PEP_249[name]


def test_an_operational_error_of_another_trade_is_not_one_of_a_database(raised):
    assert meaning_of(raised("mill.OperationalError")).kind is FailureKind.UNKNOWN


def test_what_sqlalchemy_wraps_is_read_with_its_proof(raised):
    names = ("sqlalchemy.exc.OperationalError", "sqlalchemy.exc.DBAPIError")
    wrapped = raised(*names, orig=raised("psycopg.Error", sqlstate="40001"))
    assert meaning_of(wrapped).is_not_applied
