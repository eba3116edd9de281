"""An opinion answers again for the very same case, and for no other."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.adapters.caches.memory import MemoryCache
from highroad.domain.grounding import ValueSource
from highroad.domain.verification import UserTurn
from highroad.ledger.kept_verifications import KeptVerifications
from highroad.ledger.keyring import Keyring
from highroad.ledger.results import Results
from highroad.resilience.cache_access import CacheAccess
from highroad.testing import FakeClock, FixedKeys, rejects
from highroad.testing.contracts.verifier import CASE

TEXTS = st.text(max_size=9)
PARTS = ("principal", "organization", "policy", "arguments", "verifier", "definition", "turns")
PARTS = (*PARTS, "turn", "left_out", "source", "source_kind", "how", "shown")


def kept(keys=None, cache=None, **times):
    clock = FakeClock()
    cache = cache or MemoryCache(clock, entries=100, most_bytes=1_000_000)
    keyring = Keyring(keys or FixedKeys())
    results = Results(CacheAccess(cache, clock), keyring, clock, b"s" * 16)
    return KeptVerifications(results, keyring, **{"held_s": 60, "lease_s": 1, **times})


def record(principal="usr_1", organization="acme", policy="p1"):
    call = SimpleNamespace(organization=organization, id="call_1")
    return SimpleNamespace(call=call, principal_id=principal, policy_version=policy)


def digest(here, *, principal="usr_1", organization="acme", policy="p1", arguments="{}", **parts):
    """Where an opinion is kept of a case that is made of these parts."""
    case = replace(
        CASE,
        tool=replace(CASE.tool, digest=parts.get("definition", "0" * 64)),
        turns=tuple(
            UserTurn(source="run_1", text=text)
            for text in (parts.get("turn", "Pay."), *parts.get("turns", ()))
        ),
        left_out=parts.get("left_out", 0),
        arguments={"name": parts.get("shown", "")},
        sources=(
            ValueSource(
                pointer="/cents",
                kind=parts.get("source_kind", "request"),
                source=parts.get("source", "run_1"),
                how=parts.get("how", "word"),
            ),
        ),
    )
    of = record(principal, organization, policy)
    place = here.place(of, case, arguments.encode(), parts.get("verifier", "a:b"))
    return place.key.space + place.key.digest


VALUES = {
    **dict.fromkeys(PARTS, TEXTS),
    "turns": st.lists(TEXTS, max_size=3).map(tuple),
    "left_out": st.integers(0, 5),
}


@given(part=st.sampled_from(PARTS), data=st.data())
def test_with_any_part_changed_it_is_asked_anew(part, data):
    """And with none changed it is not."""
    here = kept()
    first, second = (data.draw(VALUES[part]) for _ in range(2))
    is_same = digest(here, **{part: first}) == digest(here, **{part: second})
    assert is_same == (first == second)


@given(st.tuples(TEXTS, TEXTS), st.tuples(TEXTS, TEXTS))
def test_no_part_runs_over_into_the_next(first, second):
    """Nobody can move a letter from one part into its neighbour."""
    here = kept()
    one, other = (
        digest(here, principal=principal, verifier=verifier)
        for principal, verifier in (first, second)
    )
    assert (one == other) == (first == second)


@pytest.mark.promise("P7")
def test_it_lies_under_a_key_of_the_organization():
    """Who has the cache cannot test a guess."""

    class OtherKeys(FixedKeys):
        def current(self):
            return "other", b"o" * 32

        def root(self):
            return b"o" * 32

    assert digest(kept()) != digest(kept(OtherKeys()))


@pytest.mark.promise("P7")
async def test_what_is_kept_is_sealed():
    cache = MemoryCache(FakeClock(), entries=100, most_bytes=1_000_000)
    here = kept(cache=cache)
    place = here.place(record(), CASE, b"{}", "a:b")
    assert await here.known(place) is None
    await here.keep(place, rejects("The user said 8,400."))
    found = await cache.find(place.key)
    assert b"8,400" not in found.value
    again = here.place(record(), CASE, b"{}", "a:b")
    assert (await here.known(again)).concerns == ("The user said 8,400.",)


async def test_it_is_kept_by_one_who_leads_alone():
    here = kept()
    first, second = (here.place(record(), CASE, b"{}", "a:b") for _ in range(2))
    second.call_id = "call_2"
    assert await here.known(first) is None
    assert await here.known(second) is None
    await here.keep(second, rejects("second"))
    await here.keep(first, rejects("first"))
    third = here.place(record(), CASE, b"{}", "a:b")
    assert (await here.known(third)).concerns == ("first",)
