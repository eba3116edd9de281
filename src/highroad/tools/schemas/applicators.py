"""Keywords under which a JSON Schema holds others (2020-12 core, section 10)."""

from typing import Final

IN_MAP: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
"""Each holds schemas by name."""
IN_LIST: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
"""Each holds schemas in an order."""
ALONE: Final = frozenset(
    {
        "items",
        "additionalProperties",
        "contains",
        "propertyNames",
        "not",
        "if",
        "then",
        "else",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Each holds one schema."""
OF_CONTENT: Final = "contentSchema"
"""Holds one as well, of what a text encodes (2020-12 validation, section 8.5)."""
SHARED: Final = "$defs"
"""Holds those by name that others refer to (2020-12 core, section 8.2.4)."""
