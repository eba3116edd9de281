"""Addresses of places outside, and what of them may be told (P7)."""

import re
from typing import Final

_FILES: Final = {"file", "sqlite"}
_WEB: Final = {"http", "https"}
_SERVER: Final = {"host", "hostaddr", "port", "dbname", "database"}
"""Parameters that say which server and which database is meant."""
_PAIR: Final = re.compile(r"[a-z][a-z0-9_.]*=.*", re.DOTALL)


def without_secrets(url: str) -> str:
    """A URL without user, password and fragment, and of its query only which server it names.

    Of a database the last `@` ends user and password, wherever a password has one, or a `?` or
    `#`, that should have been written `%40`, `%3F` or `%23`; of a web page one before the path.
    """
    scheme, separator, rest = url.partition("://")
    if scheme.partition(":")[0] in _FILES:
        return url
    if scheme not in _WEB:
        return f"{scheme}{separator}{_database(rest)}"
    authority, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _database(rest: str) -> str:
    """Hosts, path and the parameters that name a server, in the order in which they stand."""
    plain, _, query = rest.partition("?")
    if "#" in rest or not all(map(_PAIR.fullmatch, filter(None, query.split("&")))):
        # This `?` or `#` is of a password, and whatever stands before the last `@` may be.
        plain, _, query = rest.rpartition("@")[2].partition("#")[0].partition("?")
        plain = plain.partition("&")[0]
    named = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] in _SERVER)
    return f"{plain.rpartition('@')[2]}{'?' if named else ''}{named}"
