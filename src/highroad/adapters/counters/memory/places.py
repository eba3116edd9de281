"""Places: so many at once, each on a lease."""

from collections.abc import Iterable

from highroad.domain.demand import Lack, Shortage, SlotDemand


class Places:
    """Who has a place of a key, and until when unless it is renewed."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, tuple[float, float]]] = {}
        """By key and holder: when the lease ends on the monotonic clock, and its length."""

    def __len__(self) -> int:
        """Keys of which somebody has a place."""
        return len(self._places)

    def look(self, demand: SlotDemand, holder: str, now_s: float) -> Shortage | None:
        """Why no place is free, and when the first lease ends."""
        taken = self._living(demand.key, now_s)
        if len(taken) < demand.most or holder in taken:
            return None
        first_s = min((until_s for until_s, _ in taken.values()), default=None)
        return Shortage(
            demand=demand,
            lack=Lack.FULL,
            count=len(taken),
            most=demand.most,
            retry_after_s=None if first_s is None else first_s - now_s,
        )

    def take(self, demand: SlotDemand, holder: str, now_s: float) -> None:
        """Have a place."""
        until_s = now_s + demand.lease_s
        places = self._places.setdefault(demand.key, {})
        places.setdefault(holder, (until_s, demand.lease_s))

    def give(self, given: SlotDemand, holder: str, now_s: float) -> None:
        """Free a place."""
        del now_s
        places = self._places.get(given.key)
        if places is not None and places.pop(holder, None) is not None and not places:
            del self._places[given.key]

    def renew(self, holders: Iterable[str], now_s: float) -> None:
        """Begin the leases of these holders anew, where they have not ended."""
        living = frozenset(holders)
        for key in list(self._places):
            places = self._living(key, now_s)
            for holder in living & places.keys():
                _, lease_s = places[holder]
                places[holder] = (now_s + lease_s, lease_s)

    def _living(self, key: str, now_s: float) -> dict[str, tuple[float, float]]:
        """The places of a key, without those whose holders have not been heard of."""
        places = self._places.get(key)
        if places is None:
            return {}
        for holder in [each for each, (until_s, _) in places.items() if until_s <= now_s]:
            del places[holder]
        if not places:
            self._places.pop(key, None)
        return places
