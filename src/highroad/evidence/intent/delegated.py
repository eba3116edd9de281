"""A link that the user left to somebody to choose: `the article that Bob posted`.

Who writes a message that the tool's own system authenticates may choose what is read, if the user
says that it is theirs which is to be read. That is all: an effect is never steered by it, and a
value never counts for more than what an authenticated party said. Everything has to hold:

- the user's last words name the author as such, and a page, by the very name in the author's field;
- the label of that field says that the author was authenticated;
- the address stands in the text of that record itself, whole and as no quotation of another's;
- it is the only one that this author has in all that was read, so there is nothing to choose.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity
from highroad.evidence.intent.lock import QUOTED
from highroad.evidence.intent.stems import stem
from highroad.evidence.intent.words import things_of
from highroad.evidence.matching import urls
from highroad.evidence.matching.fields import parts_of
from highroad.evidence.pointer import child
from highroad.evidence.records import Record, Records

_AUTHORS: Final = frozenset({"author", "from", "poster", "sender"})
_BY: Final = frozenset(
    {("created", "by"), ("posted", "by"), ("sent", "by"), ("shared", "by"), ("written", "by")}
)
_TEXTS: Final = frozenset({"body", "content", "message", "text"})
"""Members that have the author's own words; a title or a preview may be a page's."""
_POSTED: Final = "linked|posted|published|recommended|sent|shared|suggested|wrote|written"
_POSTS: Final = "article|blog|comment|link|message|note|page|post|site|url|webpage|website"
_NAME: Final = re.compile(r"(?=[^a-z])|.*[A-Z\d@._-]")
"""A name that is no plain word in small letters: whoever chooses their own may take `article`."""
_NOBODY_WORDS: Final = """
    i me we us he she they you who someone somebody anyone everyone everybody today yesterday
    monday tuesday wednesday thursday friday saturday sunday
"""
_NOBODY: Final = frozenset(_NOBODY_WORDS.split())
"""What a sentence may say in the place of a name, and somebody may call themselves."""
_OTHERS_TOO: Final = r"(?:,?\s+(?:and|or|nor|&)|,)"
_BEFORE: Final = re.compile(rf"([^\W\d_][\w.'\u2019-]*){_OTHERS_TOO}?\s+@?$")
_BEHIND: Final = re.compile(rf"{_OTHERS_TOO}?\s+@?([^\W\d_])")
_LEADS_WORDS: Final = """
    and check did does fetch find follow get had has have list load look open please query read
    retrieve search see show summarize tell that the view visit what which
"""
_LEADS: Final = frozenset(_LEADS_WORDS.split())
"""Words that begin a sentence, and no name: `Will` and `Bill` may be one."""
_CLAUSE: Final = re.compile(r"[.,;:!?\n]\s")
_DENIED: Final = re.compile(
    r"\b(?:except|ignore|neither|never|no|nor|not|skip|unless|without)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_ITS: Final = "blog|first|last|latest|new|newest|old|other|own|previous|recent"
"""Words between an author and what is theirs: no third party."""
_ANOTHERS: Final = re.compile(
    r"^.*\b(?:wrote|writes|says|said|forwarded|fwd?|original|via|from|quot\w+)\b[^\n]*?(?::|-{3,})",
    re.IGNORECASE | re.MULTILINE,
)
"""Behind it stands what somebody else said."""
_PAGES: Final = things_of(stem("url")) - {stem("url")}


def is_delegated(url: str, said: Sequence[str], records: Records) -> bool:
    """Whether the user left it to an authenticated author which address is read, and it is this.

    Args:
        url: As a read is asked for it.
        said: By the user, in order.
        records: That were read.
    """
    if not said:
        return False
    request, wanted = QUOTED.sub(" ", said[-1]), set(urls.keys(url))
    if len(wanted) != 1 or not _names_page(request):
        return False
    return any(
        _is_named(author, request)
        and wanted <= set(_own_links(record))
        and wanted == set(_links_of(author, records))
        for record in records.every()
        for author in _authors(record)
    )


def _names_page(request: str) -> bool:
    words = re.findall(r"[^\W\d_]+", request.casefold())
    return any(not _PAGES.isdisjoint(things_of(stem(word))) for word in words)


def _is_named(author: str, request: str) -> bool:
    """Whether the request says of somebody that they wrote what is to be read."""
    if not _NAME.match(author) or author.casefold() in _NOBODY:
        return False
    name = rf"(?<![\w@.'\u2019-])@?(?P<name>{re.escape(author)})"
    end = r"(?![\w@'\u2019\u0300-\u036f-]|\.\w)"
    forms = (
        rf"{name}\s+(?:has\s+|have\s+|just\s+|had\s+)?(?:{_POSTED})\b",
        rf"\b(?:{_POSTED})\s+by\s+{name}{end}",
        rf"{name}['\u2019]s\s+(?:(?:{_ITS})\s+){{0,2}}(?:{_POSTS})s?\b",
        rf"\b(?:{_POSTS})s?\s+(?:by|from|of)\s+{name}{end}",
    )
    found = (match for form in forms for match in re.finditer(form, request))
    return any(_is_whole_name(match) and not _is_denied(match) for match in found)


def _is_whole_name(match: re.Match[str]) -> bool:
    """Whether a name is no part of a longer one, and no one of several: `Bob` of `Bob Smith`."""
    request, (start, end) = match.string, match.span("name")
    behind = _BEHIND.match(request, end)
    if behind is not None and behind[1].isupper():
        return False
    before = _BEFORE.search(request[:start])
    if before is None or not before[1][0].isupper():
        return True
    word = before[1].casefold()
    return word in _LEADS or not _PAGES.isdisjoint(things_of(stem(word)))


def _is_denied(match: re.Match[str]) -> bool:
    """Whether the clause says so of what is not to be read."""
    return _DENIED.search(_CLAUSE.split(match.string[: match.start()])[-1]) is not None


def _authors(record: Record) -> Iterator[str]:
    """Who wrote a record, as far as somebody authenticated them."""
    for name, given in record.members.items():
        words = parts_of(name)
        is_author = words[-1:] and (words[-1] in _AUTHORS or words[-2:] in _BY)
        if not is_author or not isinstance(given, str):
            continue
        label = record.labels.at(child(record.pointer, name))
        if given and label.integrity >= Integrity.THIRD_PARTY:
            yield given


def _links_of(author: str, records: Records) -> Iterator[str]:
    """Every address in what an author wrote, quoted ones as well."""
    for record in records.every():
        if author in _authors(record):
            for text in _texts(record.members):
                yield from urls.keys(text)


def _own_links(record: Record) -> Iterator[str]:
    """The addresses in the author's own words."""
    for text in _texts(record.members):
        own = _ANOTHERS.split(QUOTED.sub(" ", text), maxsplit=1)[0]
        yield from urls.keys(own)


def _texts(members: JsonObject) -> Iterator[str]:
    for name, each in members.items():
        if not _TEXTS.isdisjoint(parts_of(name)[-1:]) and isinstance(each, str):
            yield each
