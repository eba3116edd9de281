"""The file holds the audit tables that the domain describes, for auditors with plain SQL."""

import apsw
import pytest

from highroad.domain.audit import TABLES
from highroad.domain.outcome import Status
from highroad.testing.contracts.store.samples import NOW, ended, intent, row


@pytest.fixture
def sql(store, ledger):
    """An auditor's own connection."""
    connection = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READONLY)
    yield lambda statement: connection.execute(statement).fetchall()
    connection.close()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
async def test_the_columns_of_an_audit_table_are_those_of_the_domain(sql, table):
    keys = [column.name for column in table.columns if column.is_key]
    described = [
        (
            column.name,
            column.type.upper(),
            int(not column.is_optional),
            keys.index(column.name) + 1 if column.is_key else 0,
        )
        for column in table.columns
    ]
    found = sql(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table.name}')")  # noqa: S608
    assert found == described


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
async def test_an_audit_table_has_the_indexes_of_the_domain(sql, table):
    indexes = {
        tuple(name for (name,) in sql(f"SELECT name FROM pragma_index_info('{index}')"))  # noqa: S608
        for (index,) in sql(f"SELECT name FROM pragma_index_list('{table.name}')")  # noqa: S608
    }
    assert set(table.indexes) <= indexes


async def test_a_trace_is_the_spans_of_a_run_and_of_its_calls(store, fence, sql):
    run = row(
        "agent_run",
        id="run_1",
        organization="acme",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        status="running",
        started_ms=NOW,
    )
    await store.append(
        [
            intent("call_1", at_ms=NOW + 1),
            ended("call_1", Status.FAILED, at_ms=NOW + 9, rows=(run,)),
            intent("call_2", at_ms=NOW + 10),
        ],
        fence=fence,
    )
    spans = sql(
        "SELECT trace_id, span_id, parent_span_id, name, started_ms, ended_ms, status "
        "FROM trace_span ORDER BY started_ms"
    )
    trace = "0af7651916cd43dd8448eb211c80319c"
    assert spans == [
        (trace, "run_1", None, "run", NOW, None, "running"),
        (trace, "call_1", "run_1", "execute_tool refund", NOW + 1, NOW + 9, "failed"),
        (trace, "call_2", "run_1", "execute_tool refund", NOW + 10, None, "running"),
    ]


async def test_looking_for_a_rare_kind_does_not_read_the_whole_ledger(store, fence, sql):
    plan = sql(
        "EXPLAIN QUERY PLAN SELECT seq FROM entry WHERE seq > -1 AND kind = 'tool.pinned' "
        "AND kind NOT IN ('call.intent', 'call.ended') ORDER BY seq LIMIT 10"
    )
    assert "entry_rare" in plan[0][3]
