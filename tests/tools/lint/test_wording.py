"""What words say that a schema could say: read where it is sure, left alone where it is not."""

import pytest

from highroad.tools.lint.wording import (
    Bounds,
    bounds_in,
    form_in,
    gives_example,
    job_in,
    length_in,
    structure_in,
    values_in,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Must be one of ['address', 'payment'].", ("address", "payment")),
        ('Either "x y" or "z".', ("x y", "z")),
        ("Allowed values are `a`, `b` and `c`.", ("a", "b", "c")),
        ("One of: png, jpeg or webp.", ("png", "jpeg", "webp")),
        ("Provide either text or regex, not both.", ()),
        ("A city such as 'Oslo' or 'Bergen'.", ()),
        ("Options: 'Celsius' or 'Fahrenheit', etc.", ()),
        ("One of 'a', 'b' or any other letter.", ()),
        ("If it is a checkbox, the value should be `true` or `false`.", ()),
        ("", ()),
    ],
)
def test_values_are_read_only_where_there_are_no_others(text, values):
    assert values_in(text) == values


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("Priority from 1 (highest) to 4 (lowest).", Bounds("1", "4")),
        ("Links to return (1-10)", Bounds("1", "10")),
        ("Default is 5, maximum is 10.", Bounds(None, "10")),
        ("Seconds, at most 1,000", Bounds(None, "1000")),
        ("At least 2.5", Bounds("2.5", None)),
        ("1-based index of the request", Bounds("1", None)),
        ("A non-negative number", Bounds("0", None)),
        ("Maximum number of results to return.", Bounds()),
        ("Up to 50 % off", Bounds()),
    ],
)
def test_bounds_are_read_as_they_are_written(text, bounds):
    assert bounds_in(text) == bounds


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("Day as YYYY-MM-DD.", '"format": "date"'),
        ("In the format yyyy-mm-ddThh:mm:ssZ", '"format": "date-time"'),
        ("24-hour format (HH:MM)", r'"pattern": "^\\d{2}:\\d{2}$"'),
        ("MM/DD/YYYY", r'"pattern": "^\\d{2}/\\d{2}/\\d{4}$"'),
        ("Number in E.164 format", r'"pattern": "^\\+[1-9]\\d{1,14}$"'),
        ("Currency by ISO 4217", '"pattern": "^[A-Z]{3}$"'),
        ("UUID of the project", '"format": "uuid"'),
        ("Order id, such as '#W0000000'.", r'"pattern": "^#W\\d{7}$"'),
        ("User id, such as 'sara_doe_496'.", None),
        ("A city." + " " * 300 + "Unlike dates (YYYY-MM-DD), free.", None),
    ],
)
def test_a_form_is_read_where_a_keyword_says_it(text, keyword):
    assert form_in(text) == keyword


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("A comma-separated list of names.", "commas"),
        ("JSON string with the filters", "JSON"),
        ("Filters, as JSON", "JSON"),
        ("Headers as key=value pairs", "keys"),
        ("Path of the JSON file", None),
        ("Saves it as JSON file", None),
    ],
)
def test_structure_in_a_text_is_recognized(text, what):
    found = structure_in(text)
    assert (what in found[0]) if what else found is None


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("Fetches a page. More.", "fetch a page"),
        ("Shows changes", "show changes"),
        ("Get the weather (of a city)", "get the weather"),
        ("This tool reads", None),
        ("Weather", None),
        ("Read " + "a " * 20, None),
    ],
)
def test_a_job_is_the_first_clause_in_its_base_form(text, job):
    assert job_in(text) == job


def test_lengths_and_examples_are_read():
    assert length_in("Text of up to 280 characters") == "280"
    assert length_in("Up to 280 lines") is None
    assert gives_example("City, e.g. Oslo")
    assert not gives_example("Whatever you like.")
