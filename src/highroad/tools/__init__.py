"""Declaring tools, and judging what they are called with.

A declaration begins in `declare` and ends, ready for the road, in `compile` and `registry`; raw
arguments become a JSON object in `parse` and are judged in `validate`. Nothing is gathered here:
whoever only declares a tool should not wait for the schema validator to load.
"""
