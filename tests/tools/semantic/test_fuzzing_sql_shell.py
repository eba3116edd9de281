"""Attacks on SQL and shells gain nothing by a disguise, and no text breaks the judge."""

import logging

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.semantic import ReadOnlySql

QUERIES = ["sql_sqlite", "sql_postgres", "sql_mysql", "sql_duckdb"]
SQL = [*QUERIES, "sql_write"]
SHELL = ["shell_words", "shell_commands"]


@pytest.fixture(scope="session")
def judges(suites):
    """Each type as its suite sets it up, by the name of its attacks."""
    return {name: suites[f"{name}.txt"].make() for name in [*SQL, *SHELL]}


@pytest.fixture(scope="session")
def attacks(entries):
    """The attacks by the name of their file."""
    return {name: list(entries(f"{name}.txt")) for name in [*SQL, *SHELL]}


BLANKS = st.sampled_from(["  ", "\t", " \t "])
SQL_BLANKS = BLANKS | st.sampled_from(["\n", "\r\n", "/**/", "/*!*/", " -- \n", "\x0b", "\xa0"])
CASES = st.sampled_from([str.lower, str.upper, str.swapcase])


@given(data=st.data(), name=st.sampled_from(SQL), blank=SQL_BLANKS, case=CASES)
def test_no_attack_on_sql_passes_in_other_capitals_blanks_and_comments(
    judges, attacks, data, name, blank, case
):
    judge = judges[name]
    attack = data.draw(st.sampled_from(attacks[name]))
    # What is quoted has its capitals for a reason: with others it is another name.
    cased = attack if '"' in attack else case(attack)
    assert judge.objection(cased.replace(" ", blank)) is not None
    assert judge.objection(f"{blank}{cased}{blank}") is not None


AROUND = [
    "SELECT * FROM ({}) AS x",
    "SELECT ({})",
    "WITH y AS ({}) SELECT * FROM y",
    "{} UNION ALL SELECT 1",
    "SELECT 1 UNION ALL {}",
    "(({}))",
    "SELECT 1 WHERE EXISTS ({})",
    "SELECT CASE WHEN 1 = 1 THEN ({}) END",
]


WITHIN = st.lists(st.sampled_from(AROUND), max_size=3)


@given(data=st.data(), name=st.sampled_from(QUERIES), around=WITHIN)
def test_no_query_passes_for_being_within_another(judges, attacks, data, name, around):
    judge = judges[name]
    queries = [each for each in attacks[name] if each.startswith(("SELECT ", "WITH "))]
    nested = data.draw(st.sampled_from(queries))
    for each in around:
        nested = each.replace("{}", nested)
    assert judge.objection(nested) is not None


SHELLS = st.sampled_from(SHELL)
FORMS = st.sampled_from(["{b}{}", "{}{b}", "{}"])


@given(data=st.data(), name=SHELLS, blank=BLANKS, form=FORMS)
def test_no_attack_on_a_shell_passes_with_other_blanks(judges, attacks, data, name, blank, form):
    attack = data.draw(st.sampled_from(attacks[name])).replace(" ", blank)
    told = form.replace("{b}", blank).replace("{}", attack)
    assert judges[name].objection(told) is not None


@given(data=st.data(), name=SHELLS)
def test_no_attack_on_a_shell_passes_in_wide_characters(judges, attacks, data, name):
    attack = data.draw(st.sampled_from(attacks[name]))
    at = data.draw(st.integers(0, max(len(attack) - 1, 0)))
    wide = "".join(
        chr(ord(each) + 0xFEE0) if here == at and "!" <= each <= "~" else each
        for here, each in enumerate(attack)
    )
    assert judges[name].objection(wide) is not None


LANGUAGE = """
    SELECT FROM WITH AS ( ) [ ] { } , ; . : :: ' " ` \\ -- /* */ # ? $ $$ $1 % %s @ @@ ! ~ * + - / =
    < > | & ^ NOT CASE WHEN END UNION JOIN ON IN EXISTS VALUES INSERT INTO UPDATE SET DELETE WHERE
    OVER INTERVAL CAST LATERAL UNNEST PIVOT LAMBDA -> ->> => 1 1e5 x orders git ls -l
"""
PIECES = st.sampled_from(LANGUAGE.split())
ANYTHING = st.text() | st.lists(PIECES | st.text(max_size=2), max_size=40).map(" ".join)


@given(text=ANYTHING, name=st.sampled_from([*SQL, *SHELL]))
def test_any_text_gets_an_answer(judges, text, name):
    form = judges[name].objection(text)
    assert form is None or form


@given(data=st.data(), name=st.sampled_from([*SQL, *SHELL]))
def test_an_answer_never_quotes_a_part_of_the_text(judges, attacks, data, name):
    words = data.draw(st.sampled_from(attacks[name])).split(" ")
    at = data.draw(st.integers(0, len(words)))
    marked = " ".join([*words[:at], "zqxjkv7", *words[at:]])
    assert "zqxjkv7" not in (judges[name].objection(marked) or "").lower()


NOISY = "SELECT a -> '$[zqxjkv7' FROM t"


def test_what_is_judged_does_not_stand_in_the_log(judges, attacks, caplog):
    """P7: sqlglot warns with the text that it stumbles over."""
    caplog.set_level(logging.DEBUG)
    for name in SQL:
        for text in [*attacks[name], NOISY]:
            judges[name].objection(text)
    assert caplog.records == []


def test_the_log_of_whoever_uses_sqlglot_beside_us_stays_theirs(caplog):
    ReadOnlySql("mysql").objection(NOISY)
    sqlglot.parse_one(NOISY, read="mysql")
    assert "zqxjkv7" in caplog.text


DEEP = [
    "SELECT " + "(" * 4_000,
    "SELECT " + "(" * 4_000 + "1" + ")" * 4_000,
    "SELECT " + "NOT " * 2_000 + "1",
    "SELECT " + "- " * 4_000 + "1",
    "SELECT " + "~" * 9_000 + "1",
    "SELECT " + "CASE WHEN 1 THEN " * 500 + "1" + " END" * 500,
    "SELECT " + "[" * 4_000,
    "SELECT " + "end(" * 2_000,
    "SELECT a " + ") end " * 500 + "(" * 500,
    "SELECT " + "CAST(" * 1_500,
    "SELECT " + "INTERVAL " * 1_000,
    "SELECT * FROM a" + " JOIN a" * 1_200,
    "SELECT * FROM a" + " JOIN a" * 500 + " ON 1" * 500,
    "SELECT " + "SELECT " * 1_000,
    "SELECT 1" + " IN (SELECT 1" * 600,
    "WITH " * 1_500,
    "SELECT 1 -> " * 800,
    "SELECT x" + "::int" * 1_800,
    "SELECT 1" + " UNION SELECT 1" * 600,
    "SELECT 1" + " = 1" * 2_000,
    "SELECT 1" + " BETWEEN 1 AND 1" * 600,
    "SELECT " + "x." * 4_000 + "y",
    "SELECT " + "f(" * 4_000,
    "UPDATE orders SET note = " + "(" * 4_000,
    "DELETE FROM orders WHERE id = ?" + " AND id = ?" * 800,
    "ls " + "'" * 900,
    "ls " + "a'" * 450,
    "ls " + "a" * 990 + "!",
]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
def test_neither_depth_nor_length_breaks_the_judge(judges, text):
    for judge in judges.values():
        form = judge.objection(text)
        assert form is None or form
