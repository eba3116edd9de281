"""Numbers by which states know people, each by its own check digits.

Where these let through one number in ten, a word must say what it is, or an order number would be
somebody's id.
"""

import re
from collections.abc import Callable
from typing import Final

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.checksums import (
    digits_of,
    is_luhn,
    is_mod11_10,
    is_verhoeff,
    weighted,
)
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer, always, words

_MONTHS: Final = 12
_DAYS: Final = 31
_FROM: Final = r"(?<![\w.+-])"
_TO: Final = r"(?![\w-]|\.\d)"


def _id(
    country: str,
    form: str,
    is_valid: Callable[[str], bool],
    *called: str,
    signals: Signal = Signal.NUMBER,
    needs_word: Callable[[str], bool] = always,
) -> PatternRecognizer:
    return PatternRecognizer(
        rule=country,
        kind=SensitiveKind.NATIONAL_ID,
        signals=signals,
        pattern=re.compile(_FROM + form + _TO, re.ASCII),
        is_valid=is_valid,
        context=words(*called) if called else None,
        needs_word=needs_word,
    )


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= _MONTHS and 1 <= day <= _DAYS


def is_ssn(text: str) -> bool:
    """US social security number: no check digit; groups that are never assigned.

    Source: SSA, "Social Security Number Randomization" (area 000, 666, 900-999, group 00, serial
    0000 are not issued); 078-05-1120 and 219-09-9999 were printed in advertisements.
    """
    digits = "".join(map(str, digits_of(text)))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if digits in {"078051120", "219099999"} or len(set(digits)) == 1:
        return False
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def is_nino(text: str) -> bool:
    """UK national insurance number: no check digit; prefixes that are never used.

    Source: HMRC, National Insurance Manual NIM39110.
    """
    prefix = text[:2].upper()
    unused = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
    return prefix[0] not in "DFIQUV" and prefix[1] not in "DFIOQUV" and prefix not in unused


def is_steuer_id(text: str) -> bool:
    """German tax id: eleven digits, MOD 11,10; of the first ten one stands there twice or thrice.

    Source: Bundeszentralamt für Steuern, "Steuerliche Identifikationsnummer: Aufbau" (since 2016
    one digit may stand there three times, never in a row).
    """
    digits = digits_of(text)
    counts = sorted(digits[:10].count(each) for each in set(digits[:10]))
    is_mixed = counts[-1] in {2, 3} and counts[-2] == 1
    return digits[0] != 0 and is_mixed and is_mod11_10(digits)


_NO_MONTH: Final = 20
"""From here on the month of a birth is not known."""


def is_nir(text: str) -> bool:
    """French social security number: 13 signs and a key, 97 less the number modulo 97.

    Source: INSEE, "Numéro d'inscription au répertoire" (2A and 2B of Corsica count as 19 and 18).
    """
    number = re.sub(r"[ .]", "", text).upper()
    place = {"2A": "19", "2B": "18"}.get(number[5:7], number[5:7])
    plain = number[:5] + place + number[7:]
    month = int(plain[3:5])
    is_month = 1 <= month <= _MONTHS or month >= _NO_MONTH
    return is_month and int(plain[13:]) == 97 - int(plain[:13]) % 97


def is_dni(text: str) -> bool:
    """Spanish DNI and NIE: the letter is that of the number modulo 23; X, Y, Z count as 0, 1, 2.

    Source: Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE".
    """
    plain = re.sub(r"[ -]", "", text).upper()
    number = str("XYZ".find(plain[0])) + plain[1:-1] if plain[0] in "XYZ" else plain[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[-1]


_ODD: Final = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)
"""What a sign on an odd place counts: 0 to 9 as A to J, then K to Z."""


def is_codice_fiscale(text: str) -> bool:
    """Italian tax code: sixteen signs, of which the last is the sum of the others modulo 26.

    Source: Decreto del Ministero delle Finanze of 23 December 1976, art. 7, tables of odd and even
    places (letters in place of digits for people of the same code).
    """
    code = text.upper()
    values = [int(sign) if sign.isdecimal() else ord(sign) - 65 for sign in code[:-1]]
    total = sum(_ODD[each] for each in values[::2]) + sum(values[1::2])
    return chr(65 + total % 26) == code[-1]


def is_bsn(text: str) -> bool:
    """Dutch citizen service number: nine digits whose weighted sum (9 to 2, then -1) 11 divides.

    Source: Logisch Ontwerp BSN, "elfproef".
    """
    digits = digits_of(text)
    return any(digits) and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_pesel(text: str) -> bool:
    """Polish PESEL: a date with the century in its month, and a weighted check digit.

    Source: Ustawa o ewidencji ludności of 24 September 2010, art. 15 and 18; weights 1, 3, 7, 9.
    """
    digits = digits_of(text)
    month, day = (digits[2] * 10 + digits[3]) % 20, digits[4] * 10 + digits[5]
    check = -weighted(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10
    return _is_day(month, day) and check == digits[10]


def is_personnummer(text: str) -> bool:
    """Swedish personal number: a date (a day plus 60 for coordination numbers), and Luhn.

    Source: Skatteverket, SKV 704 "Personnummer"; Luhn over the ten digits without the century.
    """
    digits = digits_of(text)[-10:]
    month, day = digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]
    return _is_day(month, day - 60 if day > 60 else day) and is_luhn(digits)  # noqa: PLR2004 - see above


def is_cpf(text: str) -> bool:
    """Brazilian CPF: two check digits, each modulo 11 over those before it.

    Source: Receita Federal, Instrução Normativa RFB 1548 (2015); equal digits are not issued.
    """
    digits = digits_of(text)
    first = weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and [first, second] == digits[9:]


def is_aadhaar(text: str) -> bool:
    """Indian Aadhaar: twelve digits, the first 2 to 9, the last one Verhoeff's.

    Source: UIDAI, "A UID Numbering Scheme" (2010).
    """
    digits = digits_of(text)
    return digits[0] > 1 and digits != digits[::-1] and is_verhoeff(digits)


def _is_bare(text: str) -> bool:
    return text.isdecimal()


NATIONAL: Final = (
    _id(
        "us-ssn",
        r"\d{3}(?:-\d\d-|[ ]\d\d[ ]|\d\d)\d{4}",
        is_ssn,
        "ssn", "social security", "soc sec", "itin", "tax(?:payer)? id",
        needs_word=lambda text: "-" not in text,
    ),
    _id(
        "uk-nino",
        r"[A-Za-z]{2}[ ]?\d\d[ ]?\d\d[ ]?\d\d[ ]?[A-Da-d]",
        is_nino,
        signals=Signal.LETTERED,
    ),
    _id(
        "de-steuer-id",
        r"[1-9]\d[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}",
        is_steuer_id,
        "steuer ?id", "steuer ?identifikationsnummer", "identifikationsnummer", "idnr",
        "steuer ?nummer", "steuer-id(?:nr)?", "tax ?id", "tin",
    ),
    _id(
        "fr-nir",
        r"[12378][ ]?\d\d[ ]?\d\d[ ]?(?:\d\d|2[ABab])[ ]?\d{3}[ ]?\d{3}[ ]?\d\d",
        is_nir,
        signals=Signal.NUMBER | Signal.SHORT_NUMBER,  # a letter may part its digits
    ),
    _id("es-dni", r"(?:\d{8}|[XYZxyz]-?\d{7})[ -]?[A-Za-z]", is_dni, signals=Signal.LETTERED),
    _id(
        "it-codice-fiscale",
        r"[A-Za-z]{6}[0-9LMNPQRSTUVlmnpqrstuv]{2}[ABCDEHLMPRSTabcdehlmprst]"
        r"[0-9LMNPQRSTUVlmnpqrstuv]{2}[A-Za-z][0-9LMNPQRSTUVlmnpqrstuv]{3}[A-Za-z]",
        is_codice_fiscale,
        signals=Signal.LETTERED,
    ),
    _id(
        "nl-bsn",
        r"\d{4}[. ]?\d\d[. ]?\d{3}",
        is_bsn,
        "bsn", "burgerservicenummer", "sofinummer", "sofi", "citizen service number",
    ),
    _id("pl-pesel", r"\d{11}", is_pesel, "pesel"),
    _id(
        "se-personnummer",
        r"(?:(?:18|19|20)\d\d|\d\d)\d{4}[-+ ]?\d{4}",
        is_personnummer,
        "personnummer", "personal identity number", "samordningsnummer", "pnr", "person ?nr",
        needs_word=lambda text: "-" not in text and "+" not in text,
    ),
    _id(
        "br-cpf",
        r"\d{3}\.?\d{3}\.?\d{3}-?\d\d",
        is_cpf,
        "cpf", "cadastro de pessoas",
        needs_word=_is_bare,
    ),
    _id(
        "in-aadhaar",
        r"[2-9]\d{3}(?:[ ]\d{4}[ ]|-\d{4}-|\d{4})\d{4}",
        is_aadhaar,
        "aadhaar", "aadhar", "uidai", "uid", "आधार",
        needs_word=lambda text: " " not in text,
    ),
)  # fmt: skip
"""One for each state, by the name of its number."""
