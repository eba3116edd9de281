"""What becomes of what is personal or secret."""

from typing import Final

from highroad.domain.redaction import (
    InArguments,
    RedactionMode,
    RedactionRule,
    RedactionRules,
    SensitiveKind,
)
from highroad.settings.document import Document
from highroad.settings.kinds import TEXTS, one_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

SETTINGS: Final = (
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
)


def read(document: Document) -> RedactionRules:
    """The mode of a tool holds for every kind."""
    given = document.get(("redaction",), {})
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
