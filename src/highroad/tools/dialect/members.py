"""Rules for objects and arrays: which members there are, which are required, what items are."""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect.report import Place, RepairCode

_YES: Final = (True, "true", "True", "yes")
_NO: Final = (False, "false", "False", "no")
"""How tool lists write truth values."""


def list_members(part: JsonObject, place: Place) -> None:
    """Make `properties` a map: of a list of named parameters, or of nothing."""
    members = part.get("properties")
    if "properties" not in part or isinstance(members, dict):
        return
    part["properties"] = named(members)
    place.report(RepairCode.SCHEMA_FORM, "properties", members, part["properties"])


def named(parameters: JsonValue) -> JsonObject:
    """Parameters by name, of a list of schemas that say their own names.

    What has no name cannot be called with, and is left behind.
    """
    found: JsonObject = {}
    for each in parameters if isinstance(parameters, list) else []:
        if isinstance(each, dict) and isinstance(name := each.get("name"), str):
            found[name] = {keyword: value for keyword, value in each.items() if keyword != "name"}
    return found


def gather_required(part: JsonObject, place: Place) -> None:
    """Make `required` a list of names, whoever says it: the object, or a member of its own."""
    said = part.get("required")
    names = _names(said)
    members = part.get("properties")
    known = members if isinstance(members, dict) else {}
    for name, member in known.items():
        if isinstance(member, dict):
            _ask_member(name, member, names, place.below("properties", name))
    _drop_optional(part, place)
    _forget_unknown(part, names, place)
    now: list[JsonValue] = list(names)
    if isinstance(said, list) and now == said:
        return
    if names:
        part["required"] = now
    else:
        part.pop("required", None)
    if said is not None and (not isinstance(said, list) or len(_names(said)) < len(said)):
        place.report(RepairCode.REQUIRED, "required", said, part.get("required"))


def say_items(part: JsonObject, place: Place) -> None:
    """Bring items into the form of 2020-12, and say so where an array may hold anything."""
    items = part.get("items")
    if isinstance(items, list):
        part["items"] = part.pop("additionalItems", {})
        if items:
            part["prefixItems"] = items
        place.report(RepairCode.ITEMS, "prefixItems", items, part.get("prefixItems"))
    elif part.get("type") == "array" and not part.keys() & {"items", "prefixItems"}:
        part["items"] = {}
        place.report(RepairCode.ITEMS, "items", None, {})


def _names(said: JsonValue) -> dict[str, None]:
    listed = said if isinstance(said, list) else [said]
    return dict.fromkeys(name for name in listed if isinstance(name, str))


def _ask_member(name: str, member: JsonObject, names: dict[str, None], place: Place) -> None:
    """Draft 3 and lists of parameters say inside a member whether it must be there."""
    for keyword, is_asked in (("required", True), ("optional", False)):
        said = member.get(keyword)
        if said in _YES or said in _NO:
            del member[keyword]
            if (said in _YES) is is_asked:
                names[name] = None
            else:
                names.pop(name, None)
            place.report(RepairCode.REQUIRED, keyword, said)


def _drop_optional(part: JsonObject, place: Place) -> None:
    """A list of the members that may be left out says what `required` says by its silence."""
    if isinstance(part.get("optional"), list):
        place.report(RepairCode.REQUIRED, "optional", part.pop("optional"))


def _forget_unknown(part: JsonObject, names: dict[str, None], place: Place) -> None:
    """A closed object can never have a member that it does not name."""
    members = part.get("properties")
    if not isinstance(members, dict) or part.keys() & {"additionalProperties", "patternProperties"}:
        return
    if part.keys() & {"allOf", "anyOf", "oneOf", "$ref", "if"}:
        return
    for name in [name for name in names if name not in members]:
        del names[name]
        place.report(RepairCode.REQUIRED_UNKNOWN, "required", name)
