"""Where secrets of tools are, and who may name which."""

from typing import Final

from highroad.domain.secret import SecretRules
from highroad.settings.document import Document
from highroad.settings.kinds import SECRET_PLACE, SECRET_SOURCES, TEXTS
from highroad.settings.setting import EACH_NAME, Absent, Setting

SETTINGS: Final = (
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
)


def read(document: Document) -> SecretRules:
    """What was said; without a word there is no secret."""
    table = document.get(("secrets",), {})
    named = {
        who: {name: tuple(names) for name, names in table.get(who, {}).items()}
        for who in ("allow", "roles", "agents")
    }
    return SecretRules(
        sources=tuple(table.get("sources", ())), names=dict(table.get("names", {})), **named
    )
