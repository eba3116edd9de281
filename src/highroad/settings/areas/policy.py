"""Who may do what."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from highroad.domain.policy import ORGANIZATION, Agent, AskLine, Line, PolicyRules, Role, Rule, Then
from highroad.settings.document import Document
from highroad.settings.files import policy_files, schema_file
from highroad.settings.kinds import TEXT, TEXTS, one_of
from highroad.settings.lines import KeyPath
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
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
)


def read(document: Document, root: Path, *, is_production: bool) -> PolicyRules:
    """Rules of the settings, and the files that they name.

    Raises:
        SettingsError: A file cannot be read, or a pattern fits none.
    """
    owner = document.get(("policy", "owner"))
    return PolicyRules(
        allow=document.texts(("policy", "allow")),
        deny=document.texts(("policy", "deny")),
        owner=Line(owner, document.source(("policy", "owner"))) if owner else Line(ORGANIZATION),
        roles=tuple(
            Role(
                name=name,
                permissions=document.texts(("policy", "roles", name, "permissions")),
                allow=document.texts(("policy", "roles", name, "allow")),
            )
            for name in document.get(("policy", "roles"), {})
        ),
        agents=tuple(
            Agent(name=name, tools=document.texts(("policy", "agents", name, "tools")))
            for name in document.get(("policy", "agents"), {})
        ),
        rules=tuple(
            _rule(document, ("policy", "rules", index), table)
            for index, table in document.tables("policy.rules")
        ),
        asks=tuple(
            AskLine(
                tools=name,
                level=Line(table["level"], document.source(("policy", "ask", name, "level"))),
            )
            for name, table in document.get(("policy", "ask"), {}).items()
        ),
        cedar=tuple(policy_files(document, root)),
        cedar_schema=schema_file(document, root),
        is_production=is_production,
    )


def _rule(document: Document, path: KeyPath, table: Mapping[str, Any]) -> Rule:
    return Rule(
        name=Line(table["name"], document.source(path)),
        tools=document.texts((*path, "tools")) if "tools" in table else (Line("*"),),
        when=Line(table["when"], document.source((*path, "when"))),
        then=Then(table.get("then", Then.DENY)),
    )
