"""Types with parameters, as Python, Java and TypeScript write them: `List[str]`, `int | None`.

They are read as an expression of Python, which is parsed and never run; Java's `<` and TypeScript's
`string[]` are put in its terms first.
"""

import ast
import re
from collections.abc import Iterable
from itertools import combinations
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect.words import is_anything, keywords_of
from highroad.tools.schemas.nullable import NULL, allows_null, with_null
from highroad.tools.schemas.types import type_of

LONGEST: Final = 200
"""Characters of an expression: nobody writes a longer one, and the parser recurses."""

_FORM: Final = re.compile(r"(?!.*\b\d[\w.]*[a-z_])[\w.\[\]<>|,?'\" -]+", re.ASCII | re.IGNORECASE)
"""No digit before a letter: of `1or` Python's parser warns whoever runs it."""
_SUFFIXED: Final = re.compile(r"([\w.]+(?:\[[\w.]*\])?)\[\]")


def meaning(text: str) -> JsonObject | None:
    """What a type means in JSON Schema, with `type`; `None` where nobody here knows.

    Args:
        text: A word for a type, or an expression of several.
    """
    return keywords_of(text) or _meaning(_parsed(text))


def together(found: list[JsonObject]) -> JsonObject | None:
    """A schema of all the values that several allow; `None` where one cannot say it.

    Args:
        found: As `meaning` gave them.
    """
    others = [each for each in found if each != NULL]
    merged = _merged(others) if others else NULL
    if merged is None or len(others) == len(found) or allows_null(merged, {}):
        return merged
    return with_null(merged)


def types_of(found: list[JsonObject]) -> JsonObject:
    """The types of several, each once, and nothing else that they say."""
    return _typed(kind for each in found for kind in _kinds(each))


def _parsed(text: str) -> ast.expr | None:
    if len(text) > LONGEST or not _FORM.fullmatch(text):
        return None
    try:
        return ast.parse(_in_python(text.strip()), mode="eval").body
    except SyntaxError:
        return None


def _in_python(text: str) -> str:
    said = text.replace("<", "[").replace(">", "]")
    while (wrapped := _SUFFIXED.sub(r"list[\1]", said)) != said:
        said = wrapped
    return f"Optional[{said[:-1]}]" if said.endswith("?") else said


def _meaning(node: ast.expr | None) -> JsonObject | None:
    match node:
        case ast.Constant(value=None):
            return NULL
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return keywords_of(word)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _any_of([left, right])
        case ast.Subscript(value=ast.Name(id=word) | ast.Attribute(attr=word), slice=given):
            return _of(word.lower(), given.elts if isinstance(given, ast.Tuple) else [given])
        case _:
            return None


def _of(word: str, given: list[ast.expr]) -> JsonObject | None:
    """What a word means with its parameters."""
    match word, given:
        case "optional", [one]:
            return _any_of([one, ast.Constant(None)])
        case "union", _:
            return _any_of(given)
        case "literal", _:
            return _one_of(given)
        case _:
            return _filled(word, given)


def _filled(word: str, given: list[ast.expr]) -> JsonObject | None:
    """What an array or a map is with what it holds."""
    base = keywords_of(word) or {}
    match base.get("type"), given:
        case "array", [item, ast.Constant(value=value)] if value is ...:
            return _holding(base, "items", item)
        case "array", _ if word == "tuple":
            return _tuple(given)
        case "array", [item]:
            return _holding(base, "items", item)
        case "object", [key, item] if _meaning(key) == {"type": "string"}:
            return _holding(base, "additionalProperties", item)
        case _:
            return None


def _holding(base: JsonObject, keyword: str, item: ast.expr) -> JsonObject | None:
    held = _schema(item)
    return None if held is None else {**base, keyword: held}


def _schema(node: ast.expr) -> JsonObject | None:
    """What stands in an array or a map; that may be anything."""
    if isinstance(node, ast.Name) and is_anything(node.id):
        return {}
    return _meaning(node)


def _tuple(given: list[ast.expr]) -> JsonObject | None:
    items: list[JsonValue] = [held for each in given if (held := _schema(each)) is not None]
    if len(items) < len(given):
        return None
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _one_of(given: list[ast.expr]) -> JsonObject | None:
    values = [each.value for each in given if isinstance(each, ast.Constant)]
    named: list[JsonValue] = [
        each for each in values if each is None or isinstance(each, str | int)
    ]
    if len(named) < len(given):
        return None
    return {**_typed(map(type_of, named)), "enum": named}


def _typed(kinds: Iterable[str]) -> JsonObject:
    each: list[JsonValue] = list(dict.fromkeys(kinds))
    return {"type": each[0] if len(each) == 1 else each}


def _any_of(given: list[ast.expr]) -> JsonObject | None:
    found = [_meaning(each) for each in given]
    known = [each for each in found if each is not None]
    return together(known) if len(known) == len(found) else None


def _merged(found: list[JsonObject]) -> JsonObject | None:
    """One schema for several that share no keyword: each speaks of values of its own type."""
    if len(found) == 1:
        return found[0]
    merged = {keyword: value for each in found for keyword, value in each.items()}
    is_shared = any(_family(one) & _family(other) for one, other in combinations(found, 2))
    if "enum" in merged or (is_shared and len(merged) > 1):
        return None
    return {**merged, **types_of(found)}


def _kinds(part: JsonObject) -> list[str]:
    kinds = part["type"]
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else [str(kinds)]


def _family(part: JsonObject) -> set[str]:
    """Types of values that keywords may bound alike."""
    return {"number" if kind == "integer" else kind for kind in _kinds(part)}
