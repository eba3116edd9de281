"""Values that a user holds: frozen, and yet made at once."""

import copy
import dataclasses
import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.call import Call
from highroad.domain.identity import Principal
from highroad.domain.outcome import Completed
from highroad.domain.value import frozen


@frozen
class Parcel:
    """Has a field of each sort."""

    owner: str
    size: int = 1
    stamps: list[str] = dataclasses.field(default_factory=list)
    seal: str = dataclasses.field(default="wax", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainParcel:
    """The same, as the standard library makes it."""

    owner: str
    size: int = 1
    stamps: list[str] = dataclasses.field(default_factory=list)
    seal: str = dataclasses.field(default="wax", repr=False)


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.text(),
        "size": st.integers(-9, 9),
        "stamps": st.just(["x"]),
        "no": st.none(),
    },
)


def made(kind, fields):
    """What comes of making one, in words and bytes."""
    try:
        parcel = kind(**fields)
    except TypeError as error:
        return str(error).replace("PlainParcel", "Parcel")
    shown = repr(parcel).replace("PlainParcel", "Parcel")
    return (dataclasses.asdict(parcel), list(vars(parcel)), shown, orjson.dumps(parcel))


@given(fields=FIELDS)
def test_it_takes_and_refuses_what_a_plain_dataclass_does(fields):
    assert made(Parcel, fields) == made(PlainParcel, fields)


def test_nobody_changes_what_was_made():
    done = Completed(call_id="call_1", value=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        done.value = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del done.value


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, dataclasses.replace])
def test_a_copy_equals_what_it_was_made_of(again):
    done = Completed(call_id="call_1", value=[1], warnings=("late",))
    assert again(done) == done
    assert again(done) is not done


def test_it_is_pickled_and_named_by_its_type():
    done = Completed[int](call_id="call_1", value=1)
    assert pickle.loads(pickle.dumps(done)) == done  # noqa: S301 - ours


def test_a_resolved_call_is_the_same_but_for_what_resolve_finds():
    call = Call(
        id="call_1",
        run_id="run_1",
        trace_id="0" * 32,
        tool="get_order",
        raw={"id": 1},
        principal=Principal("alice"),
        deadline_ms=1,
        created_ms=0,
        door="mcp",
        redrives="call_0",
    )
    arguments = {"id": 1}
    assert call.resolved(None, arguments) == dataclasses.replace(
        call, definition=None, arguments=arguments
    )
