"""Who calls, through whom, and where a call was born."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_ORGANIZATION: Final = "default"
KEY_ID: Final = "key_"
"""What ids of API keys begin with; each call that one made has it in its chain of delegation."""
OURSELVES: Final = "highroad"
"""Who changes something, where no person does."""


class Origin(StrEnum):
    """Where a proposed call was born. It decides how much of it must be proved."""

    CODE = "code"
    """Written by the developer: its values are their own evidence."""
    MODEL = "model"
    """Proposed by a language model of ours."""
    FOREIGN = "foreign"
    """Came over a wire, from a program that we do not run."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or service for whom a call is made.

    The ledger knows a principal by an opaque id derived with a key; `id` and `name` stand only in
    an erasable table.

    Args:
        id: Stable within the organization, for example a login.
        organization: The tenant; nothing crosses from one to another.
        roles: Names that the policy gives permissions to.
        permissions: Held in addition to those of the roles.
        name: For people to read; never used in a decision.
        authenticated: Somebody checked that this is so: a token, the operating system.
    """

    id: str
    organization: str = DEFAULT_ORGANIZATION
    roles: AbstractSet[str] = frozenset()
    permissions: AbstractSet[str] = frozenset()
    name: str | None = None
    authenticated: bool = False

    def __post_init__(self) -> None:
        """Freeze the sets and refuse what could never be told apart."""
        if not self.id or not self.organization:
            message = "a principal needs an id and an organization that are not empty"
            raise ValueError(message)
        object.__setattr__(self, "roles", frozenset(self.roles))
        object.__setattr__(self, "permissions", frozenset(self.permissions))


@dataclass(frozen=True, slots=True)
class Delegate:
    """One link of a delegation chain: an agent that acts for whoever stands before it.

    A chain can only narrow: a tool must be in the scope of every link, and each permission that it
    needs must be in what every link passes on.
    """

    agent: str
    tools: tuple[str, ...] = ("*",)
    """Patterns such as `get_*` of the tools that this agent may use."""
    permissions: frozenset[str] | None = None
    """Those of the principal that count through this link; `None` is all of them."""

    @property
    def is_whole(self) -> bool:
        """Whether it is the principal's own key, as far as they may go themselves."""
        is_key = self.agent.startswith(KEY_ID)
        return is_key and self.tools == ("*",) and self.permissions is None


class Assurance(StrEnum):
    """How it is known who somebody is."""

    CLAIMED = "claimed"
    """The program says so."""
    TERMINAL = "terminal"
    """The operating system's user, who sits at the terminal."""
    SHARED_SECRET = "shared_secret"  # noqa: S105 - a word
    """A token under a key that this process has too: it could have made the token itself."""
    PUBLIC_KEY = "public_key"
    """A token that this process can verify, and cannot make."""
    HASH = "hash"
    """A secret of which this process knows only the hash."""

    @property
    def is_out_of_reach(self) -> bool:
        """Whether what was shown cannot be made of what this process can read."""
        return self in {Assurance.PUBLIC_KEY, Assurance.HASH}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBy:
    """Credentials of ours that somebody showed, by their ids: what can be ended at any time."""

    key_id: str | None = None
    """The API key, also where it only opened the session."""
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Caller:
    """Who calls, as credentials have shown.

    Only what `authenticate` gave counts as shown: one that a program made itself is its claim.

    Args:
        principal: For whom.
        delegation: Through whom: agents that act for the principal, and the API key.
        assurance: How that is known.
        expires_ms: Unix time from which on the credentials show nothing any more.
        session_id: The session that was shown, if one was.
        key_id: The API key that was shown, or that the session was opened with.
    """

    principal: Principal
    delegation: tuple[Delegate, ...] = ()
    assurance: Assurance
    expires_ms: int | None = None
    session_id: str | None = None
    key_id: str | None = None

    @property
    def shown_by(self) -> ShownBy | None:
        """The key and session of ours by which they are shown, if by any."""
        return shown_by(key_id=self.key_id, session_id=self.session_id)


def shown_by(*, key_id: str | None, session_id: str | None) -> ShownBy | None:
    """A key and session of ours; `None` where somebody was shown by neither."""
    if key_id is None and session_id is None:
        return None
    return ShownBy(key_id=key_id, session_id=session_id)


def acting(
    who: Principal | Caller, delegation: Sequence[Delegate] = ()
) -> tuple[Principal, tuple[Delegate, ...]]:
    """For whom, and through whom: what credentials have shown goes before what code adds to it."""
    if isinstance(who, Caller):
        return who.principal, (*who.delegation, *delegation)
    return who, tuple(delegation)


def passed_on(permissions: AbstractSet[str], delegation: Sequence[Delegate]) -> AbstractSet[str]:
    """Of permissions those that every link of a chain passes on."""
    for link in delegation:
        if link.permissions is not None:
            permissions = permissions & link.permissions
    return permissions


def shadow_payer(organization: str) -> Principal:
    """Whose budgets the shadows in an organization take of, which are nobody's else."""
    return Principal(f"{OURSELVES}:shadow", organization, name="shadow")
