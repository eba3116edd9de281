"""Records and definitions as a person likes to read them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from highroad.approvals.case import Case, QueuedCall
from highroad.domain.approval import Approval
from highroad.domain.deferral import Deferral
from highroad.domain.entry import Amendment
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.sandbox import SandboxUse
from highroad.domain.tool import CompensationRule, ToolDefinition
from highroad.domain.trail import Explanation
from highroad.domain.verification import Verification, VerificationRecord
from highroad.pipeline.difference import diff_of
from highroad.tools.derivation.in_force import contract_in_force
from highroad.tools.derivation.reason import Reason

_COLOURS = {
    "completed": "green",
    "approved": "green",
    "consumed": "green",
    "running": "cyan",
    "abandoned": "yellow",
    "error": "red",
    "held": "yellow",
    "waiting": "yellow",
    "refused": "red",
    "rejected": "red",
    "failed": "red",
    "void": "red",
    "unknown": "magenta",
    "open": "yellow",
    "answered": "green",
    "redriven": "green",
    "settled": "green",
    "replied": "green",
    "uncertain": "yellow",
    "unavailable": "magenta",
    "budget_exceeded": "red",
    "max_steps_exceeded": "red",
}

_BENEATH = (0, 0, 0, 2)
"""What stands beneath a record's first line is set in by two characters."""
_SIDES = {"-": "red", "+": "green"}


def status(word: str) -> Text:
    """An ending or a state, in its colour."""
    return Text(word, _COLOURS.get(word, ""))


def explanation(found: Explanation) -> RenderableType:
    """Everything that is recorded of a call: what it was, each stage's word, who decided."""
    lines = facts()
    lines.add_row("call", Text(found.call_id, "bold"))
    lines.add_row("run", found.run_id)
    lines.add_row("tool", " ".join(filter(None, (found.tool, found.tier, found.effect))))
    lines.add_row("status", Text.assemble(status(found.status), " ", found.code or ""))
    lines.add_row("for", _who(found))
    lines.add_row("at", f"{moment(found.created_ms)}, took {duration(found.latency_us)}")
    lines.add_row("cost", f"{found.cost_usd:.6f} USD")
    lines.add_row("policy", found.policy_version)
    for name, text in _more(found):
        lines.add_row(name, text)
    return Group(lines, _stages(found))


def approvals(found: Sequence[QueuedCall]) -> RenderableType:
    """Held calls, each by its approval's id: how it stands; what it is, and why; ids to look up."""
    return Group(*(line for each in found for line in _queued(each)))


def _queued(found: QueuedCall) -> Iterator[RenderableType]:
    """A held call in lines of which none but the reasons outgrows eighty characters."""
    approval = found.approval
    stands = [_stand(approval), Text(_needs(approval))]
    if approval.until_ms is not None:
        stands.append(Text(f"until {moment(approval.until_ms)}"))
    yield Text.assemble((approval.id, "bold"), "  ", Text(", ").join(stands))
    what = [Text.assemble((approval.tool, "bold"), f" {found.tier or ''}".rstrip())]
    if found.cost_usd:
        what.append(Text(f"{found.cost_usd:g} US dollars at most"))
    if found.concerns:
        what.append(Text(f"{found.concerns} concerns", "yellow"))
    why = " ".join(obligation.reason for obligation in approval.obligations)
    yield Padding(Text.assemble(Text(", ").join(what), f": {why}"), _BENEATH)
    yield Padding(Text(f"{approval.call_id} by {approval.requester}", "dim"), _BENEATH)


def _stand(found: Approval) -> Text:
    """Its state; while several are needed, how many have agreed."""
    if found.is_waiting and found.quorum > 1:
        agreed = f" {len(found.approvers)} of {found.quorum}"
        return Text.assemble(status(found.state), agreed)
    return status(found.state)


def _needs(found: Approval) -> str:
    level = found.level.name.lower()
    return level if found.quorum == 1 else f"{level} of {found.quorum}"


def approval(found: Approval) -> RenderableType:
    """One approval, with what it is bound to."""
    return _approval(found)


def _approval(found: Approval) -> Table:
    lines = facts()
    lines.add_row("approval", Text(found.id, "bold"))
    lines.add_row("state", status(found.state))
    lines.add_row("tool", found.tool)
    lines.add_row("call", found.call_id)
    lines.add_row("asked by", found.requester)
    for obligation in found.obligations:
        lines.add_row("because", Text(obligation.reason))
    lines.add_row("needs", f"{found.quorum} of level {found.level.name.lower()}")
    if found.approvers:
        lines.add_row("approved by", ", ".join(found.approvers))
    lines.add_row("expires", moment(found.expires_ms))
    if found.use_by_ms is not None:
        lines.add_row("to be used by", moment(found.use_by_ms))
    lines.add_row("digest", Text(found.digest, "dim"))
    return lines


def case(found: Case) -> RenderableType:
    """One held call, with what would happen and what was said."""
    lines = _approval(found.approval)
    lines.add_row("tier", found.tier)
    lines.add_row("born in", found.origin)
    lines.add_row("cost", f"{found.cost_usd:g} US dollars at most")
    if found.withheld is not None:
        lines.add_row("values", Text(f"not shown: {found.withheld}", "dim"))
    else:
        lines.add_row("arguments", _json(found.arguments))
    if found.preview is not None:
        lines.add_row("would change", diff(diff_of(found.preview)))
    if found.confidence is not None:
        lines.add_row("confidence", _stated(found.confidence))
    if found.reasoning is not None:
        lines.add_row("reasoning", Text(f"{found.reasoning}"))
    for pointer, told in found.provenance.items():
        lines.add_row(pointer, told)
    for name, opinion in _opinion(found.verification):
        lines.add_row(name, opinion)
    for word in found.words:
        said = "" if word.text is None else f": {word.text}"
        lines.add_row(word.ruling, f"{word.by}, {moment(word.at_ms)}{said}")
    return lines


def diff(lines: Sequence[str]) -> Text:
    """A difference in lines, each in its colour."""
    return Text("\n").join(Text(line, _side(line)) for line in lines)


def _side(line: str) -> str:
    return _SIDES.get(line.lstrip()[:1], "")


def _opinion(found: Verification | None) -> Iterator[tuple[str, RenderableType]]:
    """What a verifier has against a call, and what it would have made instead."""
    if found is None:
        return
    yield "verifier", status(found.opinion)
    for concern in found.concerns:
        yield "concern", Text(concern)
    if found.correction is not None:
        yield (
            "would be",
            Text.assemble(found.correction.tool, " ", _json(found.correction.arguments)),
        )


def _confidence(found: Explanation) -> Iterator[float | None]:
    """What its model stated, if it was asked."""
    if found.states_confidence:
        yield found.confidence


def _stated(confidence: float | None) -> str:
    return "not stated" if confidence is None else f"{confidence:g}, as the model says"


def _json(found: JsonValue) -> Text:
    return Text(json.dumps(found, ensure_ascii=False))


def tools(found: Sequence[ToolDefinition]) -> RenderableType:
    """Tools, one a line."""
    names = Counter(tool.name for tool in found)
    rows = table("tool", "tier", "effect", "what it does", whole=("tool", "tier", "effect"))
    for tool in found:
        version = f" {tool.version}" if names[tool.name] > 1 else ""
        rows.add_row(
            Text.assemble((tool.name, "bold"), version),
            tool.tier,
            tool.effect,
            tool.description.partition("\n")[0],
        )
    return rows


def tool(
    found: ToolDefinition, reasons: Sequence[Reason], schema: RenderableType, *, place: str
) -> RenderableType:
    """One tool: what it promises, what that rests on, where it runs, and its arguments."""
    lines = facts()
    lines.add_row("tool", Text(found.name, "bold"))
    lines.add_row("does", Text(found.description))
    lines.add_row("tier", found.tier)
    lines.add_row("effect", found.effect)
    if found.ask:
        lines.add_row("asks when", Text(found.ask))
    if found.compensation is not None:
        lines.add_row("taken back by", _compensation(found.compensation))
    lines.add_row("permissions", ", ".join(sorted(found.permissions)) or "none")
    lines.add_row("asked for by", ", ".join(contract_in_force(found).intent) or "nothing known")
    for reason in reasons:
        what = "result" if reason.is_output else "argument"
        lines.add_row(what, Text.assemble(contract_of(found, reason), (f"\n{reason.why}", "dim")))
    for code, words in sorted(found.errors.items()):
        lines.add_row("error", Text(f"{code}: {words}"))
    for name, text in (
        ("flag", found.flag),
        ("deprecated", found.deprecated),
        ("from", found.source),
    ):
        if text:
            lines.add_row(name, Text(text))
    timeout = "by the limits" if found.timeout_s is None else f"{found.timeout_s:g} s"
    lines.add_row("runs in", Text(place))
    lines.add_row("timeout", f"{timeout}, {found.attempts} attempts")
    lines.add_row("version", f"{found.version} {found.digest[:16]}…")
    return Group(lines, schema)


def contract(found: ToolDefinition, reasons: Sequence[Reason]) -> RenderableType:
    """The contract in force of a tool, each line with what it rests on."""
    rows = table("part", "contract", "rests on", "why", whole=("part", "rests on"))
    for reason in reasons:
        part = "result" if reason.is_output else "argument"
        rows.add_row(part, Text(contract_of(found, reason)), reason.basis, Text(reason.why))
    return rows


def _compensation(rule: CompensationRule) -> Text:
    """What takes back what a tool did, and what that is called with."""
    if rule.is_code:
        return Text.assemble(rule.tool, (" with what code makes of arguments and result", "dim"))
    if rule.arguments is None:
        return Text.assemble(rule.tool, (" with the same arguments", "dim"))
    given = ", ".join(f"{name} from {each}" for name, each in rule.arguments.items())
    return Text.assemble(rule.tool, (f" with {given}", "dim"))


def moment(at_ms: int) -> str:
    """Unix milliseconds as a time of day in UTC; what no calendar has stays a number."""
    try:
        return f"{datetime.fromtimestamp(at_ms / 1_000, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"


def duration(us: int | None) -> str:
    """Microseconds in the unit that fits."""
    if us is None:
        return ""
    for unit, name in ((1_000_000, "s"), (1_000, "ms")):
        if us >= unit:
            return f"{us / unit:.1f} {name}"
    return f"{us} µs"


def contract_of(found: ToolDefinition, reason: Reason) -> str:
    """What one argument decides, or what one part of the result is worth."""
    if reason.is_output:
        label = contract_in_force(found).labels.at(reason.subject)
        readers = "everybody" if label.readers is None else ", ".join(sorted(label.readers))
        return f"{reason.subject or 'all of it'}: {_word(label.integrity)}, read by {readers}"
    argument = contract_in_force(found).argument(reason.subject)
    owned = ", names an object that has an owner" if reason.subject in found.contract.owned else ""
    least = f", from {_word(argument.integrity)} up" if argument.role != "content" else ""
    return f"{reason.subject}: {argument.role}{least}{owned}"


def _word(integrity: Integrity) -> str:
    return integrity.name.lower().replace("_", " ")


def _who(found: Explanation) -> Text:
    name = found.principal_name or "(erased)"
    via = " through " + ", ".join(found.delegation) if found.delegation else ""
    return Text.assemble(
        f"{name} of {found.organization}{via}, from {found.origin} by {found.door} ",
        (found.principal, "dim"),
    )


def _more(found: Explanation) -> Iterator[tuple[str, RenderableType]]:
    """What only some calls have."""
    for rule in found.rules:
        yield "", Text(rule, "dim")
    if found.source_call_id:
        yield "answered by", found.source_call_id
    for coercion in found.coercions:
        yield "coerced", coercion
    yield from _judged(found)
    yield from (("confidence", _stated(each)) for each in _confidence(found))
    yield from _related(found)
    for approval in found.approvals:
        yield "approval", Text.assemble(status(approval.state), " ", (approval.id, "dim"))
    for decision in found.decisions:
        yield "decision", _decision(decision)
    yield from (("ran in", _ran_in(each)) for each in found.ran_in)
    if found.deferral is not None:
        yield "deferred", _deferral(found.deferral)
    for amendment in found.amendments:
        yield "later", _amendment(amendment)
    for name in ("arguments", "reasoning", "result", "message", "concerns"):
        if (plain := getattr(found, name)) is not None:
            yield name, JSON.from_data(plain)
    yield from _beneath(found)


def _ran_in(use: SandboxUse) -> Text:
    """Which sandbox ran what, within which limits, and what it reached."""
    times = f" {use.count} times" if use.count > 1 else ""
    limits = ", ".join(f"{name} {most}" for name, most in use.limits.items() if most)
    text = Text.assemble(
        f"{use.sandbox} {use.version} ({use.strength}): {use.what}{times}, ",
        status(use.ended),
        (f"\n{limits}", "dim"),
    )
    for each in use.connections:
        times = f", {each.count} times" if each.count > 1 else ""
        text.append(
            f"\n{each.host or '(a host that no rule names)'}:{each.port} {each.clearance}{times}, "
            f"{each.sent} bytes sent, {each.received} received"
        )
    return text


def _deferral(deferral: Deferral) -> Text:
    """How a result was waited for."""
    state = status(deferral.state)
    if deferral.is_waiting:
        return Text.assemble(state, f" for its result until {moment(deferral.expires_ms)}")
    return Text.assemble(state, f", since {moment(deferral.deferred_ms)}")


def _judged(found: Explanation) -> Iterator[tuple[str, RenderableType]]:
    """Where its values come from, and what somebody else thinks of it."""
    yield from (("value", _source(source)) for source in found.sources)
    if found.verification is not None:
        yield "verified", _verification(found.verification)


def _verification(found: VerificationRecord) -> Text:
    """Whose second opinion there was, and what it came to."""
    kept = " (kept from before)" if found.is_kept else ""
    return Text.assemble(status(found.opinion), f" by {found.verifier}{kept}")


def _source(found: ValueSource) -> Text:
    """Where a value came from."""
    if found.kind is None:
        return Text.assemble(found.pointer, " ", ("nothing names it", "red"))
    how = f" ({found.how})" if found.how else ""
    told = Text.assemble(f"{found.pointer} from {found.kind}{how} ", (found.source or "", "dim"))
    if found.integrity is not None:
        told.append(f" {found.integrity.words}", "red" if found.falls_short else "dim")
    return told


def _related(found: Explanation) -> Iterator[tuple[str, RenderableType]]:
    """The model request that led to it, and calls before and behind it that were given up on."""
    for name, call_id in (
        ("asked by", found.asked_by),
        ("in place of", found.stands_in_for),
        ("fallback", found.fallback),
        ("redrives", found.redrives),
        ("takes back", found.compensates),
    ):
        if call_id:
            yield name, call_id
    for each in found.compensations:
        yield "taken back by", Text.assemble(status(each.state), " ", (each.call_id, "dim"))
    letter = found.dead_letter
    if letter is not None:
        yield "dead letter", Text.assemble(status(letter.state), " ", (letter.id, "dim"))


def _beneath(found: Explanation) -> Iterator[tuple[str, RenderableType]]:
    """Where it stands in the record, and what is left of it."""
    for author, reason in found.reasons.items():
        yield "reason", f"{author}: {reason}"
    within = "" if found.parent_span_id is None else f" in span {found.parent_span_id}"
    yield "trace", Text(f"{found.trace_id}{within}", "dim")
    yield "in the log", ", ".join(map(str, found.positions))
    if found.erased_ms is not None:
        yield "carried", f"erased on {moment(found.erased_ms)}"


def _amendment(found: Amendment) -> str:
    """What was found out later, by whom, and when."""
    applied = {None: "still not known", True: "applied", False: "not applied"}[found.applied]
    return f"{applied}, {found.kind} by {found.by}, {moment(found.at_ms)}"


def _decision(decision: JsonObject) -> Text:
    """Who said what, when, and of which digest."""
    at_ms = decision["at_ms"]
    return Text.assemble(
        f"{decision['ruling']} by {decision['name'] or decision['by']}",
        f", {moment(at_ms)}" if isinstance(at_ms, int) else "",
        (f"\nsaw {decision['saw']}", "dim"),
    )


def _stages(found: Explanation) -> Table:
    rows = table("stage", "verdict", "code", "rule", "took", whole=("stage",))
    for line in found.stages:
        rows.add_row(
            line.stage,
            Text(line.verdict, "dim" if line.verdict == "n/a" else ""),
            line.code or "",
            line.rule or "",
            duration(line.elapsed_us),
        )
    return rows


def table(*columns: str, whole: tuple[str, ...]) -> Table:
    """A table without frames, one record a line.

    Args:
        columns: Their heads.
        whole: Columns that are not broken: what a reader copies or searches for.
    """
    rows = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        rows.add_column(column, no_wrap=column in whole, overflow="fold")
    return rows


def facts() -> Table:
    """A list of facts: a name, and what it is."""
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim")
    lines.add_column()
    return lines
