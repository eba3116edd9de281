"""Channels: where people are told of what waits for them."""

from collections.abc import Mapping

from highroad.domain.approval_rules import ChannelRule
from highroad.ports.channel import Channel


def channels_of(rules: Mapping[str, ChannelRule]) -> dict[str, Channel]:
    """The channels of a configuration, by name."""
    if not rules:
        return {}
    # HTTP takes a tenth of a second to import, which only they pay who ask for it (N4).
    from highroad.adapters.channels.webhook import Webhook  # noqa: PLC0415 - see above

    return {name: Webhook(rule.url) for name, rule in rules.items()}
