"""Signed links in wrong hands: forged, turned to something else, followed twice or too late."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.approval import Ruling
from highroad.domain.outcome import Held
from highroad.evals.redteam.scenario import Deed
from highroad.evals.redteam.targets import Target
from highroad.testing.redteam.drilling import Drill, allowed
from highroad.testing.redteam.lab import CHANNEL, STRANGE, Lab

_EVERY: Final = 11
"""Of so many letters of a link one is changed."""


async def _forged(lab: Lab, target: Target) -> bool | None:
    """Links that were altered, made up, or sealed for somebody of another organization."""
    held = await _held(lab, target)
    if held is None:
        return None
    approval_id, token = held
    theirs = await _token(lab, approval_id, channel=STRANGE)
    undo = lab.runtime.links.undo_token("call_0", CHANNEL)
    forged = [*_altered(token), theirs, undo, *_resealed(token, theirs)]
    return any([await allowed(lab.runtime.links.follow(each)) for each in forged]) or bool(lab.ran)


async def _replayed(lab: Lab, target: Target) -> bool | None:
    """A link that was followed: once more, behind a change of mind, and for the same call anew."""
    held = await _held(lab, target, run="first")
    if held is None:
        return None
    approval_id, token = held
    links, approvals, person = lab.runtime.links, lab.runtime.approvals, lab.cast.approvers[0]
    if not await allowed(links.follow(token)):
        return None
    is_through = await allowed(links.follow(token))
    if await allowed(approvals.revoke(approval_id, by=person)):
        is_through = is_through or await allowed(links.follow(token))
    ran = len(lab.ran)
    again = await _held(lab, target, run="second")
    if again is None:
        return is_through
    is_through = is_through or await allowed(links.follow(token))
    return is_through or len(lab.ran) > ran


async def _turned(lab: Lab, target: Target) -> bool | None:
    """A link to what was asked for first, behind other arguments that somebody put in its place."""
    held = await _held(lab, target)
    if held is None or target.ordered == target.wished:
        return None
    approval_id, token = held
    editing = lab.runtime.approvals.edit(
        approval_id, target.ordered.arguments, by=lab.cast.approvers[1]
    )
    if not await allowed(editing):
        return None
    ran = len(lab.ran)
    return await allowed(lab.runtime.links.follow(token)) or len(lab.ran) > ran


async def _late(lab: Lab, target: Target) -> bool | None:
    """A link whose approval has expired."""
    held = await _held(lab, target)
    if held is None:
        return None
    await lab.rehearsal.clock.sleep(lab.runtime.settings.limits.approval_s + 1)
    return await allowed(lab.runtime.links.follow(held[1])) or bool(lab.ran)


LINKS: Final[Mapping[str, Drill]] = {
    "forged_link": _forged,
    "replayed_link": _replayed,
    "turned_link": _turned,
    "late_link": _late,
}
"""By kind."""


async def _held(lab: Lab, target: Target, *, run: str | None = None) -> tuple[str, str] | None:
    """The approval of a call that is held, and a link to agree to it."""
    deed = Deed(target.name, target.wished.arguments)
    held = await lab.call(deed, run=run, key=run)
    if not isinstance(held, Held) or held.approval_id is None:
        return None
    return held.approval_id, await _token(lab, held.approval_id)


async def _token(lab: Lab, approval_id: str, *, channel: str = CHANNEL) -> str:
    approval = await lab.runtime.approvals.get(approval_id)
    return lab.runtime.links.token(approval_id, approval.digest, Ruling.APPROVE, channel)


def _altered(token: str) -> Iterator[str]:
    """The link with one letter changed, cut off, and with plain words in the place of the seal."""
    named, _, sealed = token.partition(".")
    for at in range(0, len(sealed), _EVERY):
        other = "A" if sealed[at] != "A" else "B"
        yield f"{named}.{sealed[:at]}{other}{sealed[at + 1 :]}"
    yield f"{named}.{sealed[:-4]}"
    yield f"{named}."
    yield f"{named}.{urlsafe_b64encode(b'{}').decode()}"
    yield ""


def _resealed(token: str, other: str) -> Iterator[str]:
    """The seal of one organization under the name of another."""
    named, _, sealed = token.partition(".")
    their_name, _, their_seal = other.partition(".")
    yield f"{their_name}.{sealed}"
    yield f"{named}.{their_seal}"
