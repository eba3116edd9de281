"""What a server says of its own tools: claims, which make a tool stricter and never less strict.

Source: Model Context Protocol, revision 2025-11-25, `ToolAnnotations`, which says itself that
clients must take them as hints, and must not decide by those of a server that they do not trust.
"""

from collections.abc import Mapping
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.domain.tool import Tier

AT_STAKE: Final = {tier: at for at, tier in enumerate(Tier)}
"""Tiers from what stands least at stake to what stands most."""


def floor_of(annotations: Mapping[str, JsonValue]) -> Tier:
    """The least that stands at stake with a tool, by what its server says of it.

    `destructiveHint`, and a `readOnlyHint` that is false, are believed where they are said.
    """
    reads = annotations.get("readOnlyHint")
    if annotations.get("destructiveHint") is True and reads is not True:
        return Tier.IRREVERSIBLE
    return Tier.REVERSIBLE if reads is False else Tier.READ


def stricter(one: Tier, two: Tier) -> Tier:
    """The one of two tiers with which more stands at stake."""
    return max(one, two, key=AT_STAKE.__getitem__)
