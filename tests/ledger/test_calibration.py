"""What models state is held against what became of their calls, as the entries tell it."""

from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.confidence import Statement
from highroad.domain.entry import Amendment, AmendmentKind
from highroad.domain.outcome import Ending, Status
from highroad.ledger import entries
from highroad.ledger.inquiry.calibration import binned, calibration, error_of, is_right
from highroad.ledger.inquiry.questions import Scope

LABELLED = st.lists(
    st.tuples(
        st.floats(0, 1) | st.integers(0, 100).map(lambda per_cent: per_cent / 100), st.booleans()
    ),
    max_size=200,
)


def naive_error(labelled):
    """The definition of the paper, word by word."""
    if not labelled:
        return None
    distances = []
    for m in range(1, 11):
        bound = m / 10
        inside = [
            (confidence, right)
            for confidence, right in labelled
            if (m - 1) / 10 <= confidence < bound or (m == 10 and confidence == 1)
        ]
        if inside:
            accuracy = fsum(right for _, right in inside) / len(inside)
            mean = fsum(confidence for confidence, _ in inside) / len(inside)
            distances.append(len(inside) / len(labelled) * abs(accuracy - mean))
    return fsum(distances)


@given(LABELLED)
def test_the_error_is_that_of_the_paper(labelled):
    found = error_of(binned(labelled))
    assert found == (None if not labelled else pytest.approx(naive_error(labelled), abs=1e-12))


@given(LABELLED)
def test_every_call_is_in_one_bin(labelled):
    bins = binned(labelled)
    assert len(bins) == 10
    assert sum(each.calls for each in bins) == len(labelled)
    for each in bins:
        assert (each.confidence is None) is (each.right is None) is (each.calls == 0)
        if each.calls:
            assert each.least - 1e-9 <= each.confidence <= each.most + 1e-9


@pytest.mark.parametrize("tenth", range(10))
def test_a_bin_begins_at_its_least(tenth):
    (found,) = [each for each in binned([(tenth / 10, True)]) if each.calls]
    assert found.least == tenth / 10


def test_who_is_always_as_right_as_said_errs_by_nothing():
    assert error_of(binned([(0.75, True)] * 3 + [(0.75, False)])) == 0
    assert error_of(binned([(1.0, False)])) == 1


@pytest.mark.parametrize(
    ("ended", "right"),
    [
        ({"status": "completed"}, True),
        ({"status": "completed", "result_invalid": True}, True),
        ({"status": "completed", "repeated": True}, None),
        ({"status": "completed", "dry_run": True}, None),
        ({"status": "refused", "code": "invalid_arguments"}, False),
        ({"status": "refused", "code": "ungrounded"}, False),
        ({"status": "refused", "code": "rejected"}, False),
        ({"status": "refused", "code": "verification_rejected"}, False),
        ({"status": "refused", "code": "verifier_unavailable"}, None),
        ({"status": "refused", "code": "denied"}, None),
        ({"status": "refused", "code": "rate_limit_exceeded"}, None),
        ({"status": "failed", "failure": "invalid_arguments"}, False),
        ({"status": "failed", "failure": "transient"}, None),
        ({"status": "failed"}, None),
        ({"status": "unknown"}, None),
        ({"status": "expired"}, None),
        ({"status": "cancelled"}, None),
    ],
)
def test_what_an_ending_says_of_a_call(ended, right):
    assert is_right({"code": None, **ended}) is right


async def made(books, confidence=None, *, status=Status.COMPLETED, **facts):
    """A call that ran, of which so much was stated."""
    stated = None if confidence is None else Statement(confidence=confidence, reasoning="So.")
    record = await books.record(books.call(stated=stated, **facts))
    await books.intend(record)
    await books.end(record, Ending(status=status, decided_by="execute"))
    return record.call


async def test_what_somebody_had_taken_back_was_wrong(books, store):
    """Where that was done; an attempt at it proves nothing."""
    undone, kept = await made(books, 0.9), await made(books, 0.8)
    await made(books, compensates=undone.id)
    await made(books, compensates=kept.id, status=Status.UNKNOWN)
    (found,) = await calibration(store, Scope())
    assert [(b.least, b.right) for b in found.bins if b.calls] == [(0.8, 1.0), (0.9, 0.0)]
    assert (found.calls, found.wrong, found.model) == (2, 1, "")


@pytest.mark.parametrize(("applied", "unlabelled"), [(True, 0), (False, 1), (None, 1)])
async def test_what_was_settled_as_applied_was_carried_out_as_it_stood(
    books, ledger, store, applied, unlabelled
):
    call = await made(books, 0.9, status=Status.UNKNOWN)
    fact = Amendment(
        id="amd_1", call_id=call.id, kind=AmendmentKind.SETTLED, applied=applied, by="u", at_ms=9
    )
    amended = entries.amended(fact, organization="acme", run_id=call.run_id, reason=None)
    await ledger.writer.write(amended)
    (found,) = await calibration(store, Scope())
    assert (found.unlabelled, found.wrong) == (unlabelled, 0)
