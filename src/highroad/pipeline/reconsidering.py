"""A call on record put before the policy of today, by the facts that were true when it was made.

Its arguments are read for somebody who may, which is recorded; its principal is as the ledger knows
it. Where its values came from is as it was recorded then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any, Final

import orjson

from highroad.domain.entry import EntryKind, StoredEntry
from highroad.domain.error import Code, HighroadError, NotRecorded
from highroad.domain.facts import Facts
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.policy_case import PolicyAnswer, PolicyQuestion
from highroad.domain.reconsidered import ReconsideredCall
from highroad.domain.trail import Explanation
from highroad.ledger.history import CallHistory
from highroad.ledger.snapshot import thaw_principal
from highroad.pipeline.labels import labels_of
from highroad.pipeline.opinion import opinion_of
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool

_POLICY: Final = "policy_rule"
"""Code of what a rule of the policy asks."""
_MOST: Final = 1_000_000
"""Entries of a run that are looked at."""
_GATES: Final = frozenset({"resolve", "authorize"})


async def reconsidered(
    services: Services, history: CallHistory, record: Explanation
) -> ReconsideredCall:
    """What the policy in force says of a call on record.

    Args:
        services: Of the runtime.
        history: Of the call.
        record: The same as it is told, with its arguments in plain.

    Raises:
        HighroadError: The tool is not here, or who called was erased.
    """
    tool = _tool(services, history)
    wanted = services.policy.wanted(tool.definition)
    calls = await _calls_before(services, history) if wanted.calls else {}
    known = {name: calls.get(name, 0) for name in wanted.calls}
    question = PolicyQuestion(
        tool=tool.name,
        principal=await _principal(services, history),
        arguments=_arguments(record),
        agents=record.delegation,
        facts=Facts(
            now_ms=record.created_ms,
            calls=known,
            labels=labels_of(record.sources, record.confidential),
        ),
    )
    rule = services.asks.get(tool.definition.digest)
    then, rules = _then(record)
    return ReconsideredCall(
        call_id=record.call_id,
        tool=tool.name,
        then=then,
        rules=rules,
        policy_version=record.policy_version,
        now=opinion_of(services.policy, tool, question, rule),
        policy_version_now=services.policy.version,
        at_ms=record.created_ms,
        history=tuple(sorted(known.items())),
    )


def _then(record: Explanation) -> tuple[PolicyAnswer, tuple[str, ...]]:
    """What the policy of then said, by the stages at which it speaks."""
    for stage in record.stages:
        if stage.stage in _GATES and stage.verdict == "refuse" and stage.code == Code.DENIED:
            return PolicyAnswer.DENY, () if record.rule is None else (record.rule,)
    asked = any(each.code == _POLICY for it in record.approvals for each in it.obligations)
    return PolicyAnswer.ASK if asked else PolicyAnswer.ALLOW, record.rules


def _tool(services: Services, history: CallHistory) -> RegisteredTool[Any]:
    name, version = history.opening["tool"] or "", history.opening.get("version")
    found = services.registry.find(name, version) or services.registry.find(name)
    if found is None:
        raise NotRecorded(
            f"call {history.call_id} names no tool that is here, so no rule can be asked about it"
        )
    return found


async def _principal(services: Services, history: CallHistory) -> Principal:
    ledger, opaque = services.ledger, history.opening["principal"]
    sealed = await ledger.store.profile(opaque)
    if sealed is None:
        raise NotRecorded(f"who made call {history.call_id} was erased")
    profile = ledger.keyring.organization(history.organization).open_profile(opaque, sealed)
    return thaw_principal(orjson.loads(profile))


def _arguments(record: Explanation) -> JsonObject:
    if not isinstance(record.arguments, dict):
        raise HighroadError(
            f"the arguments of call {record.call_id} are not kept, or were none: no rule over them "
            "can be asked"
        )
    return record.arguments


async def _calls_before(services: Services, history: CallHistory) -> Counter[str]:
    """Calls of the same run that had an intent before this one."""
    entries = await services.ledger.store.entries(run_id=history.run_id, limit=_MOST)
    before = takewhile(lambda each: each.call_id != history.call_id, entries)
    return Counter(_intents(before))


def _intents(entries: Iterable[StoredEntry]) -> Iterator[str]:
    for entry in entries:
        body = orjson.loads(entry.body)
        is_lone_end = entry.kind is EntryKind.ENDED and body.get("intent") is True
        if entry.kind is EntryKind.INTENT or is_lone_end:
            yield body["tool"]
