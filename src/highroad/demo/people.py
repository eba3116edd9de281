"""Who works at the two organizations that share the shop's software."""

from typing import Final

from highroad.domain.identity import Principal

ACME: Final = "acme"
GLOBEX: Final = "globex"


def _person(name: str, role: str, organization: str, *permissions: str) -> Principal:
    return Principal(
        name.lower(),
        organization=organization,
        roles={role},
        permissions=frozenset(permissions),
        name=name,
        authenticated=True,
    )


ALICE: Final = _person("Alice", "support", ACME)
BOB: Final = _person("Bob", "manager", ACME)
CAROL: Final = _person("Carol", "support", GLOBEX)
DAVE: Final = _person("Dave", "auditor", ACME, "audit:reveal")
ERIN: Final = _person("Erin", "manager", ACME)
DESK: Final = _person("Desk", "assistant", ACME)
"""The account for which the support agent works."""

PEOPLE: Final = {person.id: person for person in (ALICE, BOB, CAROL, DAVE, ERIN, DESK)}
