"""What a query that only reads is made of. Whatever is not listed here is refused."""

from collections.abc import Collection, Iterator
from typing import Final

from sqlglot import exp

ROOTS: Final = (exp.Select, exp.SetOperation, exp.Subquery)

# Every kind of node by its exact class: a kind that a newer sqlglot adds is refused until it is
# listed. Calls are `Anonymous` (see `grammar`) and judged by name; those with a grammar of their
# own stand here.
_NODES: Final[frozenset[type[exp.Expr]]] = frozenset(
    {
        # the query
        exp.CTE,
        exp.Cube,
        exp.Distinct,
        exp.Except,
        exp.Fetch,
        exp.From,
        exp.Group,
        exp.GroupingSets,
        exp.Having,
        exp.Intersect,
        exp.Join,
        exp.Lateral,
        exp.Limit,
        exp.LimitOptions,
        exp.Offset,
        exp.Order,
        exp.Ordered,
        exp.Qualify,
        exp.Rollup,
        exp.Select,
        exp.Subquery,
        exp.Table,
        exp.TableAlias,
        exp.Union,
        exp.Unnest,
        exp.Values,
        exp.Where,
        exp.With,
        # names and values
        exp.Alias,
        exp.Array,
        exp.Boolean,
        exp.Column,
        exp.DataType,
        exp.DataTypeParam,
        exp.Identifier,
        exp.Interval,
        exp.IntervalSpan,
        exp.Literal,
        exp.Null,
        exp.Star,
        exp.Tuple,
        exp.Var,
        # operators
        exp.Add,
        exp.All,
        exp.And,
        exp.Any,
        exp.ArrayContainedBy,
        exp.ArrayContainsAll,
        exp.ArrayOverlaps,
        exp.AtTimeZone,
        exp.Between,
        exp.BitwiseAnd,
        exp.BitwiseLeftShift,
        exp.BitwiseNot,
        exp.BitwiseOr,
        exp.BitwiseRightShift,
        exp.BitwiseXor,
        exp.Bracket,
        exp.Collate,
        exp.DPipe,
        exp.Distance,
        exp.Div,
        exp.EQ,
        exp.Escape,
        exp.Exists,
        exp.GT,
        exp.GTE,
        exp.Glob,
        exp.ILike,
        exp.In,
        exp.IntDiv,
        exp.Is,
        exp.JSONBExtract,
        exp.JSONBExtractScalar,
        exp.JSONExtract,
        exp.JSONExtractScalar,
        exp.JSONPath,
        exp.JSONPathKey,
        exp.JSONPathRoot,
        exp.JSONPathSubscript,
        exp.Lambda,
        exp.LT,
        exp.LTE,
        exp.Like,
        exp.Mod,
        exp.Mul,
        exp.NEQ,
        exp.Neg,
        exp.Not,
        exp.NullSafeEQ,
        exp.NullSafeNEQ,
        exp.Or,
        exp.Paren,
        exp.Pow,
        exp.RegexpILike,
        exp.RegexpLike,
        exp.SimilarTo,
        exp.Slice,
        exp.Sub,
        exp.Xor,
        # calls, and what stands in and behind them
        exp.Anonymous,
        exp.Case,
        exp.Cast,
        exp.Concat,
        exp.CurrentDate,
        exp.CurrentTime,
        exp.CurrentTimestamp,
        exp.Extract,
        exp.Filter,
        exp.GroupConcat,
        exp.If,
        exp.IgnoreNulls,
        exp.Localtime,
        exp.Localtimestamp,
        exp.Overlay,
        exp.RespectNulls,
        exp.StrPosition,
        exp.Substring,
        exp.Trim,
        exp.TryCast,
        exp.Window,
        exp.WindowSpec,
        exp.WithinGroup,
    }
)

# Not those that look a name up in the catalog (`regclass`), nor those of somebody's own.
_NAMES_OF_TYPES: Final = """
    ARRAY BIGINT BINARY BIT BLOB BOOLEAN CHAR DATE DATETIME DECIMAL DOUBLE FLOAT INT INT128 INTERVAL
    JSON JSONB LIST MEDIUMINT NCHAR NVARCHAR SMALLINT TEXT TIME TIMESTAMP TIMESTAMPLTZ TIMESTAMPNTZ
    TIMESTAMPTZ TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TIMETZ TINYINT UBIGINT UINT USMALLINT UTINYINT
    UUID VARBINARY VARCHAR YEAR
"""
TYPES: Final = frozenset(exp.DType[name] for name in _NAMES_OF_TYPES.split())

# Bare, they are no columns but tell who and where we are.
_SESSION: Final = frozenset(
    {
        "current_catalog",
        "current_role",
        "current_schema",
        "current_user",
        "session_user",
        "system_user",
    }
)

# Plain flags and words hang on these kinds too, where the walk over nodes does not see them.
_ARGS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.In: frozenset({"this", "expressions", "query", "unnest"}),
    exp.Select: frozenset(
        {
            "distinct",
            "expressions",
            "from_",
            "group",
            "having",
            "joins",
            "laterals",
            "limit",
            "offset",
            "order",
            "qualify",
            "where",
            "windows",
            "with_",
        }
    ),
    exp.Table: frozenset({"this", "db", "catalog", "alias", "joins", "laterals"}),
}


def is_read_only(tree: exp.Expr) -> bool:
    """Whether the statement is a query, and everything in it can do nothing but compute."""
    return isinstance(tree, ROOTS) and all(_is_known(node) for node in tree.walk())


def calls(tree: exp.Expr) -> Iterator[exp.Anonymous]:
    """The calls of named functions."""
    return tree.find_all(exp.Anonymous)


def are_functions_known(tree: exp.Expr, pure: Collection[str], own: Collection[str]) -> bool:
    """Whether each call is of a pure function, or of one of the tool's own.

    Only the latter may stand in the place of a table.
    """
    return all(
        _name(call) in own or (_name(call) in pure and not isinstance(call.parent, exp.Table))
        for call in calls(tree)
    )


def joins(tree: exp.Expr) -> int:
    """How many tables are joined, all subqueries counted."""
    return sum(1 for _ in tree.find_all(exp.Join, exp.Lateral))


def _name(call: exp.Anonymous) -> str:
    """As the database looks it up; a quoted name with capitals is none of ours."""
    named = call.this
    return named.name if isinstance(named, exp.Identifier) else str(named).lower()


def _is_known(node: exp.Expr) -> bool:
    if type(node) not in _NODES:
        return False
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        return False
    if isinstance(node, exp.Column) and node.name.lower() in _SESSION:
        return False
    if isinstance(node, exp.Select) and not node.expressions:
        return False
    taken = _ARGS.get(type(node))
    return taken is None or all(name in taken for name, value in node.args.items() if value)
