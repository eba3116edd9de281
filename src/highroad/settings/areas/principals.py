"""Whom `--as` may name in profile `dev`."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.settings.document import Document
from highroad.settings.kinds import TEXT, TEXTS
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting("principals.[].id", TEXT, Absent.REQUIRED, "Somebody for `--as` in profile `dev`."),
    Setting("principals.[].organization", TEXT, DEFAULT_ORGANIZATION, "Their organization."),
    Setting("principals.[].name", TEXT, Absent.NONE, "Their name, for people to read."),
    Setting("principals.[].roles", TEXTS, (), "Their roles."),
    Setting("principals.[].permissions", TEXTS, (), "Permissions besides those of the roles."),
)


def read(document: Document) -> tuple[Principal, ...]:
    """One of each table."""
    return tuple(_principal(table) for _, table in document.tables("principals"))


def _principal(table: Mapping[str, Any]) -> Principal:
    return Principal(
        id=table["id"],
        organization=table.get("organization", DEFAULT_ORGANIZATION),
        roles=frozenset(table.get("roles", ())),
        permissions=frozenset(table.get("permissions", ())),
        name=table.get("name"),
    )
