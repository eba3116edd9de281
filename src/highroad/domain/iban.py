"""Which texts are account numbers: IBANs, by the length of their country and their check digits.

They stand here because two ask: the redactor, which finds them in texts, and the semantic type,
which takes nothing else.
"""

from collections.abc import Mapping
from typing import Final

IBAN_COUNTRIES: Final[Mapping[int, str]] = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""By the length of their accounts (ISO 13616-2, the IBAN registry of SWIFT)."""
IBAN_LENGTHS: Final[Mapping[str, int]] = {
    country: length for length, of_it in IBAN_COUNTRIES.items() for country in of_it.split()
}
"""The length of an account, by its country."""


def is_iban(account: str) -> bool:
    """Whether a text of capitals and ASCII digits is an account number, as far as it tells."""
    return IBAN_LENGTHS.get(account[:2]) == len(account) and is_mod97(account)


def is_mod97(account: str) -> bool:
    """ISO 13616-1, by ISO/IEC 7064 MOD 97-10: the first four signs behind, letters as 10 to 35."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
