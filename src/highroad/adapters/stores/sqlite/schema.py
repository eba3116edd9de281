"""The tables of an embedded ledger.

The audit tables are `highroad.domain.audit.TABLES`, word for word; the others hold the log itself
and what the rules of `append` are judged by. Every id is ordered by time, so every table grows at
its end. Tables with a text key have no rowid: that is one B-tree to write per row instead of two.
"""

from typing import Final

from highroad.domain.audit import (
    AMENDMENT,
    API_KEY,
    APP_USER,
    APPROVAL_DECISION,
    BLOCKED_ADDRESS,
    BREAKER_CHANGE,
    COMPENSATION,
    DEAD_LETTER,
    DEFERRAL,
    IDENTITY_CHANGE,
    LOGIN_SESSION,
    MODEL_REPLY,
    MODEL_REQUEST,
    TABLES,
    USER_CREDENTIAL,
    Column,
    Table,
)
from highroad.domain.entry import EntryKind

VERSION: Final = 9
"""In `PRAGMA user_version`: of the tables, not of entry bodies."""
APPLICATION_ID: Final = 0x48524F44
"""In the file's header: this database is a ledger of ours."""

COMMON_KINDS: Final = f"('{EntryKind.INTENT}', '{EntryKind.ENDED}')"
"""What nearly every entry is; looking for another kind takes the index `entry_rare`."""

_NEW_IN_2: Final = (
    """CREATE TABLE ledger (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "INSERT INTO ledger VALUES ('id', 'ledger_' || lower(hex(randomblob(16)))), ('projected', '0')",
    """CREATE TABLE inbox (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        content TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE signed_head (
        number INTEGER PRIMARY KEY,
        statement BLOB NOT NULL,
        signature BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE tile (
        log_id TEXT NOT NULL,
        level INTEGER NOT NULL,
        position INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (log_id, level, position)
    ) STRICT""",
    """CREATE TABLE anchored (
        anchor TEXT PRIMARY KEY,
        number INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

_LOG: Final = """CREATE TABLE log (
        log_id TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL,
        first INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID"""
_LEDGER: Final = (
    _LOG,
    # A ledger is one log, named when it is born: a fence of another file must not fit.
    "INSERT INTO log VALUES ('log_' || lower(hex(randomblob(16))), 0, 0)",
    """CREATE TABLE owner (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        pid INTEGER NOT NULL,
        since_ms INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        schema INTEGER NOT NULL,
        organization TEXT NOT NULL,
        run_id TEXT,
        call_id TEXT,
        at_ms INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX entry_run ON entry (run_id) WHERE run_id IS NOT NULL",
    "CREATE INDEX entry_call ON entry (call_id, kind) WHERE call_id IS NOT NULL",
    f"CREATE INDEX entry_rare ON entry (kind) WHERE kind NOT IN {COMMON_KINDS}",
    """CREATE TABLE payload (
        id TEXT PRIMARY KEY,
        run_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        ciphertext BLOB NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE run_key (
        run_id TEXT PRIMARY KEY,
        master TEXT NOT NULL,
        wrapped BLOB NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE key_claim (
        organization TEXT NOT NULL,
        digest BLOB NOT NULL,
        arguments BLOB NOT NULL,
        call_id TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (organization, digest)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX key_claim_call ON key_claim (call_id)",
    "CREATE INDEX key_claim_expiry ON key_claim (expires_ms)",
    """CREATE TABLE open_call (
        call_id TEXT PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    *_NEW_IN_2,
)

_INBOX_OF_1: Final = """INSERT INTO inbox (kind, content)
    SELECT 'decision', json_object(
        'approval_id', approval_id, 'at_ms', at_ms, 'by', decided_by, 'digest', digest,
        'profile', iif(profile IS NULL, NULL, lower(hex(profile))),
        'reason', iif(reason IS NULL, NULL, lower(hex(reason))), 'ruling', ruling)
    FROM inbox_1 ORDER BY id"""

_PLACES: Final = (
    "CREATE INDEX agent_run_parent ON agent_run (parent_id) WHERE parent_id IS NOT NULL",
    """CREATE INDEX agent_run_conversation ON agent_run (conversation_id)
    WHERE conversation_id IS NOT NULL""",
)
# Runs of one call, of which there is one for each of most calls, are not in here.
_AGENTS: Final = (
    "CREATE INDEX agent_run_agent ON agent_run (id) WHERE agent IS NOT NULL",
    """CREATE INDEX agent_run_open ON agent_run (status, id)
    WHERE agent IS NOT NULL AND ended_ms IS NULL""",
)
# A span for each run and one for each of its calls; ids stand in for W3C span ids, but for those of
# hosts, which are what they are.
_TRACE_SPAN: Final = """CREATE VIEW trace_span AS
    SELECT trace_id, id AS span_id, parent_span_id, id AS run_id, organization,
        'run' AS name, started_ms, ended_ms, status, NULL AS code
    FROM agent_run
    UNION ALL
    SELECT coalesce(tool_call.trace_id, agent_run.trace_id), tool_call.id,
        coalesce(tool_call.parent_id, tool_call.parent_span_id, tool_call.run_id),
        tool_call.run_id, tool_call.organization, 'execute_tool ' || tool_call.tool,
        tool_call.created_ms, tool_result.ended_ms, coalesce(tool_result.status, 'running'),
        tool_result.code
    FROM tool_call
    LEFT JOIN agent_run ON agent_run.id = tool_call.run_id
    LEFT JOIN tool_result ON tool_result.call_id = tool_call.id"""
_VIEWS: Final = (
    "CREATE INDEX tool_result_refused ON tool_result (ended_ms, call_id) WHERE status = 'refused'",
    "CREATE INDEX tool_result_unknown ON tool_result (call_id) WHERE status = 'unknown'",
    *_PLACES,
    *_AGENTS,
    _TRACE_SPAN,
)


def statements() -> tuple[str, ...]:
    """DDL of an empty ledger, in order."""
    audit = (statement for table in TABLES.values() for statement in _audit(table))
    return (*_LEDGER, *audit, *_VIEWS)


def upgrade_from(version: int) -> tuple[str, ...]:
    """DDL that makes a ledger of an older version one of this version."""
    if version == 1:
        return _upgrade_from_1()
    steps = {
        2: _upgrade_from_2,
        3: _upgrade_from_3,
        4: _upgrade_from_4,
        5: _upgrade_from_5,
        6: _upgrade_from_6,
        7: _upgrade_from_7,
        8: _upgrade_from_8,
    }
    return tuple(
        statement for number, step in steps.items() if number >= version for statement in step()
    )


def _upgrade_from_2() -> tuple[str, ...]:
    """Amendments get ids of their own: an older one is known by its source.

    Calls say what they stand in for, or make again; in version 2 none did. Nor did any version
    write dead letters, so that their table is made anew.
    """
    return (
        "ALTER TABLE amendment RENAME TO amendment_2",
        *_audit(AMENDMENT),
        "INSERT INTO amendment SELECT *, source FROM amendment_2",
        "DROP TABLE amendment_2",
        "ALTER TABLE tool_call ADD COLUMN stands_in_for TEXT",
        "ALTER TABLE tool_call ADD COLUMN redrives TEXT",
        f"DROP TABLE {DEAD_LETTER.name}",
        *_audit(DEAD_LETTER),
    )


def _upgrade_from_3() -> tuple[str, ...]:
    """Runs say where they belong, older ones nowhere; changes of breakers have a table."""
    return (
        *_audit(BREAKER_CHANGE),
        "ALTER TABLE agent_run ADD COLUMN parent_id TEXT",
        "ALTER TABLE agent_run ADD COLUMN conversation_id TEXT",
        *_PLACES,
    )


def _upgrade_from_4() -> tuple[str, ...]:
    """Calls may wait for a result that comes later."""
    return _audit(DEFERRAL)


def _upgrade_from_5() -> tuple[str, ...]:
    """Runs of agents, and what they ask models; there were none before."""
    texts, numbers = ("definition", "delegated_by", "code"), ("steps", "tokens_in", "tokens_out")
    return (
        *_audit(MODEL_REQUEST),
        *_audit(MODEL_REPLY),
        *(f"ALTER TABLE agent_run ADD COLUMN {name} TEXT" for name in texts),
        *(f"ALTER TABLE agent_run ADD COLUMN {name} INTEGER" for name in numbers),
        "ALTER TABLE agent_run ADD COLUMN cost_microusd INTEGER",
        *_AGENTS,
        "ALTER TABLE tool_call ADD COLUMN asked_by TEXT",
        "ALTER TABLE tool_call ADD COLUMN position INTEGER",
    )


def _upgrade_from_6() -> tuple[str, ...]:
    """What was agreed to can be used for a time; two words of one moment are two.

    No version before wrote compensations, so that their table is made anew.
    """
    decision = APPROVAL_DECISION.name
    return (
        "ALTER TABLE approval ADD COLUMN use_by_ms INTEGER",
        "CREATE INDEX approval_state_expires_ms ON approval (state, expires_ms)",
        "CREATE INDEX approval_state_use_by_ms ON approval (state, use_by_ms)",
        # An index keeps its name where its table is renamed.
        f"DROP INDEX {decision}_decided_by_decided_ms",
        f"ALTER TABLE {decision} RENAME TO {decision}_6",
        *_audit(APPROVAL_DECISION),
        f"INSERT INTO {decision} SELECT * FROM {decision}_6",  # noqa: S608 - a name of ours
        f"DROP TABLE {decision}_6",
        f"DROP TABLE {COMPENSATION.name}",
        *_audit(COMPENSATION),
    )


def _upgrade_from_7() -> tuple[str, ...]:
    """Keys, sessions, blocked addresses and credentials of users; there were none before."""
    new = (API_KEY, LOGIN_SESSION, BLOCKED_ADDRESS, USER_CREDENTIAL, IDENTITY_CHANGE)
    return tuple(statement for table in new for statement in _audit(table))


def _upgrade_from_8() -> tuple[str, ...]:
    """Calls have a trace, which may be that of a host; what they had is derived anew."""
    return (
        "DROP VIEW trace_span",
        "ALTER TABLE agent_run ADD COLUMN parent_span_id TEXT",
        "ALTER TABLE tool_call ADD COLUMN trace_id TEXT",
        "ALTER TABLE tool_call ADD COLUMN parent_span_id TEXT",
        _TRACE_SPAN,
    )


def _upgrade_from_1() -> tuple[str, ...]:
    """DDL that makes a ledger of version 1 one of this version.

    What the audit tables held is derived anew from the entries; `app_user` cannot be, and stays.
    """
    derived = [table for name, table in TABLES.items() if name != APP_USER.name]
    return (
        "DROP VIEW trace_span",
        *(f"DROP TABLE IF EXISTS {table.name}" for table in derived),
        "ALTER TABLE log RENAME TO log_1",
        _LOG,
        "INSERT INTO log SELECT log_id, epoch, 0 FROM log_1",
        "DROP TABLE log_1",
        "ALTER TABLE inbox RENAME TO inbox_1",
        *_NEW_IN_2,
        _INBOX_OF_1,
        "DROP TABLE inbox_1",
        *(statement for table in derived for statement in _audit(table)),
        *_VIEWS,
    )


def replacement(table: Table) -> str:
    """SQL that puts a row into an audit table, in place of one with its primary key."""
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT OR REPLACE INTO {table.name} VALUES ({marks})"  # noqa: S608 - a name of ours


def _audit(table: Table) -> tuple[str, ...]:
    columns = ", ".join(_column(column) for column in table.columns)
    key = ", ".join(column.name for column in table.columns if column.is_key)
    indexes = (
        f"CREATE INDEX {table.name}_{'_'.join(index)} ON {table.name} ({', '.join(index)})"
        for index in table.indexes
    )
    create = f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"
    return (create, *indexes)


def _column(column: Column) -> str:
    presence = "" if column.is_optional else " NOT NULL"
    return f"{column.name} {column.type.upper()}{presence}"
