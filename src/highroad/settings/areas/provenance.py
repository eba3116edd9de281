"""What becomes of values that a stranger may have chosen."""

from collections.abc import Iterator
from typing import Final

from highroad.domain.error import SettingsError
from highroad.domain.flow import FlowRule
from highroad.domain.provenance import ProvenanceMode, ProvenanceRule, ProvenanceRules
from highroad.settings.document import Document
from highroad.settings.kinds import POSITIVE, TEXTS, one_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

SETTINGS: Final = (
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
)


def read(document: Document, *, is_production: bool) -> ProvenanceRules:
    """Production enforces unless told otherwise; what a tool leaves out is as it is for all.

    Raises:
        SettingsError: A line of `provenance.flows` is no rule.
    """
    usual = ProvenanceMode.ENFORCE if is_production else ProvenanceMode.OBSERVE
    mode = ProvenanceMode(document.get(("provenance", "mode"), usual))
    tools = document.get(("provenance", "tools"), {})
    return ProvenanceRules(
        rule=ProvenanceRule(mode=mode),
        tools={
            name: ProvenanceRule(mode=ProvenanceMode(table.get("mode", mode)))
            for name, table in tools.items()
        },
        flows=tuple(_flows(document)),
        bulk=document.get(("provenance", "bulk"), ProvenanceRules().bulk),
    )


def _flows(document: Document) -> Iterator[FlowRule]:
    for line in document.texts(("provenance", "flows")):
        try:
            yield FlowRule.parse(line)
        except ValueError as error:
            raise SettingsError(f"{line.source}: provenance.flows: {error}") from None
