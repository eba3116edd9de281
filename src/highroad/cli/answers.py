"""Answers of the ledger as a person likes to read them."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.json import JSON
from rich.text import Text

from highroad.cli.views import facts, moment, status, table
from highroad.ledger.inquiry.answers import (
    Act,
    Denial,
    PinnedVersion,
    Review,
    Sight,
    Spending,
    UnknownCall,
    VersionChange,
)
from highroad.ledger.tables.comparison import TablesVerdict
from highroad.ledger.upkeep.erasure import ErasurePlan

_DIGEST: Final = 16


def acts(found: Sequence[Act]) -> RenderableType:
    """What was done, one act a line."""
    rows = table("at (UTC)", "what", "who", "tool", "how", whole=("at (UTC)", "what"))
    for act in found:
        rows.add_row(
            _when(act.at_ms, act.call_id),
            act.what,
            who(act.principal, act.name),
            act.tool or "",
            Text.assemble(status(act.word), (f"\n{_short(act.why)}", "dim") if act.why else ""),
        )
    return rows


def denials(found: Sequence[Denial]) -> RenderableType:
    """Denials, one rule and tool a line."""
    rows = table("times", "tool", "rule", whole=("times",))
    for denial in found:
        rows.add_row(str(denial.times), denial.tool, denial.rule)
    return rows


def unknowns(found: Sequence[UnknownCall]) -> RenderableType:
    """Unknown outcomes, one a line."""
    rows = table("ended (UTC)", "tool", "who", "since", whole=("ended (UTC)",))
    for call in found:
        rows.add_row(
            _when(call.ended_ms, call.call_id),
            call.tool,
            who(call.principal, call.name),
            settled(call),
        )
    return rows


def reviews(found: Sequence[Review]) -> RenderableType:
    """What second opinions were against, one call a line."""
    rows = table("ended (UTC)", "tool", "who", "opinion", whole=("ended (UTC)",))
    for review in found:
        rows.add_row(
            _when(review.ended_ms, review.call_id),
            review.tool,
            who(review.principal, review.name),
            review.rule,
        )
    return rows


def settled(call: UnknownCall) -> str:
    """What was found out about an unknown outcome."""
    if call.applied is None:
        return "still unknown"
    return f"{'applied' if call.applied else 'not applied'} ({call.source})"


def costs(found: Sequence[Spending], by: str) -> RenderableType:
    """Costs, one group a line."""
    rows = table(by, "calls", "requests", "USD", whole=("calls", "requests", "USD"))
    for each in found:
        counts = (str(each.calls), str(each.requests))
        rows.add_row(each.name or each.of, *counts, f"{each.cost_usd:.6f}")
    return rows


def sight(found: Sight) -> RenderableType:
    """What an approver saw."""
    approval, lines = found.approval, facts()
    lines.add_row("approval", Text(approval.id, "bold"))
    lines.add_row("state", status(approval.state))
    lines.add_row("tool", approval.tool)
    lines.add_row("call", approval.call_id)
    lines.add_row("digest", Text(approval.digest, "dim"))
    for obligation in approval.obligations:
        lines.add_row("because", Text(f"{obligation.code}: {obligation.reason}"))
    for word in found.words:
        at = moment(word.at_ms)
        lines.add_row(word.ruling, f"{who(word.by, word.name)}, {at}, saw {word.saw[:_DIGEST]}…")
    lines.add_row("definition", Text(found.definition_digest or "", "dim"))
    if found.definition is not None:
        lines.add_row("", JSON.from_data(found.definition))
    if found.arguments is not None:
        lines.add_row("arguments", JSON.from_data(found.arguments))
    return lines


def versions(found: Sequence[PinnedVersion], change: VersionChange | None) -> RenderableType:
    """Definitions that were accepted, and what changed between two of them."""
    rows = table("accepted (UTC)", "version", "change", "by", "digest", whole=("accepted (UTC)",))
    for pin in found:
        by = "(own code)" if pin.pinned_by is None else who(pin.pinned_by, pin.name)
        rows.add_row(moment(pin.pinned_ms), pin.version, pin.change, by, pin.digest[:_DIGEST])
    if change is None:
        return rows
    if not change.is_known:
        return Group(rows, Text("\nof one of them the ledger has the digest alone"))
    told = "\n".join(line for field in change.fields for line in field.lines())
    return Group(rows, Text(f"\n{told or 'nothing that is pinned differs'}"))


def change_data(change: VersionChange | None) -> object:
    """A change for programs."""
    if change is None:
        return None
    return {
        "before": change.before,
        "after": change.after,
        "is_known": change.is_known,
        "fields": [
            {"pointer": field.pointer, "before": field.before, "after": field.after}
            for field in change.fields
        ],
    }


def erasure(plan: ErasurePlan) -> RenderableType:
    """What forgetting somebody destroys."""
    lines = facts()
    lines.add_row("user", who(plan.principal, plan.name))
    lines.add_row("runs", f"{len(plan.runs)}: all that they carried becomes unreadable")
    lines.add_row("calls", f"{plan.calls} of theirs, {plan.calls_of_others} of others")
    if plan.reasons:
        lines.add_row("besides", f"{len(plan.reasons)} reasons that they wrote elsewhere")
    for call_id in plan.unfinished:
        lines.add_row("unfinished", call_id)
    return lines


def tables(found: TablesVerdict) -> Iterator[str]:
    """What comparing the audit tables with the entries brought to light, in lines."""
    verdict = "hold" if found.holds else "are not what the entries say"
    yield f"audit tables: {verdict} ({found.rows} rows, {found.entries} entries)"
    if found.archived:
        yield f"  {found.archived} rows of archived entries were not judged"
    for each in found.differences:
        place = f"{each.table} {', '.join(map(str, each.key))}"
        cell = "" if each.column is None else f" {each.column}"
        yield f"  - {each.fault} {place}{cell}"
    if found.is_cut_short:
        yield "  - and more, which was not looked at"


def who(principal: str | None, name: str | None) -> str:
    """How somebody is called, or the opaque id where that was erased."""
    return name or principal or ""


def _when(at_ms: int, call_id: str | None) -> Text:
    """A moment and the call beneath it: both are to be read whole in eighty characters."""
    return Text.assemble(moment(at_ms), (f"\n{call_id}", "dim") if call_id else "")


def _short(text: str) -> str:
    """A digest by its beginning; all else whole."""
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")  # noqa: PLR2004 - SHA-256 in hex
    return f"{text[:_DIGEST]}…" if is_digest else text
