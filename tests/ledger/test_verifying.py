"""Verification where the ledger lies reads bodies fast, and never otherwise than the auditor."""

import json
import math

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from highroad.ledger.proof.verifying import parse
from highroad_auditor.strict import MalformedError, read_object

pytestmark = pytest.mark.promise("P12")

NAMES = st.sampled_from(["v", "kind", "at", "a", "é", '"', "\\", ""]) | st.text(max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400])
    | st.floats()
    | st.text(max_size=5)
    | st.text(st.characters(categories=["Cs", "Cc", "Zl", "Zp"]), max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)
WRITTEN = st.builds(
    lambda found, is_ascii, separators: json.dumps(
        found, ensure_ascii=is_ascii, separators=separators
    ).encode("utf-8", "surrogatepass"),
    OBJECTS | VALUES,
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
NUMBERS = (
    *(b"0", b"-0", b"00", b"1.", b".5", b"+1", b"0x1", b"1_0", b"1.0", b"-0.0", b"1e5", b"1E400"),
    *(b"1e-400", b"1e16", b"0.1", b"100000.0", b"1e+22", b"5e-324", b"2.2250738585072011e-308"),
    *(
        b"9007199254740993",
        b"123456789012345678901",
        b"9007199254740993.0",
        b"18446744073709551616",
        b"NaN",
        b"Infinity",
    ),
    *(
        b"1.8446744073709552e19",
        b"1.8446744073709552e+19",
        b"-Infinity",
        b"nan",
        b"null",
        b"1" * 5_000,
    ),
)
TEXTS = (
    *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\ud83d\ude00"', rb'"\/"', rb'"\u0041"', rb'"\x41"'),
    *(rb'"\u001f"', b'"\x1f"', b'"\x7f"', b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\n"'),
    *(b'"\xe2\x80\xa8"', b'"\xf0\x9f\x98\x80"', b'"\xf4\x90\x80\x80"', b'"', b"'a'"),
)
OBJECT_FORMS = (
    *(b"", b"{", b"{}", b"[]", b"null", b"1", b'"a"', b"{} ", b" {}", b"{}\n", b"{}{}", b"{,}"),
    *(b"\xef\xbb\xbf{}", b"{}\x00", b'{"a":1,}', b'{"a":1,"a":1}', b'{"a":1,"a":2}', b"{a:1}"),
    *(b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1,"b":1}]}', rb'{"a":1,"\u0061":1}', b"{1:1}"),
    *(b'{"a":/**/1}', b'{"a":[1,]}', b'{"":1,"":1}', b'{"b":1,"a":1}', b'{"a":tru}'),
)


def nested(depth, begin=b"[", end=b"]"):
    return b'{"a":' + begin * depth + b"1" + end * depth + b"}"


def outcome(reader, body):
    """What a reader makes of a body: every type and bit of it, or why it refuses."""
    try:
        return shown(reader(body))
    except MalformedError as error:
        return f"refused: {error}"


def shown(found):
    """As text, because 1, 1.0 and true are equal, 0.0 and -0.0 too, and names have an order."""
    if isinstance(found, dict):
        return "{" + ",".join(f"{name!r}:{shown(value)}" for name, value in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ",".join(map(shown, found)) + "]"
    if isinstance(found, float):
        return f"float {math.copysign(1, found)} {found.hex()}"
    return f"{type(found).__name__} {found!r}" if type(found) is not int else f"int {found:x}"


@given(body=WRITTEN)
def test_a_body_that_was_written_as_json_is_read_as_the_auditor_reads_it(body):
    assert outcome(parse, body) == outcome(read_object, body)


@given(body=WRITTEN, at=st.integers(0, 200), by=st.binary(max_size=4), cut=st.integers(0, 3))
@example(body=b'{"a":1,"b":2}', at=8, by=b"a", cut=1)
def test_a_body_that_was_altered_is_read_or_refused_as_the_auditor_does(body, at, by, cut):
    altered = body[:at] + by + body[at + cut :]
    assert outcome(parse, altered) == outcome(read_object, altered)


@given(one=OBJECTS, other=OBJECTS)
def test_names_that_stand_twice_are_seen_wherever_they_stand(one, other):
    inside = [json.dumps(found, separators=(",", ":"))[1:-1] for found in (one, other)]
    twice = f'{{"x":{{{",".join(filter(None, inside))}}}}}'.encode("utf-8", "surrogatepass")
    assert outcome(parse, twice) == outcome(read_object, twice)


@pytest.mark.parametrize("body", OBJECT_FORMS, ids=repr)
def test_forms_of_objects_are_judged_as_the_auditor_does(body):
    assert outcome(parse, body) == outcome(read_object, body)


@pytest.mark.parametrize("value", [*NUMBERS, *TEXTS], ids=lambda value: repr(value[:30]))
def test_numbers_and_texts_that_readers_disagree_on_are_judged_as_the_auditor_does(value):
    for body in (b'{"a":' + value + b"}", b'{"a":[' + value + b"]}", b"{" + value + b":1}"):
        assert outcome(parse, body) == outcome(read_object, body)


@pytest.mark.parametrize("depth", [1, 100, 250, 253, 254, 255, 300, 1_023, 1_025, 5_000, 100_000])
def test_nesting_is_judged_as_the_auditor_does(depth):
    for body in (nested(depth), nested(depth, b'{"a":', b"}")):
        assert refusal(parse, body) == refusal(read_object, body)


def refusal(reader, body):
    """Why a reader refuses a body that is nested too deeply to be shown."""
    try:
        reader(body)
    except MalformedError as error:
        return str(error)
    return None


def test_what_highroad_writes_needs_the_strict_reader_for_nothing(monkeypatch):
    """Else verification would take thrice the time, and no other test would tell."""
    asked = []
    monkeypatch.setattr("highroad.ledger.proof.verifying.read_object", asked.append)
    body = orjson.dumps({"v": 1, "kind": "call.ended", "stages": [["é", None, True, 1, 0.5]]})
    assert parse(body) == orjson.loads(body)
    assert not asked
