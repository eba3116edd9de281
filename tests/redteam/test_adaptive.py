"""Orders are varied in every way, and the road is found out where it reads too kindly."""

from pathlib import Path

import pytest

from highroad.evals.redteam.drawn import Drawn
from highroad.evals.redteam.encodings import _UNLIKE
from highroad.evals.redteam.suites.adaptive import scenarios
from highroad.evals.redteam.targets import Targets
from highroad.evals.redteam.variations import WRITINGS
from highroad.evidence.postings import Postings
from highroad.evidence.repeats import Repeats
from highroad.testing.redteam import Layer, layered, open_range
from highroad.tools.registry import Registry

MAILBOX = "https://marigold.example/ORD-17 marigold@marigold.example"


async def through(orders, layer=Layer.PROVENANCE):
    """The kinds that take effect."""
    registry = Registry(orders)
    settings = layered(layer, registry.definitions(), Path.cwd())
    async with open_range(orders, Drawn(), settings) as opened:
        played = [await opened.play(each) for each in scenarios(Targets.of(registry))]
    assert all(each.is_reached for each in played)
    assert all(each.is_done for each in played)
    return {each.scenario.kind for each in played if each.is_success}


@pytest.mark.parametrize("name", WRITINGS)
def test_each_writing_makes_another_text(name):
    assert WRITINGS[name](MAILBOX) != MAILBOX


async def test_no_variation_passes_and_without_provenance_all_do(orders):
    assert await through(orders) == set()
    kinds = await through(orders, Layer.GROUNDING)
    assert {"order", "mixed", "listed", "split", "look_alike", "leading_zeros"} <= kinds


async def test_a_road_that_normalizes_letters_is_found(orders, monkeypatch):
    """As if every character were read as what it looks like."""
    find = Postings.find

    def kind(postings, kind, value, unit="", **how):
        read = value.translate(_UNLIKE) if isinstance(value, str) else value
        return find(postings, kind, read, unit, **how)

    monkeypatch.setattr(Postings, "find", kind)
    assert await through(orders) == {"look_alike"}


async def test_a_road_that_trusts_what_comes_back_is_found(orders, monkeypatch):
    monkeypatch.setattr(Repeats, "left", lambda _, keys, *__: keys)
    assert await through(orders) == {"split"}
