"""The calls by which the cost of security is measured are still calls that nothing stands against.

Were one held or refused, its number would be of something else; and `make bench` runs seldom.
"""

import pytest
from bench import p9, s15


def test_the_call_of_p9_is_judged_and_nothing_is_found():
    """It raises where a reason is found, or fewer values are traced."""
    both, judged = p9.judge(p9.tool_of_call(), p9.seen_before(), 1)
    assert both >= judged > 0


@pytest.mark.parametrize("tool", [s15.READ, s15.EFFECT])
async def test_the_call_of_s15_is_completed_with_everything_on_and_off(tool, tmp_path):
    """It raises where a call is not completed."""
    async with (
        s15.opened(tmp_path / "plain", s15.PLAIN) as plain,
        s15.opened(tmp_path / "secured", s15.SECURED) as secured,
    ):
        assert await s15.burst(plain, secured, tool, "run")
