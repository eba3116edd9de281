"""Phone numbers: with their country by form, others where something says what they are."""

import re
from typing import Final

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.checksums import digits_of
from highroad.redaction.dates import is_date
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer, words

_LEAST, _MOST = 8, 15
"""Digits of a number with its country, which ITU-T E.164 section 6.1 bounds by 15."""
_LOCAL_LEAST: Final = 7

_CALLED: Final = words(
    "phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "call", "ring", "dial",
    "whatsapp", "sms", "text", "reach(?:ed)?", "number is",
    "telefon", "telefonnummer", "handy", "mobil", "rufnummer", "anrufen", "rückruf",
    "téléphone", "portable", "appeler", "appelez", "teléfono", "móvil", "celular", "llamar",
    "llame",
    "telefono", "cellulare", "telefoon", "mobiel", "telefone", "telemóvel", "numer",
)  # fmt: skip


def _has_country(text: str) -> bool:
    digits = digits_of(text.replace("(0)", ""))
    return _LEAST <= len(digits) <= _MOST and len(set(digits[2:])) > 1


def _is_local(text: str) -> bool:
    digits = digits_of(text)
    is_long = _LOCAL_LEAST <= len(digits) <= _MOST
    return is_long and len(set(digits)) > 1 and not is_date(text.lstrip("("))


E164: Final = PatternRecognizer(
    rule="phone-e164",
    kind=SensitiveKind.PHONE,
    signals=Signal.NUMBER,
    pattern=re.compile(
        r"(?<![\w+.-])(?:\+|00(?=[1-9]))[ ]?\(?[1-9]"
        r"(?:[ \u00a0().\u2010-\u2015/-]{0,3}\d){6,14}(?![\w@])",
        re.ASCII,
    ),
    is_valid=_has_country,
    context=_CALLED,
    needs_word=lambda text: text.startswith("00"),
)
"""With the country, as ITU-T E.123 writes it; behind `00` only where it is called a number."""

NANP: Final = PatternRecognizer(
    rule="phone-nanp",
    kind=SensitiveKind.PHONE,
    signals=Signal.NUMBER,
    pattern=re.compile(
        r"(?<![\w+.-])(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])"
        r"[2-9]\d\d[ .-]\d{4}(?![\w-]|\.\d)",
        re.ASCII,
    ),
)
"""North America: area and exchange start with 2 to 9 (NANPA, "NPA and CO code assignment")."""

FRENCH: Final = PatternRecognizer(
    rule="phone-fr",
    kind=SensitiveKind.PHONE,
    signals=Signal.NUMBER,
    pattern=re.compile(r"(?<![\w+.-])0[1-9](?:([ .-])\d\d)(?:\1\d\d){3}(?![\w-]|[ .]\d)", re.ASCII),
)
"""France: ten digits in pairs (ARCEP, plan national de numérotation)."""

LOCAL: Final = PatternRecognizer(
    rule="phone-local",
    kind=SensitiveKind.PHONE,
    signals=Signal.NUMBER | Signal.SHORT_NUMBER,
    pattern=re.compile(
        r"(?<![\w+.-])\(?\d(?:[ \u00a0().\u2010-\u2015/-]{0,2}\d){6,14}(?![\w@-]|\.\d)", re.ASCII
    ),
    is_valid=_is_local,
    context=_CALLED,
)
"""Without a country, where a word or the field's name says that it is one."""
