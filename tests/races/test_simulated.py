"""Many approvers, processes that die, and time: one effect or none, never two (P4).

Each seed is one history of one held call, in simulated time. Sixty-four people speak at the owner's
desk or from elsewhere, entitled or not; somebody waits for the call all the while; the owner dies
at named places and between any two steps, and the next one may know other rules or another tool;
the clock stands at the very edge of what was granted. What came of it is judged by what the
entries say, and by nothing that decided.
"""

import pytest

pytestmark = [
    pytest.mark.promise("P3"),
    pytest.mark.promise("P4"),
    pytest.mark.promise("P12"),
]

SAMPLE = 100
SEEDS = 10_000
BATCH = 500


def test_whoever_speaks_whenever_there_is_one_effect_or_none(simulated, record_property):
    """A sample of the histories; and they come to every end, or they would prove nothing."""
    ends, amiss = simulated(0, SAMPLE)
    record_property("counted", ("approval races", "simulated", {"races": SAMPLE}))
    assert amiss == []
    assert ends.keys() >= {"completed", "refused", "unknown", "expired"}
    assert ends["completed"] >= SAMPLE // 3


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_ten_thousand_histories(simulated, first, record_property):
    """All of them."""
    _, amiss = simulated(first, first + BATCH)
    record_property("counted", ("approval races", "simulated", {"races": BATCH}))
    assert amiss == []
