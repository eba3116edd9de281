"""Shadows: who goes beside whom, and how the two compare."""

from enum import StrEnum

from highroad.domain.value import value


@value
class ShadowRule:
    """An agent goes beside the runs of another one."""

    agent: str
    """Its name."""
    fraction: float = 1.0
    """Of the runs, from 0 to 1."""


class DisagreementKind(StrEnum):
    """In what a run and its shadow differ, what weighs most first."""

    EFFECT = "effect"
    """Only one of them proposed a call with effects."""
    ARGUMENTS = "arguments"
    """Both call the same tool, and not with the same arguments."""
    REFUSAL = "refusal"
    """Only one of the two calls was refused, or each for another reason."""
    OBLIGATION = "obligation"
    """A person has to agree to one of them, or for another reason."""
    SELECTION = "selection"
    """Only one of them reads by that tool."""
    ORDER = "order"
    """They call the same tools, in another order."""
    END = "end"
    """They did not end alike."""


@value
class Disagreement:
    """One difference between a run and its shadow. No value is in it."""

    kind: DisagreementKind
    run_id: str
    shadow_id: str
    tool: str | None = None
    call_id: str | None = None
    """Of the run, where it made such a call."""
    shadow_call_id: str | None = None
    pointers: tuple[str, ...] = ()
    """Of arguments that differ (RFC 6901)."""
    codes: tuple[str, ...] = ()
    """Of refusals or obligations that only one of them has; or how each ended."""


@value
class RunTotals:
    """What one side of a comparison took."""

    requests: int = 0
    calls: int = 0
    refused: int = 0
    cost_usd: float = 0.0
    elapsed_ms: int = 0
    """From the beginning to the end, together; people's time to decide counts in it."""


@value
class Comparison:
    """How an agent and its shadow compare, over all runs that both have ended."""

    agent: str
    shadow: str
    runs: int
    """Of the agent, that the shadow went beside."""
    compared: int
    incomplete: int
    """One of the two has not ended, or was interrupted."""
    diverged: int
    """Somebody sent the run a message, of which the shadow heard nothing."""
    unreadable: int
    """What was said in one of them was erased, or its entries are archived."""
    same_tools: int
    """Runs in which both called the same tools, up to the first call with effects."""
    same_order: int
    same_arguments: int
    """And with the same arguments."""
    took: RunTotals
    shadow_took: RunTotals
    disagreements: tuple[Disagreement, ...]
    """What weighs most first."""
