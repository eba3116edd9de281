"""No value is made up: each is said by the user, by an earlier call, or by the schema."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.agents.offline.facts import Fact
from highroad.agents.offline.filling import fill
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import slots
from highroad.agents.offline.source import SourceKind
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.shapes import read_tools
from highroad.tools.validate import check_arguments

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "bfcl" / "sample.jsonl"
LINES = SAMPLE.read_text("utf-8").splitlines()
SPECS = [each.spec for each in read_tools([json.loads(line)["function"] for line in LINES]).tools]
FRAGMENTS = (
    *("5 euros", "-12.5", "-7", "40%", "order ORD-000042", "in Paris, France", "'a quoted text'"),
    *("from 2010 to 2015", "tomorrow", "on June 1, 2023", "at 3pm", "1,200 dollars", "ten", "3x^2"),
    *("[1, 2, 3]", "[[1, 2], [3, 4]]", "for John Smith", "red, green and blue", "by e-mail"),
    *(
        "ada@shop.example",
        "50 km",
        "2 hours",
        "without it",
        "and then",
        "?",
        "5",
        "Tokyo",
        "to EUR",
    ),
)
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?")
SPELLED = {"ten": 10.0}
TIMES = (1, 100, 0.01, 60, 1 / 60, 3_600, 1 / 3_600, 1_000, 0.001, 10**6, 10**-6, 12, 1 / 12)
CODES = {"EUR": ("eur",), "USD": ("dollar", "$", "usd"), "GBP": ("pound", "gbp")}


@st.composite
def requests(draw, spec):
    """Fragments, and words that the tool knows, in any order."""
    known = re.findall(r"[\w-]+", json.dumps(spec.input_schema["properties"]))
    parts = st.sampled_from(FRAGMENTS) | st.sampled_from(known or ["nothing"])
    return " ".join(draw(st.lists(parts, max_size=14)))


def is_said(value, text):
    """Whether a value can be told from the text; by none of the rules that filled it."""
    match value:
        case bool():
            return True  # its name is said, which another test looks at
        case int() | float():
            said = [float(each.replace(",", "")) for each in NUMBER.findall(text)]
            said += [number for word, number in SPELLED.items() if word in text]
            return any(value == pytest.approx(each * by) for each in said for by in TIMES)
        case str():
            return value.lower() in text.lower() or is_written_otherwise(value, text.lower())
        case list():
            return all(is_said(each, text) for each in value)
        case dict():
            return all(is_said(each, text) for each in value.values())
    return False


def is_written_otherwise(value, text):
    if value in CODES:
        return any(word in text for word in CODES[value])
    if re.fullmatch(r"[\d/:-]+", value):
        return any(word in text for word in ("tomorrow", "june", "3pm"))
    return False


def is_listed(value, slot):
    listed = slot.choices or slot.items.choices
    return bool(listed) and set(value if isinstance(value, list) else [value]) <= set(listed)


@given(data=st.data())
def test_every_value_is_said_or_stands_in_the_schema(data):
    """By hundreds of foreign tools, and requests that are made to confuse."""
    spec = data.draw(st.sampled_from(SPECS), label="tool")
    text = data.draw(requests(spec), label="request")
    filling = fill(spec.input_schema, Reading(text=text, today=date(2025, 6, 2)))
    asked = {slot.name: slot for slot in slots(spec.input_schema)}
    for name, source in filling.sources.items():
        slot = asked[name]
        if source.kind is SourceKind.SCHEMA:
            assert source.value in (slot.schema.get("const"), slot.schema.get("default"))
            assert slot.is_required
        else:
            assert source.kind is SourceKind.REQUEST, "there was no earlier call"
            assert source.spans
            assert is_listed(source.value, slot) or is_said(source.value, text), (name, source)


@given(data=st.data())
def test_every_required_argument_is_filled_or_named_as_lacking(data):
    """Nothing falls between."""
    spec = data.draw(st.sampled_from(SPECS), label="tool")
    filling = fill(spec.input_schema, Reading(text=data.draw(requests(spec), label="request")))
    lacking = {slot.name for slot in (*filling.missing, *filling.unclear)}
    required = {slot.name for slot in slots(spec.input_schema) if slot.is_required}
    assert required - filling.sources.keys() == lacking
    assert filling.is_complete is not bool(lacking)


@given(data=st.data())
def test_no_piece_of_a_request_stands_in_two_arguments(data):
    """Five euros are the price or the tip, not both."""
    spec = data.draw(st.sampled_from(SPECS), label="tool")
    filling = fill(spec.input_schema, Reading(text=data.draw(requests(spec), label="request")))
    taken = [(name, span) for name, source in filling.sources.items() for span in source.spans]
    assert not [
        (one, other)
        for one, span in taken
        for other, piece in taken
        if one < other and span.overlaps(piece)
    ]


@given(text=st.text(max_size=80))
def test_whatever_is_written_is_read_without_an_error(text):
    """In any script, with any sign."""
    for spec in SPECS[:20]:
        fill(spec.input_schema, Reading(text=text, today=date(2025, 6, 2)))


@given(data=st.data())
def test_what_is_complete_passes_the_tool_or_is_refused_for_its_content(data):
    """Types, listed words and bounds are kept; the road says the rest."""
    spec = data.draw(st.sampled_from(SPECS), label="tool")
    filling = fill(spec.input_schema, Reading(text=data.draw(requests(spec), label="request")))
    if filling.is_complete:
        tool = compile_tool(
            tool_from_schema(lambda _: None, name="tool", parameters=spec.input_schema)
        )
        checked = check_arguments(tool, filling.arguments)
        codes = {each.code for each in checked.problems} if isinstance(checked, Invalid) else set()
        assert not codes & {"required", "unknown_argument", "enum", "maximum", "minimum"}


def test_a_value_of_an_earlier_call_fills_what_bears_its_name():
    """One value; of several none is meant."""
    schema = {
        "type": "object",
        "properties": {"order_id": {"type": "string", "pattern": r"^ORD-\d{6}$"}},
        "required": ["order_id"],
    }
    told = [Fact(key="id", text="ORD-000042", tool="get_order")]
    filling = fill(schema, Reading(text="do it"), told)
    assert filling.arguments == {"order_id": "ORD-000042"}
    assert filling.sources["order_id"].kind is SourceKind.RESULT
    several = [*told, Fact(key="id", text="ORD-000043", tool="get_order")]
    assert fill(schema, Reading(text="do it"), several).missing
    of_another = [Fact(key="id", text="ORD-000042", tool="get_invoice")]
    assert fill(schema, Reading(text="do it"), of_another).missing
