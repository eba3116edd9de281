"""Pins: the definitions that a person accepted, and what has changed since (P8).

The `file` holds what was `accepted`; `differences` says which tools are not as accepted, and
`field_changes` which places of a definition.
"""

from highroad.tools.pins.file import read_pins, write_pins

__all__ = ["read_pins", "write_pins"]
