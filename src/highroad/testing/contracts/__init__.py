"""Contract kits: what every adapter of a port must do. Subclass one and say how to make yours."""

import pytest

# Before a kit is imported, or a failure would say nothing but "assert False".
pytest.register_assert_rewrite(
    "highroad.testing.contracts.anchor",
    "highroad.testing.contracts.cache",
    "highroad.testing.contracts.model",
    "highroad.testing.contracts.store",
)
