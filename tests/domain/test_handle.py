"""A handle names one value of a result, and is read as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.handle import Handle, handle_of, has_handle, leaf_at, tag_of

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=6), below, max_size=4)
    ),
    max_leaves=15,
)


def leaves(json, path=()):
    """Every value that is no object and no list, with the way to it."""
    if isinstance(json, dict):
        for key, each in json.items():
            yield from leaves(each, (*path, key))
    elif isinstance(json, list):
        for at, each in enumerate(json):
            yield from leaves(each, (*path, str(at)))
    else:
        yield path, json


@given(JSON, st.integers(0, 10**8))
def test_the_handle_of_a_leaf_names_it_and_nothing_else(json, number):
    tag = tag_of("run_1")
    for path, value in leaves(json):
        text = handle_of(number, tag, path)
        if len(text) > 1_000:
            continue
        handle = Handle.of(text)
        assert (handle.number, handle.tag, handle.path) == (number, tag, path)
        found = leaf_at(json, handle.path)
        assert found.value is value
        assert found.pointer.count("/") == len(path)


@given(JSON, st.lists(st.text(max_size=4), max_size=4).map(tuple))
def test_any_other_way_names_nothing(json, path):
    ways = {way for way, _ in leaves(json)}
    as_written = tuple(
        str(int(each)) if each.isdecimal() and each.isascii() else each for each in path
    )
    assert (leaf_at(json, path) is not None) == (path in ways or as_written in ways)


@pytest.mark.parametrize(
    "text",
    ["$v", "v7qm.a", " $v7qm.a", "see $v7qm.a", "$v7qm a", "$V7qm", "$7qm", f"$v7qm.{'a' * 2000}"],
)
def test_another_text_is_no_handle(text):
    assert Handle.of(text) is None
    assert not has_handle({"$v7qm.a": [text]})


def test_a_handle_is_found_however_deep():
    assert has_handle({"a": [{"b": "$v7qm.a"}]})
    assert has_handle("$v7"), "so that what is nearly one is refused, and not taken for a text"


def test_runs_are_told_apart():
    assert len({tag_of(f"run_{number}") for number in range(500)}) > 250
