"""Names of people and things: without case and accents, and also with the last name first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from highroad.domain.json_value import JsonValue

_MOST: Final = 4
_FIRST: Final = frozenset({"first_name", "firstname", "given_name", "givenname", "forename"})
_LAST: Final = frozenset({"last_name", "lastname", "family_name", "familyname", "surname"})


def orders(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """A name as it was given, and the other ways in which it is written."""
    yield words
    if 1 < len(words) <= _MOST:
        yield (*words[1:], words[0])
        if len(words) > 2:  # noqa: PLR2004 - of two words both ways are the same
            yield (words[-1], *words[:-1])


def full_name(members: Mapping[str, JsonValue]) -> str | None:
    """The name whose two halves are members of one object."""
    first = last = None
    for name, each in members.items():
        folded = name.casefold()
        if folded in _FIRST:
            first = each
        elif folded in _LAST:
            last = each
    return f"{first} {last}" if isinstance(first, str) and isinstance(last, str) else None
