"""Whether a strategy still goes the way that its record tells.

A strategy that was changed while its run waited must not take for an answer what was answered to
something else: its run ends, and says so.
"""

from collections.abc import Mapping
from typing import Final

from highroad.agents.record import Answered, RunRecord
from highroad.agents.stopping import RunStopped
from highroad.domain.run import RunStatus
from highroad.ledger.canonical import canonical
from highroad.ledger.history import CallHistory
from highroad.tools.arguments.coerce import coerced
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.registry import Registry

CHANGED: Final = "strategy_changed"


def check_request(recorded: Answered, purpose: str) -> None:
    """Hold what a strategy asks now against what it asked at this place.

    Raises:
        RunStopped: It was asked for something else.
    """
    if recorded.purpose != purpose:
        raise _changed(f"a request for {recorded.purpose!r} and not for {purpose!r}")


def check_call(
    record: RunRecord,
    history: CallHistory,
    tool: str,
    arguments: Mapping[str, object],
    registry: Registry,
) -> None:
    """Hold a call that a strategy makes now against the one that it made at this place.

    Raises:
        RunStopped: It was another tool, or had other arguments.
    """
    opening = history.opening
    if opening["tool"] not in {None, tool}:
        raise _changed(f"a call of {opening['tool']} and not of {tool}")
    if not _has_arguments(record, history, tool, arguments, registry):
        raise _changed(f"other arguments of {tool}")


def _has_arguments(
    record: RunRecord,
    history: CallHistory,
    tool: str,
    arguments: Mapping[str, object],
    registry: Registry,
) -> bool:
    """Whether a call had these arguments, as far as that can be told."""
    opening, ref, known = history.opening, history.ref("arguments"), registry.find(tool)
    kept = None if ref is None else record.payloads.get(ref.id)
    # Turned down, they are kept as they came; a person may have put others in their place; and
    # another version of the tool may read them otherwise.
    is_told = history.intent is not None or history.approval is not None
    if kept is None or known is None or not is_told or "revision" in opening:
        return True
    if known.migrate is not None or opening.get("version") != known.definition.version:
        return True
    parsed = parse(arguments, names=known.names)
    if isinstance(parsed, Invalid):
        return False
    taken, _ = coerced(parsed, known.definition.input_schema, known.names, known.places)
    return kept in {canonical(parsed), canonical(taken)}


def _changed(what: str) -> RunStopped:
    return RunStopped(
        RunStatus.FAILED, CHANGED, f"The strategy was changed: its record has {what} at this place."
    )
