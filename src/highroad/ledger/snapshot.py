"""A call as it is kept in the vault, so that whoever drives it on later has all that it was."""

from typing import Any

import orjson

from highroad.domain.call import Call
from highroad.domain.confidence import Statement
from highroad.domain.error import VaultError
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.identity import Delegate, Origin, Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.payload import PayloadRef

_VERSION = 1


def freeze(call: Call) -> bytes:
    """Everything of a call but its arguments, which are a payload of their own."""
    principal = call.principal
    return orjson.dumps(
        {
            "v": _VERSION,
            "principal": freeze_principal(principal),
            "delegation": [freeze_link(link) for link in call.delegation],
            "evidence": [_freeze_source(source) for source in call.evidence.sources],
            "origin": call.origin,
            "door": call.door,
            "tool": call.tool,
            "version": call.version if call.definition is None else call.definition.version,
            "key": call.idempotency_key,
            "dry_run": call.dry_run,
            "in_dry_run": call.in_dry_run,
            "in_shadow": call.in_shadow,
            "parent": call.parent_id,
            "revision": call.revision,
            "step": call.step,
            "direct": call.is_direct,
            "trace": call.trace_id,
            "parent_span": call.parent_span_id,
            "sampled": call.is_sampled,
            "created": call.created_ms,
            "stands_in_for": call.stands_in_for,
            "redrives": call.redrives,
            "compensates": call.compensates,
            "asked_by": call.asked_by,
            "position": call.position,
            "stated": None if call.stated is None else [call.stated.confidence],
        }
    )


def thaw(
    frozen: bytes, *, call_id: str, run_id: str, arguments: JsonObject, deadline_ms: int
) -> Call:
    """The call that `freeze` was given, with its canonical arguments as they were judged.

    Raises:
        VaultError: A newer version froze it.
    """
    state: dict[str, Any] = orjson.loads(frozen)
    if state["v"] > _VERSION:
        raise VaultError(
            f"call {call_id} was kept by a newer highroad (form {state['v']}, this one reads up "
            f"to {_VERSION}): drive it on with that one"
        )
    return Call(
        id=call_id,
        run_id=run_id,
        trace_id=state["trace"],
        parent_span_id=state.get("parent_span"),
        is_sampled=state.get("sampled", True),
        tool=state["tool"],
        raw=arguments,
        principal=thaw_principal(state["principal"]),
        deadline_ms=deadline_ms,
        created_ms=state["created"],
        step=state["step"],
        is_direct=state["direct"],
        origin=Origin(state["origin"]),
        delegation=tuple(map(thaw_link, state["delegation"])),
        evidence=Evidence(tuple(map(_thaw_source, state["evidence"]))),
        idempotency_key=state["key"],
        version=state.get("version"),
        dry_run=state["dry_run"],
        in_dry_run=state.get("in_dry_run", False),
        in_shadow=state.get("in_shadow", False),
        parent_id=state["parent"],
        revision=state["revision"],
        door=state["door"],
        stands_in_for=state.get("stands_in_for"),
        redrives=state.get("redrives"),
        compensates=state.get("compensates"),
        asked_by=state.get("asked_by"),
        position=state.get("position"),
        stated=_thaw_statement(state.get("stated")),
    )


def _thaw_statement(state: list[Any] | None) -> Statement | None:
    """How sure the model said it was; its words are a payload of their own."""
    return None if state is None else Statement(confidence=state[0])


def freeze_principal(principal: Principal) -> dict[str, Any]:
    """A principal with all that decisions about it depend on."""
    return {
        "id": principal.id,
        "organization": principal.organization,
        "roles": sorted(principal.roles),
        "permissions": sorted(principal.permissions),
        "name": principal.name,
        "authenticated": principal.authenticated,
    }


def thaw_principal(state: dict[str, Any]) -> Principal:
    """The principal that `freeze_principal` was given."""
    return Principal(
        state["id"],
        state["organization"],
        frozenset(state["roles"]),
        frozenset(state["permissions"]),
        state["name"],
        state["authenticated"],
    )


def freeze_link(link: Delegate) -> list[Any]:
    """A link of a chain of delegation; what it says nothing of is left out."""
    passed_on = [] if link.permissions is None else [sorted(link.permissions)]
    return [link.agent, link.tools, *passed_on]


def thaw_link(state: list[Any]) -> Delegate:
    """The link that `freeze_link` was given."""
    agent, tools, *passed_on = state
    return Delegate(agent, tuple(tools), frozenset(passed_on[0]) if passed_on else None)


def _freeze_source(source: Source) -> list[Any]:
    ref = source.payload
    return [source.id, source.kind, None if ref is None else [ref.id, ref.digest, ref.size]]


def _thaw_source(state: list[Any]) -> Source:
    source_id, kind, ref = state
    return Source(source_id, EvidenceKind(kind), None if ref is None else PayloadRef(*ref))
