"""Settings as the rest of the house sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.confidence import ConfidenceRules
from highroad.domain.contract_rule import ContractRule
from highroad.domain.dependency import Dependency
from highroad.domain.flags import FlagRules
from highroad.domain.grounding import GroundingRules
from highroad.domain.identity import Principal
from highroad.domain.identity_rules import IdentityRules
from highroad.domain.limits import BudgetRule, Limits, RateRule
from highroad.domain.model_rules import ModelRules
from highroad.domain.policy import PolicyRules
from highroad.domain.prices import PriceRules
from highroad.domain.provenance import ProvenanceRules
from highroad.domain.redaction import RedactionRules
from highroad.domain.sandbox import SandboxRules
from highroad.domain.secret import SecretRules
from highroad.domain.shadow import ShadowRule
from highroad.domain.showing import USUAL_SHOWING, Showing
from highroad.domain.verification import VerifierRules
from highroad.settings.catalogue import DEFAULTS
from highroad.settings.profile import Profile

KEYS_FILE: Final = ".highroad/keys"
"""In profile dev unless told; beside the ledger, and like it ignored by git."""


@dataclass(frozen=True, slots=True)
class Given:
    """A setting that somebody gave."""

    value: object = field(repr=False)
    """Some hold secrets (P7)."""
    source: str
    """`highroad.toml:12`, or the environment variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is configured; without a word of configuration, profile `dev` and its defaults.

    Args:
        root: Folder of `highroad.toml`, or the working directory; relative paths start here.
        file: The `highroad.toml` that was read.
        profile: Where this runs.
        ledger: URL; the path of a `sqlite:///` URL is absolute.
        tools: Modules whose tools the command line serves.
        agents: Modules whose agents it runs.
        counters: URL of where budgets, rates, places and breakers are counted.
        cache: URL of where results are kept that may answer again.
        limits: Of runs, calls and attempts.
        budgets: Of the scopes around them.
        rates: Of users and organizations.
        dependencies: How what tools need is spared, by name; `*` is all others.
        policy: Who may do what.
        contracts: What is said of contracts of tools, by name.
        grounding: What becomes of values that nobody named.
        provenance: What becomes of values that a stranger may have chosen.
        verifier: Whose second opinion calls need, and which.
        confidence: How sure a model has to be of a call.
        repair_attempts: Refusals of arguments in a row, of which the last says to stop.
        redaction: What becomes of what is personal or secret.
        recognizers: Of libraries, that find it besides those of the core.
        showing: How models are shown results.
        flags: What is switched on, and for whom.
        models: Which there are, and how they are asked.
        prices: What they cost.
        identity: Whose tokens show who calls, how long sessions last, who is not let in.
        sandbox: What runs programs that strangers wrote, and within which limits.
        secrets: Where those of tools are, and who may name which.
        approvals: How many must agree to calls, and who may.
        hold_wait_s: How long an MCP client is kept waiting for a decision, in seconds.
        keys_file: Master keys, where the environment has none; `None` in production unless given.
        payload_days: How long arguments, results and messages of ended calls are kept.
        pins_file: Accepted tool definitions.
        head_entries: Unsigned entries at which a head is signed.
        head_seconds: Seconds between heads, where anything is unsigned.
        anchors: URLs of places that remember heads; paths are absolute.
        is_dry: Every call with effects is a dry run.
        keeps_letters_of_reads: Reads that are given up on leave dead letters too.
        dead_letter_alert: More dead letters are worth a warning.
        shadows: Who goes beside the runs of whom, by name.
        principals: Whom `--as` may name in profile `dev`.
        given: What is not a default, by the setting's name.
    """

    root: Path
    file: Path | None = None
    profile: Profile = Profile.DEV
    ledger: str = field(repr=False)
    """It may hold a password (P7)."""
    tools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    counters: str = field(default="memory:", repr=False)
    """It may hold a password as well."""
    cache: str = field(default="memory:", repr=False)
    """And so may this."""
    limits: Limits = field(default_factory=Limits)
    budgets: tuple[BudgetRule, ...] = ()
    rates: tuple[RateRule, ...] = ()
    dependencies: Mapping[str, Dependency] = field(default_factory=dict)
    policy: PolicyRules = field(default_factory=PolicyRules)
    contracts: Mapping[str, ContractRule] = field(default_factory=dict)
    grounding: GroundingRules = field(default_factory=GroundingRules)
    provenance: ProvenanceRules = field(default_factory=ProvenanceRules)
    verifier: VerifierRules = field(default_factory=VerifierRules)
    confidence: ConfidenceRules = field(default_factory=ConfidenceRules)
    repair_attempts: int = 3
    redaction: RedactionRules = field(default_factory=RedactionRules)
    recognizers: tuple[str, ...] = ()
    showing: Showing = USUAL_SHOWING
    flags: FlagRules = field(default_factory=FlagRules)
    models: ModelRules = field(default_factory=ModelRules)
    prices: PriceRules = field(default_factory=PriceRules)
    identity: IdentityRules = field(default_factory=IdentityRules)
    sandbox: SandboxRules = field(default_factory=SandboxRules)
    secrets: SecretRules = field(default_factory=SecretRules)
    approvals: ApprovalRules = field(default_factory=ApprovalRules)
    hold_wait_s: float = 25.0
    keys_file: Path | None
    payload_days: int = 28
    pins_file: Path
    head_entries: int = 1_000
    head_seconds: float = 60.0
    anchors: tuple[str, ...] = ()
    is_dry: bool = False
    keeps_letters_of_reads: bool = False
    dead_letter_alert: int = 100
    shadows: Mapping[str, ShadowRule] = field(default_factory=dict)
    principals: tuple[Principal, ...] = ()
    given: Mapping[str, Given] = field(default_factory=dict)

    @property
    def is_production(self) -> bool:
        """Whether the profile is `production`."""
        return self.profile is Profile.PRODUCTION

    def value_of(self, name: str) -> object:
        """The value in force of a setting that can be given once, such as `limits.calls`."""
        return self.given[name].value if name in self.given else DEFAULTS[name]
