"""A held call in words, for a model and for whoever sits at its client."""

from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import Held


def way_out(held: Held) -> str:
    """What has to be done about a held call."""
    if held.approval_id is None:
        return "Its result comes later."
    return f"Decide: `highroad approvals approve {held.approval_id}` (or `reject`)."


def in_words(held: Held) -> JsonObject:
    """What a model is told of a call that waits: what to tell the user, and that it may ask again.

    Elsewhere a model is told not to call again. A client of MCP has no other way to the result.
    """
    said = held.for_model()
    said["hint"] = (
        f"Tell the user that this waits. {way_out(held)} Once it is decided, the same call with "
        "the same arguments returns what came of it; until then it is not made twice."
    )
    return said
