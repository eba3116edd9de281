"""The tools of a runtime, and what is said of them before its ledger is opened."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from highroad.adapters.policy.cel import CelConditions
from highroad.bootstrap.policies import policy_of
from highroad.domain.contract_rule import ContractRule
from highroad.domain.error import DeclarationError, SettingsError
from highroad.domain.permission import Permissions
from highroad.domain.policy import PolicyRules, Role
from highroad.domain.tool import ToolDefinition
from highroad.ledger.inquiry.report import Grants
from highroad.pipeline.ask_rule import AskRule
from highroad.pipeline.deps import Deps
from highroad.ports.conditions import ASK_NAMES, Conditions, InvalidConditionError
from highroad.ports.policy import Policy
from highroad.settings import Settings
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.discovery import discover
from highroad.tools.near import near_names
from highroad.tools.pins.accepted import Accepted
from highroad.tools.pins.file import read_accepted
from highroad.tools.registry import Registry
from highroad.tools.succession import check_fallbacks
from highroad.tools.taking_back import check_compensations


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolset:
    """Tools, what their bodies are handed, and the rules about them."""

    registry: Registry
    deps: Deps
    policy: Policy
    permissions: Permissions | None
    """What a principal holds, by the policy; `None` where no policy is in force."""
    conditions: Conditions
    """Compiles expressions."""
    asks: dict[str, AskRule]
    """Compiled `ask` rules by digest of the definition; grows as tools are added."""
    needs: dict[str, frozenset[str]]
    """The permissions that calls of each tool take; grows as tools are added."""
    grants: Grants
    """These, and the permissions that roles give."""


def toolset_of(
    settings: Settings, tools: Iterable[object], deps: Mapping[type, Callable[..., Any]]
) -> Toolset:
    """The tools of the settings and those that are given.

    Where both say how to make a dep, `deps` holds.

    Raises:
        DeclarationError: A tool is declared wrongly, or nobody makes what it asks for.
        SettingsError: A module of tools, or a rule of the policy, cannot be used.
    """
    declared = discover(settings.tools, settings.root)
    registry = Registry([*declared.tools, *tools], settings.contracts)
    _check_contracts(registry, settings.contracts)
    check_fallbacks(registry)
    check_compensations(registry)
    conditions = CelConditions()
    asks = asks_of(conditions, registry, settings.policy)
    provided = Deps({**declared.deps, **deps})
    for tool in registry:
        provided.check(tool)
    policy = policy_of(settings.policy, conditions, [tool.definition for tool in registry])
    needs = needs_of(registry)
    return Toolset(
        registry=registry,
        deps=provided,
        policy=policy,
        permissions=policy.permissions if settings.policy.is_in_force else None,
        conditions=conditions,
        asks=asks,
        needs=needs,
        grants=Grants(needed=needs, given=_given(settings.policy.roles)),
    )


def accepted_pins(settings: Settings, *, is_needed: bool) -> dict[str, Accepted] | None:
    """What the pins file accepts, in production; who only looks on need not have one.

    Raises:
        SettingsError: There is none, or it cannot be read.
    """
    if not settings.is_production:
        return None
    file = settings.pins_file
    if not file.exists() and not is_needed:
        return {}
    if not file.exists():
        raise SettingsError(
            f"profile production needs {file}: run `highroad tools pin`, review and commit it"
        )
    return read_accepted(file.read_text("utf-8"), file=str(file))


def waiting_contracts(registry: Registry, rules: Mapping[str, ContractRule]) -> tuple[str, ...]:
    """Names of own tools of which the settings say something, and that no tool has so far."""
    return tuple(name for name, rule in rules.items() if name not in registry and not rule.server)


def _check_contracts(registry: Registry, rules: Mapping[str, ContractRule]) -> None:
    """See that what the settings say of contracts is said of tools: a wrong name protects none.

    A tool may be added while the runtime is open, and its rule waits for it; that of a server which
    is not there now may be there another time. What is almost the name of a tool that is here is
    taken for a mistake.
    """
    check_servers(registry, rules)
    for name in waiting_contracts(registry, rules):
        near = ", ".join(near_names(name, [tool.name for tool in registry]))
        # What a person accepted has been met under that name, and is no slip.
        if near and not rules[name].accepted:
            raise SettingsError(
                f"{rules[name].source}: contracts.{name}: there is no such tool; did you mean "
                f"{near}? A tool that is added later and has a name so much alike is given to "
                "`Runtime.open(tools=[...])` instead"
            )


def asks_of(
    conditions: Conditions, tools: Iterable[RegisteredTool[Any]], policy: PolicyRules
) -> dict[str, AskRule]:
    """Who must agree to calls of tools, by digest of their definitions, where a rule says it.

    Raises:
        SettingsError: A configured rule cannot be used.
        DeclarationError: One that a tool declares cannot be used.
    """
    return {
        tool.definition.digest: rule
        for tool in tools
        if (rule := _ask(conditions, tool.definition, policy)) is not None
    }


def needs_of(registry: Registry) -> dict[str, frozenset[str]]:
    """The permissions that calls of each tool take; versions share a name, and theirs add up."""
    needed: dict[str, frozenset[str]] = {}
    for tool in registry:
        known = needed.get(tool.name, frozenset())
        needed[tool.name] = known | frozenset(tool.definition.permissions)
    return needed


def check_servers(registry: Registry, rules: Mapping[str, ContractRule]) -> None:
    """See that tools from somewhere else come from where the settings say that they do.

    Raises:
        SettingsError: One does not.
    """
    for name, rule in rules.items():
        if name in registry:
            _check_server(registry, name, rule)


def _check_server(registry: Registry, name: str, rule: ContractRule) -> None:
    """See that a tool from somewhere else comes from where the settings say that it does."""
    sources = {tool.definition.source for tool in registry.versions(name)} - {""}
    if sources and not any(map(rule.is_about, sources)):
        raise SettingsError(
            f"{rule.source}: contracts.{name}.source: it is about a tool of {rule.server}, and "
            f"{name} comes from {', '.join(sorted(sources))}; say that, or take the table out"
        )


def _ask(conditions: Conditions, tool: ToolDefinition, policy: PolicyRules) -> AskRule | None:
    """The rule that says who must agree to calls of a tool: the configured one goes first."""
    line = policy.ask_of(tool.name)
    if line is None:
        return None if tool.ask is None else _declared_ask(conditions, tool.ask, tool.name)
    place = f"{line.level.source}: policy.ask.{line.tools}".removeprefix(": ")
    if tool.cache_s:
        raise SettingsError(
            f"{place}: results of {tool.name} are kept (cache_s), and the next call would be "
            "answered without asking: leave one of the two out"
        )
    try:
        condition = conditions.compile(line.level.text, ASK_NAMES)
    except InvalidConditionError as error:
        raise SettingsError(f"{place}: {error}") from None
    setting = line.level.named(f"policy.ask.{line.tools}")
    return AskRule(text=line.level.text, condition=condition, setting=setting)


def _declared_ask(conditions: Conditions, expression: str, name: str) -> AskRule:
    try:
        return AskRule(text=expression, condition=conditions.compile(expression, ASK_NAMES))
    except InvalidConditionError as error:
        raise DeclarationError(f"tool {name}: its `ask` rule cannot be used: {error}") from None


def _given(roles: Iterable[Role]) -> dict[str, frozenset[str]]:
    return {role.name: frozenset(line.text for line in role.permissions) for role in roles}
