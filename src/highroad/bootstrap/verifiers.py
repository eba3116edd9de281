"""Verifiers: whose second opinion calls are put before, and what they stand on."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Final, TypeAlias

from highroad.adapters.verifiers.model import ModelVerifier
from highroad.bootstrap.models import pricing_of
from highroad.domain.error import SettingsError
from highroad.domain.model import TokenUsage
from highroad.domain.verification import Verification, VerificationCase
from highroad.ledger.kept_verifications import KeptVerifications
from highroad.pipeline.services import Services
from highroad.pipeline.verifiers import Verifiers
from highroad.ports.model import Model
from highroad.ports.verifier import Verifier
from highroad.settings import Settings

OwnVerifier: TypeAlias = Verifier | Model
"""One that whoever opens a runtime brings along, or a model to make one of."""

_LEASE_S: Final = 5.0
"""How much longer than a verification another call waits for what one of them brings."""


def verifiers_of(
    settings: Settings,
    services: Services,
    find: Callable[[str], Model],
    own: OwnVerifier | None = None,
) -> Verifiers | None:
    """The verifiers of a runtime; `None` where none is configured.

    Args:
        settings: Name models, and say which calls are verified.
        services: Of the runtime.
        find: A model by its name.
        own: In place of the models of the settings.

    Raises:
        SettingsError: `own` is neither a verifier nor a model.
    """
    rules = settings.verifier
    those: list[Verifier]
    if own is not None:
        those = [_verifier(own, settings)]
    else:
        those = [
            ConfiguredVerifier(name, partial(_found, find, name, settings)) for name in rules.models
        ]
    if not those:
        return None
    kept = KeptVerifications(
        services.results,
        services.ledger.keyring,
        held_s=rules.cache_s,
        lease_s=rules.timeout_s + _LEASE_S,
    )
    return Verifiers(those, rules, pricing_of(settings.prices), kept)


class ConfiguredVerifier:
    """A model of the settings as a verifier, opened when a call is first put before it.

    Who only reads a ledger needs no provider's key.

    Args:
        name: `provider:model`.
        opened: Makes it.
    """

    def __init__(self, name: str, opened: Callable[[], Verifier]) -> None:
        self.name: str = name
        self._opened: Callable[[], Verifier] = cache(opened)

    def most(self, case: VerificationCase) -> TokenUsage:
        """What it may use.

        Raises:
            SettingsError: The model cannot be had.
        """
        return self._opened().most(case)

    async def verify(self, case: VerificationCase) -> Verification:
        """Look at the case.

        Raises:
            VerifierError: It has no opinion.
            SettingsError: The model cannot be had.
        """
        return await self._opened().verify(case)


def _verifier(own: OwnVerifier, settings: Settings) -> Verifier:
    if isinstance(own, Verifier):
        return own
    if not hasattr(own, "reply"):
        raise SettingsError(
            f"verifier={own!r} is neither a verifier nor a model: give something with `name`, "
            "`most` and `verify`, or a model"
        )
    return _by_model(own, settings)


def _found(find: Callable[[str], Model], name: str, settings: Settings) -> Verifier:
    return _by_model(find(name), settings)


def _by_model(model: Model, settings: Settings) -> Verifier:
    timeout_s = settings.verifier.timeout_s
    return ModelVerifier(model, replace(settings.models.settings, timeout_s=timeout_s))
