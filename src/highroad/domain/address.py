"""Addresses of places outside, and what of them may be told (P7)."""

from typing import Final

_FILES: Final = {"file", "sqlite"}
_WEB: Final = {"http", "https"}


def without_secrets(url: str) -> str:
    """A URL without user, password, query and fragment: those may be secrets.

    Of a database the last `@` ends them, wherever a password has one that should have been
    written `%40`; of a web page one before the path.
    """
    scheme, separator, rest = url.partition("://")
    if scheme.partition(":")[0] in _FILES:
        return url
    plain = rest.partition("?")[0].partition("#")[0]
    if scheme in _WEB:
        authority, slash, path = plain.partition("/")
        return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
    return f"{scheme}{separator}{plain.rpartition('@')[2]}"
