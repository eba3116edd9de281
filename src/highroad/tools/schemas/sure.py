"""Which schemas are certain to compile, so that compiling them can wait until a call needs it.

To know it takes an eighth of the time, and of a thousand tools that a program is given few are
called. What may fail to compile although each keyword has a value of its kind is left out of
`_SURE`: patterns, references, and what says where a schema stands or how to read it. A schema that
has them, or any word that is not listed here, is compiled at once.
"""

from typing import Final

from jsonschema_rs import Draft202012Validator

from highroad.domain.json_value import JsonObject, JsonSchema

_TEXT: Final[JsonObject] = {"type": "string"}
_FLAG: Final[JsonObject] = {"type": "boolean"}
_NUMBER: Final[JsonObject] = {"type": "number"}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_LIST: Final[JsonObject] = {"type": "array"}
_TEXTS: Final[JsonObject] = {"type": "array", "items": _TEXT, "uniqueItems": True}
_TYPE: Final[JsonObject] = {
    "enum": ["string", "integer", "number", "boolean", "array", "object", "null"]
}
_TYPES: Final[JsonObject] = {"type": "array", "items": _TYPE, "minItems": 1, "uniqueItems": True}
_SCHEMA: Final[JsonObject] = {"$ref": "#"}
_SCHEMAS: Final[JsonObject] = {"type": "array", "items": _SCHEMA, "minItems": 1}
_MEMBERS: Final[JsonObject] = {"type": "object", "additionalProperties": _SCHEMA}

_SURE: Final = Draft202012Validator(
    {
        "type": ["object", "boolean"],
        "properties": {
            "type": {"anyOf": [_TYPE, _TYPES]},
            "description": _TEXT,
            "title": _TEXT,
            "format": _TEXT,
            "default": True,
            "const": True,
            "enum": _LIST,
            "examples": _LIST,
            "deprecated": _FLAG,
            "readOnly": _FLAG,
            "writeOnly": _FLAG,
            "minimum": _NUMBER,
            "maximum": _NUMBER,
            "exclusiveMinimum": _NUMBER,
            "exclusiveMaximum": _NUMBER,
            "multipleOf": {"type": "number", "exclusiveMinimum": 0},
            "minLength": _COUNT,
            "maxLength": _COUNT,
            "minItems": _COUNT,
            "maxItems": _COUNT,
            "minProperties": _COUNT,
            "maxProperties": _COUNT,
            "uniqueItems": _FLAG,
            "items": _SCHEMA,
            "prefixItems": _SCHEMAS,
            "properties": _MEMBERS,
            "required": _TEXTS,
            "additionalProperties": _SCHEMA,
            "unevaluatedProperties": _SCHEMA,
            "anyOf": _SCHEMAS,
            "oneOf": _SCHEMAS,
            "allOf": _SCHEMAS,
            "not": _SCHEMA,
        },
        "additionalProperties": False,
    },
    offline=True,
)


def surely_compiles(schema: JsonSchema) -> bool:
    """Whether a schema is certain to compile; one that does not may do so all the same."""
    return _SURE.is_valid(schema)
