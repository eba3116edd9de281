"""What is said of contracts of tools."""

from collections.abc import Iterator
from typing import Final

from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.error import SettingsError
from highroad.domain.flow import FlowRule
from highroad.domain.label import Integrity, Label
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.settings.document import Document
from highroad.settings.kinds import DIGEST, TEXT, TEXTS, one_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

_INTEGRITIES: Final = tuple(each.name.lower() for each in Integrity)

SETTINGS: Final = (
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
)


def read(document: Document) -> dict[str, ContractRule]:
    """Each by the name of its tool.

    Raises:
        SettingsError: A line of its `flows` is no rule, or is about other tools alone.
    """
    return {name: _contract(document, name) for name in document.get(("contracts",), {})}


def _contract(document: Document, name: str) -> ContractRule:
    table = document.get(("contracts", name))
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
    for line in document.texts(("contracts", name, "flows")):
        try:
            yield FlowRule.of_contract(name, line)
        except ValueError as error:
            raise SettingsError(f"{line.source}: contracts.{name}.flows: {error}") from None
