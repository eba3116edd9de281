"""JSON pointers (RFC 6901) that say where, and never quote what came in (P7)."""

from collections.abc import Container, Iterable


def pointer(path: Iterable[str | int], names: Container[str]) -> str:
    """A pointer along `path`, up to the first key that nobody but the caller chose.

    Args:
        path: Keys and indexes.
        names: Keys that the tool's own schema says. A key of a free-form map is a value.
    """
    tokens: list[str] = []
    for token in path:
        if isinstance(token, str) and token not in names:
            break
        tokens.append("/" + str(token).replace("~", "~0").replace("/", "~1"))
    return "".join(tokens)


def tokens(pointer: str) -> list[str | int]:
    """The tokens of a JSON pointer; what is written as an index is one."""
    return [
        int(token) if token.isdecimal() else token.replace("~1", "/").replace("~0", "~")
        for token in pointer.split("/")[1:]
    ]
