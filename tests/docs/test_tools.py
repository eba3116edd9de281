"""docs/tools.md has every option of `@tool`, every tier and every class, with its default."""

import pytest

from highroad import Effect, Tier, tool, tool_definition
from highroad.tools.declaring.options import ToolOptions


@pytest.fixture
def table(page_of, rows_of):
    page = page_of("docs/tools.md")
    return lambda heading: rows_of(page.under(heading))


def test_every_option_is_explained_and_no_other(table):
    told = [row[0].strip("`") for row in table("## Every option")]
    assert told == list(ToolOptions.__annotations__)


def test_the_numbers_given_as_defaults_are_those_of_the_definition(table):
    @tool
    def plain(text: str) -> None:
        """Do nothing."""

    definition = tool_definition(plain)
    told = {row[0].strip("`"): row[2] for row in table("## Every option")}
    numbers = {name: text.replace(",", "") for name, text in told.items() if text[0].isdigit()}
    named = {"cost": "cost_usd"}
    given = {name: float(getattr(definition, named.get(name, name))) for name in numbers}
    assert given == {name: float(text) for name, text in numbers.items()}
    assert told["tier"] == f"`{definition.tier}`"
    assert told["effect"].endswith(f"`{definition.effect}`")


def test_every_tier_and_every_class_is_explained(table):
    tiers = [row[0].strip("`") for row in table("## Tiers: what is at stake")]
    classes = [
        row[0].strip("`") for row in table("## Effect classes: what to do when nobody knows")
    ]
    assert tiers == list(Tier)
    assert classes == list(Effect)
