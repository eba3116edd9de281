"""Pins: the definitions that a person accepted, and what has changed since (P8)."""

from highroad.tools.pins.file import read_pins, write_pins

__all__ = ["read_pins", "write_pins"]
