"""Who uses this machine."""

import getpass

from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal


def local_user() -> Principal:
    """The operating system's user: the principal where nobody else is named."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container without a user database
        name = "local"
    return Principal(name, DEFAULT_ORGANIZATION, name=name, authenticated=True)
