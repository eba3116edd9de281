"""Names that a wrong one may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LIKENESS: Final = 0.65
_LONGEST: Final = 64
"""What is longer than any name is compared by its beginning: the matcher is quadratic."""


def near_names(wrong: str, names: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """The names most like `wrong`, best first; the same input gives the same answer.

    Only `names` are ever told, so pass those alone that the asker may see.
    """
    by_form = {_form(name): name for name in sorted(names)}
    found = get_close_matches(_form(wrong[:_LONGEST]), sorted(by_form), n=most, cutoff=_LIKENESS)
    return tuple(by_form[form] for form in found)


def _form(name: str) -> str:
    """`orderId`, `order-id` and `order_id` are near, whatever their case."""
    return name.lower().replace("-", "_").replace("_", "")
