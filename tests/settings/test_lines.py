import tomllib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.settings.lines import find_lines

TEXT = '''\
# comment = 1
profile = "dev" # not = here
"quoted key" = 'x'

[limits]
calls = 1
usd   = 0.5

[policy]
allow = [
  "get_*", # "deny" = ["x"]
  "a, b", 'c]',
]
owner = """
deny = "inside a string"
\\""" still ""\"""
roles.support.allow = ["x"]
roles.boss = { permissions = ["p", "q"], allow = [] }

[policy.agents."helper.one"]
tools = []

[[policy.rules]]
name = "first"
[[policy.rules]]
name = "second"
when = \'\'\'
name = "inside"
\'\'\'
[policy.rules.more]
day = 1979-05-27 07:32:00
then = "ask"
'''
EXPECTED = {
    ("profile",): 2,
    ("quoted key",): 3,
    ("limits",): 5,
    ("limits", "calls"): 6,
    ("limits", "usd"): 7,
    ("policy",): 9,
    ("policy", "allow"): 10,
    ("policy", "allow", 0): 11,
    ("policy", "allow", 1): 12,
    ("policy", "allow", 2): 12,
    ("policy", "owner"): 14,
    ("policy", "roles"): 17,
    ("policy", "roles", "support"): 17,
    ("policy", "roles", "support", "allow"): 17,
    ("policy", "roles", "support", "allow", 0): 17,
    ("policy", "roles", "boss"): 18,
    ("policy", "roles", "boss", "permissions"): 18,
    ("policy", "roles", "boss", "permissions", 0): 18,
    ("policy", "roles", "boss", "permissions", 1): 18,
    ("policy", "roles", "boss", "allow"): 18,
    ("policy", "agents", "helper.one"): 20,
    ("policy", "agents", "helper.one", "tools"): 21,
    ("policy", "rules"): 23,
    ("policy", "rules", 0): 23,
    ("policy", "rules", 0, "name"): 24,
    ("policy", "rules", 1): 25,
    ("policy", "rules", 1, "name"): 26,
    ("policy", "rules", 1, "when"): 27,
    ("policy", "rules", 1, "more"): 30,
    ("policy", "rules", 1, "more", "day"): 31,
    ("policy", "rules", 1, "more", "then"): 32,
}


def paths_of(value, path=()):
    """Every path of a parsed document, as `find_lines` names it."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_of(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths_of(inner, (*path, index))


def test_every_table_key_and_element_has_its_line():
    assert find_lines(TEXT) == EXPECTED


def test_what_is_found_is_what_the_parser_finds():
    implicit = {("policy", "agents")}
    assert set(paths_of(tomllib.loads(TEXT))) - implicit == set(find_lines(TEXT))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "[empty]", "a = 1"])
def test_small_texts_are_no_special_case(text):
    assert set(find_lines(text)) == set(paths_of(tomllib.loads(text)))


VALUES = st.recursive(
    st.sampled_from(
        [
            '"text"',
            "'te\"x]t'",
            '"a \\" = b"',
            "1",
            "-1.5e3",
            "true",
            "1979-05-27 07:32:00",
            '"""\nk = 1\n[x]"""',
            "'''\n]'''",
            '"""two quotes """""',
            "'# none'",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(
            lambda values: "[ # comment ]\n" + ",\n ".join(values) + "\n]"
        )
        | st.lists(inner.filter(lambda value: "\n" not in value), max_size=2).map(
            lambda values: "{ " + ", ".join(f"k{n} = {v}" for n, v in enumerate(values)) + " }"
        )
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(["", "[t{}]", "[[a]]"]), VALUES), max_size=8))
def test_whatever_the_parser_reads_is_found_where_it_is_written(parts):
    text, written = "", {}
    for number, (header, value) in enumerate(parts):
        text += header.format(number) + "\n"
        written[f"key{number}"] = text.count("\n") + 1
        text += f"key{number} = {value} # comment\n"
    found = find_lines(text)
    assert set(paths_of(tomllib.loads(text))) == set(found)
    for path, line in found.items():
        if path[-1] in written:
            assert line == written[path[-1]]


def test_lines_of_a_long_list_grow_with_its_elements():
    text = "allow = [\n" + "".join(f'  "tool_{number}",\n' for number in range(200)) + "]\n"
    lines = find_lines(text)
    assert all(b - a == 1 for a, b in pairwise(lines["allow", n] for n in range(200)))
