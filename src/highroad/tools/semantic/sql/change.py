"""What a write is made of: one table, its columns, and placeholders in the place of values."""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from highroad.tools.semantic.sql.select import TYPES

ROOTS: Final = (exp.Insert, exp.Update, exp.Delete)

_NODES: Final[frozenset[type[exp.Expr]]] = frozenset(
    {
        exp.Insert,
        exp.Update,
        exp.Delete,
        exp.Returning,
        exp.Schema,
        exp.Table,
        exp.Values,
        exp.Where,
        # names and open values
        exp.Column,
        exp.DataType,
        exp.DataTypeParam,
        exp.Identifier,
        exp.Null,
        exp.Placeholder,
        exp.Tuple,
        # operators
        exp.Add,
        exp.And,
        exp.Any,
        exp.Between,
        exp.Cast,
        exp.DPipe,
        exp.Div,
        exp.EQ,
        exp.GT,
        exp.GTE,
        exp.In,
        exp.Is,
        exp.LT,
        exp.LTE,
        exp.Like,
        exp.Mul,
        exp.NEQ,
        exp.Neg,
        exp.Not,
        exp.NullSafeEQ,
        exp.NullSafeNEQ,
        exp.Or,
        exp.Paren,
        exp.Sub,
        # calls
        exp.Anonymous,
        exp.CurrentDate,
        exp.CurrentTime,
        exp.CurrentTimestamp,
    }
)

# What hangs on these kinds, flags and words included: no source but `VALUES`, no conflict clause,
# no second table, no `OR REPLACE`.
_ARGS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.Insert: frozenset({"this", "expression", "returning"}),
    exp.Update: frozenset({"this", "expressions", "where", "returning"}),
    exp.Delete: frozenset({"this", "where", "returning"}),
    exp.Table: frozenset({"this", "db", "catalog"}),
    exp.Schema: frozenset({"this", "expressions"}),
    exp.In: frozenset({"this", "expressions"}),
}


def is_plain(tree: exp.Expr) -> bool:
    """Whether the statement is made of nothing but what a write needs."""
    return all(_is_known(node) for node in tree.walk()) and _has_shape(tree)


def table_of(tree: exp.Expr) -> exp.Table | None:
    """The table that is written."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target if isinstance(target, exp.Table) else None


def written(tree: exp.Expr) -> list[exp.Expr]:
    """Names of the columns that get values."""
    if isinstance(tree, exp.Insert):
        return list(tree.this.expressions) if isinstance(tree.this, exp.Schema) else []
    return [each.this.this for each in tree.expressions] if isinstance(tree, exp.Update) else []


def qualifiers(tree: exp.Expr) -> list[exp.Expr]:
    """Whatever stands before the names of columns."""
    return [part for column in tree.find_all(exp.Column) for part in column.parts[:-1]]


def calls(tree: exp.Expr) -> Iterator[str]:
    """Names of the functions that are called."""
    return (
        call.this.name if isinstance(call.this, exp.Identifier) else str(call.this).lower()
        for call in tree.find_all(exp.Anonymous)
    )


def is_narrowed(tree: exp.Expr) -> bool:
    """Whether rows are chosen by a column that equals a parameter; an insert chooses none."""
    if isinstance(tree, exp.Insert):
        return True
    where = tree.args.get("where")
    return where is not None and any(_is_choice(each) for each in _conditions(where.this))


def _has_shape(tree: exp.Expr) -> bool:
    if isinstance(tree, exp.Insert):
        return bool(written(tree)) and isinstance(tree.expression, exp.Values)
    if isinstance(tree, exp.Update):
        return bool(tree.expressions) and all(
            isinstance(each, exp.EQ) and isinstance(each.this, exp.Column)
            for each in tree.expressions
        )
    return True


def _is_known(node: exp.Expr) -> bool:
    if isinstance(node, exp.Literal):
        # The width of a type, never a value.
        return isinstance(node.parent, exp.DataTypeParam)
    if isinstance(node, exp.Var):
        return node.name.upper() == "DEFAULT"
    if isinstance(node, exp.Star):
        return isinstance(node.parent, exp.Returning)
    if type(node) not in _NODES or (isinstance(node, exp.DataType) and node.this not in TYPES):
        return False
    taken = _ARGS.get(type(node))
    return taken is None or all(name in taken for name, value in node.args.items() if value)


def _conditions(where: exp.Expr) -> Iterator[exp.Expr]:
    """All of which must hold."""
    waiting = [where]
    while waiting:
        each = waiting.pop()
        if isinstance(each, exp.Paren):
            waiting.append(each.this)
        elif isinstance(each, exp.And):
            waiting += [each.left, each.right]
        else:
            yield each


def _is_choice(condition: exp.Expr) -> bool:
    if isinstance(condition, exp.EQ):
        sides = (condition.left, condition.right)
        return any(
            isinstance(one, exp.Column) and _is_open(other) for one, other in (sides, sides[::-1])
        )
    return (
        isinstance(condition, exp.In)
        and isinstance(condition.this, exp.Column)
        and bool(condition.expressions)
        and all(_is_open(each) for each in condition.expressions)
    )


def _is_open(value: exp.Expr) -> bool:
    while isinstance(value, exp.Cast | exp.Paren | exp.Any):
        value = value.this
    return isinstance(value, exp.Placeholder)
