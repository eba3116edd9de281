"""Declaring tools, and judging what they are called with.

The folders, from the ground up: `schemas` reads JSON Schemas as data, `arguments` what came in,
`semantic` are types that mean more than their JSON says, `body` is what runs, and `declaring` makes
the declaration. `compile` ties them into a tool that is ready for the road, `validate` and
`migration` judge arguments by one, and `registry` has them all, by name and version.

Beside that stand the uses of a definition: `pins` accept it, `dialect` and `shapes` take it from
others and to providers, `lint` advises on it, `catalog` shows it.

Nothing is gathered here: whoever only declares a tool should not wait for the schema validator to
load.
"""
