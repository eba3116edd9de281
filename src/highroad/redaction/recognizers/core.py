"""All recognizers that need no library."""

from typing import Final

from highroad.redaction.recognizers.accounts import CARD, IBAN
from highroad.redaction.recognizers.emails import EMAIL
from highroad.redaction.recognizers.keys import DRAWN, PASSWORD_IN_URL, PEM, PREFIXED
from highroad.redaction.recognizers.national import NATIONAL
from highroad.redaction.recognizers.networks import IPV4, IPV6
from highroad.redaction.recognizers.pattern import PatternRecognizer
from highroad.redaction.recognizers.phones import E164, FRENCH, LOCAL, NANP

CORE: Final[tuple[PatternRecognizer, ...]] = (
    PEM,
    PREFIXED,
    PASSWORD_IN_URL,
    DRAWN,
    EMAIL,
    IBAN,
    CARD,
    *NATIONAL,
    IPV4,
    IPV6,
    E164,
    NANP,
    FRENCH,
    LOCAL,
)
"""In the order in which they prevail where two of them found the same piece of a text."""
