"""URLs of databases, and what of them may be told (P7)."""


def without_secrets(url: str) -> str:
    """A URL of a database without user, password and parameters; that of a file as it is.

    The last `@` ends them, wherever a password has one that should have been written `%40`.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite":
        return url
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"
