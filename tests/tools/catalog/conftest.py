"""A few tools to write down."""

import pytest

from highroad.domain.policy import PolicyRules
from highroad.domain.tool import ToolDefinition
from highroad.tools.catalog.entry import catalog


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
def written(definition):
    """The catalog of one tool with these changes."""
    return lambda **changes: catalog([definition(**changes)], PolicyRules())
