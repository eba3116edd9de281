"""Rehearse an outage before it comes: ten minutes without payments, in a second.

Somebody pays every five seconds for half an hour. From the tenth to the twentieth minute the
payment service refuses every connection. All of it is in simulated time.

It prints:

    before: 120 completed
    outage: 12 failed, 108 refused
    after: 117 completed, 3 refused
    attempts during the outage: 18 for 120 calls
    dead letters: 123, redriven and completed: 123
"""

from collections import Counter, defaultdict

from highroad import Principal, tool
from highroad.testing import FakeClock, Fault, Faults, Rehearsal, simulate

BEGIN_S, END_S = 600, 1_200


@tool(tier="reversible", effect="idempotent", dependency="payments", timeout_s=5)
async def pay(invoice: str) -> str:
    """Pay an invoice; your own tool stands here."""
    return f"paid {invoice}"


async def rehearse(clock: FakeClock) -> None:
    """Call the tool through the outage, and see what becomes of the calls."""
    rehearsal = Rehearsal(pay)
    rehearsal.clock = clock
    runtime = await rehearsal.start()
    outage = Fault(on="payments", since_s=BEGIN_S, until_s=END_S, raises=ConnectionRefusedError)
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    with Faults(outage, clock=clock).injected(runtime) as faults:
        for number in range(360):
            at_s = clock.monotonic_s()
            phase = "before" if at_s < BEGIN_S else "outage" if at_s < END_S else "after"
            outcome = await runtime.call(pay, {"invoice": f"R-{number}"})
            ended[phase][outcome.status] += 1
            await clock.sleep((number + 1) * 5 - clock.monotonic_s())
    for phase, statuses in ended.items():
        print(f"{phase}: {', '.join(f'{n} {status}' for status, n in sorted(statuses.items()))}")
    print(f"attempts during the outage: {len(faults.struck)} for {ended['outage'].total()} calls")
    batch = await runtime.dead_letters.redrive_many(by=Principal("bob"), most=1_000)
    done = Counter(each.letter.state for each in batch.redriven)
    print(f"dead letters: {len(batch.redriven)}, redriven and completed: {done['redriven']}")


simulate(rehearse)
