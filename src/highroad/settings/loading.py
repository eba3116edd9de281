"""From file and environment to `Settings`."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from highroad.domain.error import SettingsError
from highroad.settings.areas import (
    approvals,
    budgets,
    confidence,
    contracts,
    dependencies,
    flags,
    grounding,
    identity,
    limits,
    models,
    policy,
    prices,
    principals,
    provenance,
    rates,
    redaction,
    results,
    sandbox,
    secrets,
    shadows,
    verifier,
)
from highroad.settings.catalogue import DEFAULTS, SETTINGS
from highroad.settings.checking import find_problems
from highroad.settings.conflicts import find_conflicts
from highroad.settings.document import Document, find_file, read_file
from highroad.settings.model import KEYS_FILE, Given, Settings
from highroad.settings.profile import Profile
from highroad.settings.urls import anchor_url, ledger_url

PREFIX: Final = "HIGHROAD_"
KEY_VARIABLES: Final = frozenset({"HIGHROAD_MASTER_KEY", "HIGHROAD_MASTER_KEYS"})
"""Secrets: whoever keeps the master keys reads them, and no setting ever holds them."""

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
    problems = find_problems(document) or find_conflicts(document)
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


def _build(document: Document, root: Path) -> Settings:
    given = {
        setting.name: Given(value, document.source(setting.path))
        for setting in SETTINGS
        if setting.variable and (value := document.get(setting.path)) is not None
    }

    def value_of(name: str) -> Any:  # noqa: ANN401 - checked against the catalogue
        return given[name].value if name in given else DEFAULTS[name]

    profile = Profile(value_of("profile"))
    is_production = profile is Profile.PRODUCTION
    keys_file = value_of("keys.file")
    if keys_file is None and not is_production:
        keys_file = KEYS_FILE
    return Settings(
        root=root,
        file=document.file,
        profile=profile,
        ledger=ledger_url(value_of("ledger"), root),
        tools=tuple(value_of("tools")),
        agents=tuple(value_of("agents")),
        counters=value_of("counters"),
        cache=value_of("cache"),
        limits=limits.read(document),
        budgets=budgets.read(document),
        rates=rates.read(document),
        dependencies=dependencies.read(document),
        policy=policy.read(document, root, is_production=is_production),
        contracts=contracts.read(document),
        grounding=grounding.read(document),
        provenance=provenance.read(document, is_production=is_production),
        verifier=verifier.read(document),
        confidence=confidence.read(document),
        repair_attempts=value_of("repair.attempts"),
        redaction=redaction.read(document),
        showing=results.read(document),
        recognizers=tuple(value_of("redaction.recognizers")),
        flags=flags.read(document),
        models=models.read(document),
        prices=prices.read(document),
        identity=identity.read(document, root),
        sandbox=sandbox.read(document),
        secrets=secrets.read(document),
        approvals=approvals.read(document, is_production=is_production),
        hold_wait_s=value_of("gateway.hold_wait_s"),
        keys_file=None if keys_file is None else root / keys_file,
        payload_days=value_of("retention.payload_days"),
        pins_file=root / value_of("pins.file"),
        head_entries=value_of("proof.entries"),
        head_seconds=value_of("proof.seconds"),
        anchors=tuple(anchor_url(url, root) for url in value_of("proof.anchors")),
        is_dry=value_of("runs.dry_run"),
        keeps_letters_of_reads=value_of("dead_letters.reads"),
        dead_letter_alert=value_of("dead_letters.alert"),
        shadows=shadows.read(document),
        principals=principals.read(document),
        given=given,
    )
