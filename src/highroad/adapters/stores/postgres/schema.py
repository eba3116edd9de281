"""The tables of a shared ledger, in the schema `highroad` of a database.

The audit tables are `highroad.domain.audit.TABLES`, word for word. What grows with every call
is partitioned by month (`partitions.py`); what must be unique is not, for there PostgreSQL keeps
a promise only within each partition. So `ended_call` has one row for each call that has ended,
and positions are given out by the one row of their log, which every append locks.

Text is compared byte by byte (`COLLATE "C"`), so that its order is that of every other store.
"""

from dataclasses import replace
from typing import Final

from highroad.domain.audit import (
    AGENT_RUN,
    AMENDMENT,
    API_KEY,
    APPROVAL,
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
    TOOL_CALL,
    USER_CREDENTIAL,
    Column,
    ColumnType,
    Table,
)
from highroad.domain.entry import EntryKind
from highroad.domain.outcome import Status

TEXT: Final = 'text COLLATE "C"'

COMMON_KINDS: Final = f"('{EntryKind.INTENT}', '{EntryKind.ENDED}')"
"""What nearly every entry is; looking for another kind takes the index `entry_rare`."""

_TYPES: Final = {
    ColumnType.TEXT: TEXT,
    ColumnType.INTEGER: "bigint",
    ColumnType.BLOB: "bytea",
}
ARRAYS: Final = {
    ColumnType.TEXT: "text[]",
    ColumnType.INTEGER: "bigint[]",
    ColumnType.BLOB: "bytea[]",
}

PARTITIONED: Final = {
    "entry": "at_ms",
    "payload": "created_ms",
    "tool_call": "id",
    "tool_result": "call_id",
    "authz_decision": "call_id",
}
"""Tables in parts of a month each, by which column; ids are ordered by time."""

ENTRIES: Final = (
    f"CREATE TABLE ledger (name {TEXT} PRIMARY KEY, value {TEXT} NOT NULL)",
    """INSERT INTO ledger VALUES ('projected', '0'),
        ('id', 'ledger_' || replace(gen_random_uuid()::text, '-', ''))""",
    # `number` names the lock that a living writer of the log holds. Every append changes the
    # row: room in its page lets the new version stand beside the old one.
    f"""CREATE TABLE log (
        log_id {TEXT} PRIMARY KEY,
        number integer GENERATED ALWAYS AS IDENTITY UNIQUE,
        epoch bigint NOT NULL DEFAULT 0,
        first bigint NOT NULL DEFAULT 0,
        size bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)""",
    """CREATE TABLE owner (
        id integer PRIMARY KEY CHECK (id = 1),
        pid bigint NOT NULL,
        since_ms bigint NOT NULL
    )""",
    # The number of the last append of each open store, by which one in doubt is resolved.
    f"""CREATE TABLE writer (
        id {TEXT} PRIMARY KEY,
        appended bigint NOT NULL,
        appended_at timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 50)""",
    "CREATE SEQUENCE entry_place",
    f"""CREATE TABLE entry (
        place bigint NOT NULL DEFAULT nextval('entry_place'),
        log_id {TEXT} NOT NULL,
        seq bigint NOT NULL,
        kind {TEXT} NOT NULL,
        schema bigint NOT NULL,
        organization {TEXT} NOT NULL,
        run_id {TEXT},
        call_id {TEXT},
        at_ms bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (log_id, seq, at_ms)
    ) PARTITION BY RANGE (at_ms)""",
    "CREATE TABLE entry_default PARTITION OF entry DEFAULT",
    "CREATE INDEX entry_place_order ON entry (place)",
    "CREATE INDEX entry_run ON entry (run_id, place) WHERE run_id IS NOT NULL",
    "CREATE INDEX entry_call ON entry (call_id, place) WHERE call_id IS NOT NULL",
    f"CREATE INDEX entry_rare ON entry (kind, place) WHERE kind NOT IN {COMMON_KINDS}",
    f"""CREATE TABLE payload (
        id {TEXT} NOT NULL,
        run_id {TEXT} NOT NULL,
        kind {TEXT} NOT NULL,
        ciphertext bytea NOT NULL,
        created_ms bigint NOT NULL,
        PRIMARY KEY (id, created_ms)
    ) PARTITION BY RANGE (created_ms)""",
    # What is sealed does not shrink: trying to compress it costs, and gains nothing.
    "ALTER TABLE payload ALTER COLUMN ciphertext SET STORAGE EXTERNAL",
    "CREATE TABLE payload_default PARTITION OF payload DEFAULT",
    "CREATE INDEX payload_run ON payload (run_id)",
    f"""CREATE TABLE run_key (
        run_id {TEXT} PRIMARY KEY,
        master {TEXT} NOT NULL,
        wrapped bytea NOT NULL,
        created_ms bigint NOT NULL
    )""",
    f"""CREATE TABLE key_claim (
        organization {TEXT} NOT NULL,
        digest bytea NOT NULL,
        arguments bytea NOT NULL,
        call_id {TEXT} NOT NULL,
        expires_ms bigint NOT NULL,
        PRIMARY KEY (organization, digest)
    )""",
    "CREATE INDEX key_claim_call ON key_claim (call_id)",
    "CREATE INDEX key_claim_expiry ON key_claim (expires_ms)",
    # `driver` is the log of whoever drives the call; nobody does while it is held.
    f"""CREATE TABLE open_call (
        call_id {TEXT} PRIMARY KEY,
        log_id {TEXT} NOT NULL,
        seq bigint NOT NULL,
        driver {TEXT},
        opened bigint GENERATED ALWAYS AS IDENTITY
    )""",
    f"CREATE TABLE ended_call (call_id {TEXT} PRIMARY KEY)",
    f"""CREATE TABLE inbox (
        id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        kind {TEXT} NOT NULL,
        content {TEXT} NOT NULL
    )""",
)
NO_ENTRIES: Final = (
    """DROP TABLE
        inbox, ended_call, open_call, key_claim, run_key, payload, entry, writer, owner, log,
        ledger""",
    "DROP SEQUENCE entry_place",
)

PROOF: Final = (
    """CREATE TABLE signed_head (
        number bigint PRIMARY KEY,
        statement bytea NOT NULL,
        signature bytea NOT NULL
    )""",
    f"""CREATE TABLE tile (
        log_id {TEXT} NOT NULL,
        level bigint NOT NULL,
        position bigint NOT NULL,
        hashes bytea NOT NULL,
        PRIMARY KEY (log_id, level, position)
    )""",
    f"CREATE TABLE anchored (anchor {TEXT} PRIMARY KEY, number bigint NOT NULL)",
)
NO_PROOF: Final = ("DROP TABLE anchored, tile, signed_head",)

LIVES: Final = (
    # Not logged, so that what ends all sessions at once empties it (`lives.py`).
    f"""CREATE UNLOGGED TABLE life (
        id integer PRIMARY KEY CHECK (id = 1),
        name {TEXT} NOT NULL,
        server timestamptz NOT NULL,
        began timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    f"ALTER TABLE log ADD COLUMN life {TEXT} NOT NULL DEFAULT ''",
)
NO_LIVES: Final = ("ALTER TABLE log DROP COLUMN life", "DROP TABLE life")

AMENDMENT_IDS: Final = (
    f"ALTER TABLE amendment ADD COLUMN id {TEXT}",
    "UPDATE amendment SET id = source",
    "ALTER TABLE amendment ALTER COLUMN id SET NOT NULL",
    """ALTER TABLE amendment
        DROP CONSTRAINT amendment_pkey, ADD PRIMARY KEY (call_id, amended_ms, id)""",
)
"""An amendment from before they had ids is known by its source."""
NO_AMENDMENT_IDS: Final = (
    """DELETE FROM amendment AS earlier USING amendment AS later
        WHERE (earlier.call_id, earlier.amended_ms, earlier.source)
            = (later.call_id, later.amended_ms, later.source) AND earlier.id < later.id""",
    """ALTER TABLE amendment
        DROP CONSTRAINT amendment_pkey, ADD PRIMARY KEY (call_id, amended_ms, source)""",
    "ALTER TABLE amendment DROP COLUMN id",
)
RUN_PLACES: Final = (
    f"ALTER TABLE agent_run ADD COLUMN parent_id {TEXT}, ADD COLUMN conversation_id {TEXT}",
    "CREATE INDEX agent_run_parent ON agent_run (parent_id) WHERE parent_id IS NOT NULL",
    """CREATE INDEX agent_run_conversation ON agent_run (conversation_id)
        WHERE conversation_id IS NOT NULL""",
)
"""Where runs belong."""
NO_RUN_PLACES: Final = ("ALTER TABLE agent_run DROP COLUMN parent_id, DROP COLUMN conversation_id",)

GIVEN_UP: Final = (
    f"ALTER TABLE tool_call ADD COLUMN stands_in_for {TEXT}, ADD COLUMN redrives {TEXT}",
    f"DROP TABLE {DEAD_LETTER.name}",
)
"""Calls say what they stand in for. No step before had dead letters written: their table is made
anew behind this."""
NO_GIVEN_UP: Final = (
    "ALTER TABLE tool_call DROP COLUMN stands_in_for, DROP COLUMN redrives",
    f"DROP TABLE {DEAD_LETTER.name}",
)

AGENTS: Final = (
    f"""ALTER TABLE agent_run ADD COLUMN definition {TEXT}, ADD COLUMN delegated_by {TEXT},
        ADD COLUMN code {TEXT}, ADD COLUMN steps bigint, ADD COLUMN tokens_in bigint,
        ADD COLUMN tokens_out bigint, ADD COLUMN cost_microusd bigint""",
    # Runs of one call, of which there is one for each of most calls, are not in here.
    "CREATE INDEX agent_run_agent ON agent_run (id) WHERE agent IS NOT NULL",
    """CREATE INDEX agent_run_open ON agent_run (status, id)
        WHERE agent IS NOT NULL AND ended_ms IS NULL""",
    f"ALTER TABLE tool_call ADD COLUMN asked_by {TEXT}, ADD COLUMN position bigint",
)
"""Runs of agents, and what they ask models; there were none before."""
MODEL_REQUEST_INDEX: Final = """CREATE INDEX model_request_asked ON model_request
    USING brin (asked_ms) WITH (pages_per_range = 16, autosummarize = on)"""
NO_AGENTS: Final = (
    "ALTER TABLE tool_call DROP COLUMN asked_by, DROP COLUMN position",
    "DROP INDEX agent_run_agent, agent_run_open",
    """ALTER TABLE agent_run DROP COLUMN definition, DROP COLUMN delegated_by, DROP COLUMN code,
        DROP COLUMN steps, DROP COLUMN tokens_in, DROP COLUMN tokens_out,
        DROP COLUMN cost_microusd""",
)

USE: Final = (
    "ALTER TABLE approval ADD COLUMN use_by_ms bigint",
    "CREATE INDEX approval_state_expires_ms ON approval (state, expires_ms)",
    "CREATE INDEX approval_state_use_by_ms ON approval (state, use_by_ms)",
    """ALTER TABLE approval_decision DROP CONSTRAINT approval_decision_pkey,
        ADD PRIMARY KEY (approval_id, decided_by, decided_ms, ruling)""",
    f"DROP TABLE {COMPENSATION.name}",
)
"""What was agreed to can be used for a time; two words of one moment are two. No step before had
compensations written: their table is made anew behind this."""
NO_USE: Final = (
    """DELETE FROM approval_decision AS one USING approval_decision AS other
        WHERE (one.approval_id, one.decided_by, one.decided_ms)
            = (other.approval_id, other.decided_by, other.decided_ms)
            AND one.ruling < other.ruling""",
    """ALTER TABLE approval_decision DROP CONSTRAINT approval_decision_pkey,
        ADD PRIMARY KEY (approval_id, decided_by, decided_ms)""",
    "DROP INDEX approval_state_expires_ms",
    "ALTER TABLE approval DROP COLUMN use_by_ms",
    f"DROP TABLE {COMPENSATION.name}",
)


def _trace_span(parent_of_run: str, trace: str, parents: str) -> str:
    """A span for each run and one for each of its calls; ids stand in for W3C span ids.

    Args:
        parent_of_run: The column of a run that has its parent.
        trace: The trace of a call.
        parents: What its parent may be.
    """
    return f"""CREATE VIEW trace_span AS
    SELECT trace_id, id AS span_id, {parent_of_run} AS parent_span_id, id AS run_id, organization,
        'run' AS name, started_ms, ended_ms, status, NULL AS code
    FROM agent_run
    UNION ALL
    SELECT {trace}, tool_call.id, coalesce({parents}),
        tool_call.run_id, tool_call.organization, 'execute_tool ' || tool_call.tool,
        tool_call.created_ms, tool_result.ended_ms, coalesce(tool_result.status, 'running'),
        tool_result.code
    FROM tool_call
    LEFT JOIN agent_run ON agent_run.id = tool_call.run_id
    LEFT JOIN tool_result ON tool_result.call_id = tool_call.id"""  # noqa: S608 - names of ours


_TRACE_SPAN_OF_2: Final = _trace_span(
    "NULL", "agent_run.trace_id", "tool_call.parent_id, tool_call.run_id"
)
TRACES: Final = (
    "DROP VIEW trace_span",
    f"ALTER TABLE agent_run ADD COLUMN parent_span_id {TEXT}",
    f"ALTER TABLE tool_call ADD COLUMN trace_id {TEXT}, ADD COLUMN parent_span_id {TEXT}",
    _trace_span(
        "parent_span_id",
        "coalesce(tool_call.trace_id, agent_run.trace_id)",
        "tool_call.parent_id, tool_call.parent_span_id, tool_call.run_id",
    ),
)
"""Calls have a trace, which may be that of a host; what they had is derived anew."""
NO_TRACES: Final = (
    "DROP VIEW trace_span",
    "ALTER TABLE agent_run DROP COLUMN parent_span_id",
    "ALTER TABLE tool_call DROP COLUMN trace_id, DROP COLUMN parent_span_id",
    _TRACE_SPAN_OF_2,
)

AUDIT_INDEXES: Final = (
    f"""CREATE INDEX tool_result_refused ON tool_result (ended_ms, call_id)
        WHERE status = '{Status.REFUSED}'""",
    f"""CREATE INDEX tool_result_unknown ON tool_result (call_id)
        WHERE status = '{Status.UNKNOWN}'""",
    # Rows lie in the order of their times: a summary of each range of pages is index enough.
    """CREATE INDEX tool_call_created ON tool_call USING brin (created_ms)
        WITH (pages_per_range = 16, autosummarize = on)""",
    _TRACE_SPAN_OF_2,
)


_AMENDMENT_OF_2: Final = Table(
    AMENDMENT.name,
    tuple(
        replace(column, is_key=column.is_key or column.name == "source")
        for column in AMENDMENT.columns
        if column.name != "id"
    ),
)
"""Without ids: of one call, one time and one source there could be one."""

_NEW_IN_RUNS: Final = frozenset(
    {
        *("parent_id", "conversation_id", "definition", "delegated_by", "code"),
        *("steps", "tokens_in", "tokens_out", "cost_microusd", "parent_span_id"),
    }
)
_AGENT_RUN_OF_2: Final = replace(
    AGENT_RUN,
    columns=tuple(column for column in AGENT_RUN.columns if column.name not in _NEW_IN_RUNS),
)


_NEW_IN_CALLS: Final = frozenset(
    {"stands_in_for", "redrives", "asked_by", "position", "trace_id", "parent_span_id"}
)
_TOOL_CALL_OF_2: Final = replace(
    TOOL_CALL,
    columns=tuple(column for column in TOOL_CALL.columns if column.name not in _NEW_IN_CALLS),
)
DEAD_LETTER_OF_2: Final = Table(
    DEAD_LETTER.name,
    (
        Column("id", is_key=True),
        *(Column(name) for name in ("run_id", "call_id", "tool", "code", "state")),
        Column("created_ms", ColumnType.INTEGER),
    ),
)
_APPROVAL_OF_2: Final = replace(
    APPROVAL,
    columns=tuple(column for column in APPROVAL.columns if column.name != "use_by_ms"),
    indexes=(("state", "id"), ("call_id",)),
)
_APPROVAL_DECISION_OF_2: Final = replace(
    APPROVAL_DECISION,
    columns=tuple(
        replace(column, is_key=column.is_key and column.name != "ruling")
        for column in APPROVAL_DECISION.columns
    ),
)
COMPENSATION_OF_2: Final = Table(
    COMPENSATION.name,
    (
        Column("id", is_key=True),
        *(Column(name) for name in ("run_id", "call_id", "tool", "state")),
        Column("created_ms", ColumnType.INTEGER),
    ),
)
_OF_2: Final = {
    table.name: table
    for table in (
        *(_AGENT_RUN_OF_2, _AMENDMENT_OF_2, _APPROVAL_OF_2, _APPROVAL_DECISION_OF_2),
        *(_TOOL_CALL_OF_2, COMPENSATION_OF_2, DEAD_LETTER_OF_2),
    )
}
IDENTITY: Final = (API_KEY, LOGIN_SESSION, BLOCKED_ADDRESS, USER_CREDENTIAL, IDENTITY_CHANGE)
"""Keys, sessions, blocked addresses and credentials of users; there were none before."""
_NEWER_THAN_2: Final = frozenset(
    {
        *(BREAKER_CHANGE.name, DEFERRAL.name, MODEL_REQUEST.name, MODEL_REPLY.name),
        *(table.name for table in IDENTITY),
    }
)


def tables_of_2() -> tuple[Table, ...]:
    """The audit tables as the second step of the schema made them."""
    return tuple(
        _OF_2.get(name, table) for name, table in TABLES.items() if name not in _NEWER_THAN_2
    )


def creation(table: Table) -> tuple[str, ...]:
    """DDL of an audit table, with its default partition where it is partitioned."""
    columns = ", ".join(_column(column) for column in table.columns)
    by = PARTITIONED.get(table.name)
    partitioning = "" if by is None else f" PARTITION BY RANGE ({by})"
    default = f"CREATE TABLE {table.name}_default PARTITION OF {table.name} DEFAULT"
    indexes = (
        f"CREATE INDEX {table.name}_{'_'.join(index)} ON {table.name} ({', '.join(index)})"
        for index in table.indexes
    )
    create = (
        f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({', '.join(keys_of(table))}))"
        f"{partitioning}"
    )
    return (create, *(() if by is None else (default,)), *indexes)


def keys_of(table: Table) -> tuple[str, ...]:
    """Columns of its primary key."""
    return tuple(column.name for column in table.columns if column.is_key)


def _column(column: Column) -> str:
    presence = "" if column.is_optional else " NOT NULL"
    return f"{column.name} {_TYPES[column.type]}{presence}"
