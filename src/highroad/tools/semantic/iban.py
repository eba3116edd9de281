"""One bank account, by its IBAN."""

import re
from collections.abc import Iterable
from typing import Final

from highroad.domain.iban import IBAN_LENGTHS, is_iban
from highroad.domain.json_value import JsonObject
from highroad.domain.permission import StandardPermission
from highroad.tools.semantic.rule import Semantic

_MOST: Final = 34
_ACCOUNT: Final = "[A-Z0-9]{11,30}"
# The electronic form of ISO 13616-1. MOD 97-10 makes the check digits 02 to 98; 00, 01 and 99
# leave the same remainder as 97, 98 and 02, and would be a second spelling of an account.
_IBAN: Final = re.compile(rf"[A-Z]{{2}}(?!0[01]|99)[0-9]{{2}}{_ACCOUNT}")


class Iban(Semantic):
    """One account number in the electronic form of ISO 13616, which its check digits confirm.

    Args:
        countries: The only ones whose accounts are taken, such as `["DE", "FR"]`; `None` is any.
    """

    code = "iban"
    refuses = (
        "Everything but one IBAN in capitals without blanks: other countries than those that have "
        "IBANs, a length that is not its country's, wrong check digits, and digits and letters of "
        "other scripts, by which money goes astray or one account looks like another; lists and "
        "whatever else stands beside it; and, where countries are named, all others."
    )

    def __init__(self, countries: Iterable[str] | None = None) -> None:
        if isinstance(countries, str):
            raise TypeError('countries are several, for example Iban(countries=["DE"])')
        self.countries: frozenset[str] | None = (
            None if countries is None else frozenset(map(_named, countries))
        )

    def objection(self, text: str) -> str | None:
        """Refuse what is no account number, or is one of another country."""
        if _IBAN.fullmatch(text) is None or not is_iban(text):
            return (
                "one IBAN with its check digits, in capitals and without blanks, "
                "such as DE89370400440532013000"
            )
        if self.countries is not None and text[:2] not in self.countries:
            return self._only()
        return None

    def permissions(self, *, has_effects: bool) -> frozenset[str]:
        """Who has effects is taken to move money; a read looks up whose account it is."""
        return frozenset(
            {
                StandardPermission.FINANCIAL_OPERATIONS
                if has_effects
                else StandardPermission.USER_DATA_ACCESS
            }
        )

    def schema(self) -> JsonObject:
        """`format: iban` and a pattern, and the countries in words."""
        countries = "[A-Z]{2}" if self.countries is None else f"(?:{'|'.join(self._sorted())})"
        told: JsonObject = {
            "format": "iban",
            "pattern": f"^{countries}[0-9]{{2}}{_ACCOUNT}$",
            "maxLength": _MOST,
        }
        return told if self.countries is None else {**told, "description": f"Only {self._only()}."}

    def _only(self) -> str:
        return f"an IBAN of {' or '.join(self._sorted())}"

    def _sorted(self) -> list[str]:
        return sorted(self.countries or ())


def _named(country: str) -> str:
    if country.upper() not in IBAN_LENGTHS:
        raise ValueError(f"{country!r} is no country of IBANs; give it as DE (ISO 3166-1)")
    return country.upper()
