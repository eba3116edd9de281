"""Candidates as a person reviews them, and as programs read them.

All of it may be a stranger's words: what a terminal would hide, move or obey is written out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from highroad.approvals.definitions import Unaccepted
from highroad.cli.candidate import Candidate
from highroad.cli.output import to_json
from highroad.cli.views import contract_of, facts, moment
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ArgumentContract, Tier, ToolDefinition
from highroad.tools.declaring.hints import AT_STAKE
from highroad.tools.derivation.in_force import contract_in_force
from highroad.tools.pins.differences import Change
from highroad.tools.pins.field_changes import FieldChange, visible
from highroad.tools.schemas.types import json_types
from highroad.tools.scrutiny.suspicion import SuspicionCode

_LINES: Final = 6
_LETTERS: Final = 600
_COLOURS: Final = {
    Tier.READ: "green",
    Tier.REVERSIBLE: "cyan",
    Tier.IRREVERSIBLE: "yellow",
    Tier.PRIVILEGED: "red",
}
_LESS_STRICT: Final = frozenset(
    {
        SuspicionCode.LOOSER,
        SuspicionCode.WIDER,
        SuspicionCode.TAKES_TEXT,
        SuspicionCode.REQUIRES_MORE,
    }
)


def tier_word(tier: Tier) -> Text:
    """A tier in its colour."""
    return Text(tier, _COLOURS[tier])


def shown(each: Candidate, *, at: str) -> RenderableType:
    """What somebody should see before they decide about a tool.

    Args:
        each: The tool.
        at: Which of how many it is.
    """
    definition, advice = each.definition, each.advice
    lines = facts()
    change = "" if each.waiting is None else f", {each.waiting.change}"
    lines.add_row(at, Text.assemble((visible(definition.name), "bold"), change))
    if definition.source:
        lines.add_row("from", Text(visible(definition.source)))
    if each.met_ms is not None:
        lines.add_row("from", f"a run, on record since {moment(each.met_ms)}")
    lines.add_row("does", _short(definition.description))
    lines.add_row("hints", Text(visible(_hints(definition.annotations))))
    lines.add_row("arguments", _arguments(each))
    for line in _changes(each):
        lines.add_row("changed", line)
    for suspicion in () if each.waiting is None else each.waiting.suspicions:
        style = "bold red" if suspicion.is_grave else "yellow"
        lines.add_row("suspected", Text(visible(str(suspicion)), style))
    for told in advice.overruled:
        lines.add_row("overruled", Text(visible(told), "red"))
    lines.add_row(
        "proposed", Text.assemble(tier_word(each.tier), f", {each.effect_with(each.tier)}")
    )
    for reason in advice.reasons:
        lines.add_row("", Text(visible(reason), "dim"))
    if AT_STAKE[each.tier] > AT_STAKE[advice.tier]:
        lines.add_row("", Text("it was said to be so before", "dim"))
    return Group(lines, "")


def details(each: Candidate) -> RenderableType:
    """All that its server says of it, and what each part of its contract rests on."""
    definition, lines = each.definition, facts()
    told = [
        ("does", definition.description.split("\n")),
        ("takes", _json_lines(definition.input_schema)),
        ("gives", _json_lines(definition.output_schema)),
        ("hints", _json_lines(definition.annotations)),
    ]
    for name, texts in told:
        text = "\n".join(map(visible, texts))
        lines.add_row(name, Text(text or "nothing"))
    ready = each.with_tier(each.tier)
    for reason in ready.reasons:
        what = "result" if reason.is_output else "argument"
        why = (f"\n{visible(reason.why)}", "dim")
        lines.add_row(what, Text.assemble(visible(contract_of(ready.definition, reason)), why))
    return Group(lines, "")


def plain(each: Candidate) -> dict[str, Any]:
    """The same for programs."""
    definition, waiting = each.definition, each.waiting
    contract = contract_in_force(each.with_tier(each.tier).definition)
    return {
        "tool": definition.name,
        "version": definition.version,
        "source": definition.source,
        "met_ms": each.met_ms,
        "digest": definition.digest,
        "description": definition.description,
        "annotations": dict(definition.annotations),
        "change": None if waiting is None else waiting.change,
        "changes": [] if waiting is None else [asdict(field) for field in _changed(waiting)],
        "suspicions": []
        if waiting is None
        else [{**asdict(one), "is_grave": one.is_grave} for one in waiting.suspicions],
        "proposed": {
            "tier": each.tier,
            "effect": each.effect_with(each.tier),
            "reasons": each.advice.reasons,
            "overruled": each.advice.overruled,
            "arguments": {name: _contract(contract.argument(name)) for name in _names(each)},
        },
        "settings": each.written(each.tier),
        "is_accepted_by_settings": each.is_accepted_by_settings,
    }


def listed(found: tuple[Candidate, ...]) -> RenderableType:
    """What waits, a line for each."""
    rows = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("tool", "proposed", "why"):
        rows.add_column(column, overflow="fold")
    for each in found:
        suspected = [Text(f"suspected: {', '.join(each.grave)}. ", "red")] if each.grave else []
        told = [*each.advice.overruled, *each.advice.reasons]
        rows.add_row(
            Text(visible(each.definition.name)),
            tier_word(each.tier),
            Text.assemble(*suspected, visible("; ".join(told))),
        )
    return rows


def _short(text: str) -> Text:
    """The beginning of a description, and how much more of it there is."""
    lines = text[:_LETTERS].split("\n")[:_LINES]
    kept = "\n".join(lines)
    rest = len(text) - len(kept)
    told = Text("\n".join(visible(line) for line in lines))
    return Text.assemble(told, (f"\n… and {rest} characters more: d", "yellow")) if rest else told


def _hints(annotations: Mapping[str, JsonValue]) -> str:
    told = (f"{name} {str(said).lower()}" for name, said in annotations.items() if name != "title")
    return ", ".join(told) or "none"


def _arguments(each: Candidate) -> Text:
    """Each argument: what it decides with the tier that is proposed, and what it may be."""
    ready = each.with_tier(each.tier)
    told = (
        f"{contract_of(ready.definition, reason)}; {_form(ready.definition, reason.subject)}"
        for reason in ready.reasons
        if not reason.is_output
    )
    return Text("\n".join(map(visible, told)) or "none")


def _form(definition: ToolDefinition, name: str) -> str:
    schema: JsonObject = dict(definition.input_schema)
    members, required = schema.get("properties"), schema.get("required")
    part = members.get(name) if isinstance(members, dict) else None
    must = "" if isinstance(required, list) and name in required else ", may be left out"
    return f"{_kinds(part if isinstance(part, dict) else {})}{must}"


def _kinds(part: JsonObject) -> str:
    forms = part.get("anyOf")
    branches = forms if isinstance(forms, list) else [part]
    kinds = {
        kind
        for branch in branches
        if isinstance(branch, dict) and {"type", "const", "enum"} & branch.keys()
        for kind in json_types(branch)
    }
    return " or ".join(sorted(kinds)) or "any value"


def _contract(contract: ArgumentContract) -> dict[str, str]:
    return {"role": contract.role, "integrity": contract.integrity.name.lower()}


def _names(each: Candidate) -> list[str]:
    members = each.definition.input_schema.get("properties")
    return list(members) if isinstance(members, dict) else []


def _changes(each: Candidate) -> Iterator[Text]:
    """What is not as it was accepted; in red what became less strict."""
    if each.waiting is None or each.waiting.change is not Change.CHANGED:
        return
    less = {
        suspicion.pointer for suspicion in each.waiting.suspicions if suspicion.code in _LESS_STRICT
    }
    for field in each.waiting.fields:
        style = "red" if _is_less_strict(field, less) else ""
        for line in field.lines():
            yield Text(line, style)
    if not each.waiting.fields:
        yield Text("nobody knows what it was: only its digest is on record", "yellow")


def _changed(waiting: Unaccepted) -> tuple[FieldChange, ...]:
    """What differs; of what is new, all would."""
    return waiting.fields if waiting.change is Change.CHANGED else ()


def _is_less_strict(field: FieldChange, pointers: set[str]) -> bool:
    before, after = field.before, field.after
    if field.pointer == "/tier" and isinstance(before, str) and isinstance(after, str):
        return AT_STAKE[Tier(after)] < AT_STAKE[Tier(before)]
    return any(
        pointer == field.pointer or pointer.startswith(f"{field.pointer}/") for pointer in pointers
    )


def _json_lines(said: object) -> Iterator[str]:
    yield from () if not said else to_json(said).split("\n")
