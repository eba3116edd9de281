"""A stage to play chapters on: the shop, and a runtime with the settings that the demo writes."""

import pytest

from highroad import Runtime
from highroad.demo.database import Shop
from highroad.demo.home import Home
from highroad.demo.story import Stage
from highroad.settings import load


@pytest.fixture
async def stage(tmp_path):
    home = Home.under(tmp_path)
    home.furnish("zoe")
    shop = home.shop
    async with Runtime.open(settings=load(tmp_path), deps={Shop: lambda: shop}) as runtime:
        yield Stage(runtime, home, run="test")
