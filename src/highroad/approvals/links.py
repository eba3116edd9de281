"""Signed links: somebody answers a notice where it reached them, once.

A link is sealed with the key of its organization: nobody can make one, read whom it is for, or turn
it to another approval, other arguments or another answer. It lives as long as its approval, and a
decision of the same person since it was made has used it. It says whom it was sent to and by which
channel, and not what they may do: that is as the settings have it when it is followed. What a link
leads to decides by POST alone: those who look into messages for people open links by GET. Its token
stands in the fragment, which no browser sends: addresses stand in the logs of every proxy.

A link that takes a call back is made in the same way, for the same one person.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from highroad.approvals.desk import Desk
from highroad.domain.approval import Approval, Ruling
from highroad.domain.approval_rules import ApprovalRules, ChannelRule
from highroad.domain.error import DecisionRefused, VaultError
from highroad.domain.identity import Principal
from highroad.domain.outcome import AnyOutcome
from highroad.domain.value import value
from highroad.ledger.ledger import Ledger

_SUBJECT: Final = "link"
_BAD: Final = "this link is none of ours, or was altered: ask for another"
_PAST: Final = "whom this link was sent to is told by that channel no more: ask for another"
OFFERED: Final = (Ruling.APPROVE, Ruling.REJECT)
"""What a notice lets people say."""

Undo: TypeAlias = Callable[[str, Principal], Awaitable[AnyOutcome]]
"""Takes a call back, for somebody."""


@value
class SignedLink:
    """What a link says."""

    approval_id: str
    digest: str
    """What they were told of."""
    ruling: Ruling
    by: Principal
    """Whom it was sent to; whoever has the link is taken for them."""
    made_ms: int


@value
class UndoLink:
    """What a link says that takes a call back."""

    call_id: str
    by: Principal
    """Whom it was sent to; whoever has the link is taken for them."""


class SignedLinks:
    """Makes them, and takes the word of whoever follows one.

    Args:
        ledger: Has the keys.
        desk: Takes decisions.
        rules: Whom each channel reaches, with which roles.
        undo: Takes calls back.
    """

    def __init__(self, ledger: Ledger, desk: Desk, rules: ApprovalRules, undo: Undo) -> None:
        self._ledger = ledger
        self._desk = desk
        self._undo = undo
        self._people: dict[str, Principal] = {
            name: person
            for name, rule in rules.channels.items()
            if (person := _approver(rule)) is not None
        }
        """Who answers by links, by channel."""
        self._organizations: frozenset[str] = frozenset(
            person.organization for person in self._people.values()
        )

    def is_answered(self, channel: str) -> bool:
        """Whether somebody answers what a channel tells by its links."""
        return channel in self._people

    async def counts(self, approval_id: str, ruling: Ruling, channel: str) -> bool:
        """Whether a link that goes by a channel would count, if somebody followed it now.

        Raises:
            DecisionRefused: There is no such approval.
            KeyError: Nobody answers by that channel.
            LedgerError: The ledger cannot be read.
        """
        return await self._desk.counts_by_link(approval_id, ruling, by=self._people[channel])

    def token(self, approval_id: str, digest: str, ruling: Ruling, channel: str) -> str:
        """What a link carries that goes by a channel.

        Raises:
            KeyError: Nobody answers by that channel.
        """
        about = {"approval": approval_id, "digest": digest, "ruling": ruling}
        return self._sealed(about, channel)

    def undo_token(self, call_id: str, channel: str) -> str:
        """What a link carries that goes by a channel and takes a call back.

        Raises:
            KeyError: Nobody answers by that channel.
        """
        return self._sealed({"undo": call_id}, channel)

    def read(self, token: str) -> SignedLink | UndoLink:
        """What a link says; nothing happens by that.

        Raises:
            DecisionRefused: It is no link of ours, or of somebody whom its channel reaches no more.
        """
        said = self._opened(token)
        by = self._people.get(said.get("channel", ""))
        if by is None or by.id != said["by"] or by.organization != said["organization"]:
            raise DecisionRefused(_PAST)
        if "undo" in said:
            return UndoLink(call_id=said["undo"], by=by)
        return SignedLink(
            approval_id=said["approval"],
            digest=said["digest"],
            ruling=Ruling(said["ruling"]),
            by=by,
            made_ms=said["at"],
        )

    async def look(self, token: str) -> tuple[SignedLink, Approval]:
        """What a link is about; nothing is decided by that.

        Raises:
            DecisionRefused: It is no link of ours that decides, or of what or for whom is not there
                any more.
        """
        link = self.read(token)
        if isinstance(link, UndoLink):
            raise DecisionRefused("this link takes a call back, and decides about none")
        return link, await self._desk.get(link.approval_id)

    async def follow(self, token: str, *, reason: str = "") -> Approval:
        """Decide as the link says.

        Raises:
            DecisionRefused: It is no link of ours, was used, or what it decides is over.
        """
        link, approval = await self.look(token)
        if link.digest != approval.digest:
            raise DecisionRefused(f"{approval.id} is not what the link was about; look at it again")
        return await self._desk.answer_link(
            approval.id, link.ruling, by=link.by, reason=reason, made_ms=link.made_ms
        )

    async def undo(self, link: UndoLink) -> AnyOutcome:
        """Take a call back, as the link says; once, however often it is followed.

        Raises:
            HighroadError: The call cannot be taken back; the message says why.
        """
        return await self._undo(link.call_id, link.by)

    @property
    def are_recorded(self) -> bool:
        """Whether what a link decides is recorded here, and not left for another process."""
        return self._desk.is_owner

    def _sealed(self, about: Mapping[str, str], channel: str) -> str:
        by = self._people[channel]
        said = {**about, "channel": channel, "by": by.id, "at": self._ledger.clock.now_ms()}
        key = self._ledger.keyring.organization(by.organization)
        sealed = key.seal_profile(_SUBJECT, json.dumps(said).encode())
        return f"{_text(by.organization.encode())}.{_text(sealed)}"

    def _opened(self, token: str) -> dict[str, Any]:
        """What a token says, and whose key it is sealed with."""
        named, _, sealed = token.partition(".")
        try:
            organization = _bytes(named).decode()
            # Anybody may name one, and the keyring keeps what it derives for each.
            if organization not in self._organizations:
                raise DecisionRefused(_BAD)
            key = self._ledger.keyring.organization(organization)
            said = json.loads(key.open_profile(_SUBJECT, _bytes(sealed)))
        except (ValueError, VaultError):
            raise DecisionRefused(_BAD) from None
        return {**said, "organization": organization}


def _approver(rule: ChannelRule) -> Principal | None:
    """Who answers by the links of a channel, if anybody."""
    if rule.answers is None or rule.approver is None:
        return None
    return Principal(rule.approver, rule.organization, rule.roles, authenticated=True)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
