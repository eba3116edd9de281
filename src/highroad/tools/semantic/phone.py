"""One telephone number of a country."""

import re
from collections.abc import Iterable
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.permission import StandardPermission
from highroad.tools.semantic.rule import Semantic

# Of countries and areas, as the list of E.164 codes assigned has them (ITU Operational Bulletin).
# Codes of no place are left out (800, 808, 870, 878, 881 to 883, 888, 979, 991: toll-free, shared
# cost, satellites, networks, premium rates): a call to most is dear, and to none a person's.
_CODES: Final = (
    "[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    "|21[1-368]|2[2346][0-9]|25[0-8]|29[01789]"
    "|35[0-9]|37[0-8]|38[0-35-79]|42[013]|50[0-9]|59[0-9]"
    "|67[02-9]|68[0-35-9]|69[0-2]|85[02356]|88[06]|96[0-8]|97[0-7]|99[2-68]"
)
_COUNTRY: Final = re.compile(rf"\+(?:{_CODES})")
_LEAST, _MOST = 7, 15
"""Digits with the country code: the fewest that a country has, and the most of E.164, 6.1."""
_NUMBER: Final = re.compile(rf"\+(?=(?:{_CODES}))[0-9]{{{_LEAST},{_MOST}}}")

_PREMIUM: Final = {
    "1": "900|[2-9][0-9]{2}976",
    "7": "80[39]",
    "20": "900", "27": "90", "30": "90[19]", "31": "90[069]", "32": "90", "33": "89",
    "34": "80[367]|905|907", "36": "9[01]", "39": "89", "40": "90[036]", "41": "90[016]",
    "43": "9(?:0[01]|3[019])", "44": "9[01]|98[23]", "45": "90", "46": "9(?:00|39|44)",
    "47": "82[09]", "48": "70", "49": "900|137", "52": "900", "55": "900", "57": "190[01]|901",
    "58": "90[01]", "60": "1600[0-9]{6}(?![0-9])", "61": "190", "62": "809", "64": "900",
    "65": "1900", "66": "1900[0-9]{6}(?![0-9])", "81": "990", "82": "60[2-9]",
    "84": "1900", "86": "16[08][0-9]{5}(?![0-9])", "90": "900", "92": "900",
    "250": "900", "254": "900", "255": "90", "256": "90[1-3]", "267": "90", "268": "900",
    "297": "900",
    "351": "6(?:0[178]|4[68])|76[0-2]", "352": "90[015][0-9]{5}(?![0-9])", "353": "15[0-9]{8}",
    "354": "90[0-8]", "355": "900", "357": "90[09]", "358": "[67]00", "359": "90", "370": "90",
    "371": "90", "372": "900", "373": "90[056]", "374": "90[016]", "380": "900",
    "381": "90[0169]", "383": "900", "385": "6[01]", "386": "90", "420": "90[05689]",
    "421": "9(?:00|[78][0-9])", "503": "900", "506": "90[059]", "852": "900",
    "960": "900[0-9]{7}(?![0-9])", "961": "9[01][0-9]{6}(?![0-9])", "968": "900", "971": "900",
    "972": "19", "994": "900",
}  # fmt: skip
"""By country code, how national numbers begin that are paid by the call: premium rate.

By the numbering plans that the regulators publish, as collected in Google's libphonenumber. Plans
change and not every country is here: a tool that calls names the countries that it may call.
"""
_PAID: Final = re.compile(
    rf"\+(?:{'|'.join(f'{code}(?:{begun})' for code, begun in _PREMIUM.items())})"
)


class Phone(Semantic):
    """One telephone number with its country, and nothing that dials on.

    Args:
        countries: The only codes that numbers may begin with, such as `["+49", "+41"]`; where
            countries share one, also with the area, such as `"+1212"`. `None` is any country.
    """

    code = "phone"
    refuses = (
        "Everything but one number in the form of E.164: extensions, pauses, tones and service "
        "codes, by which something else is dialled or set; letters, blanks, parameters and digits "
        "of other scripts, by which one number passes for another; lists; numbers of no country, "
        "and those known to be paid by the call; and, where countries are named, all others."
    )

    def __init__(self, countries: Iterable[str] | None = None) -> None:
        if isinstance(countries, str):
            raise TypeError('countries are several, for example Phone(countries=["+49"])')
        self.countries: frozenset[str] | None = (
            None if countries is None else frozenset(map(_named, countries))
        )

    def objection(self, text: str) -> str | None:
        """Refuse what is no plain number, is paid by the call, or is of another country."""
        if _NUMBER.fullmatch(text) is None or _PAID.match(text) is not None:
            return (
                "one phone number with its country, a plus and at most 15 digits and nothing "
                "else, such as +493012345678, and not one that is paid by the call"
            )
        if self.countries is not None and not text.startswith(tuple(self.countries)):
            return self._only()
        return None

    def permissions(self, *, has_effects: bool) -> frozenset[str]:
        """A number stands for a person, whether they are looked up or reached by it."""
        del has_effects
        return frozenset({StandardPermission.USER_DATA_ACCESS})

    def schema(self) -> JsonObject:
        """`format: phone` and a pattern, and the countries in words."""
        told: JsonObject = {
            "format": "phone",
            "pattern": rf"^\+[1-9][0-9]{{{_LEAST - 1},{_MOST - 1}}}$",
            "maxLength": _MOST + 1,
        }
        return told if self.countries is None else {**told, "description": f"Only {self._only()}."}

    def _only(self) -> str:
        return f"a phone number that begins with {' or '.join(sorted(self.countries or ()))}"


def _named(country: str) -> str:
    begun = _COUNTRY.match(country)
    if begun is None or not country[1:].isdecimal() or not country.isascii():
        raise ValueError(
            f"{country!r} begins no number of a country; give its code with a plus, as +49"
        )
    return country
