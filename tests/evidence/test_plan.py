"""Which arguments of a tool are traced, and as what."""

import pytest

from highroad import tool, tool_definition
from highroad.domain.evidence import EvidenceKind, Grounding, Source, ValueKind
from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentContract, ArgumentRole, Contract
from highroad.evidence.index import Index
from highroad.evidence.plan import ground, plan

REQUEST = Source("request", EvidenceKind.REQUEST)


def traced(properties, arguments, said="", contract=None, **schema):
    index = Index()
    index.add_text(REQUEST, said)
    whole: JsonObject = {"type": "object", "properties": properties, **schema}
    return ground(plan(whole, contract or Contract()), arguments, index)


def kinds(grounding):
    return {trace.pointer: trace.kind.value for trace in grounding.traces}


def ungrounded(grounding):
    return [trace.pointer for trace in grounding.ungrounded]


def test_every_control_argument_is_traced_each_element_of_a_list_too():
    grounding = traced(
        {"order_id": {"type": "string"}, "item_ids": {"type": "array", "items": {}}},
        {"order_id": "ORD-1", "item_ids": ["A-1", "A-2"], "undeclared": {"deep": ["B-1"]}},
        "ORD-1, and A-2 of it",
    )
    assert kinds(grounding) == {
        "/order_id": "id",
        "/item_ids/0": "id",
        "/item_ids/1": "id",
        "/undeclared/*": "text",
        "/undeclared/*/0": "text",
    }
    assert ungrounded(grounding) == ["/item_ids/0", "/undeclared/*", "/undeclared/*/0"]


def test_content_and_secrets_are_not_traced():
    contract = Contract(
        arguments={
            "note": ArgumentContract(role=ArgumentRole.CONTENT),
            "token": ArgumentContract(role=ArgumentRole.SECRET),
            "to": ArgumentContract(integrity=Integrity.USER),
        }
    )
    grounding = traced({}, {"note": "a", "token": "b", "to": "c"}, contract=contract)
    assert kinds(grounding) == {"/to": "text"}


@pytest.mark.parametrize(
    ("name", "schema", "value", "kind"),
    [
        ("order_id", {"type": "string"}, "A-1", "id"),
        ("orderId", {"type": "string"}, "A-1", "id"),
        ("orderID", {"type": "integer"}, 7, "id"),
        ("email", {"type": "string"}, "a@b.example", "email"),
        ("contact", {"type": "string", "format": "email"}, "a@b.example", "email"),
        ("due_date", {"type": "string"}, "2024-05-05", "date"),
        ("due", {"type": "string", "format": "date-time"}, "2024-05-05T10:00", "moment"),
        ("callback", {"type": "string", "format": "uri"}, "https://a.example", "url"),
        ("file_path", {"type": "string"}, "a/b", "path"),
        ("amount", {"type": "number"}, 84.0, "amount"),
        ("cents", {"type": "integer"}, 8400, "cents"),
        ("amount", {"type": "integer", "description": "In euro cents."}, 8400, "cents"),
        ("amount_minor", {"type": "integer"}, 8400, "cents"),
        ("quantity", {"type": "integer"}, 3, "number"),
        ("currency", {"type": "string"}, "EUR", "unit"),
        ("customer_name", {"type": "string"}, "John", "name"),
        ("state", {"enum": ["open", "shut"]}, "open", "choice"),
        ("topic", {"type": "string"}, "Berlin", "text"),
        ("email", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "a@b.example", "email"),
        ("to", {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]}, "a", "email"),
        ("to", {"$ref": "#/$defs/Mail"}, "a@b.example", "email"),
    ],
)
def test_the_kind_of_a_value_follows_from_its_schema_and_its_name(name, schema, value, kind):
    shared = {"Mail": {"type": "string", "format": "email"}}
    grounding = traced({name: schema}, {name: value}, **{"$defs": shared})
    assert kinds(grounding) == {f"/{name}": kind}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["open", "shut"]}, "shut"),
        ({"const": "v1"}, "v1"),
        ({"type": "integer", "default": 20}, 20),
        ({"type": "boolean"}, True),
        ({"anyOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, "b"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["b"]),
        ({"type": "array", "default": ["a"]}, ["a"]),
    ],
)
def test_what_the_schema_lists_is_grounded_by_it(schema, value):
    (trace,) = traced({"x": schema}, {"x": value}).traces
    assert [place.kind for place in trace.places] == [EvidenceKind.DEFAULT]


@pytest.mark.parametrize("value", [21, 1, "20", True])
def test_only_the_default_itself_is_grounded_by_it(value):
    (trace,) = traced({"x": {"default": 20}}, {"x": value}).traces
    assert trace.is_grounded is (value is True)


def test_what_was_said_is_a_better_place_than_the_schema():
    (trace,) = traced({"x": {"enum": ["open"]}}, {"x": "open"}, "leave it open").traces
    assert [place.kind.value for place in trace.places] == ["request", "default"]


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_nothing_names_nothing(value):
    assert traced({}, {"x": value}).traces == ()


def test_members_of_objects_are_traced_by_their_own_schema():
    schema = {"type": "object", "properties": {"zip_code": {}, "mail": {"format": "email"}}}
    grounding = traced(
        {"to": {"allOf": [schema]}}, {"to": {"zip_code": "10001", "mail": "a@b.example"}}, "10001"
    )
    assert kinds(grounding) == {"/to/zip_code": "id", "/to/mail": "email"}
    assert ungrounded(grounding) == ["/to/mail"]


@pytest.mark.parametrize("said", ["", "seat 12A for ORD-1"])
def test_the_keys_of_an_open_object_are_values_too(said):
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    grounding = traced({"x": schema}, {"x": {"ORD-1": "12A"}}, said)
    assert [trace.pointer for trace in grounding.traces] == ["/x/*", "/x/*"]
    assert len(ungrounded(grounding)) == (0 if said else 2)


def test_the_keys_of_an_object_that_nothing_describes_are_values():
    grounding = traced({}, {"x": {"state": "open", "admin": True}}, "its state is open")
    assert ungrounded(grounding) == ["/x/*"]


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"state": {}}},
        {"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False},
        {"anyOf": [{"type": "object", "additionalProperties": False}, {"$ref": "#/$defs/Open"}]},
    ],
)
def test_a_schema_that_does_not_close_an_object_leaves_its_keys_free(schema):
    shared = {"Open": {"type": "object", "additionalProperties": {}}}
    grounding = traced({"x": schema}, {"x": {"admin": True}}, **{"$defs": shared})
    assert ungrounded(grounding) == ["/x/*"]


@pytest.mark.parametrize("word", ["additionalProperties", "unevaluatedProperties"])
def test_the_keys_of_a_closed_object_are_no_values(word):
    closed = {"type": "object", word: False}
    grounding = traced({"x": {"anyOf": [closed, {"type": "null"}]}}, {"x": {"admin": True}})
    assert ungrounded(grounding) == []


def test_a_schema_that_holds_itself_is_planned():
    node = {"properties": {"id": {}, "next": {"$ref": "#/$defs/Node"}}}
    grounding = traced(
        {"node": {"$ref": "#/$defs/Node"}},
        {"node": {"id": "A-1", "next": {"id": "A-2", "next": None}}},
        "A-1",
        **{"$defs": {"Node": node}},
    )
    assert ungrounded(grounding) == ["/node/next/id"]


def test_a_report_has_no_value_in_it_and_reads_back():
    arguments = {"to": {"eve@evil.example": "ORD-7"}, "order_id": "ORD-7"}
    grounding = traced({}, arguments, "ORD-7")
    told = grounding.json()
    assert "ORD-7" not in str(told)
    assert "evil" not in str(told)
    assert Grounding.of(told) == grounding


@pytest.mark.parametrize(
    "told", [{}, {"traces": [{}]}, {"traces": None}, {"traces": [{"kind": 1}]}]
)
def test_what_is_no_report_is_refused(told):
    with pytest.raises(ValueError, match="no grounding"):
        Grounding.of(told)


# -- as tools declare it -------------------------------------------------------------------------


@tool(tier="irreversible")
def refund(order_id: str, cents: int, note: str | None = None) -> None:
    """Refund part of an order.

    Args:
        order_id: Id of the order.
        cents: Amount in euro cents.
        note: For the customer.
    """


def of_tool(arguments, said):
    definition = tool_definition(refund)
    index = Index()
    index.add_text(REQUEST, said)
    return ground(plan(definition.input_schema, definition.contract), arguments, index)


def test_a_refund_of_8400_instead_of_84_has_no_source():
    said = "Refund €84.00 of ORD-000042"
    wrong = of_tool({"order_id": "ORD-000042", "cents": 840_000}, said)
    right = of_tool({"order_id": "ORD-000042", "cents": 8_400}, said)
    assert (ungrounded(wrong), ungrounded(right)) == (["/cents"], [])


def test_a_number_of_cents_is_no_amount_where_amounts_have_fractions():
    index = Index()
    index.add_value(Source("c", EvidenceKind.RESULT), {"total_cents": 8_400})
    for kind, wrong in (("number", 8_400), ("number", 8_400.0), ("string", "8400.00")):
        planned = plan({"properties": {"amount": {"type": kind}}}, Contract())
        assert ungrounded(ground(planned, {"amount": wrong}, index)) == ["/amount"]
        right = "84.00" if kind == "string" else 84
        assert ungrounded(ground(planned, {"amount": right}, index)) == []


@pytest.mark.parametrize("record", [{"order_id": 42}, {"order_id": "42"}, {"zip": "42"}])
def test_an_id_that_is_a_number_is_an_id_and_no_amount(record):
    index = Index()
    index.add_value(Source("c", EvidenceKind.RESULT), record)
    arguments = {"order_id": 42, "order": 42, "amount": 42, "cents": 42, "refund_cents": 4_200}
    planned = plan({"properties": {"refund_cents": {"type": "integer"}}}, Contract())
    assert ungrounded(ground(planned, arguments, index)) == ["/amount", "/cents", "/refund_cents"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("duration_minutes", 60, "for 1 hour"),
        ("duration_minutes", 90, "for 1.5 hours"),
        ("durationMinutes", 30, "30 minutes"),
        ("timeout_s", 120, "after two minutes"),
        ("weight_kg", 0.5, "a parcel of 500 g"),
        ("weight_kg", 0.5, "a parcel of 500g"),
        ("days", 14, "two weeks"),
    ],
)
def test_a_measure_is_compared_by_what_it_is_worth(name, value, said):
    assert ungrounded(traced({name: {"type": "number"}}, {name: value}, said)) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("duration_minutes", 61, "for 1 hour"),
        ("duration", 60, "for 1 hour"),
        ("distance_m", 60, "for 1 minute"),
        ("m", 1000, "1 km"),
    ],
)
def test_a_measure_is_another_where_nothing_tells_its_unit(name, value, said):
    assert ungrounded(traced({name: {"type": "number"}}, {name: value}, said)) == [f"/{name}"]


def test_a_measure_of_a_record_is_found_in_another_unit():
    index = Index()
    index.add_value(Source("c", EvidenceKind.RESULT), {"slot": {"length_minutes": 30}})
    assert index.find(ValueKind.NUMBER, 0.5, "hours")
    assert not index.find(ValueKind.NUMBER, 0.5, "days")


@pytest.mark.parametrize(("cents", "is_known"), [(8_450, True), (845, False), (84, False)])
def test_a_decimal_that_is_a_text_is_money_where_its_name_says_so(cents, is_known):
    index = Index()
    index.add_value(Source("c", EvidenceKind.RESULT), {"amount": "84.5"})
    assert bool(index.find(ValueKind.CENTS, cents)) is is_known


def test_a_name_is_no_id():
    index = Index()
    index.add_text(REQUEST, "I am John Smith")
    index.add_value(Source("c", EvidenceKind.RESULT), {"name": "John Smith", "id": "U-7"})
    assert index.find(ValueKind.ID, "John Smith") == ()


DEFAULT = {"type": "object", "default": {"size": "A4", "margins": [2, 3], "deep": {"x": "y-1"}}}
PAIR = {
    "type": "array",
    "prefixItems": [{"const": "north"}, {"type": "string", "format": "date"}],
    "items": {"type": "string", "format": "email"},
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (DEFAULT, {"size": "A4"}),
        (DEFAULT, {"size": "A4", "margins": [2, 3], "deep": {"x": "y-1"}}),
        ({**DEFAULT, "properties": {"size": {"type": "string"}}}, {"size": "A4"}),
        ({"enum": [{"at": "top-1"}, None]}, {"at": "top-1"}),
        ({"type": "array", "default": [{"a": "b-1"}], "items": {}}, [{"a": "b-1"}]),
        (PAIR, ["north"]),
        ({"type": "array", "prefixItems": [{}, {}], "default": ["x-1", "y-1"]}, ["x-1", "y-1"]),
    ],
)
def test_what_a_default_and_a_schema_by_place_list_is_grounded(schema, value):
    assert not traced({"x": schema}, {"x": value}).ungrounded


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (DEFAULT, {"size": "A3"}),
        (DEFAULT, {"margins": ["A4"]}),
        (DEFAULT, {"deep": {"x": "A4"}}),
        (DEFAULT, {"other": "A4"}),
        (PAIR, ["south"]),
        (PAIR, ["north", "north"]),
        (PAIR, ["north", None, "north"]),
    ],
)
def test_what_is_listed_elsewhere_in_a_schema_is_not_listed_here(schema, value):
    assert traced({"x": schema}, {"x": value}).ungrounded


def test_each_place_of_a_list_has_its_own_kind():
    grounding = traced({"x": PAIR}, {"x": ["north", "2024-05-05", "a@b.example", "c@d.example"]})
    assert kinds(grounding) == {
        "/x/0": "choice",
        "/x/1": "date",
        "/x/2": "email",
        "/x/3": "email",
    }
