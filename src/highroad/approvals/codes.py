"""One-time codes: a second thing, beside who they are, that whoever agrees to a call has to have.

A code goes to the approver where a channel reaches them, and nowhere else. It is no guess at a few
digits: it has 65 bits (NIST SP 800-63B asks for limited tries below 64), so that nobody has to
count tries. It is made of the key of the organization, and bound to one approval, to what is asked
there and to one person. So it is kept nowhere: any process of the ledger can check it, also after a
restart, and a store that is copied has none. When it was made stands in it; it counts for some
minutes, and until that person next says something about that approval.
"""

import hmac
from typing import Final

from highroad.domain.approval import Approval
from highroad.domain.error import DecisionRefused
from highroad.ledger.ledger import Ledger

_CONTEXT: Final = b"approval code"
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 of Crockford: no letter is taken for another sign."""
_READ_AS: Final = str.maketrans("OILoil", "011011", "- ")
_BITS: Final = 5
_TIME: Final = 5
"""Signs that say when it was made: seconds since the approval was asked for."""
_PROOF: Final = 13
"""Signs that nobody can make up."""
_GROUP: Final = 6
_BAD: Final = "that code is none for you and this approval: have another one sent"


class OneTimeCodes:
    """Makes codes, and reads them.

    Args:
        ledger: Has the keys, and the time.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def made(self, approval: Approval, opaque_id: str) -> str:
        """A code for one person and one approval, as they are to type it."""
        # The process that asked for the approval may have a clock that is ahead of this one's.
        since_s = max(0, self._ledger.clock.now_ms() - approval.created_ms) // 1_000
        code = _written(since_s, _TIME) + self._proof(approval, opaque_id, since_s)
        return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))

    def made_ms(self, approval: Approval, opaque_id: str, code: str) -> int:
        """When a code was made that somebody typed, in Unix time, to the second.

        Raises:
            DecisionRefused: It is none of theirs for what is asked now.
        """
        typed = code.translate(_READ_AS).upper()
        if len(typed) != _TIME + _PROOF or not set(typed) <= set(_SIGNS):
            raise DecisionRefused(f"{approval.id}: {_BAD}")
        since_s = _number(typed[:_TIME])
        if not hmac.compare_digest(typed[_TIME:], self._proof(approval, opaque_id, since_s)):
            raise DecisionRefused(f"{approval.id}: {_BAD}")
        return approval.created_ms + since_s * 1_000

    def _proof(self, approval: Approval, opaque_id: str, since_s: int) -> str:
        key = self._ledger.keyring.organization(approval.organization)
        about = (approval.id, approval.digest, opaque_id, str(since_s))
        mac = key.digest(_CONTEXT, *(part.encode() for part in about))
        return _written(int.from_bytes(mac, "big") >> (len(mac) * 8 - _BITS * _PROOF), _PROOF)


def _written(number: int, signs: int) -> str:
    return "".join(_SIGNS[(number >> (_BITS * at)) % len(_SIGNS)] for at in reversed(range(signs)))


def _number(text: str) -> int:
    number = 0
    for sign in text:
        number = number << _BITS | _SIGNS.index(sign)
    return number
