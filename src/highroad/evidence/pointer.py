"""JSON pointers (RFC 6901) into arguments and sources, free of keys that are data."""

import re
from typing import Final

_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z_-]{0,63}\d{0,2}")
ANY: Final = "*"


def child(pointer: str, token: str) -> str:
    """The pointer of a member."""
    if "~" in token or "/" in token:
        token = token.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{token}"


def is_data(key: str) -> bool:
    """Whether the key of a member may itself be a value: an id, an address, a name with blanks."""
    return not (key.isascii() and key.isalpha()) and _FIELD.fullmatch(key) is None
