"""How the catalog says things, in whichever form it is written."""

from collections.abc import Iterator

from highroad.tools.catalog.access import Access
from highroad.tools.catalog.entry import ArgumentEntry, Entry
from highroad.tools.catalog.risk import Field, Risk

NOTHING = "nothing"


def roles_of(access: Access) -> str:
    """Who may use a tool."""
    named = ", ".join(access.roles)
    if access.everybody:
        return "everybody" + (f"; by their role: {named}" if named else "")
    return named or "no role"


def facts_of(tool: Entry) -> Iterator[tuple[str, str]]:
    """What holds of a tool beside its words and its arguments, by name."""
    facts = (
        ("deprecated", tool.deprecated),
        ("feature flag", tool.flag),
        ("roles", roles_of(tool.access)),
        ("permissions", ", ".join(tool.permissions) or "none"),
        ("rules", ", ".join(tool.access.conditions)),
        *tool.terms,
        ("version", f"{tool.version}, {tool.digest[:16]}"),
    )
    for name, value in facts:
        if value:
            yield name, value


def role_of(argument: ArgumentEntry) -> str:
    """What an argument decides."""
    owned = ", of an owner" if argument.is_owned else ""
    return f"{argument.role}{owned}"


def goes_in(risk: Risk) -> str:
    """The arguments of a tool, by what they decide."""
    kinds = (("control", risk.control), ("content", risk.content), ("secret", risk.secret))
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds if names) or NOTHING


def comes_out(risk: Risk) -> str:
    """The fields of a result, by how far they may be trusted."""
    if risk.comes_out is None:
        return "anything: no result is promised"
    by_label: dict[str, list[str]] = {}
    for field in risk.comes_out:
        by_label.setdefault(_label(field), []).append(field.pointer or "the result")
    return "; ".join(f"{label}: {', '.join(fields)}" for label, fields in by_label.items())


def _label(field: Field) -> str:
    if field.readers is None:
        return field.integrity
    return f"{field.integrity}, for {', '.join(field.readers) or 'nobody'} to read"
