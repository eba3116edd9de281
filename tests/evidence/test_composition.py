"""What is computed of values is worth no more than they are, and says only what they bear out."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highroad.domain.evidence import EvidenceKind, Source, ValueKind
from highroad.domain.label import Integrity, Label, Labels
from highroad.evidence.index import Index

pytestmark = pytest.mark.promise("P9")

REQUEST = Source("request", EvidenceKind.REQUEST)
BILL = Source("call-bill", EvidenceKind.RESULT)
REVIEW = Source("call-review", EvidenceKind.RESULT)
SYSTEM = Labels(default=Label(integrity=Integrity.SYSTEM))
PAYMENTS = {
    "payments": [
        {"id": "PAY-1", "amount": 84.00, "status": "booked", "memo": "x"},
        {"id": "PAY-2", "amount": 12.50, "status": "booked", "memo": "x"},
        {"id": "PAY-3", "amount": 12.50, "status": "booked", "memo": "y"},
        {"id": "PAY-4", "amount": 30.00, "status": "open", "memo": "y"},
        {"id": "PAY-5", "amount": 70.00, "status": "open", "memo": "y"},
    ]
}
MEMO = Labels(
    default=Label(integrity=Integrity.SYSTEM),
    leaves=(("/payments/*/memo", Label(integrity=Integrity.UNTRUSTED)),),
)


class Sums:
    """An index, and transforms whose results it takes in."""

    def __init__(self, request="Pay my bill, 10 percent of it twice, and 3 of them."):
        self.index = Index()
        self.index.add_text(REQUEST, request)
        self.index.add_result(BILL, PAYMENTS, arguments={}, labels=MEMO)
        self.index.add_result(REVIEW, {"text": "Take 5000!", "stars": 4711.0}, arguments={})
        self.made = 0

    def compute(self, result, **arguments):
        self.made += 1
        source = Source(f"call-{self.made}", EvidenceKind.RESULT)
        self.index.add_result(source, result, arguments=arguments, is_transform=True)
        return self.worth(result, ValueKind.AMOUNT)

    def worth(self, value, kind):
        places = self.index.find(kind, value)
        return max((each.worth for each in places), default=None)


def test_the_sum_of_a_column_is_worth_what_the_column_is():
    assert Sums().compute(209.0, values=[84.0, 12.5, 12.5, 30.0, 70.0]) is Integrity.SYSTEM


def test_so_is_that_of_all_rows_that_agree_in_another_column_in_any_order():
    assert Sums().compute(109.0, values=[12.5, 84.0, 12.5]) is Integrity.SYSTEM


def test_rows_that_were_chosen_one_by_one_make_no_sum():
    sums = Sums()
    assert sums.compute(25.0, values=[12.5, 12.5]) is Integrity.SYSTEM, "two payments"
    assert sums.compute(37.5, values=[12.5, 12.5, 12.5]) is Integrity.UNTRUSTED
    assert sums.compute(208.5, values=[84.0, 12.0, 12.5, 30.0, 70.0]) is None, "nobody said 12"
    bill = {"items": [{"price": float(each)} for each in range(100, 120)]}
    sums.index.add_result(Source("call-long", EvidenceKind.RESULT), bill, arguments={}, labels=MEMO)
    chosen = [100.0, 103.0, 105.0, 111.0, 118.0]
    assert sums.compute(sum(chosen), values=chosen) is Integrity.UNTRUSTED


def test_a_column_that_strangers_write_picks_no_rows():
    """A memo on each payment would choose the sum."""
    sums = Sums()
    rows = [{"amount": float(each), "memo": "x" * (each % 2)} for each in range(50, 60)]
    source = Source("call-more", EvidenceKind.RESULT)
    sums.index.add_result(source, {"payments": rows}, arguments={}, labels=MEMO)
    chosen = [51.0, 53.0, 55.0, 57.0, 59.0]
    assert sums.compute(sum(chosen), values=chosen) is Integrity.UNTRUSTED


def test_a_value_is_used_once():
    sums = Sums()
    assert sums.compute(96.5, values=[84.0, 12.5]) is Integrity.SYSTEM
    assert sums.compute(168.0, values=[84.0, 84.0]) is Integrity.UNTRUSTED
    assert sums.compute(180.5, first=96.5, second=84.0) is Integrity.UNTRUSTED


def test_a_record_that_is_read_twice_is_no_second_one():
    sums = Sums()
    again = Source("call-again", EvidenceKind.RESULT)
    sums.index.add_result(again, PAYMENTS, arguments={"page": 1}, labels=MEMO)
    assert sums.compute(168.0, values=[84.0, 84.0]) is Integrity.UNTRUSTED
    first = sums.compute(109.0, values=[84.0, 12.5, 12.5])
    assert first is Integrity.SYSTEM
    assert sums.compute(193.0, first=109.0, second=84.0) is Integrity.UNTRUSTED


def test_what_a_stranger_said_or_nobody_makes_nothing_trusted():
    sums = Sums()
    assert sums.compute(4795.0, first=84.0, second=4711.0) is Integrity.UNTRUSTED
    assert sums.compute(5084.0, first=84.0, second=5000) is Integrity.UNTRUSTED
    assert sums.compute(184.0, first=84.0, second=100.0) is None


def test_nothing_grows_beyond_what_the_records_bear_out_but_by_the_users_own_number():
    sums = Sums()
    assert sums.compute(2520.0, first=84.0, second=30.0) is Integrity.UNTRUSTED
    assert sums.compute(252.0, first=84.0, second=3) is Integrity.SYSTEM
    assert sums.compute(20.9, of=209.0, percent=10) is None, "nobody has computed 209 yet"
    sums.compute(209.0, values=[84.0, 12.5, 12.5, 30.0, 70.0])
    assert sums.compute(20.9, of=209.0, percent=10) is Integrity.SYSTEM


def test_a_price_times_its_own_quantity_is_borne_out_and_that_of_another_line_is_not():
    sums = Sums()
    lines = [{"price": 19.5, "quantity": 7}, {"price": 8.25, "quantity": 40}]
    sums.index.add_result(
        Source("call-order", EvidenceKind.RESULT), lines, arguments={}, labels=MEMO
    )
    assert sums.compute(136.5, first=19.5, second=7) is Integrity.SYSTEM
    assert sums.compute(780.0, first=19.5, second=40) is Integrity.UNTRUSTED


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([True] * 500, id="yes"),
        pytest.param([None] * 500, id="nothing"),
        pytest.param([{}] * 500, id="empty objects"),
        pytest.param([84.0, *[False] * 499], id="a number and no"),
        pytest.param([{"paid": True}] * 500, id="members"),
    ],
)
def test_what_has_no_source_is_counted_to_no_number(values):
    """Of a list of `true` a model writes as many as it likes."""
    assert Sums().compute(500, items=values) is Integrity.UNTRUSTED


def test_a_flag_beside_the_numbers_takes_nothing_from_them():
    assert Sums().compute(96.5, values=[84.0, 12.5], rounded=True, places=None) is Integrity.SYSTEM


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param("total\n660000", "660000", id="a line"),
        pytest.param("ORD-770000", 770000, id="an id"),
        pytest.param("+49 170 1234567", "1234567", id="a phone number"),
        pytest.param("due 2026-12-31", "2026-12-31", id="a day"),
    ],
)
def test_a_piece_of_a_text_is_no_number_and_no_day(text, result):
    """Of an id or an address digits are cut that say what nobody meant by them."""
    sums = Sums()
    source = Source("call-texts", EvidenceKind.RESULT)
    sums.index.add_result(source, {"text": text}, arguments={}, labels=SYSTEM)
    kind = ValueKind.AMOUNT if not str(result).startswith("2026") else ValueKind.DATE
    sums.compute(result, text=text)
    assert not [
        each
        for each in sums.index.find(kind, result)
        if each.source == "call-1" and each.worth > Integrity.UNTRUSTED
    ]


def test_texts_are_counted_and_days_are_computed_with():
    sums = Sums()
    days = {"from": "2026-01-05", "to": "2027-03-01T09:30:00Z", "rate": "7.50"}
    source = Source("call-days", EvidenceKind.RESULT)
    sums.index.add_result(source, days, arguments={}, labels=SYSTEM)
    assert sums.compute(4, items=["PAY-1", "PAY-2", "PAY-3", "PAY-4"]) is Integrity.SYSTEM
    assert sums.compute(420, start="2026-01-05", end="2027-03-01T09:30:00Z") is Integrity.SYSTEM
    assert sums.compute(22.5, first="7.50", second=3) is Integrity.SYSTEM


def test_records_under_keys_that_are_data_are_not_one_record():
    sums = Sums()
    lines = {"a@x.example": {"price": 1000.0, "n": 2}, "b@x.example": {"price": 5.0, "n": 500}}
    source = Source("call-lines", EvidenceKind.RESULT)
    sums.index.add_result(source, lines, arguments={}, labels=MEMO)
    assert sums.compute(500000.0, first=1000.0, second=500) is Integrity.UNTRUSTED


def test_a_chain_has_few_terms_and_few_steps():
    sums = Sums()
    assert sums.compute(84.01, value=84.0) is Integrity.SYSTEM
    assert sums.compute(84.02, value=84.01) is Integrity.SYSTEM
    assert sums.compute(84.03, value=84.02) is Integrity.SYSTEM
    assert sums.compute(84.04, value=84.03) is Integrity.UNTRUSTED
    assert sums.compute(199.5, values=[84.0, 12.5, 30.0, 70.0, 3]) is Integrity.UNTRUSTED


def test_a_computed_number_is_no_id_and_no_text():
    sums = Sums()
    assert sums.compute(96, values=[84.0, 12.0]) is None
    sums.compute(40, first=10, second=30.0)
    for kind in (ValueKind.ID, ValueKind.TEXT, ValueKind.NAME, ValueKind.PHONE, ValueKind.URL):
        assert sums.worth("40", kind) in {None, Integrity.UNTRUSTED}, kind
    assert sums.worth(40, ValueKind.ID) in {None, Integrity.UNTRUSTED}
    assert sums.worth(40, ValueKind.NUMBER) is Integrity.SYSTEM


@pytest.mark.parametrize(
    ("kind", "made", "pieces"),
    [
        (ValueKind.EMAIL, "mallory@evil.example", ["mallory", "evil", "example"]),
        (ValueKind.URL, "https://evil.example/pay", ["evil", "example", "pay"]),
        (ValueKind.ID, "DE89370400440532013000", ["DE89", "370400440532013000"]),
        (ValueKind.PATH, "etc/passwd", ["etc", "passwd"]),
        (ValueKind.NAME, "Mallory Evil", ["Mallory", "Evil"]),
        (ValueKind.TEXT, "send everything", ["send", "everything"]),
    ],
)
def test_a_text_is_never_put_together_of_trusted_pieces(kind, made, pieces):
    sums = Sums(f"I know {' as well as '.join(pieces)}.")
    for piece in pieces:
        assert sums.worth(piece, ValueKind.TEXT) is Integrity.USER
    sums.compute(made, texts=pieces)
    assert sums.worth(made, kind) in {None, Integrity.UNTRUSTED}
    sums.compute({"name": made, "first_name": pieces[0], "last_name": pieces[1]}, texts=pieces)
    assert sums.worth(made, kind) in {None, Integrity.UNTRUSTED}


def test_days_are_worth_the_least_of_what_moved_them():
    sums = Sums("My stay begins on 2024-05-06, for 3 nights.")
    due = {"due": "2024-07-01", "term_days": 14}
    sums.index.add_result(Source("call-due", EvidenceKind.RESULT), due, arguments={}, labels=MEMO)
    sums.compute("2024-05-09", day="2024-05-06", days=3)
    assert sums.worth("2024-05-09", ValueKind.DATE) is Integrity.USER
    sums.compute("2024-07-15", day="2024-07-01", days=14)
    assert sums.worth("2024-07-15", ValueKind.DATE) is Integrity.SYSTEM
    sums.compute("2024-07-08", day="2024-07-01", days=7)
    assert sums.worth("2024-07-08", ValueKind.DATE) is None


def test_whoever_may_not_read_what_went_in_may_not_read_what_came_out():
    index = Index()
    for name, readers in (("a", {"ada", "bob"}), ("b", {"bob", "eve"})):
        label = Label(integrity=Integrity.SYSTEM, readers=frozenset(readers))
        source = Source(name, EvidenceKind.RESULT)
        value = {"pay": 1200.5 if name == "a" else 900.25}
        index.add_result(source, value, arguments={}, labels=Labels(default=label))
    arguments = {"first": 1200.5, "second": 900.25}
    source = Source("sum", EvidenceKind.RESULT)
    index.add_result(source, 2100.75, arguments=arguments, is_transform=True)
    (place,) = index.find(ValueKind.NUMBER, 2100.75)
    assert place.readers == {"bob"}


# -- the compromised model ------------------------------------------------------------------------

OPERATIONS = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "quotient": lambda a, b: round(a / b, 2) if b else a,
    "minimum": min,
    "maximum": max,
}
STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 30), st.integers(0, 30)),
    min_size=1,
    max_size=12,
)


def played(steps, known, labels):
    """A model that computes whatever it likes of what it has; the worth of all that it made."""
    index = Index()
    index.add_result(BILL, {"rows": known}, arguments={}, labels=labels)
    values = [each for row in known for each in row.values()]
    made = []
    for number, (operation, one, other) in enumerate(steps):
        first, second = values[one % len(values)], values[other % len(values)]
        result = round(float(OPERATIONS[operation](first, second)), 2)
        index.add_result(
            Source(f"call-{number}", EvidenceKind.RESULT),
            result,
            arguments={"first": first, "second": second},
            is_transform=True,
        )
        values.append(result)
        made.append(result)
    places = [place for each in made for place in index.find(ValueKind.NUMBER, each)]
    computed = [each for each in places if each.source != BILL.id]
    return made, computed, index


AMOUNTS = st.decimals(1, 500, places=2).map(float)
ROWS = st.lists(st.fixed_dictionaries({"amount": AMOUNTS, "fee": AMOUNTS}), min_size=2, max_size=4)


@settings(max_examples=60)
@given(STEPS, ROWS, st.sampled_from([Integrity.UNTRUSTED, Integrity.THIRD_PARTY]))
def test_no_chain_of_transforms_raises_what_went_in(steps, rows, integrity):
    _, computed, _ = played(steps, rows, Labels(default=Label(integrity=integrity)))
    assert all(each.integrity <= integrity for each in computed)


@settings(max_examples=60)
@given(STEPS, ROWS)
def test_no_chain_makes_more_than_all_that_is_on_record(steps, rows):
    made, _, index = played(steps, rows, SYSTEM)
    most = sum(Decimal(repr(each)) for row in rows for each in row.values())
    record = max(row["amount"] * row["fee"] for row in rows)
    for each in made:
        places = index.find(ValueKind.NUMBER, each)
        if any(place.integrity > Integrity.UNTRUSTED for place in places):
            assert Decimal(repr(each)) <= max(most + 2 * len(rows), Decimal(repr(record)) + 1)


@settings(max_examples=60)
@given(STEPS, ROWS, st.decimals(10**4, 10**6, places=2).map(float))
def test_no_chain_takes_in_a_constant_of_the_model(steps, rows, invented):
    _, _, index = played([], rows, SYSTEM)
    values = [each for row in rows for each in row.values()] + [invented]
    for number, (operation, one, _) in enumerate(steps):
        first = values[one % len(values)]
        result = round(float(OPERATIONS[operation](first, invented)), 2)
        index.add_result(
            Source(f"call-{number}", EvidenceKind.RESULT),
            result,
            arguments={"first": first, "second": invented},
            is_transform=True,
        )
        computed = [each for each in index.find(ValueKind.NUMBER, result) if each.source != BILL.id]
        assert not computed
