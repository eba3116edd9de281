"""Reading and renaming ids: a prefix, `_`, and a UUIDv7 in 26 characters (TypeID 0.3).

The UUID outlives its prefix: a direct call, its run and, where it is made in no trace of a host,
its trace share one UUID.
"""

from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford base32 in lower case: in order, without `i`, `l`, `o` and `u`."""
SUFFIX_LENGTH: Final = 26

_PYTHON_DIGITS: Final = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")


def encode(number: int) -> str:
    """Write the 128 bits of a UUID as the suffix of a TypeID."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def uuid_hex(typeid: str) -> str:
    """The id's UUID in 32 hex digits, which is the form of a trace id (W3C Trace Context)."""
    return f"{int(typeid[-SUFFIX_LENGTH:].encode().translate(_PYTHON_DIGITS), 32):032x}"


def with_prefix(typeid: str, prefix: str) -> str:
    """The same UUID under another prefix: `call_X` as `run_X`."""
    return f"{prefix}_{typeid[-SUFFIX_LENGTH:]}"
