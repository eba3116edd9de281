"""Token buckets: so many at once, and then evenly."""

from collections import OrderedDict

from highroad.domain.demand import BucketDemand, Lack, Shortage


class _Bucket:
    """How full a bucket was when it was last looked into, and who took of it."""

    __slots__ = ("at_s", "holders", "tokens")

    def __init__(self, tokens: float, at_s: float) -> None:
        self.tokens = tokens
        self.at_s = at_s
        self.holders: OrderedDict[str, float] = OrderedDict()
        """When each took its token; kept until the bucket would be full again."""


class Buckets:
    """Buckets by key, on the monotonic clock. One that is full again is forgotten."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[BucketDemand, _Bucket]] = OrderedDict()
        """In the order in which they were last taken from."""

    def __len__(self) -> int:
        """Buckets in memory."""
        return len(self._buckets)

    def look(self, demand: BucketDemand, holder: str, now_s: float) -> Shortage | None:
        """Why there is no token, and when there will be one."""
        bucket = self._filled(demand, now_s)
        if bucket is None or bucket.tokens >= 1 or holder in bucket.holders:
            return None
        wait_s = (1 - bucket.tokens) / demand.per_s if demand.per_s else None
        return Shortage(
            demand=demand,
            lack=Lack.RATE,
            count=demand.burst,
            most=demand.burst,
            retry_after_s=wait_s,
        )

    def take(self, demand: BucketDemand, holder: str, now_s: float) -> None:
        """Take a token."""
        bucket = self._filled(demand, now_s)
        if bucket is None:
            self._forget(now_s)
            bucket = _Bucket(demand.burst, now_s)
            self._buckets[demand.key] = (demand, bucket)
        if holder not in bucket.holders:
            bucket.tokens -= 1
            bucket.holders[holder] = bucket.at_s
        self._buckets.move_to_end(demand.key)

    def give(self, given: BucketDemand, holder: str, now_s: float) -> None:
        """Put a token back that was not used after all."""
        bucket = self._filled(given, now_s)
        if bucket is not None and bucket.holders.pop(holder, None) is not None:
            bucket.tokens = min(given.burst, bucket.tokens + 1)

    def _filled(self, demand: BucketDemand, now_s: float) -> _Bucket | None:
        """The bucket as it is now; `None` of one that is full and knows nobody."""
        _, bucket = self._buckets.get(demand.key) or (demand, None)
        if bucket is None or bucket.at_s == now_s:  # it was looked into just now
            return bucket
        gained = (now_s - bucket.at_s) * demand.per_s
        bucket.tokens, bucket.at_s = min(demand.burst, bucket.tokens + gained), now_s
        long_ago_s = now_s - _full_s(demand)
        while bucket.holders and next(iter(bucket.holders.values())) <= long_ago_s:
            bucket.holders.popitem(last=False)
        return bucket

    def _forget(self, now_s: float) -> None:
        """Drop buckets that are full again."""
        while self._buckets:
            key, (demand, _) = next(iter(self._buckets.items()))
            bucket = self._filled(demand, now_s)
            if bucket is None or bucket.tokens < demand.burst or bucket.holders:
                break
            del self._buckets[key]


def _full_s(demand: BucketDemand) -> float:
    """How long an empty bucket takes to fill."""
    return demand.burst / demand.per_s if demand.per_s else float("inf")
