"""Numbers of bank accounts and payment cards."""

import re
from typing import Final

from highroad.domain.iban import IBAN_COUNTRIES, is_iban
from highroad.domain.redaction import SensitiveKind
from highroad.redaction.checksums import digits_of, is_luhn
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer, words

_OLD_LENGTH: Final = 13
"""Of cards that hardly anybody has, and of every article in a shop (EAN): these need a word."""


def _is_account(text: str) -> bool:
    return is_iban(re.sub(r"[ \u00a0-]", "", text).upper())


def _is_card(text: str) -> bool:
    digits = digits_of(text)
    return _is_issued("".join(map(str, digits))) and is_luhn(digits)


_ISSUED: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}|81\d{14,17}"  # UnionPay
    r"|(?:50|5[6-9]|6[0-9])\d{11,17}"  # Maestro, and what lies beside the others
)


def _is_issued(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and _ISSUED.fullmatch(digits) is not None  # noqa: PLR2004 - lengths of ISO/IEC 7812-1


_FORMS: Final = "|".join(
    rf"(?:{of_it.replace(' ', '|')})\d\d(?:[ \u00a0-]?[A-Za-z0-9]){{{length - 4}}}"
    for length, of_it in IBAN_COUNTRIES.items()
)
IBAN: Final = PatternRecognizer(
    rule="iban",
    kind=SensitiveKind.IBAN,
    signals=Signal.NUMBER | Signal.LETTERED | Signal.TOKEN,
    pattern=re.compile(rf"(?<![A-Za-z0-9])(?:{_FORMS})(?![A-Za-z0-9])", re.ASCII | re.IGNORECASE),
    is_valid=_is_account,
)
"""As long as accounts of its country are, compact or in groups (ISO 13616-1)."""
CARD: Final = PatternRecognizer(
    rule="card",
    kind=SensitiveKind.CARD,
    signals=Signal.NUMBER,
    pattern=re.compile(
        r"(?<![\w.+-])(?<!\d[ ])\d(?:[ \u00a0-]?\d){12,18}(?![\w-]|\.\d|[ ]\d)", re.ASCII
    ),
    is_valid=_is_card,
    context=words("card", "visa", "karte", "kreditkarte", "carte", "tarjeta", "carta", "cartão"),
    needs_word=lambda text: len(digits_of(text)) == _OLD_LENGTH,
)
"""Thirteen to nineteen digits of a known issuer that pass Luhn (ISO/IEC 7812-1), also in groups."""
