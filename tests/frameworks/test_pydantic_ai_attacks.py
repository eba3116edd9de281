"""Ways around the road that a program might take under Pydantic AI."""

import pytest
from pydantic_ai.toolsets import FunctionToolset

from highroad import Runtime
from highroad.domain.error import DeclarationError
from highroad.frameworks.pydantic_ai import guard


def look(name: str) -> str:
    """Look at it."""
    return f"{name} is there"


async def test_a_guarded_tool_is_not_guarded_again():
    async with Runtime.open() as runtime:
        guarded = guard([look], runtime)
        with pytest.raises(DeclarationError, match="'look' is guarded already"):
            guard(guarded, runtime)
        with pytest.raises(DeclarationError, match="'look' is guarded already"):
            guard(FunctionToolset(guarded), runtime)


async def test_a_guarded_toolset_is_not_guarded_again():
    async with Runtime.open() as runtime:
        with pytest.raises(DeclarationError, match="is guarded already"):
            guard(guard(FunctionToolset([look]), runtime), runtime)
