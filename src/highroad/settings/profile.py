"""Where a runtime runs."""

from enum import StrEnum


class Profile(StrEnum):
    """Where this runs."""

    DEV = "dev"
    """The local user, made-up keys, `--as`."""
    PRODUCTION = "production"
    """Default deny; keys must be given; nobody can be impersonated."""
