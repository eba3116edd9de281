"""The tools of a runtime, and what is said of them before its ledger is opened."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from highroad.adapters.policy.cel import CelConditions
from highroad.adapters.policy.rules import RulesPolicy
from highroad.domain.error import DeclarationError, SettingsError
from highroad.domain.permission import Permissions
from highroad.domain.policy import Role
from highroad.ledger.inquiry.report import Grants
from highroad.pipeline.deps import Deps
from highroad.ports.conditions import Condition, Conditions, InvalidConditionError
from highroad.settings import Settings
from highroad.tools.declaring.discovery import discover
from highroad.tools.pins.accepted import Accepted
from highroad.tools.pins.file import read_accepted
from highroad.tools.registry import Registry
from highroad.tools.succession import check_fallbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolset:
    """Tools, what their bodies are handed, and the rules about them."""

    registry: Registry
    deps: Deps
    policy: RulesPolicy
    permissions: Permissions | None
    """What a principal holds, by the policy; `None` where no policy is in force."""
    asks: Mapping[str, Condition]
    """Compiled `ask` rules by digest of the definition."""
    grants: Grants
    """The permissions that tools need, and that roles give."""


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
    registry = Registry([*declared.tools, *tools])
    check_fallbacks(registry)
    conditions = CelConditions()
    asks = {
        tool.definition.digest: _ask(conditions, tool.definition.ask, tool.name)
        for tool in registry
        if tool.definition.ask is not None
    }
    provided = Deps({**declared.deps, **deps})
    for tool in registry:
        provided.check(tool)
    policy = RulesPolicy(settings.policy, conditions)
    return Toolset(
        registry=registry,
        deps=provided,
        policy=policy,
        permissions=policy.permissions if settings.policy.denies_by_default else None,
        asks=asks,
        grants=_grants(registry, settings.policy.roles),
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


def _ask(conditions: Conditions, expression: str, name: str) -> Condition:
    try:
        return conditions.compile(expression)
    except InvalidConditionError as error:
        raise DeclarationError(f"tool {name}: its `ask` rule cannot be used: {error}") from None


def _grants(registry: Registry, roles: Iterable[Role]) -> Grants:
    needed: dict[str, frozenset[str]] = {}
    for tool in registry:
        # Versions share a name: together they need what any of them does.
        known = needed.get(tool.name, frozenset())
        needed[tool.name] = known | frozenset(tool.definition.permissions)
    given = {role.name: frozenset(line.text for line in role.permissions) for role in roles}
    return Grants(needed=needed, given=given)
