"""Check digits: what tells a number of its kind from any other of its length."""

from collections.abc import Iterable, Sequence
from typing import Final

# Verhoeff, "Error Detecting Decimal Codes" (1969): the dihedral group D5 and the permutation.
_D5: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTED: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def digits_of(text: str) -> list[int]:
    """The decimal digits of a text, in order; everything else is left out."""
    return [int(sign) for sign in text if "0" <= sign <= "9"]


def weighted(digits: Iterable[int], weights: Sequence[int]) -> int:
    """The sum of digits, each times its weight."""
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def is_luhn(digits: Sequence[int]) -> bool:
    """ISO/IEC 7812-1 annex B: every second digit from the right counts double."""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_mod11_10(digits: Sequence[int]) -> bool:
    """ISO/IEC 7064 MOD 11,10: a hybrid system whose last digit checks those before it."""
    carry = 10
    for digit in digits[:-1]:
        carry = (((carry + digit) % 10 or 10) * 2) % 11
    return (carry + digits[-1]) % 10 == 1


def is_verhoeff(digits: Sequence[int]) -> bool:
    """Verhoeff's dihedral check, the last digit included."""
    carry = 0
    for at, digit in enumerate(reversed(digits)):
        carry = _D5[carry][_PERMUTED[at % 8][digit]]
    return carry == 0
