"""Second opinions that answer again: of the very same case, and for a while.

A key is made of all that an opinion rests on: the principal, the definition of the tool, the
arguments, what the user was shown to have said, where the values come from, whose opinion it is,
and the policy. It goes through an HMAC with the organization's key, and what is kept is sealed
(P7).
"""

from typing import Final

import orjson

from highroad.domain.verification import Verification, VerificationCase
from highroad.ledger.keyring import Keyring
from highroad.ledger.record import CallRecord
from highroad.ledger.results import Fetch, Results
from highroad.ports.cache import CacheKey

_FORM: Final = b"verification v1"
_TAG: Final = b"verification"


class KeptVerifications:
    """Keeps opinions beside results, in the same cache: what empties the one empties the other.

    Args:
        results: Seals, and knows the cache.
        keyring: For keys.
        held_s: How long an opinion answers again; 0 keeps none.
        lease_s: How long one call may take to bring one.
    """

    def __init__(
        self, results: Results, keyring: Keyring, *, held_s: float, lease_s: float
    ) -> None:
        self._results = results
        self._keyring = keyring
        self._held_s = held_s
        self._lease_s = lease_s

    def place(
        self, record: CallRecord, case: VerificationCase, arguments: bytes, verifier: str
    ) -> Fetch:
        """Where the opinion of a verifier on a case is kept.

        Args:
            record: Of the call.
            case: As the verifier would be shown it.
            arguments: Of the call, in canonical form.
            verifier: Its name.
        """
        organization = record.call.organization
        turns = [[turn.source, turn.text] for turn in case.turns]
        sources = [[each.pointer, each.kind, each.source, each.how] for each in case.sources]
        digest = self._keyring.organization(organization).digest(
            _FORM,
            record.principal_id.encode(),
            case.tool.digest.encode(),
            arguments,
            # Of values behind pseudonyms, which are other ones in every run.
            orjson.dumps(case.arguments, option=orjson.OPT_SORT_KEYS),
            orjson.dumps([turns, case.left_out]),
            orjson.dumps(sources),
            verifier.encode(),
            record.policy_version.encode(),
        )
        key = CacheKey(space=self._results.space(organization), digest=digest, tags=(_TAG,))
        return Fetch(key=key, call_id=record.call.id, organization=organization)

    async def known(self, place: Fetch) -> Verification | None:
        """What is kept there; otherwise whoever asks now may keep what they bring."""
        if self._held_s <= 0:
            return None
        found = await self._results.lead(place, fresh_s=self._held_s, lease_s=self._lease_s)
        return None if found is None else Verification.of(orjson.loads(found.json))

    async def keep(self, place: Fetch, verification: Verification) -> None:
        """Keep an opinion."""
        if place.lead is not None:
            told = orjson.dumps(verification.told())
            await self._results.keep(place, told, held_s=self._held_s)

    async def leave(self, place: Fetch) -> None:
        """Let others bring what was not to be had; safe after `keep`."""
        leaving = self._results.leave(place)
        if leaving is not None:
            await leaving
