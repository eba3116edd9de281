"""Keys, tokens and passwords: by the prefix of their issuer, or by how little they repeat."""

import re
from collections import Counter
from math import log2
from typing import Final

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer, words

_LEAST_BITS: Final = 3.5
"""Entropy per sign, by Shannon, of a text of twenty signs that was drawn and not written."""

_ISSUED: Final = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # AWS access key ids
    r"AIza[A-Za-z0-9_-]{35}",  # Google API keys
    r"ya29\.[A-Za-z0-9_-]{20,512}",  # Google OAuth
    r"GOCSPX-[A-Za-z0-9_-]{28}",  # Google client secrets
    r"gh[pousr]_[A-Za-z0-9]{36,251}",  # GitHub tokens
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_-]{20,64}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{15,250}",  # Slack
    r"xapp-\d-[A-Za-z0-9-]{20,250}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,247}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,128}",
    r"sk-ant-[A-Za-z0-9_-]{20,250}",  # Anthropic
    r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,250}",  # OpenAI, and others like it
    r"hf_[A-Za-z0-9]{30,64}",  # Hugging Face
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,512}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",  # SendGrid
    r"AC[0-9a-f]{32}|SK[0-9a-f]{32}",  # Twilio
    r"dop_v1_[0-9a-f]{64}",  # DigitalOcean
    r"hvs\.[A-Za-z0-9_-]{24,250}",  # HashiCorp Vault
    r"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,2048}",  # RFC 7519
)

PREFIXED: Final = PatternRecognizer(
    rule="key-prefix",
    kind=SensitiveKind.KEY,
    signals=Signal.TOKEN,
    pattern=re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_ISSUED)})(?![A-Za-z0-9])", re.ASCII),
)
"""What whoever issues it made to be found: prefixes are told in their documentation."""

PEM: Final = PatternRecognizer(
    rule="key-pem",
    kind=SensitiveKind.KEY,
    signals=Signal.TOKEN,
    pattern=re.compile(
        r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"[^-]{1,65536}(?:-----END [A-Z0-9 ]{0,48}-----)?",
        re.ASCII,
    ),
)
"""A private key in textual encoding (RFC 7468 section 10), also one that was cut off."""

PASSWORD_IN_URL: Final = PatternRecognizer(
    rule="key-url",
    kind=SensitiveKind.KEY,
    signals=Signal.AT,
    pattern=re.compile(
        r"(?<=://)[^\s/?#:@'\"<>]{0,128}:[^\s/?#@'\"<>]{1,256}@[^\s/?#@'\"<>]{1,253}", re.ASCII
    ),
)
"""The authority of a connection string with a password in it (RFC 3986 section 3.2.1)."""

_SECRET: Final = words(
    "password", "passwd", "passphrase", "secret", "token", "api ?key", "apikey", "access ?key",
    "auth", "authorization", "bearer", "credential", "credentials", "private ?key",
    "client ?secret", "passwort", "kennwort", "schlüssel", "mot de passe", "contraseña",
)  # fmt: skip


def is_drawn(text: str) -> bool:
    """Whether a text has letters and digits in the mixture of chance.

    Hexadecimal digits alone are left to hashes and ids, which need a word to be a key.
    """
    if not (any(map(str.isdecimal, text)) and any(map(str.isalpha, text))):
        return False
    counts, length = Counter(text), len(text)
    bits = -sum(count / length * log2(count / length) for count in counts.values())
    return bits >= _LEAST_BITS


DRAWN: Final = PatternRecognizer(
    rule="key-entropy",
    kind=SensitiveKind.KEY,
    signals=Signal.TOKEN,
    pattern=re.compile(
        r"(?<![A-Za-z0-9_+/-])[A-Za-z0-9_+/-]{20,512}={0,2}(?![A-Za-z0-9_+/=-])", re.ASCII
    ),
    is_valid=is_drawn,
    context=_SECRET,
)
"""Of no known prefix, where a word says that it opens something."""
