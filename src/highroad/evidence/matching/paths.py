"""Paths: whole, with one slash between names and no `.` among them.

No path is put together of a folder and a name, and none with `..` in it is worked out.
"""

import re
from collections.abc import Iterator
from typing import Final

_KEY: Final = "path|"
_PARTING: Final = re.compile(r"[\s\"'`<>|,;=()\[\]{}]+")
_NAME: Final = re.compile(r"[^\W_]")
_MARK: Final = frozenset("/\\.")


def keys(text: str) -> Iterator[str]:
    """The keys of what may be paths among the words of a text; a root or `..` only by itself."""
    if text.strip() and not _NAME.search(text):
        yield sought(text)
        return
    for raw in _PARTING.split(text):
        if "." not in raw and "/" not in raw and "\\" not in raw:
            continue
        token = raw.rstrip(".:!?")
        if not _MARK.isdisjoint(token) and _NAME.search(token):
            yield sought(token)


def sought(text: str) -> str:
    """The key under which a path would have been seen."""
    plain = text.strip().replace("\\", "/")
    names = [name for name in plain.split("/") if name not in {"", "."}]
    return _KEY + ("/" if plain.startswith("/") else "") + "/".join(names)
