"""What the fields of entry bodies may hold, so that a body that somebody changed is told as such.

A field of another kind than these is read by nobody. Whether a field that is needed is there shows
where it is read.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from highroad.domain.approval import ApprovalState, Level, Ruling
from highroad.domain.dead_letter import letter_of, values_of
from highroad.domain.deferral import deferral_of, deferral_values
from highroad.domain.dependency import BreakerState
from highroad.domain.egress import Clearance
from highroad.domain.entry import AmendmentKind, EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.identity import Assurance
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.domain.label import Integrity
from highroad.domain.model import Finish
from highroad.domain.outcome import Status
from highroad.domain.refusal import WhyRefused
from highroad.domain.run import ReplyStatus, RunStatus, WhyDry
from highroad.domain.trial import TrialState

_Check: TypeAlias = Callable[[Any], bool]

_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")


_SHAPES: Final = 1_024
"""Shapes of bodies that are remembered; one that a stranger makes up is judged as often as it
comes."""


def strange_field(kind: EntryKind, body: Mapping[str, Any]) -> str | None:
    """The first field that holds what no entry of that kind says there, if there is one.

    Bodies come in few shapes: which of their fields the types alone acquit is found out once for
    each, and of most fields that is all.
    """
    numbers, others = _in_doubt(kind, tuple(body), tuple(map(type, body.values())))
    for name in numbers:
        if not -MAX_SAFE_INTEGER <= body[name] <= MAX_SAFE_INTEGER:
            return name
    for name, fits in others:
        if not fits(body[name]):
            return name
    return None


@lru_cache(maxsize=_SHAPES)
def _in_doubt(
    kind: EntryKind, names: tuple[str, ...], types: tuple[type, ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, _Check], ...]]:
    """What has to be looked at in a body of that shape: its integers, and other fields' checks."""
    checks = _FIELDS.get(kind, _EVERYWHERE)
    numbers, others = list[str](), list[tuple[str, _Check]]()
    for name, found in zip(names, types, strict=True):
        fits = checks.get(name)
        if fits is None or found in _acquitted(fits):
            continue
        if fits is _is_number and found is int:
            numbers.append(name)
        else:
            others.append((name, fits))
    return tuple(numbers), tuple(others)


def _acquitted(fits: _Check) -> frozenset[type]:
    """Types of which every value fits."""
    return _BY_TYPE.get(fits, _NO_TYPE)


def _is_text(found: object) -> bool:
    return type(found) is str


def _is_hex(found: object) -> bool:
    return isinstance(found, str) and _HEX.fullmatch(found) is not None


def _is_number(found: object) -> bool:
    return type(found) is int and -MAX_SAFE_INTEGER <= found <= MAX_SAFE_INTEGER


def _is_flag(found: object) -> bool:
    return type(found) is bool


def _is_share(found: object) -> bool:
    return type(found) in {int, float} and 0 <= found <= 1  # type: ignore[operator]  # a number


def _is_mapping(found: object) -> bool:
    return type(found) is dict


_NO_TYPE: Final[frozenset[type]] = frozenset()
_BY_TYPE: Final[dict[_Check, frozenset[type]]] = {
    _is_text: frozenset({str}),
    _is_flag: frozenset({bool}),
    _is_mapping: frozenset({dict}),
}
"""What `_acquitted` knows."""


def _maybe(fits: _Check) -> _Check:
    def fits_if_said(found: object) -> bool:
        """Whether it is nothing, or fits."""
        return found is None or fits(found)

    _BY_TYPE[fits_if_said] = _acquitted(fits) | {type(None)}
    return fits_if_said


def _list_of(fits: _Check) -> _Check:
    acquitted = _acquitted(fits)
    return lambda found: (
        type(found) is list and (acquitted.issuperset(map(type, found)) or all(map(fits, found)))
    )


def _some(fits: _Check) -> _Check:
    return lambda found: bool(found) and _list_of(fits)(found)


def _tuple_of(*checks: _Check) -> _Check:
    def fits(found: object) -> bool:
        """Whether it is a list of so many, each of its kind."""
        if not isinstance(found, list) or len(found) != len(checks):
            return False
        for check, each in zip(checks, found, strict=True):  # noqa: SIM110 - in half of the time
            if not check(each):
                return False
        return True

    return fits


def _one_of(words: type[Any]) -> _Check:
    known = {each.value for each in words}
    return lambda found: type(found) in {str, int} and found in known


_STAGE: Final = (
    *(_acquitted(_is_text), _acquitted(_is_text)),
    *(frozenset({str, type(None)}), frozenset({str, type(None)})),
    frozenset({int}),
)
"""Types of what is said of a stage: its name, its verdict, a rule, who decided, microseconds."""


def _are_stages(found: object) -> bool:
    """By columns: every call has ten stages."""
    if type(found) is not list or not found:
        return found == []
    if set(map(type, found)) != {list} or set(map(len, found)) != {len(_STAGE)}:
        return False
    columns = tuple(zip(*found, strict=True))
    for column, types in zip(columns, _STAGE, strict=True):
        if not types.issuperset(map(type, column)):
            return False
    taken_us = columns[-1]
    return _is_number(min(taken_us)) and _is_number(max(taken_us))


def _is_ref(found: object) -> bool:
    """By hand: most entries have some."""
    if type(found) is not list or list(map(type, found)) != [str, str, int]:
        return False
    return _is_number(found[2])


def _is_invalid(found: object) -> bool:
    return (
        isinstance(found, dict)
        and _is_number(found.get("attempt"))
        and _list_of(_TWO_TEXTS)(found.get("problems"))
    )


def _are_stated_fields(found: object) -> bool:
    return isinstance(found, dict) and all(map(_TWO_TEXTS, found.values()))


_TWO_TEXTS: Final = _tuple_of(_is_text, _is_text)
_OBLIGATION: Final = _tuple_of(_is_text, _is_text, _one_of(Level), _is_number)
_SOURCE: Final = _tuple_of(_is_text, *(_maybe(_is_text) for _ in range(3)))
_INTEGRITY: Final = _tuple_of(_one_of(Integrity), _one_of(Integrity))
_APPROVAL: Final[Mapping[str, _Check]] = {
    "id": _is_text,
    "call": _is_text,
    "run": _is_text,
    "requester": _is_text,
    "tool": _is_text,
    "digest": _is_text,
    "level": _one_of(Level),
    "quorum": _is_number,
    "obligations": _some(_OBLIGATION),
    "created": _is_number,
    "expires": _is_number,
    "state": _one_of(ApprovalState),
    "approvers": _list_of(_is_text),
}


def _is_approval(found: object) -> bool:
    return (
        isinstance(found, dict)
        and all(name in found and fits(found[name]) for name, fits in _APPROVAL.items())
        and _is_number(found.get("use_by", 0))
    )


def _is_letter(found: object) -> bool:
    return isinstance(found, dict) and _reads(lambda: letter_of(values_of(found)))


def _is_deferral(found: object) -> bool:
    return isinstance(found, dict) and _reads(lambda: deferral_of(deferral_values(found)))


def _reads(read: Callable[[], object]) -> bool:
    try:
        read()
    except LedgerError:
        return False
    return True


def _is_authored(found: object) -> bool:
    return (
        isinstance(found, dict)
        and _list_of(_is_text)(found.get("given"))
        and _is_mapping(found.get("fields"))
    )


def _is_edit(found: object) -> bool:
    return isinstance(found, dict) and all(
        name in found and fits(found[name]) for name, fits in _EDIT.items()
    )


def _is_verification(found: object) -> bool:
    return (
        isinstance(found, dict)
        and all(_VERIFICATION[name](each) for name, each in found.items() if name in _VERIFICATION)
        and {"by", "opinion"} <= found.keys()
    )


def _is_use(found: object) -> bool:
    return (
        isinstance(found, dict)
        and all(name in found and fits(found[name]) for name, fits in _USE.items())
        and _list_of(_CONNECTION)(found.get("connections", []))
    )


_CONNECTION: Final = _tuple_of(
    _maybe(_is_text), _is_number, _one_of(Clearance), _is_number, _is_number, _is_number
)
_USE: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("sandbox", "version", "strength", "what", "ended"), _is_text),
    "limits": _is_mapping,
    "count": _is_number,
}
_VERIFICATION: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("by", "opinion", "request"), _is_text),
    "kept": _is_flag,
    "content": _is_ref,
}
_EDIT: Final[Mapping[str, _Check]] = {
    "ruling": _one_of(Ruling),
    "by": _is_text,
    "at": _is_number,
    "saw": _is_text,
    "approval": _is_approval,
}
_EVERYWHERE: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(
        (
            *("kind", "org", "run", "call", "trace", "principal", "origin", "door", "policy"),
            *("session", "change", "saw", "id", "profile", "parent", "reason", "key", "source"),
            *("fallback", "stands_in_for", "redrives", "failure", "asked_by"),
            *("compensates", "parent_span"),
        ),
        _is_text,
    ),
    **dict.fromkeys(
        ("tool", "code", "rule", "decided_by", "by", "version", "definition", "tier", "effect"),
        _maybe(_is_text),
    ),
    "proof": _maybe(_is_text),
    **dict.fromkeys(
        (
            *("v", "at", "step", "opened", "reserved", "remaining_ms", "latency_us", "cost"),
            *("attempts", "before", "pid", "revision", "payloads", "runs", "stale_s", "position"),
            "at_most",
        ),
        _is_number,
    ),
    **dict.fromkeys(("direct", "intent", "new_run", "in_doubt", "dry_run"), _is_flag),
    **dict.fromkeys(
        ("rules", "delegation", "coercions", "run_ids", "obliged", "despite", "confidential"),
        _list_of(_is_text),
    ),
    **dict.fromkeys(("arguments", "result", "message", "preview", "reasoning"), _is_ref),
    "parts": _list_of(_is_ref),
    "sources": _list_of(_SOURCE),
    "integrity": _list_of(_INTEGRITY),
    "endorsed": _list_of(_TWO_TEXTS),
    "verification": _is_verification,
    "ran_in": _list_of(_is_use),
    "stages": _are_stages,
    "status": _one_of(Status),
    "ruling": _one_of(Ruling),
    "applied": _maybe(_is_flag),
    "approval": _is_approval,
    "letter": _is_letter,
    "deferral": _is_deferral,
    "fields": _maybe(_is_mapping),
    "authored": _is_authored,
    "confidence": _maybe(_is_share),
    "invalid": _is_invalid,
}
_OF_RUN: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(
        ("agent", "parent_run", "conversation", "delegated_by", "shadow_of", "payer"), _is_text
    ),
    "dry": _one_of(WhyDry),
    **dict.fromkeys(("steps", "tokens_in", "tokens_out"), _is_number),
    **dict.fromkeys(("waits_for", "heard", "told"), _list_of(_is_text)),
    "when": _is_text,
    "request": _is_ref,
    "status": _one_of(RunStatus),
}
_OF_REQUEST: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("agent", "path", "purpose", "model", "shape", "choice"), _is_text),
    **dict.fromkeys(
        (
            *("number", "messages", "reserved_tokens", "calls", "tokens_in", "tokens_out"),
            *("cache_read", "cache_write", "ungoverned"),
        ),
        _is_number,
    ),
    **dict.fromkeys(("tools", "heard", "provisional", "told"), _list_of(_is_text)),
    "status": _one_of(ReplyStatus),
    "finish": _maybe(_one_of(Finish)),
    "unpriced": _is_flag,
    "reply": _is_ref,
    "stated": _are_stated_fields,
}
_OF_KIND: Final[Mapping[EntryKind, Mapping[str, _Check]]] = {
    EntryKind.INTENT: {"approval": _is_text},
    EntryKind.HELD: {"edited": _is_edit},
    EntryKind.DECIDED: {
        "assurance": _one_of(Assurance),
        **dict.fromkeys(("by_key", "by_session"), _is_text),
        "code_at": _is_number,
    },
    EntryKind.AMENDED: {"source": _one_of(AmendmentKind)},
    EntryKind.BREAKER: {
        "dependency": _is_text,
        "state": _one_of(BreakerState),
        "forced": _is_flag,
        "failures": _is_number,
        "slow": _is_number,
    },
    EntryKind.TRIAL: {
        "agent": _is_text,
        "state": _one_of(TrialState),
        "early": _is_flag,
    },
    EntryKind.IDENTITY: {
        "subject": _one_of(IdentitySubject),
        "change": _one_of(IdentityAct),
        "target": _is_text,
    },
    EntryKind.UNAUTHENTICATED: {"why": _one_of(WhyRefused), "count": _is_number},
    EntryKind.REVEALED: {"payloads": _list_of(_is_text)},
    EntryKind.MODEL_ASKED: _OF_REQUEST,
    EntryKind.MODEL_REPLIED: _OF_REQUEST,
    **dict.fromkeys(
        (
            *(EntryKind.RUN_STARTED, EntryKind.RUN_MESSAGE, EntryKind.RUN_HELD),
            *(EntryKind.RUN_RESUMED, EntryKind.RUN_ENDED),
        ),
        _OF_RUN,
    ),
    EntryKind.REKEYED: {
        "public": _is_hex,
        "previous": _maybe(_is_text),
        "endorsement": _maybe(_is_hex),
        "master": _is_text,
    },
}
"""Fields that mean something of their own in entries of one kind."""
_FIELDS: Final = {kind: {**_EVERYWHERE, **own} for kind, own in _OF_KIND.items()}
"""All that such an entry says; the others say what may stand everywhere."""
