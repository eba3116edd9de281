"""Names of people and things: without case and accents, and also with the last name first."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.evidence.matching.words import phrase

_KEY: Final = "ln|"
_NAME: Final = r"[^\W\d_][\w'\u2019.-]*"
_CAPITAL: Final = r"(?:[A-Z]|[^\W\d_a-z])[\w'\u2019.-]*"
_WHOLE: Final = re.compile(rf"({_NAME}(?: {_NAME})?), ({_NAME}(?: {_NAME})?)")
_ALONE: Final = (
    r"(?:(?<=^)|(?<=[(:;\"] )|(?<=[(:;\"])|(?<=\b[a-z]{2} )|(?<=\b[a-z]{3} )|(?<=\b[a-z]{4} )"
    r"|(?<=\bLet )|(?<=\b(?:Ask|Add|For) )|(?<=\b(?:Call|Tell|Dear|Text|Ring|Book) ))"
)
"""No name before it: the beginning, a mark, a short word such as `for`, or one of what to do."""
_TURNED: Final = re.compile(
    rf"{_ALONE}({_CAPITAL}), ({_CAPITAL}(?: {_CAPITAL})?)(?!,? {_CAPITAL}|[\w-])"
)
_MAY_BE_TURNED: Final = re.compile(rf",(?= {_CAPITAL})")
_IN_WORDS: Final = "_'\u2019.-"
_FIRST: Final = frozenset({"first_name", "firstname", "given_name", "givenname", "forename"})
_LAST: Final = frozenset({"last_name", "lastname", "family_name", "familyname", "surname"})


def keys(text: str) -> Iterator[str]:
    """The keys of names whose last one stands first: `Smith, John`.

    In a longer text only where no other name is next to it: `John Smith, Jane Doe` are two.
    """
    if "," not in text:
        return
    if (match := _WHOLE.fullmatch(text.strip())) is not None:
        yield _key(match[2], match[1])
    for match in _turned(text):
        yield _key(match[2], match[1])


def _turned(text: str) -> Iterator[re.Match[str]]:
    """Every match of `_TURNED`: none begins inside of a word, so each at the word of a comma."""
    end = 0
    for comma in _MAY_BE_TURNED.finditer(text):
        at = comma.start()
        while at > end and (text[at - 1].isalnum() or text[at - 1] in _IN_WORDS):
            at -= 1
        if (match := _TURNED.match(text, at)) is not None:
            end = match.end()
            yield match


def sought(text: str) -> str:
    """The key under which a name would have been seen with its last one first."""
    return _KEY + " ".join(phrase(straight(text)))


def straight(text: str) -> str:
    """A name with its last one last."""
    match = _WHOLE.fullmatch(text.strip()) if "," in text else None
    return text if match is None else f"{match[2]} {match[1]}"


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


def _key(first: str, last: str) -> str:
    return _KEY + " ".join(phrase(f"{first} {last}"))
