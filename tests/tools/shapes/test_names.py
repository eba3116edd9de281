"""Every name becomes one that a provider takes, the same each time, and is found again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.shapes import SHAPES
from highroad.tools.shapes.names import NameRule, NameTable

RULE = NameRule(re.compile(r"[a-zA-Z0-9_-]{1,64}"), 64)
NAMES = st.text(min_size=1, max_size=200) | st.from_regex(r"[a-z_.]{1,70}", fullmatch=True)


def test_a_legal_name_stays_itself():
    assert NameTable.of(["get_order", "a.b"], RULE).legal_name("get_order") == "get_order"


def test_an_illegal_name_shows_where_it_comes_from():
    assert re.fullmatch(
        r"math_factorial_[0-9a-f]{8}",
        NameTable.of(["math.factorial"], RULE).legal_name("math.factorial"),
    )


def test_a_name_that_is_too_long_is_cut_and_told_apart():
    long = "a" * 65
    table = NameTable.of([long, "a" * 66], RULE)
    assert len(table.legal_name(long)) == 64
    assert table.legal_name(long) != table.legal_name("a" * 66)


def test_a_name_depends_on_no_other_name_and_on_no_order():
    alone = NameTable.of(["x.y"], RULE).legal_name("x.y")
    assert NameTable.of(["z", "x.y", "x_y"], RULE).legal_name("x.y") == alone
    assert NameTable.of(["x_y", "x.y", "z"], RULE).legal_name("x.y") == alone


def test_a_name_that_another_tool_has_already_is_not_taken_from_it():
    taken = NameTable.of(["x.y"], RULE).legal_name("x.y")
    table = NameTable.of(["x.y", taken], RULE)
    assert table.legal_name(taken) == taken
    assert table.legal_name("x.y") != taken
    assert table.own_name(table.legal_name("x.y")) == "x.y"
    assert table.own_name(taken) == taken


def test_two_names_that_fall_together_are_both_told_apart(monkeypatch):
    made = NameRule.made_of

    def same_at_first(rule, name, digits):
        return "same" if digits == 8 else made(rule, name, digits)

    monkeypatch.setattr(NameRule, "made_of", same_at_first)
    table = NameTable.of(["x.y", "y.z"], RULE)
    assert len({table.legal_name("x.y"), table.legal_name("y.z"), "same"}) == 3


def test_a_name_that_nobody_offered_is_itself():
    table = NameTable.of(["x.y"], RULE)
    assert table.own_name("delete_everything") == "delete_everything"
    assert table.legal_name("x.z") == "x.z"


@given(st.sets(NAMES, max_size=8), st.sampled_from(sorted(SHAPES)), st.randoms())
def test_whatever_the_names_each_is_legal_and_comes_back_in_any_order(names, shape, chance):
    rule = SHAPES[shape].names
    table = NameTable.of(names, rule)
    legal = {name: table.legal_name(name) for name in names}
    assert all(rule.allows(each) for each in legal.values())
    assert {table.own_name(each) for each in legal.values()} == names
    shuffled = chance.sample(sorted(names), len(names))
    assert NameTable.of(shuffled, rule) == table


@pytest.mark.parametrize("name", ["", "\ud800", "é", "....", "-", "1st"])
def test_names_without_a_single_letter_become_legal_for_everyone(name):
    for shape in SHAPES.values():
        assert shape.names.allows(NameTable.of([name], shape.names).legal_name(name))
