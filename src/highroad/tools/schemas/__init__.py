"""JSON Schemas as data: ways through them, and what they allow, in types and in words.

Nothing here knows where a schema comes from. `declaring` makes those of tools, `dialect` repairs
those of others, and `shapes` gives each provider the form that it takes.
"""
