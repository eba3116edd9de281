"""Names that others chose, shown so that a terminal or a reader takes nothing in them for an order.

A tool's name may come from a server, a rule's from a file, and all of them from a ledger that
somebody changed: escape sequences would move the cursor, and marks of direction turn text around.
"""

from typing import Final

_PICTURES: Final = 0x2400
_KEPT: Final = frozenset("\n\t")
_DIRECTIONS: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN: Final = {
    **{code: chr(_PICTURES + code) for code in range(0x20) if chr(code) not in _KEPT},
    **dict.fromkeys((*range(0x7F, 0xA0), *_DIRECTIONS), "\N{REPLACEMENT CHARACTER}"),
}
"""Control characters as their pictures (Unicode, Control Pictures), where they have one."""


def visible(text: str) -> str:
    """The text with a sign in the place of every control character but line feeds and tabs."""
    return text if text.isprintable() else text.translate(_SHOWN)
