"""Variables of the environment that a worker process has: few, each by name.

What runs this process is often told its keys, tokens and addresses of databases by variables, of
which nobody here knows the names (P7). So a body finds what a program needs in order to run at
all, what settings name besides, and of these none that holds a secret.
"""

import os
from collections.abc import Callable, Sequence
from typing import Final

OURS: Final = "HIGHROAD_"
"""How the names of our own variables begin, which no body is given."""
USUAL: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"),
        *("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE"),
        *("LC_MONETARY", "LC_MESSAGES"),
        # Where libraries and the certificates of authorities are.
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE"),
        # Without these nothing starts on Windows.
        *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE"),
    }
)
"""What a program needs that knows nothing of us."""


def given_variables(more: Sequence[str], is_secret: Callable[[str], bool]) -> dict[str, str]:
    """The variables of a worker process.

    Args:
        more: Names that settings add.
        is_secret: Whether a text holds what must not be told.
    """
    wanted = USUAL.union(more)
    return {
        name: said
        for name, said in os.environ.items()
        if name in wanted and not name.startswith(OURS) and not is_secret(said)
    }


def usual_variables() -> dict[str, str]:
    """Those alone that any program needs."""
    return given_variables((), lambda _: False)
