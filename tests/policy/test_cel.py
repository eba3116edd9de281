import subprocess
import sys

import pytest

from highroad.adapters.policy.cel import FUNCTIONS, CelConditions
from highroad.domain.identity import Principal
from highroad.ports.conditions import (
    ASK_NAMES,
    OWNER_NAMES,
    ConditionError,
    InvalidConditionError,
)
from highroad.ports.policy import Owner

ALICE = Principal("alice", "acme", roles={"support"}, permissions={"orders:read"})


def holds(expression, owner=None, **args):
    condition = CelConditions().compile(expression, OWNER_NAMES)
    return condition.holds(args=args, principal=ALICE, owner=owner)


@pytest.mark.parametrize(
    "expression",
    [
        "args.cents > 5000",
        "args['cents'] > 5000 && has(args.order_id)",
        "'support' in principal.roles",
        "'orders:read' in principal.permissions",
        "principal.id == 'alice' && !principal.authenticated",
        "owner.organization == principal.organization && owner.principal == null",
        "args.lines.all(line, line.cents > 0) && args.lines.exists(x, x.cents == 2)",
        "args.order_id.matches('^ORD-[0-9]+$') && size(args.order_id) == 5",
        "timestamp(args.when).getFullYear() == 2020",
    ],
)
def test_expressions_read_arguments_principal_and_owner(expression):
    args = {"order_id": "ORD-1", "lines": [{"cents": 1}, {"cents": 2}], "cents": 5_001}
    args["when"] = "2020-01-01T00:00:00Z"
    assert holds(expression, Owner("acme"), **args) is True


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("args.cents >", "no CEL expression: <input>:1:"),
        ("", "no CEL expression"),
        ("arg.cents > 1", "no name `arg`; did you mean `args`?"),
        ("cents > 1", "no name `cents`; there are args, owner, principal"),
        ("args.x.startWith('a')", "no function `startWith`; did you mean `startsWith`?"),
        ("args.lines.all(line, lime.cents > 0)", "no name `lime`"),
        ("args.x == '" + "x" * 5_000 + "'", "longer than 4096"),
    ],
)
def test_what_could_never_be_answered_is_refused_when_it_is_compiled(expression, reason):
    with pytest.raises(InvalidConditionError) as refused:
        CelConditions().compile(expression, OWNER_NAMES)
    assert reason in str(refused.value)


def test_an_owner_can_be_named_only_where_there_is_one():
    with pytest.raises(InvalidConditionError, match="`owner`"):
        CelConditions().compile("owner.organization == 'acme'")


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("args.cents > 1", "a field that it names is missing"),
        ("args.secret > 1", "values of different types"),
        ("args.list[4321] > 1", "a field that it names is missing"),
        ("args.big * args.big > 1", "cannot be worked out"),
        ("args.big / 0 > 1", "cannot be worked out"),
        ("int(args.secret) > 1", "cannot be worked out"),
        ("size(args.big) > 1", "cannot be worked out"),
        ("args.secret", "neither true nor false"),
    ],
)
def test_what_has_no_answer_says_why_and_quotes_no_value(expression, reason):
    with pytest.raises(ConditionError, match=reason) as unanswered:
        holds(expression, secret="hunter2", list=[1], big=2**62)
    assert "hunter2" not in str(unanswered.value)
    assert str(2**62) not in str(unanswered.value)
    assert unanswered.value.__cause__ is None


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_that_is_offered_compiles(function):
    CelConditions().compile(f"{function}(args.x) == args.y")


def test_the_library_is_loaded_with_the_first_expression_only():
    program = (
        "import sys; from highroad.adapters.policy.cel import CelConditions; "
        "conditions = CelConditions(); assert 'cel' not in sys.modules; "
        "conditions.compile('true'); assert 'cel' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [('args.cents > 5 ? "quorum:2" : "confirm"', "quorum:2"), ("args.cents > 5", True)],
)
def test_an_expression_may_give_a_word(expression, answer):
    """Who must agree is a level; elsewhere only a truth counts."""
    condition = CelConditions().compile(expression)
    assert condition.answer(args={"cents": 6}, principal=Principal("alice")) == answer


def test_an_expression_that_gives_neither_truth_nor_word_has_no_answer():
    condition = CelConditions().compile("args.cents + 1")
    with pytest.raises(ConditionError, match="nor a word"):
        condition.answer(args={"cents": 6}, principal=Principal("alice"))


def test_ask_rules_know_labels_and_others_are_told_where_they_are_known():
    condition = CelConditions().compile(
        '"result" in labels.to.sources ? "human" : "automatic"', ASK_NAMES
    )
    labels = {"to": {"sources": ["request", "result"]}}
    assert condition.answer(args={}, principal=ALICE, labels=labels) == "human"
    with pytest.raises(ConditionError, match="missing"):
        condition.answer(args={}, principal=ALICE)
    with pytest.raises(InvalidConditionError, match="no name `labels`; only `ask` rules know it"):
        CelConditions().compile('"result" in labels.to.sources')
