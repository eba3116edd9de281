"""A call comes out of the vault as it went in, whoever it was made for."""

from dataclasses import fields, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.call import Call
from highroad.domain.confidence import Statement
from highroad.domain.error import VaultError
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.identity import Delegate, Origin, Principal
from highroad.domain.payload import PayloadRef
from highroad.ledger import snapshot

NAME = st.text(min_size=1, max_size=8)
NAMES = st.frozensets(NAME, max_size=3)
REF = st.builds(PayloadRef, NAME, NAME, st.integers(0, 9))
PRINCIPAL = st.builds(Principal, NAME, NAME, NAMES, NAMES, st.none() | NAME, st.booleans())
SOURCE = st.builds(Source, NAME, st.sampled_from(EvidenceKind), st.none() | REF)
MOMENT = st.integers(0, 2**42)
DRAWN = {
    "id": NAME,
    "run_id": NAME,
    "trace_id": NAME,
    "tool": NAME,
    "raw": st.dictionaries(NAME, st.integers(0, 9)),
    "principal": PRINCIPAL,
    "deadline_ms": MOMENT,
    "created_ms": MOMENT,
    "step": st.integers(1, 99),
    "is_direct": st.booleans(),
    "origin": st.sampled_from(Origin),
    "delegation": st.lists(st.builds(Delegate, NAME, st.tuples(NAME, NAME)), max_size=2).map(tuple),
    "evidence": st.lists(SOURCE, max_size=2).map(tuple).map(Evidence),
    "idempotency_key": st.none() | NAME,
    "version": st.none() | NAME,
    "dry_run": st.booleans(),
    "in_dry_run": st.booleans(),
    "in_shadow": st.booleans(),
    "parent_id": st.none() | NAME,
    "parent_span_id": st.none() | NAME,
    "is_sampled": st.booleans(),
    "revision": st.integers(0, 3),
    "door": NAME,
    "stands_in_for": st.none() | NAME,
    "redrives": st.none() | NAME,
    "compensates": st.none() | NAME,
    "asked_by": st.none() | NAME,
    "position": st.none() | st.integers(0, 9),
    "stated": st.none() | st.builds(Statement, confidence=st.none() | st.floats(0, 1)),
}
CALL = st.builds(Call, **DRAWN)
JUDGED_ANEW = {"definition", "arguments"}
READ_BEFORE = {"takes_handles"}
"""Of what a model wrote; what is frozen has the values in their place."""


def thaw(call, frozen):
    return snapshot.thaw(
        frozen,
        call_id=call.id,
        run_id=call.run_id,
        arguments=call.raw,
        deadline_ms=call.deadline_ms,
    )


@given(CALL)
def test_every_field_of_a_call_survives(call):
    assert thaw(call, snapshot.freeze(call)) == call


def test_every_field_of_a_call_is_drawn_above():
    assert DRAWN.keys() | JUDGED_ANEW | READ_BEFORE == {field.name for field in fields(Call)}


@given(PRINCIPAL)
def test_every_field_of_a_principal_survives(principal):
    frozen = snapshot.freeze_principal(principal)
    assert snapshot.thaw_principal(frozen) == principal
    assert set(frozen) == {field.name for field in fields(Principal)}


async def test_a_call_that_a_newer_version_kept_is_refused(books):
    call = books.call()
    newer = orjson.dumps(orjson.loads(snapshot.freeze(call)) | {"v": 2})
    with pytest.raises(VaultError, match=rf"{call.id} was kept by a newer highroad \(form 2"):
        thaw(call, newer)


async def test_a_held_call_has_the_time_that_was_left_to_it(books, ledger, clock):
    call = books.call()
    clock.advance(20)
    await books.hold(await books.record(call))
    clock.advance(3_600)
    thawed = await ledger.thaw(await ledger.history(call.id))
    assert thawed.deadline_ms == clock.now_ms() + 100_000
    assert replace(thawed, deadline_ms=0) == replace(
        call, deadline_ms=0, version="1", definition=None, arguments=None
    )
