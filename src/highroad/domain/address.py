"""Addresses of places outside, and what of them may be told (P7)."""

from urllib.parse import urlsplit, urlunsplit


def without_secrets(url: str) -> str:
    """A URL without user, password, query and fragment: those may be secrets.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
