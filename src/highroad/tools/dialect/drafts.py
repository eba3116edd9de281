"""Rules for keywords of older drafts and of OpenAPI, and for those of nobody."""

from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.tools.dialect.report import Place, RepairCode

_SET_ASIDE: Final = ("$schema", "$id", "id")
"""A schema here stands alone, and is of 2020-12."""
_KNOWN: Final = frozenset(
    """
    $ref $defs $anchor $dynamicAnchor $dynamicRef $recursiveRef $comment
    title description default examples deprecated readOnly writeOnly
    type enum const anyOf oneOf allOf not if then else dependentRequired dependentSchemas
    properties patternProperties additionalProperties propertyNames unevaluatedProperties required
    minProperties maxProperties items prefixItems contains minContains maxContains unevaluatedItems
    minItems maxItems uniqueItems minLength maxLength pattern format
    minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
    contentEncoding contentMediaType contentSchema
    """.split()  # noqa: SIM905 - a list of thirty quoted words hides the words
)
"""Keywords of JSON Schema 2020-12 that a schema which stands alone may have; anchors are refused,
and not forgotten."""


def set_aside_identity(part: JsonObject, place: Place) -> None:
    """Leave out by what name, and in what draft, the schema was published."""
    for keyword in _SET_ASIDE:
        if isinstance(part.get(keyword), str):
            place.report(RepairCode.KEYWORD_FORM, keyword, part.pop(keyword))


def rename_definitions(part: JsonObject, place: Place) -> None:
    """`definitions` are `$defs` since 2019-09."""
    if isinstance(older := part.get("definitions"), dict):
        del part["definitions"]
        newer = part.get("$defs")
        part["$defs"] = {**older, **newer} if isinstance(newer, dict) else older
        place.report(RepairCode.KEYWORD_FORM, "$defs", "definitions", "$defs")


def part_dependencies(part: JsonObject, place: Place) -> None:
    """`dependencies` are two keywords since 2019-09."""
    said = part.get("dependencies")
    if not isinstance(said, dict):
        return
    del part["dependencies"]
    names: JsonObject = {key: each for key, each in said.items() if isinstance(each, list)}
    schemas: JsonObject = {key: each for key, each in said.items() if isinstance(each, dict | bool)}
    for keyword, found in (("dependentRequired", names), ("dependentSchemas", schemas)):
        if found:
            part[keyword] = found
            place.report(RepairCode.KEYWORD_FORM, keyword, "dependencies", keyword)


def gather_example(part: JsonObject, place: Place) -> None:
    """OpenAPI gives one example under a name of its own."""
    if "example" in part:
        said = part.pop("example")
        part.setdefault("examples", [said])
        place.report(RepairCode.KEYWORD_FORM, "examples", said, part["examples"])


def forget_unknown(part: JsonObject, place: Place) -> None:
    """Leave out what no validator would heed; extensions (`x-…`) stay."""
    if part.keys() <= _KNOWN:
        return
    for keyword in [each for each in part if each not in _KNOWN and not each.startswith("x-")]:
        place.report(RepairCode.KEYWORD_UNKNOWN, keyword, part.pop(keyword))
