"""A few tools to write down."""

from dataclasses import dataclass

import pytest

from highroad.domain.policy import PolicyRules
from highroad.domain.tool import ToolDefinition
from highroad.tools.catalog.entry import catalog


@dataclass(frozen=True)
class Explained:
    """A definition that need not be declared, so that it may say anything."""

    definition: ToolDefinition
    reasons: tuple = ()


@pytest.fixture
def explained(definition):
    """A tool with these reasons, and these changes of its definition."""
    return lambda *reasons, **changes: Explained(definition(**changes), reasons)


@pytest.fixture
def definition():
    """A definition with these changes."""

    def make(**changes):
        plain = {
            "name": "get_order",
            "description": "Read an order.",
            "input_schema": {"type": "object", "properties": {}},
            "digest": "0" * 64,
        }
        return ToolDefinition(**{**plain, **changes})

    return make


@pytest.fixture
def written(explained):
    """The catalog of one tool with these reasons and changes."""
    return lambda *reasons, **changes: catalog([explained(*reasons, **changes)], PolicyRules())
