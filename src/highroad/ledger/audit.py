"""What the ledger tells those who answer for it: trails of runs, explanations of calls."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Final, TypedDict, Unpack

from highroad.domain.error import LedgerError, NotRecorded
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.permission import Permissions
from highroad.domain.run import AgentRun, RunStatus
from highroad.domain.trail import Explanation, Trail
from highroad.ledger.history import read_call
from highroad.ledger.inquiry import telling
from highroad.ledger.inquiry.answers import (
    Act,
    Denial,
    Differ,
    PinnedVersion,
    Review,
    Sight,
    Spending,
    SpendingBy,
    UnknownCall,
    VersionChange,
)
from highroad.ledger.inquiry.calibration import Calibration, calibration
from highroad.ledger.inquiry.export import Extract, extracted
from highroad.ledger.inquiry.questions import Questions, Scope
from highroad.ledger.inquiry.repairs import Correction, corrections
from highroad.ledger.inquiry.report import Grants, PeriodReport, Reporter
from highroad.ledger.inquiry.reveals import Reveals
from highroad.ledger.inquiry.runs import newest_runs
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof.notary import Notary
from highroad.ledger.proof.proving import Proving
from highroad.ledger.results import Results
from highroad.ledger.tables.comparison import TablesVerdict, compare
from highroad.ledger.tables.period import ALWAYS, Period
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.ledger.upkeep.erasure import Eraser, ErasurePlan, Forget

_PREFIX: Final = 8
"""Letters of a digest that name a definition."""
_OPAQUE: Final = re.compile(r"usr_[0-9a-f]{32}")


class Part(TypedDict, total=False):
    """Which part of the record is asked about; all of it may be left out."""

    period: Period
    """When; always."""
    organization: str | None
    """Whose record; all of them where nothing is said."""
    asked_by: Principal | None
    """Whoever asks sees the record of their own organization only."""


class About(Part, total=False):
    """About whom or what; exactly one of them is said."""

    user: str | None
    """As people know them (`alice`, of the organization `default` unless told), or their opaque
    id."""
    tool: str | None
    """Its name."""
    approver: str | None
    """As `user`; what they decided."""
    policy: str | None
    """A policy version."""


class Audit(Proving):
    """Reads the ledger (`runtime.audit`); any process may, whoever owns it.

    Args:
        ledger: To read from, and to record in who had payloads revealed.
        permissions: What a principal holds, by the policy.
        is_owner: Whether this process may write to it.
        differ: Compares two definitions of a tool.
        results: Kept in memory; forgotten with whoever is.
        grants: Which permissions tools need and roles give.
        notary: Signs it; `None` where another process does.
        forget: Destroys what agents remember of whoever is forgotten.
    """

    def __init__(  # noqa: PLR0913 - what it answers from, each by name
        self,
        ledger: Ledger,
        permissions: Permissions = attrgetter("permissions"),
        *,
        is_owner: bool,
        differ: Differ | None = None,
        results: Results | None = None,
        grants: Grants | None = None,
        notary: Notary | None = None,
        forget: Forget | None = None,
    ) -> None:
        super().__init__(ledger, notary)
        self._reveals = Reveals(ledger, permissions, is_owner=is_owner)
        self._differ = differ
        self._grants = grants
        self.erasures: Eraser = Eraser(
            ledger, results, permissions, is_owner=is_owner, forget=forget
        )
        """For the owner's inbox."""

    def period(self, since: str | None = None, until: str | None = None) -> Period:
        """The period between two moments, by the ledger's clock; see `Period.of`.

        Raises:
            ValueError: One of them is no time, or the period ends before it begins.
        """
        return Period.of(since, until, now_ms=self._ledger.clock.now_ms())

    async def trail(self, run_id: str) -> Trail:
        """All calls of a run in order, and all that it asked models.

        There are none where the ledger has no such run.

        Raises:
            NotRecorded: Its entries were archived; the message names the file.
            LedgerError: The ledger cannot be read, or is of a newer version.
        """
        await self._catch_up()
        found = await telling.trail(self._ledger, run_id)
        if not found.steps and found.agent is None:
            await check_not_archived(self._ledger.store, "run", run_id)
        return found

    async def runs(
        self, *, status: RunStatus | None = None, limit: int = 20, **part: Unpack[Part]
    ) -> tuple[AgentRun, ...]:
        """The newest runs of agents, newest first; those that go on with what they used so far.

        Args:
            status: Only those that stand there.
            limit: How many at most.
            **part: In which organization: see `Part`.
        """
        _, scope = await self._asked(part)
        found = await newest_runs(self._ledger.store, status, scope.organization, limit)
        return tuple(found)

    async def explain(self, call_id: str, *, reveal_by: Principal | None = None) -> Explanation:
        """Everything that is recorded of a call.

        Args:
            call_id: The whole id.
            reveal_by: Whoever wants to read arguments, result and message in plain. That they
                did is recorded before they do.

        Raises:
            NotRecorded: The ledger has no such call, or it is of another organization than
                `reveal_by`.
            NotPermitted: `reveal_by` lacks `audit:reveal`.
            VaultError: What was to be revealed was erased, or its key is lost.
            LedgerError: The ledger cannot be read; or it cannot be written, and so nothing can be
                revealed.
        """
        await self._catch_up()
        history = read_call(await self._ledger.store.entries(call_id=call_id))
        if history is None:
            await check_not_archived(self._ledger.store, "call", call_id)
        # What is elsewhere reads as what is not there, to whoever is named.
        if history is None or (
            reveal_by is not None and reveal_by.organization != history.organization
        ):
            raise NotRecorded(f"the ledger has no call {call_id}")
        explanation = await telling.explained(self._ledger, history)
        if reveal_by is None:
            return explanation
        plain = await self._reveals.plain(history, reveal_by)
        return replace(
            explanation,
            arguments=plain.pop("arguments", None),
            reasoning=plain.pop("reasoning", None),
            result=plain.pop("result", None),
            message=plain.pop("message", None),
            concerns=plain.pop("verification", None),
            reasons=plain,
        )

    async def acts(self, **about: Unpack[About]) -> tuple[Act, ...]:
        """Everything that one user, tool, approver or policy version did, in order of time.

        Args:
            **about: Whom or what, when, and in which organization: see `About`.

        Raises:
            ValueError: Not exactly one of the four is given.
            LedgerError: The ledger cannot be read.
        """
        named = {each: about.get(each) for each in ("user", "tool", "approver", "policy")}
        given = [(each, str(what)) for each, what in named.items() if what is not None]
        if len(given) != 1:
            raise ValueError("give one of user, tool, approver and policy")
        questions, scope = await self._asked(about)
        match given[0]:
            case "user", user:
                return tuple(await questions.of_user(self._opaque(user, scope), scope))
            case "approver", approver:
                return tuple(await questions.of_approver(self._opaque(approver, scope), scope))
            case "tool", tool:
                return tuple(await questions.of_tool(tool, scope))
            case _, version:
                return tuple(await questions.of_policy(version, scope))

    async def denials(self, **part: Unpack[Part]) -> tuple[Denial, ...]:
        """What authorization denied, by rule and tool."""
        questions, scope = await self._asked(part)
        return tuple(await questions.denials(scope))

    async def unknowns(self, **part: Unpack[Part]) -> tuple[UnknownCall, ...]:
        """Calls of which nobody knew whether they took effect, and what was found out since."""
        questions, scope = await self._asked(part)
        return tuple(await questions.unknowns(scope))

    async def reviews(self, **part: Unpack[Part]) -> tuple[Review, ...]:
        """Calls that a second opinion was against, newest first."""
        questions, scope = await self._asked(part)
        return tuple(await questions.reviews(scope))

    async def costs(
        self,
        *,
        by: SpendingBy = SpendingBy.TOOL,
        **part: Unpack[Part],
    ) -> tuple[Spending, ...]:
        """What calls and model requests cost, by tool, model, user or run."""
        questions, scope = await self._asked(part)
        return tuple(await questions.costs(by, scope))

    async def calibration(self, **part: Unpack[Part]) -> tuple[Calibration, ...]:
        """What models' stated confidence is worth, by model and tool; most calls first.

        Args:
            **part: When calls were made, and in which organization: see `Part`.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        _, scope = await self._asked(part)
        return tuple(await calibration(self._ledger.store, scope))

    async def repairs(self, **part: Unpack[Part]) -> tuple[Correction, ...]:
        """How models mended arguments that were refused, by tool and problem; the worst first.

        Args:
            **part: When calls were made, and in which organization: see `Part`.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        _, scope = await self._asked(part)
        return tuple(await corrections(self._ledger.store, scope))

    async def sight(
        self,
        approval_id: str,
        *,
        reveal_by: Principal | None = None,
        asked_by: Principal | None = None,
    ) -> Sight:
        """What an approver saw: digest, obligations, the tool's definition, who said what.

        Args:
            approval_id: The whole id.
            reveal_by: Whoever wants to see the arguments in plain, which is recorded first.
            asked_by: Sees the record of their own organization only.

        Raises:
            NotRecorded: The ledger has no such approval.
            NotPermitted: `reveal_by` lacks `audit:reveal`, or is of another organization.
            VaultError: The arguments were erased, or their key is lost.
        """
        questions, scope = await self._asked(Part(asked_by=asked_by))
        found = await questions.sight(approval_id, organization=scope.organization)
        if found is None:
            raise NotRecorded(f"the ledger has no approval {approval_id}")
        if reveal_by is None:
            return found
        history = read_call(await self._ledger.store.entries(call_id=found.approval.call_id))
        if history is None:
            raise NotRecorded(f"the ledger has no call {found.approval.call_id}")
        plain = await self._reveals.plain(history, reveal_by, ("arguments",))
        return replace(found, arguments=plain.get("arguments"))

    async def versions(self, tool: str) -> tuple[PinnedVersion, ...]:
        """Every definition of a tool that was accepted, oldest first."""
        questions, _ = await self._asked(Part())
        return tuple(await questions.versions(tool))

    async def changes(
        self, tool: str, before: str | None = None, after: str | None = None
    ) -> VersionChange:
        """What changed between two accepted definitions of a tool.

        Args:
            tool: Its name.
            before: A version, or the beginning of a digest; the last but one.
            after: Likewise; the last one.

        Raises:
            NotRecorded: The ledger has no such definition, or fewer than two.
        """
        questions, _ = await self._asked(Part())
        pins = await questions.versions(tool)
        return await questions.change(_named(pins, tool, before, -2), _named(pins, tool, after, -1))

    async def report(
        self,
        *,
        verdict: Mapping[str, str] | None = None,
        **part: Unpack[Part],
    ) -> PeriodReport:
        """What happened in a period.

        Args:
            verdict: What verifying said, by what was verified; it is taken over as it is.
            **part: When, and in which organization: see `Part`.
        """
        questions, scope = await self._asked(part)
        reporter = Reporter(self._ledger, questions, self._grants or Grants())
        return await reporter.report(scope, verdict=verdict)

    async def extract(
        self,
        table: str,
        **part: Unpack[Part],
    ) -> Extract:
        """Rows of an audit table, or of the entries (`entry`), to be read one by one.

        Raises:
            LedgerError: There is no such table.
            ValueError: The table has no time, or no organization, that could be asked for.
        """
        _, scope = await self._asked(part)
        return extracted(self._ledger, table, scope)

    async def compare_tables(self, *, limit: int = 1_000) -> TablesVerdict:
        """Derive the audit tables anew from the entries, and tell every cell that differs.

        Args:
            limit: Stop after so many differences.
        """
        await self._catch_up()
        return await compare(self._ledger.store, limit=limit)

    async def erasure_plan(self, user: str, *, by: Principal) -> ErasurePlan:
        """What forgetting a user would destroy; nothing happens.

        Raises:
            NotPermitted: `by` lacks `audit:erase`.
        """
        self.erasures.judge(by, by.organization)
        await self._catch_up()
        scope = Scope(organization=by.organization)
        return await self.erasures.plan(self._opaque(user, scope), by.organization)

    async def erase(self, user: str, *, by: Principal) -> ErasurePlan:
        """Forget a user: keys of their runs, payloads, the name, claims on idempotency keys.

        Entries stay, and every proof holds. A process that does not own the ledger leaves an order.

        Args:
            user: As people know them, or their opaque id; of the organization of `by`.
            by: Whoever asks; needs `audit:erase`.

        Raises:
            NotPermitted: `by` lacks `audit:erase`.
            ErasureRefused: Calls are open, or unknown and not settled; nothing was destroyed.
            LedgerError: It could not be recorded, and so was not done.
        """
        scope = Scope(organization=by.organization)
        return await self.erasures.order(self._opaque(user, scope), by=by)

    async def _asked(self, part: Part) -> tuple[Questions, Scope]:
        """Who asks sees their own organization, whatever else was named."""
        await self._catch_up()
        asked_by = part.get("asked_by")
        whose = part.get("organization") if asked_by is None else asked_by.organization
        scope = Scope(period=part.get("period", ALWAYS), organization=whose)
        return Questions(self._ledger, self._differ), scope

    def _opaque(self, user: str, scope: Scope) -> str:
        if _OPAQUE.fullmatch(user):
            return user
        organization = scope.organization or DEFAULT_ORGANIZATION
        return self._ledger.keyring.organization(organization).opaque(user)

    async def last_call(self, *, refused: bool = False) -> str | None:
        """Id of the newest call that ended, or of the newest that was refused."""
        await self._catch_up()
        return await self._ledger.store.last_call(refused=refused)

    async def _catch_up(self) -> None:
        """Let what waits be written first; if it cannot be, the ledger still tells the rest."""
        if self._ledger.writer.behind:
            with suppress(LedgerError):
                await self._ledger.writer.flush()


def _named(
    pins: Sequence[PinnedVersion], tool: str, wanted: str | None, position: int
) -> PinnedVersion:
    """A pin by its version or the beginning of its digest, else by its place; the newest counts."""
    if wanted is None:
        if len(pins) < -position:
            raise NotRecorded(f"the ledger has no two definitions of {tool}")
        return pins[position]
    for pin in reversed(pins):
        if wanted == pin.version or (len(wanted) >= _PREFIX and pin.digest.startswith(wanted)):
            return pin
    raise NotRecorded(f"the ledger has no definition {wanted} of {tool}")
