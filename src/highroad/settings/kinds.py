"""Kinds of settings: what each accepts, from TOML and from the environment."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from highroad.domain.address import without_secrets
from highroad.domain.egress import EgressRule
from highroad.domain.secret import SecretKind

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_VARIABLE: Final = re.compile(r"(?!HIGHROAD_)[A-Za-z_][A-Za-z0-9_]*")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_MODAL_IMAGE: Final = re.compile(r"im-[A-Za-z0-9]+")
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:_-]*@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting accepts.

    Args:
        allowed: For people: "a whole number, 0 or more".
        accepts: Whether a value from TOML is one.
        read: Makes of an environment variable what TOML would have given; the same text where it
            cannot, which `accepts` then turns down.
        shown: What of a value may be printed (P7).
    """

    allowed: str
    accepts: Callable[[object], bool]
    read: Callable[[str], object] = str
    shown: Callable[[object], object] = lambda value: value


def _is_number(value: object) -> bool:
    # A bool is an int to Python, and `calls = true` is a mistake.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_variable(value: object) -> bool:
    return isinstance(value, str) and _VARIABLE.fullmatch(value) is not None


def _read_truth(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def _parts(value: object) -> SplitResult | None:
    """A URL in its parts; `None` for what is none."""
    try:
        return urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_ledger(value: object) -> bool:
    parts, url = _parts(value), str(value)
    if parts is None:
        return False
    if parts.scheme in {"postgresql", "postgres"}:
        return url.startswith(f"{parts.scheme}://") and bool(parts.path.strip("/"))
    return url.removeprefix("sqlite:///") not in {"", url}


def _is_web(value: object) -> bool:
    parts = _parts(value)
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_anchor(value: object) -> bool:
    parts = _parts(value)
    if parts is None:
        return False
    match parts.scheme:
        case "http" | "https":
            return _is_web(value)
        case "file":
            return not parts.netloc and bool(parts.path.strip("/"))
        case "sqlite" | "postgresql" | "postgres":
            return _is_ledger(value) and bool(parts.path.strip("/"))
        case _:
            return False


def _are_anchors(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_anchor, value))


def _shown_anchors(value: object) -> object:
    return [without_secrets(str(url)) for url in value] if isinstance(value, list) else value


def _is_memory_or_redis(value: object) -> bool:
    if value == "memory:":
        return True
    parts = _parts(value)
    if parts is None:
        return False
    if parts.scheme == "unix":
        return bool(parts.path.strip("/"))
    return parts.scheme in {"redis", "rediss"} and bool(parts.hostname)


def _is_secret_source(value: object) -> bool:
    parts = _parts(value)
    if parts is None or parts.scheme not in set(SecretKind):
        return False
    if parts.scheme != SecretKind.VAULT:
        return bool(parts.path) or parts.scheme == SecretKind.ENVIRONMENT
    address = _parts(str(value).partition(":")[2])
    if address is None or address.username is not None or not _is_web(address.geturl()):
        return False
    return address.scheme == "https" or address.hostname in _THIS_MACHINE


def _is_secret_place(value: object) -> bool:
    kind, _, rest = str(value).partition(":")
    is_whole = kind != SecretKind.VAULT or bool(rest.partition("#")[2])
    return isinstance(value, str) and kind in set(SecretKind) and bool(rest) and is_whole


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _read_count(text: str) -> object:
    return int(text) if text.isdecimal() else text


def _read_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _read_texts(text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_egress(value: object) -> bool:
    try:
        EgressRule.read(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def one_of(words: Iterable[str]) -> Kind:
    """One of a few words."""
    known = tuple(words)
    return Kind(" or ".join(f'"{word}"' for word in known), lambda value: value in known)


def some_of(words: Iterable[str]) -> Kind:
    """A list of some of a few words, and of one at least."""
    known = tuple(words)
    return Kind(
        f"a list of {', '.join(known)}",
        lambda value: isinstance(value, list) and bool(value) and all(v in known for v in value),
        _read_texts,
    )


DIGEST: Final = Kind(
    "`sha256:` and 64 hex digits",
    lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
)
TEXT: Final = Kind("text", _is_text)
TEXTS: Final = Kind(
    "a list of texts",
    lambda value: isinstance(value, list) and all(_is_text(element) for element in value),
    _read_texts,
)
EGRESS: Final = Kind(
    "a list of hosts such as `api.example.com`, with a port, and for plain HTTP methods before it",
    lambda value: isinstance(value, list) and all(map(_is_egress, value)),
    _read_texts,
)
VARIABLES: Final = Kind(
    "a list of names of variables, none of which begins with `HIGHROAD_`",
    lambda value: isinstance(value, list) and all(map(_is_variable, value)),
    _read_texts,
)
IMAGE: Final = Kind(
    "an image with its digest, as `python@sha256:…`",
    lambda value: isinstance(value, str) and _IMAGE.fullmatch(value) is not None,
)
MODAL_IMAGE: Final = Kind(
    "the id of an image, as `im-…`",
    lambda value: isinstance(value, str) and _MODAL_IMAGE.fullmatch(value) is not None,
)
COUNT: Final = Kind("a whole number, 0 or more", _is_count, _read_count)
POSITIVE: Final = Kind(
    "a whole number, 1 or more", lambda value: _is_count(value) and value != 0, _read_count
)
NUMBER: Final = Kind("a number, 0 or more", _is_number, _read_number)
ABOVE_ZERO: Final = Kind(
    "a number above 0", lambda value: _is_number(value) and value != 0, _read_number
)
AT_LEAST_ONE: Final = Kind(
    "a number, 1 or more",
    lambda value: isinstance(value, int | float) and _is_number(value) and value >= 1,
    _read_number,
)
SHARE: Final = Kind(
    "a part of all: above 0, up to 1",
    lambda value: isinstance(value, int | float) and _is_number(value) and 0 < value <= 1,
    _read_number,
)
RATIO: Final = Kind(
    "a part of all: 0 to 1",
    lambda value: isinstance(value, int | float) and _is_number(value) and value <= 1,
    _read_number,
)
TRUTH: Final = Kind("true or false", lambda value: isinstance(value, bool), _read_truth)
LEDGER: Final = Kind(
    'a URL: "sqlite:///path", "postgresql://host/database"',
    _is_ledger,
    shown=lambda value: without_secrets(str(value)),
)
MEMORY_OR_REDIS: Final = Kind(
    'a URL: "memory:", "redis://host:6379/0", "rediss://host:6379/0" or "unix:///path/redis.sock"',
    _is_memory_or_redis,
    shown=lambda value: without_secrets(str(value)),
)
ANCHORS: Final = Kind(
    'a list of URLs: "file:///path", "sqlite:///path", "postgresql://host/database", '
    '"https://host/path"',
    _are_anchors,
    _read_texts,
    _shown_anchors,
)
SECRET_SOURCES: Final = Kind(
    'a list of URLs, one of a kind: "env:NAME,NAME", "file:/folder", "keyring:service", '
    '"vault:https://host:8200" (this machine also by http)',
    lambda value: (
        isinstance(value, list)
        and all(map(_is_secret_source, value))
        and len({str(url).partition(":")[0] for url in value}) == len(value)
    ),
    _read_texts,
)
SECRET_PLACE: Final = Kind(
    'a place: "env:NAME", "file:name", "keyring:user", "vault:path#field"', _is_secret_place
)
URL: Final = Kind(
    'a URL: "https://host/v1"', _is_web, shown=lambda value: without_secrets(str(value))
)
