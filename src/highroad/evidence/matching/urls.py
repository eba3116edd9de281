"""URLs: by RFC 3986 section 6.2.2 and 6.2.3; scheme and host without case, no default port.

A host that was told without a scheme is reached by `https`, never by anything weaker.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from highroad.evidence.matching.scanning import words_with

_KEY: Final = "url|"
_URL: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>`{}|\\^]+")
_NAMED: Final = r"(?:\w[\w-]*\.)+[^\W\d_]{2,24}(?:/[^\s\"'<>`{}|\\^]*)?(?![\w@-])"
_HOST: Final = re.compile(rf"(?<![\w@./:-]){_NAMED}")
_SLASHED: Final = re.compile(
    rf"(?<![\w:/\\])(?:https?:(?!//)[/\\]{{0,3}}|[/\\]{{2}})({_NAMED})", re.IGNORECASE
)
"""What browsers take for an address besides: `//our.example`, `https:/our.example`."""
_POINTS: Final = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
"""Signs that are points in the names of hosts (RFC 3490, section 3.1)."""
_POINT: Final = re.compile(r"\.(?=\w)")
_BEHIND_SCHEME: Final = re.compile("://")
_RUN_ON: Final = re.compile(r"([a-z0-9.-]+\.[a-z]{2,24})\.[A-Z][a-z]*")
"""A host, and the next sentence without a blank before it: `our.example.They wrote`."""
_BEHIND: Final = ".,:;!?)]"
_PORTS: Final = {"http": ":80", "https": ":443"}


def keys(text: str) -> Iterator[str]:
    """The keys of every URL in a text."""
    return map(sought, written(text))


def written(text: str) -> Iterator[str]:
    """Every URL in a text as it stands; a bare host with the scheme that it is reached by."""
    if not text.isascii():
        text = text.translate(_POINTS)
    for match in _with_scheme(text):
        yield match[0].rstrip(_BEHIND)
    if "." not in text:
        return
    text = " ".join(words_with(_POINT, text))
    for match in _HOST.finditer(text):
        host = match[0].rstrip(_BEHIND)
        yield f"https://{host}"
        if (run_on := _RUN_ON.fullmatch(host)) is not None:
            yield f"https://{run_on[1]}"
    if "//" in text or "\\" in text or ":" in text:
        for match in _SLASHED.finditer(text):
            yield f"https://{match[1].rstrip(_BEHIND)}"


def _with_scheme(text: str) -> Iterator[re.Match[str]]:
    """Every URL that tells its scheme; a scheme may begin at any word, and few words have one."""
    if "://" in text:
        yield from _URL.finditer(" ".join(words_with(_BEHIND_SCHEME, text)))


def segments(text: str) -> Iterator[str]:
    """What stands between the slashes and in the query of every URL in a text, each whole."""
    if "/" not in text or "." not in text:
        return
    found = [match[0] for match in _with_scheme(text)]
    named = _HOST.finditer(" ".join(words_with(_POINT, text)))
    found += [f"https://{match[0]}" for match in named]
    for url in found:
        parts = _split(url.rstrip(_BEHIND))
        if parts is not None:
            yield from filter(None, map(unquote, parts.path.split("/")))
            yield from (unquote(each.partition("=")[2]) for each in parts.query.split("&"))


def sought(text: str) -> str:
    """The key under which a URL would have been seen."""
    parts = _split(text.strip())
    if parts is None or not parts.netloc:
        return _KEY + text.strip()
    scheme = parts.scheme.casefold()
    user, at, place = parts.netloc.rpartition("@")
    host = place.casefold().removesuffix(_PORTS.get(scheme, ":"))
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{_KEY}{scheme}://{user}{at}{host}{parts.path or '/'}{query}{fragment}"


def is_url(text: str) -> bool:
    """Whether a text is a URL and nothing else."""
    return _URL.fullmatch(text) is not None


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None
