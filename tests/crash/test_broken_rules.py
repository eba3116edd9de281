"""Each rule of recovery is broken on purpose, and the oracle says so.

A rule is broken in the process that dies and in those after it, by other words in its source; the
oracle knows nothing of that.
"""

from dataclasses import dataclass

import pytest

# Processes start by the hundred: on a busy machine that takes its time.
pytestmark = [
    pytest.mark.promise("P2"),
    pytest.mark.promise("P3"),
    pytest.mark.promise("P11"),
    pytest.mark.timeout(300),
]

IN_ONE_RUN = 4
"""A seed with which every call is made in the run, where a second one has the same key."""
EACH_ALONE = 634
"""A seed with which most calls stand alone, so that no later one asks for their key."""
TOMORROW_MS = 7_200_000
SETTLE = "highroad.recovery.settle"
EXECUTE = "highroad.pipeline.stages.execute"
FINISH = "highroad.pipeline.stages.finish"


@dataclass(frozen=True)
class Break:
    """A rule, the words that state it, others in their place, and where that shows."""

    rule: str
    edits: tuple[tuple[str, str, str], ...]
    at: tuple[str, int] | None
    seed: int = IN_ONE_RUN
    later_ms: int = 1_000
    is_lossy: bool = False
    settles: bool = False


BREAKS = (
    Break(
        "an unprotected call is not run again",
        (
            (SETTLE, ' and opening.get("effect") != Effect.UNPROTECTED', ""),
            (SETTLE, "case Effect.REPEATABLE:", "case Effect.REPEATABLE | Effect.UNPROTECTED:"),
            (
                EXECUTE,
                (
                    "if context.approval is None and call.known_definition.effect"
                    " is not Effect.UNPROTECTED:"
                ),
                "if context.approval is None:",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "an idempotent call is run again with its own key",
        (
            (
                "highroad.pipeline.doorway",
                "context.claim = keys.claim_key(known, context)",
                (
                    'fresh = replace(known, idempotency_key=services.ids.new("key"))\n'
                    "            context.claim = keys.claim_key(fresh, context)"
                ),
            ),
        ),
        ("after the effect of charge", 1),
    ),
    Break(
        "a key is used as long as it is honoured",
        (
            (
                SETTLE,
                (
                    "case Effect.IDEMPOTENT if 0 <= age_s < definition.honoured_s:\n"
                    "            context.hurry(definition.honoured_s - age_s)"
                ),
                "case Effect.IDEMPOTENT:",
            ),
        ),
        ("after the effect of charge", 1),
        later_ms=TOMORROW_MS,
    ),
    Break(
        "a probe is asked once it may be believed",
        (
            (
                "highroad.pipeline.attempts",
                "wait_s = max(0.0, definition.settle_after_s - age_s)",
                "wait_s = 0.0",
            ),
        ),
        ("after the effect of ship", 1),
    ),
    Break(
        "a checkable call is asked about",
        (
            (
                SETTLE,
                "return await probe(call, context, INTERRUPTED, age_s=alone_s)",
                "return Ending(status=Status.COMPLETED, is_result_lost=True)",
            ),
        ),
        ("before the effect of ship", 1),
    ),
    Break(
        "a checkable call is not run again",
        ((SETTLE, "case Effect.REPEATABLE:", "case Effect.REPEATABLE | Effect.CHECKABLE:"),),
        ("after the effect of ship", 1),
    ),
    Break(
        "an effect has an intent",
        ((EXECUTE, "taken = await keys.take(call, context, entry)", "taken = Written(None)"),),
        ("after the effect of pay", 1),
    ),
    Break(
        "an intent is on disk before the body runs",
        (
            (
                EXECUTE,
                "taken = await keys.take(call, context, entry)",
                "ledger.writer.put(entry)\n    taken = Written(None)",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "what is answered is on disk",
        (
            (
                "highroad.adapters.stores.sqlite.opening",
                "PRAGMA synchronous = FULL",
                "PRAGMA synchronous = OFF",
            ),
        ),
        ("after the effect of pay", 1),
        is_lossy=True,
    ),
    Break(
        "what nobody knows keeps its key",
        (
            (
                FINISH,
                "if ending.status not in {Status.COMPLETED, Status.UNKNOWN}:",
                "if ending.status is not Status.COMPLETED:",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "what completed keeps its key",
        (
            (
                FINISH,
                "if ending.status not in {Status.COMPLETED, Status.UNKNOWN}:",
                "if ending.status is not Status.UNKNOWN:",
            ),
        ),
        at=None,
    ),
    Break(
        "nothing is called failed without a proof",
        (
            (
                SETTLE,
                'Ending(status=Status.UNKNOWN, error=unknown(INTERRUPTED), rule="recovery")',
                "Ending(status=Status.FAILED, error=INTERRUPTED, proof=Proof.NOT_STARTED)",
            ),
        ),
        ("after the effect of pay", 1),
    ),
    Break(
        "every call that was in flight is settled",
        ((SETTLE, "in await services.ledger.store.open_calls():", "in ():"),),
        ("after the effect of pay", 1),
        seed=EACH_ALONE,
    ),
    Break(
        "an approval is spent with the intent",
        ((EXECUTE, "spends=context.approval is not None,", "spends=False,"),),
        ("after the effect of wire", 1),
    ),
    Break(
        "what a person found applied is not run",
        (
            (
                "highroad.pipeline.repetition",
                "if history.settled is True:",
                "if history.settled is None:",
            ),
            (
                "highroad.pipeline.repetition",
                "if history.settled is False:",
                "if history.settled is not None:",
            ),
        ),
        ("after the effect of pay", 1),
        settles=True,
    ),
)


@pytest.mark.parametrize("broken", BREAKS, ids=[each.rule.replace(" ", "-") for each in BREAKS])
def test_the_oracle_sees_that_a_rule_is_broken(matrix, death, broken):
    facts = {
        "seed": broken.seed,
        "at": broken.at,
        "later_ms": broken.later_ms,
        "is_lossy": broken.is_lossy,
        "settles": broken.settles,
    }
    assert matrix.die(death(**facts)) == []
    assert matrix.missed == 0
    assert matrix.die(death(**facts), edits=broken.edits) != []
