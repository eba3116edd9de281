"""Whose tokens show who calls, how long sessions last, who is not let in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from highroad.domain.identity_rules import IdentityRules, IssuerRule, SessionAddress, SessionRule
from highroad.settings.document import Document
from highroad.settings.kinds import ABOVE_ZERO, NUMBER, TEXT, TEXTS, Kind, one_of, some_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

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


SETTINGS: Final = (
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
)


def read(document: Document, root: Path) -> IdentityRules:
    """What was said; a file of keys is found from the root."""
    table = document.get(("identity",), {})
    session = dict(table.get("session", {}))
    if "address" in session:
        session["address"] = SessionAddress(session["address"])
    return IdentityRules(
        issuers={
            name: issuer(name, given, root) for name, given in table.get("issuers", {}).items()
        },
        session=SessionRule(**session),
        blocked=tuple(table.get("blocked", ())),
    )


def issuer(name: str, table: Mapping[str, Any], root: Path) -> IssuerRule:
    """The rule of one table."""
    given = dict(table)
    for listed in ("audience", "algorithms"):
        given[listed] = tuple(given.get(listed, ()))
    for listed in ("organizations", "permissions"):
        given[listed] = frozenset(given.get(listed, ()))
    if "://" not in given["keys"]:
        given["keys"] = f"file://{(root / given['keys']).as_posix()}"
    return IssuerRule(name=name, **given)
