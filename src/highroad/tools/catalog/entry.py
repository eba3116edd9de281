"""One tool as the catalog has it, and the catalog of several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.domain.policy import PolicyRules
from highroad.domain.tool import Effect, Tier, ToolDefinition
from highroad.tools.catalog.access import Access, access
from highroad.tools.catalog.risk import Cell, Risk, matrix, risk
from highroad.tools.describe import describe
from highroad.tools.schema import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentEntry:
    """One argument, in words."""

    name: str
    form: str
    """What may stand there: `an integer from 1 to 20`."""
    description: str
    is_required: bool
    role: str
    integrity: str
    """The least that a control argument accepts."""
    is_owned: bool
    """Names an object that belongs to somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tool."""

    name: str
    version: str
    digest: str
    description: str
    tier: Tier
    effect: Effect
    permissions: tuple[str, ...]
    access: Access
    arguments: tuple[ArgumentEntry, ...]
    examples: tuple[JsonObject, ...]
    terms: tuple[tuple[str, str], ...]
    """What else holds of a call, by name."""
    risk: Risk
    input_schema: JsonSchema
    output_schema: JsonSchema | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Tools in the order of their names, and what is at stake with them."""

    tools: tuple[Entry, ...]
    matrix: tuple[Cell, ...]


def catalog(tools: Iterable[ToolDefinition], rules: PolicyRules) -> Catalog:
    """The catalog of these tools under these rules."""
    entries = tuple(_entry(tool, rules) for tool in sorted(tools, key=lambda each: each.name))
    return Catalog(tools=entries, matrix=matrix(entry.risk for entry in entries))


def _entry(tool: ToolDefinition, rules: PolicyRules) -> Entry:
    return Entry(
        name=tool.name,
        version=tool.version,
        digest=tool.digest,
        description=tool.description,
        tier=tool.tier,
        effect=tool.effect,
        permissions=tuple(sorted(tool.permissions)),
        access=access(rules, tool),
        arguments=tuple(_arguments(tool)),
        examples=tool.examples,
        terms=tuple(_terms(tool)),
        risk=risk(tool),
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
    )


def _arguments(tool: ToolDefinition) -> Iterator[ArgumentEntry]:
    members = tool.input_schema.get("properties")
    required = tool.input_schema.get("required")
    needed = required if isinstance(required, list) else ()
    for name, part in members.items() if isinstance(members, dict) else ():
        contract = tool.contract.argument(name)
        said = resolve(part, tool.input_schema).get("description", "")
        beside = part.get("description") if isinstance(part, dict) else None
        yield ArgumentEntry(
            name=name,
            form=describe(part, tool.input_schema),
            description=str(beside or said),
            is_required=name in needed,
            role=contract.role,
            integrity=contract.integrity.name.lower(),
            is_owned=name in tool.contract.owned,
        )


def _terms(tool: ToolDefinition) -> Iterator[tuple[str, str]]:
    """Terms of a call that were said; defaults are the limits' business."""
    said = (
        ("asks a person when", tool.ask),
        ("same call by", ", ".join(tool.key)),
        ("timeout", tool.timeout_s and f"{tool.timeout_s:g} s an attempt"),
        ("attempts", str(tool.attempts)),
        ("rate", tool.per_minute is not None and f"{tool.per_minute} a minute"),
        ("calls of a run", tool.max_per_run is not None and f"{tool.max_per_run} at most"),
        ("cost", tool.cost_usd and f"{tool.cost_usd:g} US dollars at most"),
        ("cached", tool.cache_s and f"{tool.cache_s:g} s"),
        ("feature flag", tool.flag),
        ("deprecated", tool.deprecated),
        ("from", tool.source),
        ("tags", ", ".join(sorted(tool.tags))),
    )
    for name, value in said:
        if value:
            yield name, value
