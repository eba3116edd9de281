"""What a search may be told of how far it goes."""

from collections.abc import Mapping

from highroad.domain.error import DeclarationError


def require_positive(bounds: Mapping[str, int]) -> None:
    """Refuse bounds within which nothing would be searched.

    Raises:
        DeclarationError: One is less than 1.
    """
    for name, bound in bounds.items():
        if bound < 1:
            raise DeclarationError(f"{name} is {bound}; it is 1 or more")
