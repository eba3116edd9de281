"""An hour of outage in simulated time: what it costs, and whom, with the road and without it.

A real runtime serves callers of three dependencies. One of them, `payments`, gets into trouble
for an hour: it refuses every connection, or half of what it is asked fails, or it takes longer
than anybody waits. Beside it, in the same run, a client without a road meets the same callers and
the same trouble.
"""
