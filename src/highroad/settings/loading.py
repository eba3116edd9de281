"""From file and environment to `Settings`."""

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from highroad.domain.approval_rules import (
    CODE_LASTS_S,
    UNDO_S,
    USE_WITHIN_S,
    ApprovalRules,
    ChannelRule,
    Entitlement,
    QuorumRule,
    Reach,
)
from highroad.domain.confidence import USUAL_THRESHOLD, ConfidenceRules
from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.dependency import BreakerRule, Dependency
from highroad.domain.egress import EgressRule
from highroad.domain.error import SettingsError
from highroad.domain.flags import FlagRules
from highroad.domain.flow import FlowRule
from highroad.domain.grounding import (
    GroundingMode,
    GroundingRule,
    GroundingRules,
    WhenUngrounded,
)
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.identity_rules import (
    IdentityRules,
    IssuerRule,
    SessionAddress,
    SessionRule,
)
from highroad.domain.label import Integrity, Label
from highroad.domain.limits import (
    BudgetRule,
    Limits,
    RateRule,
    Scope,
    Window,
    WithoutCounters,
)
from highroad.domain.model import ModelSettings
from highroad.domain.model_rules import ModelRules, ModelServer
from highroad.domain.policy import ORGANIZATION, Agent, AskLine, Line, PolicyRules, Role, Rule, Then
from highroad.domain.prices import Price, PriceRules, Unpriced
from highroad.domain.provenance import ProvenanceMode, ProvenanceRule, ProvenanceRules
from highroad.domain.redaction import (
    InArguments,
    RedactionMode,
    RedactionRule,
    RedactionRules,
    SensitiveKind,
)
from highroad.domain.sandbox import (
    AMOUNTS,
    DockerRules,
    E2bRules,
    ModalRules,
    ProgramLimits,
    SandboxRules,
    Strength,
)
from highroad.domain.secret import SecretRules
from highroad.domain.shadow import ShadowRule
from highroad.domain.showing import USUAL_SHOWING, Showing, WhenImitated, WhenUnseen
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.domain.verification import (
    BudgetSpan,
    VerifierBudget,
    VerifierRule,
    VerifierRules,
    WhenUnavailable,
    WhenUncertain,
)
from highroad.settings.catalogue import SETTINGS, Profile
from highroad.settings.checking import find_problems
from highroad.settings.document import Document, find_file, read_file
from highroad.settings.files import policy_files, schema_file
from highroad.settings.lines import KeyPath
from highroad.settings.model import KEYS_FILE, Given, Settings

PREFIX: Final = "HIGHROAD_"
KEY_VARIABLES: Final = frozenset({"HIGHROAD_MASTER_KEY", "HIGHROAD_MASTER_KEYS"})
"""Secrets: whoever keeps the master keys reads them, and no setting ever holds them."""

_SQLITE: Final = "sqlite:///"
_FILE: Final = "file:"
_REPLIES: Final = ("temperature", "max_tokens", "seed", "timeout_s")
"""Settings of models that are about their replies."""
_BY_VARIABLE: Final = {setting.variable: setting for setting in SETTINGS if setting.variable}


def load(start: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the nearest `highroad.toml` from `start` upward, with the environment laid over it.

    Args:
        start: The working directory unless given.
        environment: That of the process unless given. An empty variable is none.

    Raises:
        SettingsError: Something is wrong; every mistake is told, with its file and line.
    """
    start = (start or Path.cwd()).resolve()
    file = find_file(start)
    document = read_file(file) if file else Document()
    if environment is None:
        environment = os.environ  # noqa: TID251 - here, and nowhere else, settings are parsed
    document = _lay_over(document, environment)
    problems = find_problems(document) or [
        *_find_repetitions(document),
        *_find_impossible(document),
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    return _build(document, file.parent if file else start)


def _lay_over(document: Document, environment: Mapping[str, str]) -> Document:
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in KEY_VARIABLES or not text:
            continue
        setting = _BY_VARIABLE.get(variable)
        if setting is None:
            # A mistyped HIGHROAD_PROFILE that went unnoticed would leave production open.
            raise SettingsError(f"{variable}: there is no such setting; {_suggest(variable)}")
        document = document.overridden(setting.path, setting.kind.read(text), variable)
    return document


def _suggest(variable: str) -> str:
    known = [name.removeprefix(PREFIX) for name in (*_BY_VARIABLE, *KEY_VARIABLES)]
    near = get_close_matches(variable.removeprefix(PREFIX), known, n=1)
    return f"did you mean {PREFIX}{near[0]}?" if near else "see docs/settings.md"


def _find_repetitions(document: Document) -> list[str]:
    """What would be ambiguous: two principals, or two rules, of the same name."""
    problems, seen = [], set()
    keyed = [
        *((("policy", "rules", i), rule["name"]) for i, rule in _tables(document, "policy.rules")),
        *(
            (("principals", i), (user.get("organization", DEFAULT_ORGANIZATION), user["id"]))
            for i, user in _tables(document, "principals")
        ),
        *(
            (("budgets", i), (rule["scope"], rule.get("window", Window.LIFE)))
            for i, rule in _tables(document, "budgets")
        ),
        *((("rates", i), rule["scope"]) for i, rule in _tables(document, "rates")),
    ]
    for path, key in keyed:
        if (path[0], key) in seen:
            problems.append(f"{document.place(path)}: {path[-2]}: there is another of this name")
        seen.add((path[0], key))
    return problems


def _find_impossible(document: Document) -> list[str]:
    """Budgets and rates whose parts do not fit each other, and issuers that meet."""
    problems = _find_meeting_issuers(document)
    builders: tuple[tuple[str, Callable[[Mapping[str, Any]], object]], ...] = (
        ("budgets", _build_budget),
        ("rates", _build_rate),
        ("verifier.budgets", _verifier_budget),
    )
    for name, build in builders:
        for index, table in _tables(document, name):
            try:
                build(table)
            except ValueError as error:
                place = document.place((*name.split("."), index))
                problems.append(f"{place}: {name}: {error}")
    return problems


def _find_meeting_issuers(document: Document) -> list[str]:
    """Issuers that could both speak of one principal: either could play the other's users."""
    rules = [
        _build_issuer(name, table, Path())
        for name, table in _get(document, ("identity", "issuers"), {}).items()
    ]
    problems = []
    for place, rule in enumerate(rules):
        for other in rules[:place]:
            path = ("identity", "issuers", rule.name)
            if rule.issuer == other.issuer:
                problems.append(
                    f"{document.place(path)}: {'.'.join(path)}: {other.name} is the same issuer"
                )
            elif rule.prefix == other.prefix and rule.meets(other):
                problems.append(
                    f"{document.place(path)}: {'.'.join(path)}: {other.name} speaks for the same "
                    "organization: give one of them a `prefix`"
                )
    return problems


def _build(document: Document, root: Path) -> Settings:
    given = {
        setting.name: Given(value, document.source(setting.path))
        for setting in SETTINGS
        if setting.variable and (value := _get(document, setting.path)) is not None
    }

    def value_of(name: str, default: Any) -> Any:  # noqa: ANN401 - checked against the catalogue
        return given[name].value if name in given else default

    profile = Profile(value_of("profile", Profile.DEV))
    is_production = profile is Profile.PRODUCTION
    keys_file = value_of("keys.file", None if is_production else KEYS_FILE)
    return Settings(
        root=root,
        file=document.file,
        profile=profile,
        ledger=_absolute(value_of("ledger", "sqlite:///.highroad/ledger.db"), root),
        tools=tuple(value_of("tools", ())),
        agents=tuple(value_of("agents", ())),
        counters=value_of("counters", "memory:"),
        cache=value_of("cache", "memory:"),
        limits=_build_limits(_get(document, ("limits",), {})),
        budgets=tuple(_build_budget(table) for _, table in _tables(document, "budgets")),
        rates=tuple(_build_rate(table) for _, table in _tables(document, "rates")),
        dependencies={
            name: _build_dependency(name, table)
            for name, table in _get(document, ("dependencies",), {}).items()
        },
        policy=_build_policy(document, root, is_production=is_production),
        contracts={
            name: _build_contract(document, name) for name in _get(document, ("contracts",), {})
        },
        grounding=_build_grounding(document),
        provenance=_build_provenance(document, is_production=is_production),
        verifier=_build_verifier(document),
        confidence=_build_confidence(_get(document, ("confidence",), {})),
        repair_attempts=value_of("repair.attempts", 3),
        redaction=_build_redaction(document),
        showing=_build_showing(document),
        recognizers=tuple(_get(document, ("redaction", "recognizers"), ())),
        flags=_build_flags(document),
        models=_build_models(document),
        prices=_build_prices(_get(document, ("prices",), {})),
        identity=_build_identity(_get(document, ("identity",), {}), root),
        sandbox=_build_sandbox(_get(document, ("sandbox",), {})),
        secrets=_build_secrets(_get(document, ("secrets",), {})),
        approvals=_build_approvals(document, is_production=is_production),
        hold_wait_s=value_of("gateway.hold_wait_s", 25.0),
        keys_file=None if keys_file is None else root / keys_file,
        payload_days=value_of("retention.payload_days", 28),
        pins_file=root / value_of("pins.file", "highroad.pins"),
        head_entries=value_of("proof.entries", 1_000),
        head_seconds=value_of("proof.seconds", 60.0),
        anchors=tuple(_anchor(url, root) for url in value_of("proof.anchors", ())),
        is_dry=value_of("runs.dry_run", default=False),
        keeps_letters_of_reads=value_of("dead_letters.reads", default=False),
        dead_letter_alert=value_of("dead_letters.alert", 100),
        shadows={
            name: ShadowRule(**table) for name, table in _get(document, ("shadows",), {}).items()
        },
        principals=tuple(_build_principal(user) for _, user in _tables(document, "principals")),
        given=given,
    )


def _build_limits(table: Mapping[str, Any]) -> Limits:
    given = dict(table)
    if "reads_without_counters" in given:
        given["reads_without_counters"] = WithoutCounters(given["reads_without_counters"])
    return Limits(**given)


def _build_budget(table: Mapping[str, Any]) -> BudgetRule:
    bounds = {name: bound for name, bound in table.items() if name not in {"scope", "window"}}
    return BudgetRule(
        scope=Scope(table["scope"]), window=Window(table.get("window", Window.LIFE)), **bounds
    )


def _build_rate(table: Mapping[str, Any]) -> RateRule:
    return RateRule(
        scope=Scope(table["scope"]), per_minute=table["per_minute"], burst=table.get("burst")
    )


def _build_dependency(name: str, table: Mapping[str, Any]) -> Dependency:
    plain = {key: value for key, value in table.items() if key != "breaker"}
    return Dependency(name=name, breaker=BreakerRule(**table.get("breaker", {})), **plain)


def _build_policy(document: Document, root: Path, *, is_production: bool) -> PolicyRules:
    owner = _get(document, ("policy", "owner"))
    return PolicyRules(
        allow=_lines(document, ("policy", "allow")),
        deny=_lines(document, ("policy", "deny")),
        owner=Line(owner, document.source(("policy", "owner"))) if owner else Line(ORGANIZATION),
        roles=tuple(
            Role(
                name=name,
                permissions=_lines(document, ("policy", "roles", name, "permissions")),
                allow=_lines(document, ("policy", "roles", name, "allow")),
            )
            for name in _get(document, ("policy", "roles"), {})
        ),
        agents=tuple(
            Agent(name=name, tools=_lines(document, ("policy", "agents", name, "tools")))
            for name in _get(document, ("policy", "agents"), {})
        ),
        rules=tuple(
            _build_rule(document, ("policy", "rules", index), table)
            for index, table in _tables(document, "policy.rules")
        ),
        asks=tuple(
            AskLine(
                tools=name,
                level=Line(table["level"], document.source(("policy", "ask", name, "level"))),
            )
            for name, table in _get(document, ("policy", "ask"), {}).items()
        ),
        cedar=tuple(policy_files(document, root)),
        cedar_schema=schema_file(document, root),
        is_production=is_production,
    )


def _build_contract(document: Document, name: str) -> ContractRule:
    table = _get(document, ("contracts", name))
    tier, effect = table.get("tier"), table.get("effect")
    return ContractRule(
        source=document.source(("contracts", name)),
        server=table.get("source", ""),
        tier=None if tier is None else Tier(tier),
        effect=None if effect is None else Effect(effect),
        accepted=table.get("accepted", "").removeprefix("sha256:"),
        intent=tuple(table.get("intent", ())),
        arguments={
            argument: ArgumentRule(
                role=ArgumentRole(said["role"]) if "role" in said else None,
                integrity=Integrity[said["integrity"].upper()] if "integrity" in said else None,
            )
            for argument, said in table.get("arguments", {}).items()
        },
        labels={
            pointer: Label(
                Integrity[said.get("integrity", Integrity.UNTRUSTED.name).upper()],
                frozenset(said["readers"]) if "readers" in said else None,
            )
            for pointer, said in table.get("labels", {}).items()
        },
        flows=tuple(each.line for each in _flows_of_contract(document, name)),
    )


def _flows_of_contract(document: Document, name: str) -> Iterator[FlowRule]:
    for line in _lines(document, ("contracts", name, "flows")):
        try:
            yield FlowRule.of_contract(name, line)
        except ValueError as error:
            raise SettingsError(f"{line.source}: contracts.{name}.flows: {error}") from None


def _build_grounding(document: Document) -> GroundingRules:
    """What a tool leaves out is as it is for all."""
    rule = _grounding_rule(_get(document, ("grounding",), {}), GroundingRule())
    tools = _get(document, ("grounding", "tools"), {})
    return GroundingRules(
        rule=rule, tools={name: _grounding_rule(table, rule) for name, table in tools.items()}
    )


def _grounding_rule(table: Mapping[str, Any], usual: GroundingRule) -> GroundingRule:
    return GroundingRule(
        mode=GroundingMode(table.get("mode", usual.mode)),
        ungrounded=WhenUngrounded(table.get("ungrounded", usual.ungrounded)),
    )


def _build_provenance(document: Document, *, is_production: bool) -> ProvenanceRules:
    """Production enforces unless told otherwise; what a tool leaves out is as it is for all."""
    usual = ProvenanceMode.ENFORCE if is_production else ProvenanceMode.OBSERVE
    mode = ProvenanceMode(_get(document, ("provenance", "mode"), usual))
    tools = _get(document, ("provenance", "tools"), {})
    return ProvenanceRules(
        rule=ProvenanceRule(mode=mode),
        tools={
            name: ProvenanceRule(mode=ProvenanceMode(table.get("mode", mode)))
            for name, table in tools.items()
        },
        flows=tuple(_flows(document)),
        bulk=_get(document, ("provenance", "bulk"), ProvenanceRules().bulk),
    )


def _flows(document: Document) -> Iterator[FlowRule]:
    for line in _lines(document, ("provenance", "flows")):
        try:
            yield FlowRule.parse(line)
        except ValueError as error:
            raise SettingsError(f"{line.source}: provenance.flows: {error}") from None


def _build_showing(document: Document) -> Showing:
    given = _get(document, ("results",), {})
    return Showing(
        unseen=WhenUnseen(given.get("unseen", USUAL_SHOWING.unseen)),
        imitation=WhenImitated(given.get("imitation", USUAL_SHOWING.imitation)),
    )


def _build_redaction(document: Document) -> RedactionRules:
    """The mode of a tool holds for every kind."""
    given = _get(document, ("redaction",), {})
    rule = RedactionRule(
        mode=RedactionMode(given.get("mode", RedactionRule().mode)),
        kinds={
            SensitiveKind(kind): RedactionMode(mode)
            for kind, mode in given.get("kinds", {}).items()
        },
    )
    tools = given.get("tools", {})
    return RedactionRules(
        rule=rule,
        tools={
            name: RedactionRule(mode=RedactionMode(table["mode"])) for name, table in tools.items()
        },
        arguments=InArguments(given.get("arguments", RedactionRules().arguments)),
    )


def _build_verifier(document: Document) -> VerifierRules:
    given = {
        name: value
        for name, value in _get(document, ("verifier",), {}).items()
        if name not in {"tools", "budgets", "models", "tiers"}
    }
    tools = _get(document, ("verifier", "tools"), {})
    usual = VerifierRules()
    return VerifierRules(
        models=tuple(_get(document, ("verifier", "models"), ())),
        tiers=frozenset(map(Tier, _get(document, ("verifier", "tiers"), usual.tiers))),
        uncertain=WhenUncertain(given.pop("uncertain", usual.uncertain)),
        unavailable=WhenUnavailable(given.pop("unavailable", usual.unavailable)),
        tools={name: _verifier_rule(table) for name, table in tools.items()},
        budgets=tuple(
            _verifier_budget(table) for _, table in _tables(document, "verifier.budgets")
        ),
        **given,
    )


def _verifier_rule(table: Mapping[str, Any]) -> VerifierRule:
    uncertain, unavailable = table.get("uncertain"), table.get("unavailable")
    return VerifierRule(
        on=table.get("on"),
        uncertain=None if uncertain is None else WhenUncertain(uncertain),
        unavailable=None if unavailable is None else WhenUnavailable(unavailable),
    )


def _verifier_budget(table: Mapping[str, Any]) -> VerifierBudget:
    return VerifierBudget(**{**table, "per": BudgetSpan(table["per"])})


def _build_confidence(table: Mapping[str, Any]) -> ConfidenceRules:
    """A threshold switches it on, unless something says that it is off."""
    usual = USUAL_THRESHOLD if table.get("enabled") else None
    if table.get("enabled") is False:
        return ConfidenceRules()
    return ConfidenceRules(
        threshold=table.get("threshold", usual), tools=dict(table.get("tools", {}))
    )


def _build_identity(table: Mapping[str, Any], root: Path) -> IdentityRules:
    session = dict(table.get("session", {}))
    if "address" in session:
        session["address"] = SessionAddress(session["address"])
    return IdentityRules(
        issuers={
            name: _build_issuer(name, issuer, root)
            for name, issuer in table.get("issuers", {}).items()
        },
        session=SessionRule(**session),
        blocked=tuple(table.get("blocked", ())),
    )


def _build_issuer(name: str, table: Mapping[str, Any], root: Path) -> IssuerRule:
    given = dict(table)
    for listed in ("audience", "algorithms"):
        given[listed] = tuple(given.get(listed, ()))
    for listed in ("organizations", "permissions"):
        given[listed] = frozenset(given.get(listed, ()))
    if "://" not in given["keys"]:
        given["keys"] = f"file://{(root / given['keys']).as_posix()}"
    return IssuerRule(name=name, **given)


def _build_sandbox(table: Mapping[str, Any]) -> SandboxRules:
    usual = SandboxRules()
    least = {tier: Strength.named(table[tier]) for tier in Tier if tier in table}
    limits = {name: table[name] for name in AMOUNTS if name in table}
    docker, e2b, modal = (table.get(name, {}) for name in ("docker", "e2b", "modal"))
    egress = tuple(map(EgressRule.read, table.get("egress", ())))
    return SandboxRules(
        order=tuple(table.get("order", usual.order)),
        least={**usual.least, **least},
        limits=ProgramLimits(**limits, egress=egress),
        variables=tuple(table.get("variables", usual.variables)),
        docker=DockerRules(**docker) if "image" in docker else None,
        e2b=E2bRules(**e2b) if "template" in e2b else None,
        modal=ModalRules(**modal) if "image" in modal else None,
    )


def _build_secrets(table: Mapping[str, Any]) -> SecretRules:
    named = {
        who: {name: tuple(names) for name, names in table.get(who, {}).items()}
        for who in ("allow", "roles", "agents")
    }
    return SecretRules(
        sources=tuple(table.get("sources", ())), names=dict(table.get("names", {})), **named
    )


def _build_approvals(document: Document, *, is_production: bool) -> ApprovalRules:
    given = _get(document, ("approvals",), {})
    return ApprovalRules(
        four_eyes=given.get("four_eyes", False),
        roles=frozenset(given.get("roles", ())),
        entitlements=tuple(
            Entitlement(role=role, reach=_build_reach(table))
            for role, table in given.get("entitled", {}).items()
        ),
        quorums=tuple(
            QuorumRule(reach=_build_reach(table), people=table["people"])
            for table in given.get("quorum", ())
        ),
        escalate_after_s=given.get("escalate_after_s"),
        escalate_to=frozenset(given.get("escalate_to", ())),
        use_within_s=given.get("use_within_s", USE_WITHIN_S),
        undo_s=given.get("undo_s", UNDO_S),
        code_tiers=frozenset(map(Tier, given.get("code_tiers", ()))),
        code_lasts_s=given.get("code_lasts_s", CODE_LASTS_S),
        channels={
            name: ChannelRule(**{**table, "roles": frozenset(table.get("roles", ()))})
            for name, table in given.get("channels", {}).items()
        },
        is_production=is_production,
    )


def _build_reach(table: Mapping[str, Any]) -> Reach:
    return Reach(
        tools=tuple(table.get("tools", ("*",))),
        tiers=frozenset(map(Tier, table.get("tiers", Tier))),
    )


def _build_flags(document: Document) -> FlagRules:
    by_role = _get(document, ("flags", "roles"), {})
    return FlagRules(
        everybody=frozenset(_get(document, ("flags", "on"), ())),
        roles={name: frozenset(table.get("on", ())) for name, table in by_role.items()},
    )


def _build_models(document: Document) -> ModelRules:
    given = _get(document, ("models",), {})
    settings = {key: given[key] for key in _REPLIES if key in given}
    return ModelRules(
        default=given.get("default", ModelRules().default),
        settings=ModelSettings(**settings),
        servers={name: ModelServer(**table) for name, table in given.get("servers", {}).items()},
        hosted=tuple(_get(document, ("policy", "hosted"), ())),
    )


def _build_prices(table: Mapping[str, Any]) -> PriceRules:
    given = dict(table)
    if "unpriced" in given:
        given["unpriced"] = Unpriced(given["unpriced"])
    models = {name: Price(**price) for name, price in given.pop("models", {}).items()}
    return PriceRules(models=models, **given)


def _build_rule(document: Document, path: KeyPath, table: Mapping[str, Any]) -> Rule:
    return Rule(
        name=Line(table["name"], document.source(path)),
        tools=_lines(document, (*path, "tools")) if "tools" in table else (Line("*"),),
        when=Line(table["when"], document.source((*path, "when"))),
        then=Then(table.get("then", Then.DENY)),
    )


def _build_principal(table: Mapping[str, Any]) -> Principal:
    return Principal(
        id=table["id"],
        organization=table.get("organization", DEFAULT_ORGANIZATION),
        roles=frozenset(table.get("roles", ())),
        permissions=frozenset(table.get("permissions", ())),
        name=table.get("name"),
    )


def _absolute(ledger: str, root: Path) -> str:
    """The URL with its path made absolute, where it is a path of this machine."""
    if not ledger.startswith(_SQLITE):
        return ledger
    return _SQLITE + (root / ledger.removeprefix(_SQLITE)).as_posix()


def _anchor(url: str, root: Path) -> str:
    """The URL with its path made absolute, where it is a path of this machine."""
    if url.startswith(_SQLITE):
        return _absolute(url, root)
    if url.startswith(_FILE):
        return f"{_FILE}//{(root / url.removeprefix(_FILE).removeprefix('//')).as_posix()}"
    return url


def _get(document: Document, path: KeyPath, default: Any = None) -> Any:  # noqa: ANN401 - checked against the catalogue
    value: Any = document.table
    for key in path:
        if isinstance(key, str) and key not in value:
            return default
        value = value[key]
    return value


def _tables(document: Document, name: str) -> list[tuple[int, Mapping[str, Any]]]:
    return list(enumerate(_get(document, tuple(name.split(".")), [])))


def _lines(document: Document, path: KeyPath) -> tuple[Line, ...]:
    """Texts with the line of each, which may be one of many in a list."""
    return tuple(
        Line(text, document.source((*path, index)))
        for index, text in enumerate(_get(document, path, []))
    )
