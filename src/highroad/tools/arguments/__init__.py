"""Arguments as they come in: read, taken for the types that are wanted, and refused in words.

`parse` makes one JSON object of what came, in the `form` on which all readers agree; `coerce` takes
values for the types of the schema; `explain` makes problems of the schema validator's errors, and
`invalid` is the refusal that holds them. No tool is known here: `validate` judges by one.
"""
