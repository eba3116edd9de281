"""Every setting there is. `docs/settings.md` describes each; a test compares the two."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highroad.domain.approval_rules import CODE_LASTS_S, UNDO_S, USE_WITHIN_S
from highroad.domain.dependency import BreakerRule, Dependency
from highroad.domain.grounding import GroundingMode, GroundingRule, WhenUngrounded
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.identity_rules import IssuerRule, SessionAddress, SessionRule
from highroad.domain.label import Integrity
from highroad.domain.limits import Limits, Scope, Window, WithoutCounters
from highroad.domain.model import ModelSettings
from highroad.domain.policy import ORGANIZATION, Then
from highroad.domain.prices import PriceRules, Unpriced
from highroad.domain.provenance import ProvenanceMode, ProvenanceRules
from highroad.domain.redaction import (
    InArguments,
    RedactionMode,
    RedactionRule,
    RedactionRules,
    SensitiveKind,
)
from highroad.domain.sandbox import (
    DOCKER_SOCKET,
    MODAL_RUNTIMES,
    NAMES,
    RUNTIMES,
    SandboxRules,
    Strength,
)
from highroad.domain.showing import USUAL_SHOWING, WhenImitated, WhenUnseen
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.domain.verification import (
    BudgetSpan,
    VerifierRules,
    WhenUnavailable,
    WhenUncertain,
)
from highroad.settings.kinds import (
    ABOVE_ZERO,
    ANCHORS,
    AT_LEAST_ONE,
    COUNT,
    DIGEST,
    EGRESS,
    IMAGE,
    LEDGER,
    MEMORY_OR_REDIS,
    MODAL_IMAGE,
    NUMBER,
    POSITIVE,
    RATIO,
    SECRET_PLACE,
    SECRET_SOURCES,
    SHARE,
    TEXT,
    TEXTS,
    TRUTH,
    URL,
    VARIABLES,
    Kind,
    one_of,
    some_of,
)

EACH_NAME: Final = "<name>"
"""Stands for a key that the user chooses."""
EACH_TABLE: Final = "[]"
"""Stands for each table of an array of tables."""


class Profile(StrEnum):
    """Where this runs."""

    DEV = "dev"
    """The local user, made-up keys, `--as`."""
    PRODUCTION = "production"
    """Default deny; keys must be given; nobody can be impersonated."""


class Absent(StrEnum):
    """In the place of a default."""

    NONE = "none"
    """May be left out."""
    REQUIRED = "required"
    """Must be given with its table."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its dotted name, what it accepts, its default, and what it does."""

    name: str
    kind: Kind
    default: object
    doc: str

    @property
    def path(self) -> tuple[str, ...]:
        """The name in parts."""
        return tuple(self.name.split("."))

    @property
    def variable(self) -> str | None:
        """The environment variable that overrides it, if there can be one."""
        if EACH_NAME in self.path or EACH_TABLE in self.path:
            return None
        return "HIGHROAD_" + "_".join(self.path).upper()


_DEFAULT_LIMITS: Final = Limits()


def _limit(name: str, doc: str, kind: Kind | None = None) -> Setting:
    default = getattr(_DEFAULT_LIMITS, name)
    by_type = NUMBER if isinstance(default, float) else COUNT
    return Setting(
        f"limits.{name}", kind or by_type, Absent.NONE if default is None else default, doc
    )


_DEFAULT_DEPENDENCY: Final = Dependency(name=EACH_NAME)


def _spares(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of a dependency."""
    return Setting(f"dependencies.{EACH_NAME}.{name}", kind, _usual(_DEFAULT_DEPENDENCY, name), doc)


def _breaks(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of its breaker."""
    default = _usual(_DEFAULT_DEPENDENCY.breaker, name)
    return Setting(f"dependencies.{EACH_NAME}.breaker.{name}", kind, default, doc)


def _usual(of: Dependency | BreakerRule, name: str) -> object:
    default = getattr(of, name)
    return Absent.NONE if default is None else default


_DEFAULT_MODEL: Final = ModelSettings()
_DEFAULT_PRICES: Final = PriceRules()
_DEFAULT_GROUNDING: Final = GroundingRule()
_DEFAULT_SANDBOX: Final = SandboxRules()
_DEFAULT_VERIFIER: Final = VerifierRules()
_IN_ORDER: Final = tuple(tier for tier in Tier if tier in _DEFAULT_VERIFIER.tiers)


def _replies(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of how models reply."""
    default = getattr(_DEFAULT_MODEL, name)
    return Setting(f"models.{name}", kind, Absent.NONE if default is None else default, doc)


def _at_least(tier: Tier) -> Setting:
    """The least strength of a sandbox, by tier."""
    return Setting(
        f"sandbox.{tier}",
        one_of(each.word for each in Strength),
        _DEFAULT_SANDBOX.least[tier].word,
        f"The least that stands between a program and this machine, for tools of tier `{tier}`.",
    )


def _takes_up(name: str, doc: str, kind: Kind = POSITIVE) -> Setting:
    """A setting of how much a program may take up."""
    return Setting(f"sandbox.{name}", kind, getattr(_DEFAULT_SANDBOX.limits, name), doc)


_DEFAULT_SESSION: Final = SessionRule()
_DEFAULT_ISSUER: Final = IssuerRule(name="", issuer="", audience=(), keys="")
_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"),
)


def _issues(name: str, kind: Kind, doc: str, *, is_required: bool = False) -> Setting:
    """A setting of an issuer of tokens."""
    default = getattr(_DEFAULT_ISSUER, name) or Absent.NONE
    return Setting(
        f"identity.issuers.{EACH_NAME}.{name}",
        kind,
        Absent.REQUIRED if is_required else default,
        doc,
    )


def _price(name: str, doc: str, *, default: object = Absent.NONE) -> Setting:
    return Setting(f"prices.models.{EACH_NAME}.{name}", NUMBER, default, doc)


_INTEGRITIES: Final = tuple(each.name.lower() for each in Integrity)


SETTINGS: Final = (
    Setting(
        "profile",
        one_of(Profile),
        Profile.DEV,
        "Where this runs. `production` denies by default, makes up no key and refuses `--as`.",
    ),
    Setting(
        "ledger",
        LEDGER,
        "sqlite:///.highroad/ledger.db",
        "Where the ledger is. A relative path starts at the folder of `highroad.toml`.",
    ),
    Setting(
        "counters",
        MEMORY_OR_REDIS,
        "memory:",
        "Where budgets, rates, places and breakers are counted: in this process, or in a Redis for "
        "all processes that name it.",
    ),
    Setting(
        "cache",
        MEMORY_OR_REDIS,
        "memory:",
        "Where results of reads are kept that declare `cache_s`: in this process, or in Redis for "
        "all of them.",
    ),
    Setting(
        "tools",
        TEXTS,
        (),
        "Modules whose tools the command line serves, such as `shop.tools`.",
    ),
    Setting(
        "agents",
        TEXTS,
        (),
        "Modules whose agents the command line runs and resumes, such as `shop.agents`.",
    ),
    Setting(
        "runs.dry_run",
        TRUTH,
        default=False,
        doc="Make a dry run of every call with effects, by whatever door it comes: it says what "
        "would happen, and nothing does.",
    ),
    _limit("iterations", "Model turns of a run."),
    _limit("calls", "Calls of a run that reach an intent."),
    _limit("proposals", "Calls of a run that are received, refused and repeated ones included."),
    _limit("calls_per_tool", "Calls of a run to one tool above tier `read`."),
    _limit("calls_per_read", "Calls of a run to one tool of tier `read`."),
    _limit("tokens", "Tokens of a run, in and out."),
    _limit("usd", "Money of a run, in US dollars."),
    _limit("run_s", "Wall time of a run in seconds; it rests while the whole run is held."),
    _limit("attempt_s", "Seconds of one attempt of a tool that sets none itself."),
    _limit("call_s", "Seconds of one call; they stand still while it is held."),
    _limit("parallel", "Calls of a run that execute at once.", POSITIVE),
    _limit("threads", "Bodies of synchronous tools that run at once, of all tools.", POSITIVE),
    _limit(
        "threads_each",
        "Threads of one dependency, with those of bodies that run on behind their deadline. When "
        "these have them all, its calls fail as `overloaded`.",
        POSITIVE,
    ),
    _limit("processes", "Worker processes at once, for bodies that run in one.", POSITIVE),
    _limit("approval_s", "Seconds that an approval waits."),
    _limit(
        "abandoned_s",
        "Seconds that a call whose process died waits for its tool, from when this process first "
        "saw it. Then it ends as unknown.",
    ),
    _limit("cache_s", "Most seconds that a result may be served, whatever its tool declares."),
    _limit("cache_entries", "Results kept in this process at most."),
    _limit(
        "cache_bytes",
        "Memory that they take up at most; a result larger than an eighth of it is not kept.",
    ),
    _limit(
        "evidence_runs",
        "Runs of other frameworks' agents whose evidence is kept in this process at most; that of "
        "others is read again from the ledger.",
    ),
    _limit("identical_calls", "The same read in a row in a run before it is stopped as a loop."),
    _limit("argument_bytes", "Size of the arguments of a call."),
    _limit("result_bytes", "Size of a result."),
    _limit("per_minute", "Calls a minute of one tool by one principal.", COUNT),
    _limit("ceiling_usd", "Money that work reserves which declares no maximum, in US dollars."),
    _limit("ceiling_tokens", "Tokens that work reserves which declares no maximum."),
    _limit(
        "reads_without_counters",
        "What becomes of reads while `counters` cannot be reached; what is above is refused.",
        one_of(WithoutCounters),
    ),
    Setting(
        "budgets.[].scope",
        one_of(scope for scope in Scope if scope is not Scope.RUN),
        Absent.REQUIRED,
        "Whose the budget is; that of a run stands under `limits`.",
    ),
    Setting(
        "budgets.[].window",
        one_of(Window),
        Window.LIFE,
        "When it begins anew, in UTC: for users and organizations `hour`, `day` or `month`.",
    ),
    Setting(
        "budgets.[].proposals",
        COUNT,
        Absent.NONE,
        "Calls that are received, refused and repeated ones included.",
    ),
    Setting("budgets.[].calls", COUNT, Absent.NONE, "Calls that reach an intent."),
    Setting("budgets.[].attempts", COUNT, Absent.NONE, "Tries of their bodies."),
    Setting("budgets.[].tokens", COUNT, Absent.NONE, "Tokens, in and out."),
    Setting("budgets.[].usd", NUMBER, Absent.NONE, "Money, in US dollars."),
    Setting("budgets.[].wall_s", NUMBER, Absent.NONE, "Seconds on the road, added up."),
    Setting(
        "rates.[].scope",
        one_of((Scope.USER, Scope.ORGANIZATION)),
        Absent.REQUIRED,
        "Whose calls are counted.",
    ),
    Setting("rates.[].per_minute", COUNT, Absent.REQUIRED, "Calls in any sixty seconds."),
    Setting(
        "rates.[].burst",
        POSITIVE,
        Absent.NONE,
        "So many at once, and then evenly: a bucket in place of the sliding window.",
    ),
    _spares("parallel", POSITIVE, "Attempts that it gets at once."),
    _spares(
        "wait_s", NUMBER, "Seconds that an attempt waits for its turn among `parallel` others."
    ),
    _spares("per_minute", POSITIVE, "Attempts a minute that it gets, evenly."),
    _spares(
        "burst", POSITIVE, "Attempts that may come together; what a second brings unless given."
    ),
    _spares("retry_ratio", RATIO, "Retries are at most so large a part of first attempts."),
    _spares("retry_floor", COUNT, "Retries a minute that are allowed besides, in each process."),
    _spares("check_s", AT_LEAST_ONE, "Seconds between health checks, where a tool declares one."),
    _breaks("failures", POSITIVE, "So many failures within the window open the breaker,"),
    _breaks("failure_rate", SHARE, "if they are so large a part of the attempts in it."),
    _breaks("window_s", AT_LEAST_ONE, "Seconds that failures and slow attempts are counted for."),
    _breaks("recovery_s", NUMBER, "Seconds that it stays open before attempts may try again."),
    _breaks("successes", POSITIVE, "So many in a row then close it; one failure opens it again."),
    _breaks("slow_s", ABOVE_ZERO, "An attempt that takes longer is slow."),
    _breaks("slow_rate", SHARE, "So large a part of slow attempts opens it,"),
    _breaks("slow_attempts", POSITIVE, "once there were so many attempts in the window."),
    Setting(
        "policy.allow",
        TEXTS,
        (),
        "Patterns of tools that everybody may use. The first allow or deny line makes every other "
        "tool denied.",
    ),
    Setting("policy.deny", TEXTS, (), "Patterns of tools that nobody may use; before any allow."),
    Setting(
        "policy.owner",
        TEXT,
        ORGANIZATION,
        "Whose an object must be: `organization`, `principal`, or a CEL expression over `owner`, "
        "`principal` and `args`. Nothing ever crosses organizations.",
    ),
    Setting(
        "policy.roles.<name>.permissions",
        TEXTS,
        (),
        "Permissions of whoever has the role.",
    ),
    Setting(
        "policy.roles.<name>.allow",
        TEXTS,
        (),
        "Patterns of tools that whoever has the role may use besides.",
    ),
    Setting(
        "policy.agents.<name>.tools",
        TEXTS,
        Absent.REQUIRED,
        "Patterns of tools that this agent may use, whoever it acts for.",
    ),
    Setting(
        "policy.rules.[].name", TEXT, Absent.REQUIRED, "What the rule is for, in people's words."
    ),
    Setting("policy.rules.[].tools", TEXTS, ("*",), "Patterns of tools that it is for."),
    Setting(
        "policy.rules.[].when",
        TEXT,
        Absent.REQUIRED,
        "CEL expression over `args` and `principal`. One that has no answer denies.",
    ),
    Setting(
        "policy.rules.[].then",
        one_of(Then),
        Then.DENY,
        "What follows if it is true: the call is denied, or a person is asked.",
    ),
    Setting(
        "policy.ask.<name>.level",
        TEXT,
        Absent.REQUIRED,
        "Who must agree to calls of the tools that the pattern names: a CEL expression over `args` "
        "and `principal` that gives `true`, `false`, `automatic`, `confirm`, `human`, `quorum` or "
        "`quorum:3`. It goes before the tool's own `ask`.",
    ),
    Setting(
        "policy.cedar",
        TEXTS,
        (),
        "Files of Cedar policies, or patterns of such as `policies/*.cedar`; they have to permit "
        "as well. Relative paths start at the folder of `highroad.toml`.",
    ),
    Setting(
        "policy.cedar_schema",
        TEXT,
        Absent.NONE,
        "File that `highroad policy schema` wrote: what policies may name, where a process has "
        "only some of the tools. Without it, the tools at hand.",
    ),
    Setting(
        "policy.hosted",
        TEXTS,
        (),
        "Tools that providers run themselves, out of sight, such as `web_search` or "
        "`anthropic:web_search`. All are off that are not named.",
    ),
    Setting(
        "models.default",
        TEXT,
        "offline:",
        "The model of agents that name none: `offline:`, or `provider:model`.",
    ),
    _replies("temperature", NUMBER, "How free replies are; left out where a model refuses any."),
    _replies("max_tokens", POSITIVE, "Tokens of one reply at most."),
    _replies("seed", COUNT, "For providers that know one: the same seed, nearly the same reply."),
    _replies("timeout_s", ABOVE_ZERO, "Seconds of one request, up to the end of its reply."),
    Setting(
        "models.servers.<name>.url",
        URL,
        Absent.REQUIRED,
        "Where models whose names begin with `<name>:` are reached: an OpenAI-compatible server, "
        "or a known provider in another place.",
    ),
    Setting(
        "models.servers.<name>.key",
        TEXT,
        Absent.NONE,
        "The environment variable that holds its key; without one that of the known provider is "
        "sent, and to others none.",
    ),
    Setting(
        "prices.unpriced",
        one_of(Unpriced),
        _DEFAULT_PRICES.unpriced,
        "What becomes of requests to a model whose price nobody knows.",
    ),
    Setting(
        "prices.unpriced_input",
        ABOVE_ZERO,
        _DEFAULT_PRICES.unpriced_input,
        "What they are charged otherwise, in US dollars for a million tokens in,",
    ),
    Setting(
        "prices.unpriced_output",
        ABOVE_ZERO,
        _DEFAULT_PRICES.unpriced_output,
        "and for a million tokens out.",
    ),
    _price(
        "input",
        "US dollars for a million tokens in, of `provider:model`, or of all others of a provider: "
        "`provider:*`.",
        default=Absent.REQUIRED,
    ),
    _price("output", "For a million tokens out.", default=Absent.REQUIRED),
    _price("cache_read", "For a million tokens in that it had kept; as others unless given."),
    _price("cache_write", "For a million tokens in that it was to keep; as others unless given."),
    Setting(
        "grounding.mode",
        one_of(GroundingMode),
        _DEFAULT_GROUNDING.mode,
        "What becomes of a call by a model with a value that stands in no request and no result: "
        "stopped, run and recorded, or not looked into.",
    ),
    Setting(
        "grounding.ungrounded",
        one_of(WhenUngrounded),
        _DEFAULT_GROUNDING.ungrounded,
        "How it is stopped: the model is told what is missing, or a person is asked.",
    ),
    Setting(
        f"grounding.tools.{EACH_NAME}.mode",
        one_of(GroundingMode),
        Absent.NONE,
        "The same for one tool; that of all tools unless given.",
    ),
    Setting(
        f"grounding.tools.{EACH_NAME}.ungrounded",
        one_of(WhenUngrounded),
        Absent.NONE,
        "The same for one tool; that of all tools unless given.",
    ),
    Setting(
        "provenance.mode",
        one_of(ProvenanceMode),
        Absent.NONE,
        "What becomes of a call by a model with a value that a stranger may have chosen, or that "
        "the request did not call for: put before a person, run and recorded, or not looked into. "
        "In profile `production` the default is `enforce`, in `dev` it is `observe`.",
    ),
    Setting(
        "provenance.flows",
        TEXTS,
        (),
        "Rules `source -> sink: allow`, `ask` or `deny`; the first that is about a value decides. "
        '`"get_reviews.text -> send_email: deny"`, `"untrusted url -> *: ask"`.',
    ),
    Setting(
        "provenance.bulk",
        POSITIVE,
        ProvenanceRules().bulk,
        "More values than that in one list of recipients or objects are put before a person, "
        "unless the user named each.",
    ),
    Setting(
        f"provenance.tools.{EACH_NAME}.mode",
        one_of(ProvenanceMode),
        Absent.NONE,
        "The same for one tool; that of all tools unless given.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.tier",
        one_of(Tier),
        Absent.NONE,
        "What stands at stake with the tool of that name: more than it is declared as, or whatever "
        "is true where nobody declared it. A tool of a server is never less than its hints say.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.effect",
        one_of(Effect),
        Absent.NONE,
        "What may be done when nobody knows whether a call took effect: `unprotected`, or "
        "`repeatable` where its author said nothing of it.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.source",
        TEXT,
        Absent.NONE,
        "Identity of the server whose tool it is about, as `highroad tools show` tells it. Less "
        "than `irreversible` can be said of a server's tool only so. Any tool of that name unless "
        "given.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.accepted",
        DIGEST,
        Absent.NONE,
        "The definition that a person accepted, as `sha256:` and 64 hex digits. Own code of that "
        "name with another one is refused. Of a server's tool, `highroad tools review --yes` "
        "accepts it for a ledger that has not heard of it, and nothing else.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.intent",
        TEXTS,
        (),
        "What somebody asks for who wants it; phrases, each a verb and a thing.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.arguments.{EACH_NAME}.role",
        one_of(ArgumentRole),
        Absent.NONE,
        "What one of its arguments decides.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.arguments.{EACH_NAME}.integrity",
        one_of(_INTEGRITIES),
        Absent.NONE,
        "The least that a source of its value must have.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.labels.{EACH_NAME}.integrity",
        one_of(_INTEGRITIES),
        Integrity.UNTRUSTED.name.lower(),
        "Of the part of its result at that JSON pointer, how hard it is for a stranger to choose.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.labels.{EACH_NAME}.readers",
        TEXTS,
        Absent.NONE,
        "Who may read that part, by id or role, and is sent it, by address; others are shown a "
        "mask. Everybody of the organization unless given.",
    ),
    Setting(
        f"contracts.{EACH_NAME}.flows",
        TEXTS,
        (),
        "Rules as in `provenance.flows`, each with the tool of that name as source or sink; only "
        "into that one may they allow something.",
    ),
    Setting(
        "results.unseen",
        one_of(WhenUnseen),
        USUAL_SHOWING.unseen,
        "What becomes of characters that nobody sees, where a result is shown to a model.",
    ),
    Setting(
        "results.imitation",
        one_of(WhenImitated),
        USUAL_SHOWING.imitation,
        "What becomes there of texts that look like words of the program or of an approver.",
    ),
    Setting(
        "redaction.mode",
        one_of(RedactionMode),
        RedactionRule().mode,
        "What becomes of personal data and keys in results, for callers without `personal:read`.",
    ),
    *(
        Setting(
            f"redaction.kinds.{kind}",
            one_of(RedactionMode),
            Absent.NONE,
            "The same for one kind; `redaction.mode` unless given.",
        )
        for kind in SensitiveKind
    ),
    Setting(
        "redaction.recognizers",
        TEXTS,
        (),
        "Recognizers of libraries besides those of the core: `presidio:` and a model of spaCy.",
    ),
    Setting(
        "redaction.arguments",
        one_of(InArguments),
        RedactionRules().arguments,
        "What becomes of it in arguments that are not declared to take it, where anything is "
        "redacted at all.",
    ),
    Setting(
        f"redaction.tools.{EACH_NAME}.mode",
        one_of(RedactionMode),
        Absent.NONE,
        "The same for the results of one tool, of all kinds.",
    ),
    Setting(
        "verifier.models",
        TEXTS,
        (),
        "Models that give second opinions, `provider:model`; without any, no call is verified. The "
        "first is asked whose provider is another than that of the model that proposed the call.",
    ),
    Setting(
        "verifier.tiers",
        some_of(Tier),
        _IN_ORDER,
        "Tiers whose calls are verified: what cannot be taken back, unless given.",
    ),
    Setting(
        "verifier.uncertain",
        one_of(WhenUncertain),
        _DEFAULT_VERIFIER.uncertain,
        "What becomes of a call of which the verifier is uncertain: a person is asked, or it runs "
        "with the concerns as warnings.",
    ),
    Setting(
        "verifier.unavailable",
        one_of(WhenUnavailable),
        _DEFAULT_VERIFIER.unavailable,
        "What becomes of a call below `irreversible` of which no opinion can be had; others are "
        "refused then.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.on",
        TRUTH,
        Absent.NONE,
        "Whether calls of this tool are verified, whatever its tier.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.uncertain",
        one_of(WhenUncertain),
        Absent.NONE,
        "As `verifier.uncertain`, for one tool.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.unavailable",
        one_of(WhenUnavailable),
        Absent.NONE,
        "As `verifier.unavailable`, for one tool.",
    ),
    Setting(
        "verifier.timeout_s",
        ABOVE_ZERO,
        _DEFAULT_VERIFIER.timeout_s,
        "Seconds of one verification, within the deadline of the call.",
    ),
    Setting(
        "verifier.cache_s",
        NUMBER,
        _DEFAULT_VERIFIER.cache_s,
        "How long an opinion answers again for the very same case; 0 keeps none.",
    ),
    Setting(
        "verifier.budgets.[].per",
        one_of(BudgetSpan),
        Absent.REQUIRED,
        "What it is counted by: one call, a run with all runs below it, or a day of an "
        "organization, in UTC.",
    ),
    Setting("verifier.budgets.[].calls", COUNT, Absent.NONE, "Verifications at most."),
    Setting("verifier.budgets.[].tokens", COUNT, Absent.NONE, "Their tokens, in and out."),
    Setting("verifier.budgets.[].usd", NUMBER, Absent.NONE, "What they cost, in US dollars."),
    Setting(
        "confidence.enabled",
        TRUTH,
        Absent.NONE,
        "Whether a model is asked how sure it is of each call that changes something: `true` asks "
        "for 0.8 where no threshold is given, `false` for nothing, whatever else is given here.",
    ),
    Setting(
        "confidence.threshold",
        SHARE,
        Absent.NONE,
        "How sure it has to be; below that, or where it says nothing, a person is asked. Giving it "
        "switches this on.",
    ),
    Setting(
        f"confidence.tools.{EACH_NAME}",
        RATIO,
        Absent.NONE,
        "The same for one tool; 0 asks for nothing.",
    ),
    Setting(
        "repair.attempts",
        POSITIVE,
        3,
        "Calls of one tool in a row with arguments that are not valid, of which the last tells the "
        "model to stop and ask.",
    ),
    _issues("issuer", TEXT, "The claim `iss` of its tokens, word for word.", is_required=True),
    _issues("audience", TEXTS, "One of these must be in their claim `aud`.", is_required=True),
    _issues(
        "keys",
        TEXT,
        "Its public keys: the URL of a JWK Set, over https or of this machine; or a file with one, "
        "or with a public key in PEM. A relative path starts at the folder of `highroad.toml`.",
        is_required=True,
    ),
    _issues("algorithms", some_of(_ALGORITHMS), "Only these, of those that its keys are good for."),
    _issues("leeway_s", NUMBER, "By how many seconds clocks may differ."),
    _issues("id_claim", TEXT, "The claim, or its path (`a.b`), that says who the principal is."),
    _issues(
        "prefix",
        TEXT,
        "Stands before that id. Two issuers that speak for one organization need different ones.",
    ),
    _issues("name_claim", TEXT, "The claim with the name that people call them."),
    _issues("organization", TEXT, "Their organization, where no claim says it."),
    _issues("organization_claim", TEXT, "The claim that says it."),
    _issues("organizations", TEXTS, "Which ones that claim may say; any unless given."),
    _issues("roles_claim", TEXT, "The claim with their roles: a list, or words with spaces."),
    Setting(
        f"identity.issuers.{EACH_NAME}.roles.{EACH_NAME}",
        TEXT,
        Absent.NONE,
        "What a role of the issuer is called here. Where any is given, no others count.",
    ),
    _issues("permissions_claim", TEXT, "The claim with their permissions; none unless given."),
    _issues("permissions", TEXTS, "Which ones that claim may give; any unless given."),
    _issues("cache_s", ABOVE_ZERO, "Seconds that keys are used before they are fetched anew."),
    _issues("stale_s", NUMBER, "Seconds that they are used on while they cannot be fetched."),
    Setting(
        "identity.session.idle_s",
        ABOVE_ZERO,
        _DEFAULT_SESSION.idle_s,
        "Seconds without a use after which a session of a caller is over.",
    ),
    Setting(
        "identity.session.most_s",
        ABOVE_ZERO,
        _DEFAULT_SESSION.most_s,
        "Seconds after which it is over, however much it is used.",
    ),
    Setting(
        "identity.session.address",
        one_of(SessionAddress),
        _DEFAULT_SESSION.address,
        "Whether it is good only from the address that it was opened from, or that is recorded "
        "and no more.",
    ),
    Setting(
        "identity.blocked",
        TEXTS,
        (),
        "Addresses and networks that nobody is let in from: `203.0.113.7`, `2001:db8::/32`.",
    ),
    Setting(
        "sandbox.order",
        some_of(NAMES),
        _DEFAULT_SANDBOX.order,
        "Sandboxes that may be used. The first that is there, runs the language and is strong "
        "enough runs a program.",
    ),
    *map(_at_least, Tier),
    _takes_up("cpu_s", "Seconds of processor time of a program at most."),
    _takes_up("memory_mb", "MiB of memory of each of its processes at most."),
    _takes_up("file_mb", "MiB of files that it writes at most."),
    _takes_up("processes", "Processes of a program at once; its threads count as well."),
    _takes_up("output_bytes", "Bytes of its result and its prints at most."),
    _takes_up("wall_s", "Seconds from its start to its end at most.", ABOVE_ZERO),
    _takes_up("network_mb", "MiB that it sends and receives at most, where it may."),
    Setting(
        "sandbox.egress",
        EGRESS,
        (),
        "What programs may reach whose tool asks for it; without a line there is no network.",
    ),
    Setting(
        "sandbox.variables",
        VARIABLES,
        (),
        'Variables of the environment that bodies in worker processes (`isolation = "process"`) '
        "find beside the usual ones. One that holds a known secret is left out all the same.",
    ),
    Setting(
        "sandbox.docker.image",
        IMAGE,
        Absent.NONE,
        "The image of containers for `docker`, by its digest; without it there are none. It has "
        "`/bin/sh` and `timeout`, and whatever runs the programs: `python3`, `node`.",
    ),
    Setting(
        "sandbox.docker.runtime",
        one_of(RUNTIMES),
        "runc",
        "What runs containers: `runc` (namespaces), `runsc` (gVisor: kernel), `kata` (machine). "
        "The engine must know it by that name.",
    ),
    Setting(
        "sandbox.docker.socket",
        TEXT,
        DOCKER_SOCKET,
        "The unix socket of the engine.",
    ),
    Setting(
        "sandbox.e2b.template",
        TEXT,
        Absent.NONE,
        "What machines of E2B are made from, for `e2b`; without it there are none. The key stands "
        "in the variable `E2B_API_KEY`.",
    ),
    Setting("sandbox.e2b.domain", TEXT, "e2b.app", "Where E2B is; your own, if you run it."),
    Setting(
        "sandbox.modal.image",
        MODAL_IMAGE,
        Absent.NONE,
        "The image of machines of Modal for `modal`, by its id; without it there are none. It has "
        "`/bin/sh`, `/bin/sleep`, and whatever runs the programs: `python3`, `node`. The token "
        "stands in the variables `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET`.",
    ),
    Setting(
        "sandbox.modal.runtime",
        one_of(MODAL_RUNTIMES),
        "gvisor",
        "What runs them: `gvisor` (kernel) or `vm` (machine). Modal must offer it to you.",
    ),
    Setting("sandbox.modal.app", TEXT, "highroad", "The app at Modal whose machines they are."),
    Setting(
        "secrets.sources",
        SECRET_SOURCES,
        (),
        "Where secrets of tools are kept: `env:NAME,NAME`, `file:/run/secrets`, `keyring:service`, "
        "`vault:https://host:8200`. A name without a place is looked for in order.",
    ),
    Setting(
        f"secrets.names.{EACH_NAME}",
        SECRET_PLACE,
        Absent.NONE,
        "Where this one is: `env:NAME`, `file:name`, `keyring:user` or `vault:path#field`.",
    ),
    Setting(
        f"secrets.allow.{EACH_NAME}",
        TEXTS,
        Absent.NONE,
        "Secrets that callers may name in arguments of this tool; `*` is any secret, or any tool.",
    ),
    Setting(
        f"secrets.roles.{EACH_NAME}",
        TEXTS,
        Absent.NONE,
        "Secrets that whoever has the role may name. With any role here, a caller needs one.",
    ),
    Setting(
        f"secrets.agents.{EACH_NAME}",
        TEXTS,
        Absent.NONE,
        "Secrets that this agent may name, whoever it acts for; one without a line is not bound.",
    ),
    Setting("flags.on", TEXTS, (), "Feature flags that are on for everybody."),
    Setting(
        "flags.roles.<name>.on",
        TEXTS,
        (),
        "Feature flags that are on for whoever has the role. One that is named nowhere is off.",
    ),
    Setting(
        "approvals.four_eyes",
        TRUTH,
        default=False,
        doc="Nobody decides about a call of their own.",
    ),
    Setting(
        "approvals.roles",
        TEXTS,
        (),
        "Deciding needs one of these roles; without any, everybody of the organization may.",
    ),
    Setting(
        "approvals.entitled.<name>.tools",
        TEXTS,
        ("*",),
        "Patterns of tools about whose calls whoever has the role may decide. With any role here, "
        "deciding needs one that is entitled, and an identity that somebody has checked.",
    ),
    Setting(
        "approvals.entitled.<name>.tiers",
        some_of(Tier),
        tuple(Tier),
        "Tiers of these tools.",
    ),
    Setting(
        "approvals.quorum.[].people",
        POSITIVE,
        Absent.REQUIRED,
        "So many must agree wherever one person would be asked; the largest that fits counts.",
    ),
    Setting("approvals.quorum.[].tools", TEXTS, ("*",), "Patterns of tools that it is for."),
    Setting("approvals.quorum.[].tiers", some_of(Tier), tuple(Tier), "Tiers of these tools."),
    Setting(
        "approvals.escalate_after_s",
        NUMBER,
        Absent.NONE,
        "Seconds after which, where nobody has decided, others may as well, and are told.",
    ),
    Setting("approvals.escalate_to", TEXTS, (), "Roles of those others."),
    Setting(
        "approvals.use_within_s",
        ABOVE_ZERO,
        USE_WITHIN_S,
        "Seconds for which what was agreed to can be used; then its call ends as expired.",
    ),
    Setting(
        "approvals.undo_s",
        NUMBER,
        UNDO_S,
        "Seconds for which a call can be taken back whose tool says how; at most 30 days.",
    ),
    Setting(
        "approvals.code_tiers",
        some_of(Tier),
        (),
        "Whoever agrees to a call of such a tool has to have a one-time code besides, which a "
        "channel brings to them.",
    ),
    Setting("approvals.code_lasts_s", ABOVE_ZERO, CODE_LASTS_S, "Seconds for which one counts."),
    Setting(
        "approvals.channels.<name>.url",
        URL,
        Absent.REQUIRED,
        "A webhook that is told of what waits for people, and of reversible calls that took "
        "effect: ids and reasons, never values.",
    ),
    Setting(
        "approvals.channels.<name>.answers",
        URL,
        Absent.NONE,
        "Where the links in what is told lead, which approve or reject; without it there are none.",
    ),
    Setting(
        "approvals.channels.<name>.approver",
        TEXT,
        Absent.NONE,
        "Id of the person whom the channel reaches, in whose name its links decide, and to "
        "whom it brings one-time codes.",
    ),
    Setting("approvals.channels.<name>.roles", TEXTS, (), "Their roles."),
    Setting(
        "approvals.channels.<name>.organization",
        TEXT,
        DEFAULT_ORGANIZATION,
        "Their organization; the channel is told of nothing that is another's.",
    ),
    Setting(
        "gateway.hold_wait_s",
        NUMBER,
        25,
        "Seconds for which an MCP client that cannot ask its user is kept waiting for a decision; "
        "then it is told what waits.",
    ),
    Setting(
        "keys.file",
        TEXT,
        Absent.NONE,
        "Master keys, where the environment has none. In profile `dev` the default is "
        "`.highroad/keys`, which is made on first use.",
    ),
    Setting(
        "retention.payload_days",
        POSITIVE,
        28,
        "Days that arguments, results and messages of calls that ended are kept; entries stay.",
    ),
    Setting(
        "proof.entries",
        POSITIVE,
        1_000,
        "A head of the ledger is signed when so many entries are unsigned.",
    ),
    Setting(
        "proof.seconds",
        ABOVE_ZERO,
        60.0,
        "And so many seconds after the one before, where anything is unsigned.",
    ),
    Setting(
        "proof.anchors",
        ANCHORS,
        (),
        "Places outside the ledger to which signed heads are written. Relative paths, as in "
        "`file:heads.jsonl` and `sqlite:///heads.db`, start at the folder of `highroad.toml`.",
    ),
    Setting(
        "dead_letters.reads",
        TRUTH,
        default=False,
        doc="Reads that are given up on leave dead letters too.",
    ),
    Setting(
        "dead_letters.alert",
        COUNT,
        100,
        "More open dead letters, or more within an hour, are worth a warning; 0 warns of none.",
    ),
    Setting(
        "shadows.<name>.agent",
        TEXT,
        Absent.REQUIRED,
        "The agent that goes beside the runs of the one of that name, dry, to be compared with it.",
    ),
    Setting("shadows.<name>.fraction", RATIO, 1.0, "Of its runs, from 0 to 1."),
    Setting("pins.file", TEXT, "highroad.pins", "Accepted tool definitions, to be committed."),
    Setting("principals.[].id", TEXT, Absent.REQUIRED, "Somebody for `--as` in profile `dev`."),
    Setting("principals.[].organization", TEXT, DEFAULT_ORGANIZATION, "Their organization."),
    Setting("principals.[].name", TEXT, Absent.NONE, "Their name, for people to read."),
    Setting("principals.[].roles", TEXTS, (), "Their roles."),
    Setting("principals.[].permissions", TEXTS, (), "Permissions besides those of the roles."),
)


def describe() -> tuple[Setting, ...]:
    """Every setting, in the order of the documentation."""
    return SETTINGS
