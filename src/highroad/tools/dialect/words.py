"""What other languages and dialects call a type, and what JSON Schema calls it.

The words are those of Python, Java, JavaScript, SQL and OpenAPI that tool lists were seen to use.
A word is matched whatever its case: Gemini writes `STRING`.
"""

from typing import Final

from highroad.domain.json_value import JsonObject

TYPES: Final = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})

ANYTHING: Final = frozenset({"any", "", "mixed", "unknown", "variant", "json", "jsonvalue"})
"""Words that exclude nothing."""

_WORDS: Final = {
    "object": "object dict dictionary map hashmap treemap hash record mapping struct",
    "array": "array list arraylist linkedlist vector tuple sequence collection",
    "string": "string str text varchar charsequence",
    "integer": "integer int long short bigint biginteger int32 int64 uint uint32 uint64",
    "number": "number float double decimal bigdecimal real numeric float32 float64",
    "boolean": "boolean bool",
    "null": "null none nonetype nil void undefined",
}

_PRECISE: Final[dict[str, JsonObject]] = {
    "char": {"type": "string", "minLength": 1, "maxLength": 1},
    "character": {"type": "string", "minLength": 1, "maxLength": 1},
    "byte": {"type": "integer", "minimum": -128, "maximum": 127},
    "set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
    "hashset": {"type": "array", "uniqueItems": True},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
}
"""Words that say more than a type of JSON can."""

_KEYWORDS: Final[dict[str, JsonObject]] = _PRECISE | {
    word: {"type": kind} for kind, words in _WORDS.items() for word in words.split()
}


def keywords_of(word: str) -> JsonObject | None:
    """What a word for a type means in JSON Schema; `None` for one that nobody here knows."""
    return _KEYWORDS.get(word.strip().lower())


def is_anything(word: str) -> bool:
    """Whether a word for a type excludes nothing."""
    return word.strip().lower() in ANYTHING
