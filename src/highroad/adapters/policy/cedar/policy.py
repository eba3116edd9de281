"""The policy of Cedar files: which statements a call is asked of, and what they say.

Less is asked in three steps. Of all statements a tool has those whose head names it. Of
these a caller has those that hold as far as caller and tool decide, which is asked once. What is
left looks at the call itself, and is asked each time; where nothing is left, nothing is asked.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

import cedarpy
import orjson
from cedarpy import pst

from highroad.adapters.policy.cedar import entities, facts, names
from highroad.adapters.policy.cedar.facts import NOTHING, Looks
from highroad.adapters.policy.cedar.shapes import RecordOf, UntellableError, record_of, told
from highroad.adapters.policy.cedar.statement import SETTING, Statement
from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.facts import NO_FACTS, ArgumentLabels, Facts, FactsWanted
from highroad.domain.identity import Delegate, Principal, passed_on
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.permission import Permissions
from highroad.domain.tool import ToolDefinition
from highroad.ports.policy import Deny, Owner, Permit

GATE: Final = "cedar"
_VERSION_LENGTH: Final = 12
_MOST_CASES: Final = 10_000
"""Pairs of caller and tool that are remembered."""
_MOST_ANSWERS: Final = 10_000
"""Verdicts about calls that are remembered."""
_DIGEST_SIZE: Final = 16
_NO_ANSWER: Final = re.compile(r"error while evaluating policy `(\w+)`")
_STANDING: Final = "standing"
"""Id of the permit in place of those that hold whatever the call."""
_Link: TypeAlias = tuple[str, frozenset[str] | None]
"""An agent, and the permissions that it passes on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What is left to be asked of one caller about one tool."""

    denied: Deny | None
    """The answer, where no call could change it."""
    standing: tuple[Statement, ...]
    """Permits that hold whatever the call."""
    open: Mapping[str, Statement]
    """Statements that look at the call, by id."""
    looks: Looks
    asked: cedarpy.PolicySet | None
    """The statements to be asked; `None` where there is nothing to ask."""
    about: cedarpy.Entities
    head: Mapping[str, Any]
    """Principal, action and resource of each request."""


class CedarPolicy:
    """Decides by Cedar: a call needs a permit that holds, and no forbid that does.

    Stricter than the engine alone: a forbid that has no answer for a call, such as for a missing
    argument, denies it, where the engine would pass over it.

    Args:
        statements: As they were read.
        permissions: What a principal holds, by its roles too.
    """

    def __init__(self, statements: Sequence[Statement], permissions: Permissions) -> None:
        self.statements: tuple[Statement, ...] = tuple(statements)
        self._permissions = permissions
        said = sorted(each.digest for each in self.statements)
        self._version = hashlib.sha256("\n".join(said).encode()).hexdigest()[:_VERSION_LENGTH]
        self._by_tool: dict[str, tuple[Statement, ...]] = {}
        self._asks: dict[str, bool] = {}
        self._shapes: dict[str, RecordOf] = {}
        self._cases: dict[tuple[Principal, tuple[_Link, ...], str], _Case] = {}
        self._answers: dict[tuple[_Case, bytes], Permit | Deny] = {}
        """By what the statements of a case look at, as a digest: no argument is kept (P7)."""

    @property
    def version(self) -> str:
        """A short digest of what the statements say."""
        return self._version

    def permissions(self, principal: Principal) -> AbstractSet[str]:
        """What a principal holds: Cedar grants none."""
        return self._permissions(principal)

    def of_tool(self, tool: ToolDefinition) -> tuple[Statement, ...]:
        """The statements whose heads leave calls of a tool in."""
        known = self._by_tool.get(tool.digest)
        if known is None:
            fitting = (each for each in self.statements if each.fits(tool))
            known = self._by_tool[tool.digest] = tuple(fitting)
        return known

    def admits(
        self, principal: Principal, delegation: Sequence[Delegate], tool: ToolDefinition
    ) -> Permit | Deny:
        """Judge by what caller and tool decide alone."""
        if not all(_is_in_scope(delegate, tool) for delegate in delegation):
            return Deny(f"{SETTING}: the tool is in no scope of an agent", "scope", hides=True)
        try:
            case = self._case(principal, delegation, tool)
        except UntellableError as error:
            return Deny(f"{SETTING}: the caller has no form in Cedar: {error}", GATE, hides=True)
        return case.denied or Permit(tuple(each.rule for each in case.standing))

    def has_rules_for(self, tool: ToolDefinition) -> bool:
        """Whether a statement looks at the calls of a tool, or asks about them."""
        known = self._asks.get(tool.digest)
        if known is None:
            known = any(each.ask or not each.looks.is_fixed for each in self.of_tool(tool))
            self._asks[tool.digest] = known
        return known

    def written_for(self, tool: ToolDefinition) -> tuple[str, ...]:
        """Name and digest of each statement for a tool, where the call itself is asked about."""
        if not self.has_rules_for(tool):
            return ()
        return tuple(f"{SETTING}: {each.line.text}: {each.digest}" for each in self.of_tool(tool))

    def wanted(self, tool: ToolDefinition) -> FactsWanted:
        """The facts that some statement for a tool looks at."""
        looks = NOTHING
        for each in self.of_tool(tool):
            looks = looks.joined(each.looks)
        counted = looks.at.get(facts.HISTORY, frozenset())
        return FactsWanted(
            time=facts.TIME in looks.at,
            labels=facts.LABELS in looks.at,
            calls=frozenset({tool.name}) if counted is None else counted,
        )

    def rules(self) -> tuple[str, ...]:
        """Every statement."""
        return tuple(each.rule for each in self.statements)

    def rules_for(self, tool: ToolDefinition) -> tuple[str, ...]:
        """Every statement whose head leaves the tool in."""
        return tuple(each.rule for each in self.of_tool(tool))

    def permits(self, call: Call, known: Facts = NO_FACTS) -> Permit | Deny:
        """Ask what is left of this call."""
        tool = call.known_definition
        try:
            case = self._case(call.principal, call.delegation, tool)
            if case.denied is not None:
                return replace(case.denied, hides=False)
            if case.asked is None:
                return _permit(case, ())
            context = _text(self._context(call, tool, known, case.looks))
            return self._verdict(case, case.asked, context)
        except UntellableError as error:
            return Deny(f"{SETTING}: the call has no form in Cedar: {error}", GATE)

    def owns(self, principal: Principal, owner: Owner, call: Call) -> Permit | Deny:
        """Nothing crosses organizations; whose an object is else, `policy.owner` says."""
        del call
        if owner.organization != principal.organization:
            return Deny(f"{SETTING}: the object is another organization's", "acl")
        return Permit()

    # -- what is asked -----------------------------------------------------------------------

    def _verdict(self, case: _Case, asked: cedarpy.PolicySet, context: str) -> Permit | Deny:
        """The verdict about a context; the engine knows nothing else, so it is asked once.

        Raises:
            UntellableError: The engine cannot read the request.
        """
        key = case, hashlib.blake2b(context.encode(), digest_size=_DIGEST_SIZE).digest()
        known = self._answers.get(key)
        if known is None:
            held, unanswered = _answer(asked, case.about, {**case.head, "context": context})
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            known = self._answers[key] = _judged(case, held, unanswered)
        return known

    def _case(
        self, principal: Principal, delegation: Sequence[Delegate], tool: ToolDefinition
    ) -> _Case:
        key = (principal, tuple(map(_link, delegation)), tool.digest)
        known = self._cases.get(key)
        if known is None:
            if len(self._cases) >= _MOST_CASES:
                self._cases.clear()
            known = self._cases[key] = self._made(principal, delegation, tool)
        return known

    def _made(
        self, principal: Principal, delegation: Sequence[Delegate], tool: ToolDefinition
    ) -> _Case:
        permissions = passed_on(self._permissions(principal), delegation)
        about = cedarpy.Entities.from_json_str(_text(_told_once(principal, permissions, tool)))
        head = {
            "principal": entities.uid(names.USER, names.user_id(principal)),
            "action": entities.uid(names.ACTION, tool.name),
            "resource": entities.uid(names.TOOL, tool.name),
        }
        fitting = {each.key: each for each in self.of_tool(tool)}
        relaxed = _set(each.relaxed() for each in fitting.values())
        context = _text({facts.AGENTS: [*_agents(delegation)]})
        held, unanswered = _answer(relaxed, about, {**head, "context": context})
        return _left(fitting, held, unanswered, about, head)

    def _context(self, call: Call, tool: ToolDefinition, known: Facts, looks: Looks) -> JsonObject:
        context: JsonObject = {}
        for part, wanted in looks.at.items():
            match part:
                case facts.ARGS:
                    context[part] = self._arguments(call.known_arguments, tool, wanted)
                case facts.AGENTS:
                    context[part] = [*_agents(call.delegation)]
                case facts.TIME:
                    context[part] = _looked_at(_time(known.now_ms), wanted)
                case facts.HISTORY:
                    context[part] = dict(known.calls)
                case facts.LABELS:
                    context[part] = _labels(known.labels)
                case _:
                    pass  # there is no such part, and the statement has no answer
        return context

    def _arguments(
        self, arguments: JsonObject, tool: ToolDefinition, wanted: frozenset[str] | None
    ) -> JsonValue:
        shape = self._shapes.get(tool.digest)
        if shape is None:
            shape = self._shapes[tool.digest] = record_of(tool.input_schema)
        if wanted is not None:  # what nobody looks at need not have a form
            members = {name: of for name, of in shape.members.items() if name in wanted}
            shape = RecordOf(members, shape.required)
        return told(arguments, shape)


def _looked_at(members: JsonObject, wanted: frozenset[str] | None) -> JsonObject:
    """Members that some statement looks at: what is left out cannot make a call another one."""
    if wanted is None:
        return members
    return {name: each for name, each in members.items() if name in wanted}


def _labels(labels: ArgumentLabels) -> JsonObject:
    kinds: JsonObject = {name: [*each] for name, each in labels.sources.items()}
    return kinds | labels.beside


def _left(
    fitting: Mapping[str, Statement],
    held: AbstractSet[str],
    unanswered: AbstractSet[str],
    about: cedarpy.Entities,
    head: Mapping[str, Any],
) -> _Case:
    """What is left to be asked, by the statements that hold as far as caller and tool decide."""
    standing, still_open, denied = [], {}, None
    for key, each in fitting.items():
        if key not in held | unanswered:
            continue
        if not each.looks.is_fixed:
            still_open[key] = each
        elif each.is_forbid:
            why = " has no answer" if key in unanswered else ""
            denied = denied or Deny(f"{each.rule}{why}", GATE, hides=True)
        elif key in held:
            standing.append(each)
    if not standing and all(each.is_forbid for each in still_open.values()):
        denied = denied or Deny(f"{SETTING}: no permit fits", GATE, hides=True)
    looks = NOTHING
    for each in still_open.values():
        looks = looks.joined(each.looks)
    asked = None
    if still_open and denied is None:
        templates = [each.template for each in still_open.values()]
        asked = _set([*templates, *([_standing(templates[0])] if standing else [])])
    return _Case(denied, tuple(standing), still_open, looks, asked, about, head)


def _standing(like: pst.Template) -> pst.Template:
    """A permit that always holds."""
    scope = pst.ScopeAny()
    return replace(
        like,
        id=_STANDING,
        effect="permit",
        principal=scope,
        action=scope,
        resource=scope,
        clauses=(),
        annotations=pst.FrozenMap(),
    )


def _judged(case: _Case, held: AbstractSet[str], unanswered: AbstractSet[str]) -> Permit | Deny:
    for key, each in case.open.items():
        if each.is_forbid and key in unanswered:
            return Deny(f"{each.rule} has no answer", GATE)
        if each.is_forbid and key in held:
            return Deny(each.rule, GATE)
    permits = [each for key, each in case.open.items() if key in held]
    if permits or case.standing:
        return _permit(case, permits)
    lacking = [each for key, each in case.open.items() if key in unanswered]
    why = f"; {lacking[0].rule} has no answer" if lacking else ""
    return Deny(f"{SETTING}: no permit holds{why}", GATE)


def _permit(case: _Case, permits: Sequence[Statement]) -> Permit:
    """Each permit that holds counts: one that asks does so beside another that does not.

    Those that hold whatever the call have been named by `admits`.
    """
    obligations = []
    for each in (*case.standing, *permits):
        if each.ask is not None and each.ask.level is not None:
            reason = f"The policy asks: {each.line.text}."
            obligations.append(Obligation("policy_rule", reason, each.ask.level, each.ask.quorum))
    rules = tuple(each.rule for each in permits)
    asking = tuple(each.rule for each in case.standing if each.ask is not None)
    return Permit(rules, tuple(obligations), (*asking, *rules))


# -- the engine --------------------------------------------------------------------------------


def _set(templates: Iterable[pst.Template]) -> cedarpy.PolicySet:
    static = pst.FrozenMap({each.id: each for each in templates})
    return cedarpy.PolicySet.from_pst(
        pst.PolicySet(templates=pst.FrozenMap(), static_policies=static, template_links=())
    )


def _answer(
    asked: cedarpy.PolicySet, about: cedarpy.Entities, request: Mapping[str, Any]
) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Statements that hold, and those that have no answer.

    Where one forbids, the engine names the forbids that hold and not the permits.

    Raises:
        UntellableError: The engine cannot read the request, and so decides nothing.
    """
    result = cedarpy.is_authorized(dict(request), asked, about)
    if result.decision is cedarpy.Decision.NoDecision:
        raise UntellableError("the engine cannot read it")
    unanswered = {_of_error(error) for error in result.diagnostics.errors}
    return frozenset(result.diagnostics.reasons), unanswered


def _of_error(error: str) -> str:
    """Which statement had no answer; what the engine says of it may quote a value (P7)."""
    found = _NO_ANSWER.match(error)
    if found is None:
        raise UntellableError("the engine says more than was asked")
    return found[1]


def _text(told: JsonValue) -> str:
    try:
        return orjson.dumps(told).decode()
    except orjson.JSONEncodeError:
        raise UntellableError("it is no text") from None


def _told_once(
    principal: Principal, permissions: Iterable[str], tool: ToolDefinition
) -> list[JsonValue]:
    """The entities of a request, each once."""
    found: dict[bytes, JsonValue] = {}
    for each in (*entities.of_principal(principal, permissions), *entities.of_tool(tool)):
        found.setdefault(orjson.dumps(each["uid"] if isinstance(each, dict) else each), each)
    return [*found.values()]


def _time(now_ms: int) -> JsonObject:
    """A moment in UTC; Monday is 1."""
    now = datetime.fromtimestamp(now_ms / 1_000, UTC)
    return {
        "ms": now_ms,
        "hour": now.hour,
        "weekday": now.isoweekday(),
        "date": now.date().isoformat(),
    }


def _is_in_scope(delegate: Delegate, tool: ToolDefinition) -> bool:
    return any(fnmatchcase(tool.name, pattern) for pattern in delegate.tools)


def _link(delegate: Delegate) -> _Link:
    """What of a link statements can look at."""
    passed = delegate.permissions
    return delegate.agent, None if passed is None else frozenset(passed)


def _agents(delegation: Sequence[Delegate]) -> tuple[str, ...]:
    return tuple(delegate.agent for delegate in delegation)
