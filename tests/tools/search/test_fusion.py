"""With an embedder, meaning counts beside words."""

import pytest

from highroad.domain.model import OfferedTool
from highroad.tools.search import Fusion
from highroad.tools.search.fusion import fused

pytestmark = pytest.mark.anyio


class Meanings:
    """Texts that speak of the sea lie in one direction, all others in another."""

    name = "meanings"
    dimensions = 2

    async def embed(self, texts):
        is_wet = [any(word in text for word in ("boat", "ship", "vessel")) for text in texts]
        return [(1.0, 0.0) if wet else (0.0, 1.0) for wet in is_wet]


def offered(name, description):
    return OfferedTool(name=name, description=description, input_schema={})


TOOLS = [
    offered("rent_bicycle", "Rent a bicycle."),
    offered("charter_vessel", "Charter a vessel with a crew."),
    offered("rent_room", "Rent a room."),
]


async def test_a_tool_without_a_word_in_common_is_found_by_its_meaning():
    """Words alone would find nothing."""
    fusion = await Fusion.of(TOOLS, Meanings())
    assert fusion.index.ranked("a boat, please", most=1) == ()
    assert (await fusion.ranked("a boat, please", most=1))[0].name == "charter_vessel"


async def test_what_both_rankings_find_comes_first():
    """Ranks are added, scores cannot be."""
    fusion = await Fusion.of(TOOLS, Meanings())
    found = await fusion.ranked("rent a boat with a crew", most=3)
    assert found[0].name == "charter_vessel"
    assert len(found) == 3


def test_fused_ranks_are_those_of_the_paper():
    """1 / (60 + rank), summed; by name where they are equal."""
    first, second, third = fused(["a", "b"], ["b", "c"])
    assert (first.name, first.score) == ("b", pytest.approx(1 / 62 + 1 / 61))
    assert (second.name, second.score) == ("a", pytest.approx(1 / 61))
    assert (third.name, third.score) == ("c", pytest.approx(1 / 62))
