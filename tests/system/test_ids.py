import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.adapters import system
from highroad.adapters.system import TypeIds
from highroad.domain.ids import encode, uuid_hex, with_prefix
from highroad.testing.clock import SequentialIds

# Vectors of the TypeID specification 0.3, spec/valid.yml.
VALID = [
    ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
    ("00000000000000000000000001", "00000000-0000-0000-0000-000000000001"),
    ("0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"),
    ("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
    ("00000000000000000000000010", "00000000-0000-0000-0000-000000000020"),
    ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
    ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
]


@pytest.mark.parametrize(("suffix", "number"), VALID)
def test_suffixes_are_those_of_the_specification(suffix, number):
    assert encode(uuid.UUID(number).int) == suffix
    assert uuid_hex(f"call_{suffix}") == uuid.UUID(number).hex


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_a_suffix_reads_back_as_its_uuid(number):
    assert int(uuid_hex(f"x_{encode(number)}"), 16) == number


def test_another_prefix_keeps_the_uuid():
    assert with_prefix("call_01h455vb4pex5vsknk084sn02q", "run") == "run_01h455vb4pex5vsknk084sn02q"


def test_an_id_is_a_uuid_of_version_7_with_the_present_time():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(uuid_hex(TypeIds().new("call")))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_are_unique_and_in_order_within_a_millisecond():
    ids = TypeIds()
    made = [ids.new("call") for _ in range(50_000)]
    assert made == sorted(set(made))


def test_order_survives_a_full_counter_and_a_clock_that_goes_back(monkeypatch):
    now_ns = iter([2_000_000_000] * 10_000 + [1_000_000_000] * 10_000)
    monkeypatch.setattr(system.time, "time_ns", lambda: next(now_ns))
    ids = TypeIds()
    made = [ids.new("call") for _ in range(20_000)]
    assert made == sorted(set(made))


def test_threads_get_different_ids():
    ids = TypeIds()
    with ThreadPoolExecutor(8) as pool:
        batches = pool.map(lambda _: [ids.new("x") for _ in range(2_000)], range(8))
    made = [made for batch in batches for made in batch]
    assert len(set(made)) == len(made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_does_not_repeat_its_parents_ids():
    ids = TypeIds()
    ids.new("x")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, ids.new("x").encode())
        os._exit(0)
    mine = ids.new("x")
    os.waitpid(child, 0)
    theirs = os.read(reader, 100).decode()
    os.close(reader)
    os.close(writer)
    assert theirs[-12:] != mine[-12:]


def test_sequential_ids_tell_the_order_of_asking():
    ids = SequentialIds()
    assert ids.new("call") == "call_00000000000000000000000001"
    assert ids.new("run") == "run_00000000000000000000000002"
