"""Declaring tools: decorator, schema, contract, pins, registry."""
