"""How what tools need is spared."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.dependency import BreakerRule, Dependency
from highroad.settings.document import Document
from highroad.settings.kinds import (
    ABOVE_ZERO,
    AT_LEAST_ONE,
    COUNT,
    NUMBER,
    POSITIVE,
    RATIO,
    SHARE,
    Kind,
)
from highroad.settings.setting import EACH_NAME, Absent, Setting

_DEFAULT_DEPENDENCY: Final = Dependency(name=EACH_NAME)


def _spares(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of a dependency."""
    return Setting(f"dependencies.{EACH_NAME}.{name}", kind, _usual(_DEFAULT_DEPENDENCY, name), doc)


def _breaks(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of its breaker."""
    default = _usual(_DEFAULT_DEPENDENCY.breaker, name)
    return Setting(f"dependencies.{EACH_NAME}.breaker.{name}", kind, default, doc)


def _usual(of: Dependency | BreakerRule, name: str) -> object:
    default = getattr(of, name)
    return Absent.NONE if default is None else default


SETTINGS: Final = (
    _spares("parallel", POSITIVE, "Attempts that it gets at once."),
    _spares(
        "wait_s", NUMBER, "Seconds that an attempt waits for its turn among `parallel` others."
    ),
    _spares("per_minute", POSITIVE, "Attempts a minute that it gets, evenly."),
    _spares(
        "burst", POSITIVE, "Attempts that may come together; what a second brings unless given."
    ),
    _spares("retry_ratio", RATIO, "Retries are at most so large a part of first attempts."),
    _spares("retry_floor", COUNT, "Retries a minute that are allowed besides, in each process."),
    _spares("check_s", AT_LEAST_ONE, "Seconds between health checks, where a tool declares one."),
    _breaks("failures", POSITIVE, "So many failures within the window open the breaker,"),
    _breaks("failure_rate", SHARE, "if they are so large a part of the attempts in it."),
    _breaks("window_s", AT_LEAST_ONE, "Seconds that failures and slow attempts are counted for."),
    _breaks("recovery_s", NUMBER, "Seconds that it stays open before attempts may try again."),
    _breaks("successes", POSITIVE, "So many in a row then close it; one failure opens it again."),
    _breaks("slow_s", ABOVE_ZERO, "An attempt that takes longer is slow."),
    _breaks("slow_rate", SHARE, "So large a part of slow attempts opens it,"),
    _breaks("slow_attempts", POSITIVE, "once there were so many attempts in the window."),
)


def read(document: Document) -> dict[str, Dependency]:
    """Each by its name."""
    given = document.get(("dependencies",), {})
    return {name: _dependency(name, table) for name, table in given.items()}


def _dependency(name: str, table: Mapping[str, Any]) -> Dependency:
    plain = {key: value for key, value in table.items() if key != "breaker"}
    return Dependency(name=name, breaker=BreakerRule(**table.get("breaker", {})), **plain)
