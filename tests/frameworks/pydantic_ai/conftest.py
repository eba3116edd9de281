"""Agents of Pydantic AI with its own scripted models, as their users build them."""

from pathlib import Path

import pytest
from tests.frameworks.pydantic_ai.scripted import Disk

from highroad import Runtime


@pytest.fixture(autouse=True)
def _nobody_asks_where_values_come_from():
    """Scripts name values that no user said; where they come from is tried elsewhere."""
    Path("highroad.toml").write_text('[grounding]\nmode = "off"\n[provenance]\nmode = "off"\n')


@pytest.fixture
async def runtime():
    async with Runtime.open() as opened:
        yield opened


@pytest.fixture
def disk():
    return Disk()
