"""Whether two schemas are the same JSON."""

import orjson

from highroad.domain.json_value import JsonSchema


def is_same(one: JsonSchema, other: JsonSchema) -> bool:
    """Whether two schemas are equal as JSON: the order of members is nothing, 1 is not true."""
    return _written(one) == _written(other)


def _written(schema: JsonSchema) -> bytes:
    return orjson.dumps(dict(schema), option=orjson.OPT_SORT_KEYS)
