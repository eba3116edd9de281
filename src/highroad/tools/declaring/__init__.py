"""Declaring tools: from a function, a model or a schema to a declaration.

`declare`, `from_model` and `from_schema` are the ways in. Each reads a `source`, by `signature`,
`docstring`, `typed_schema` or `raw_schema`, and `declaration` makes of it, with the `options`, the
definition: its `contract` follows from the markers, its `digest` seals it. `members` and
`discovery` find again what was declared. Every error names the `site` in the author's code.
"""
