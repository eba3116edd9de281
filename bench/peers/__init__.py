"""What Highroad is measured against, one small file each, run by the peers' own Python.

Each file has `DISTRIBUTIONS`, whose versions are reported, and `open_bursts`, a context in which a
burst of n measurements can be asked for again and again. All do the same work: look up one order
by its id. Everything runs offline with tracing off, which favours the peers.
"""

from collections.abc import Awaitable, Callable

# Takes how many to measure; gives the times in microseconds, by what was timed.
Burst = Callable[[int], Awaitable[dict[str, list[float]]]]
