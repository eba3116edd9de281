"""Addresses of the Internet protocol."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer

_VERSION: Final = r"(?<!\bv)(?<!\bversion )(?<!\bVersion )(?<!\brelease )(?<!\bRelease )"
"""Four numbers behind one of these words are those of a program."""


def _is_ipv4(text: str) -> bool:
    """Whether it is the address of one machine that people could be told apart by."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_loopback or text.startswith("255."))


def _is_ipv6(text: str) -> bool:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


IPV4: Final = PatternRecognizer(
    rule="ipv4",
    kind=SensitiveKind.IP,
    signals=Signal.IP,
    pattern=re.compile(
        rf"(?<![\w.+-]){_VERSION}(?P<it>(?:\d{{1,3}}\.){{3}}\d{{1,3}})(?![\w-]|\.\d)", re.ASCII
    ),
    is_valid=_is_ipv4,
)
"""Dotted decimal without leading zeros (RFC 3986 section 3.2.2); loopback tells of nobody."""

IPV6: Final = PatternRecognizer(
    rule="ipv6",
    kind=SensitiveKind.IP,
    signals=Signal.IP,
    pattern=re.compile(
        r"(?<![\w:.])(?P<it>(?:[0-9A-Fa-f]{1,4})?(?:::?[0-9A-Fa-f]{1,4}){1,7}(?:::)?"
        r"(?:(?:\.\d{1,3}){3})?)(?![\w:]|\.\d)",
        re.ASCII,
    ),
    is_valid=_is_ipv6,
)
"""Hexadecimal between colons (RFC 4291 section 2.2, RFC 5952)."""
