"""Secrets of tools while calls run: fetched when a body needs them, kept good, known to be hidden.

What has no lease is read anew each time, so that a rotated secret is seen. A lease is shared by all
calls, renewed when two thirds of it are over, and fetched anew where that does not help.
"""

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from highroad.domain.secret import (
    HANDED_IN,
    NO_SECRETS,
    SPOKEN,
    SecretError,
    SecretKind,
    SecretLease,
    SecretRules,
    SecretText,
    reference,
)
from highroad.domain.value import value
from highroad.ledger.keyring import Keyring
from highroad.ports.clock import Clock
from highroad.ports.secrets import SecretSource
from highroad.redaction.known_secrets import KNOWN, KnownSecrets

_log: Final = logging.getLogger("highroad.secrets")

Open: TypeAlias = Callable[[], SecretSource]
Place: TypeAlias = tuple[str, str]
"""Kind of a source, and the reference there."""

_FROM_HERE: Final = (HANDED_IN, SPOKEN)
"""How names begin of values that are in this process and nowhere else."""
_MOST_HANDED_IN: Final = 10_000
_SPENT: Final = 2 / 3
"""Of a lease, after which it is renewed."""
_WORTH: Final = 1 / 2
"""Of a lease's first time; one that is renewed for less is at its end, and fetched anew."""
_SOONEST_S: Final = 1.0


@value
class Found:
    """Where a name leads, and what is there; never the value."""

    name: str
    place: str
    """`vault:kv/payments#key`; empty where no source has it."""
    source: str = ""
    expires_s: float | None = None
    renewable: bool = False
    version: str | None = None
    problem: str = ""


@value(eq=False)
class _Kept:
    """A lease in use."""

    lease: SecretLease
    first_s: float
    """How long it was good for when it was fetched."""
    until_s: float
    """Monotonic time at which it ends."""
    due_s: float
    """And at which it is renewed."""


class Secrets:
    """The secrets of one runtime.

    Args:
        clock: By which leases end.
        rules: Where each is, and who may name it.
        sources: Each is opened when it is first asked.
        known: Is told every value, to hide it.
    """

    def __init__(
        self,
        clock: Clock,
        rules: SecretRules = NO_SECRETS,
        sources: Mapping[str, Open] | None = None,
        known: KnownSecrets = KNOWN,
    ) -> None:
        self.rules: SecretRules = rules
        self._clock = clock
        self._sources = dict(sources or {})
        self._open: dict[str, SecretSource] = {}
        self._known = known
        self._kept: dict[Place, _Kept] = {}
        self._turns: dict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Of those who want one lease at once, one fetches it."""
        self._handed_in: OrderedDict[str, SecretText] = OrderedDict()
        self._runs: dict[str, str] = {}
        """By name of a value that the user said: the run in which they did."""

    # -- values from code --------------------------------------------------------------------

    def take_in(self, secret: SecretText, organization: str, keyring: Keyring) -> str:
        """A reference in place of a value that code handed in; it means something here alone.

        It is a digest under the organization's key: the same value is the same reference, and
        nobody without the key can test a guess.
        """
        text = secret.reveal()
        self._known.add(text)
        digest = keyring.organization(organization).digest(b"secret handed in", text.encode())
        return self._keep_value(f"{HANDED_IN}{digest.hex()}", secret)

    def take_in_spoken(self, text: str, run_id: str, organization: str, keyring: Keyring) -> str:
        """A reference in place of a value that the user said; it means something in this run alone.

        The value is hidden while a call is driven whose body gets it, and not for good: whoever
        could have a word hidden could hide it from everybody.
        """
        said = b"\0".join([run_id.encode(), text.encode()])
        digest = keyring.organization(organization).digest(b"secret said in a run", said)
        name = f"{SPOKEN}{digest.hex()}"
        self._runs[name] = run_id
        return self._keep_value(name, SecretText(text))

    def was_spoken_in(self, name: str, run_id: str) -> bool:
        """Whether a reference to what a user said may be used in a run.

        What another process took in is unknown to this one: nothing is refused here for that, and
        there is no value to be had.
        """
        return self._runs.get(name, run_id) == run_id

    def hide_for_now(self, name: str) -> str:
        """Hide what a user said until it is shown again; answers with what `show_again` takes."""
        text = self._handed_in[name].reveal()
        self._known.add_for_now(text)
        return text

    def show_again(self, text: str) -> None:
        """The call that had it is over."""
        self._known.take_back(text)

    def _keep_value(self, name: str, secret: SecretText) -> str:
        self._handed_in[name] = secret
        self._handed_in.move_to_end(name)
        if len(self._handed_in) > _MOST_HANDED_IN:
            gone, _ = self._handed_in.popitem(last=False)
            self._runs.pop(gone, None)
        return reference(name)

    # -- values from sources -----------------------------------------------------------------

    async def fetch(self, name: str) -> SecretLease:
        """A secret as it stands now; its value is hidden from now on.

        Raises:
            SecretError: No source has it, or the one that should cannot be asked.
        """
        if name.startswith(_FROM_HERE):
            return self._from_code(name)
        trouble: SecretError | None = None
        for place in self._places(name):
            try:
                return await self._at(place)
            except SecretError as error:
                trouble = error
        raise trouble or SecretError(
            f"no source has a secret {name!r}: say where it is in `secrets.names` of highroad.toml"
        )

    async def look(self, name: str) -> Found:
        """Whether a name leads to anything, and where."""
        found = Found(name=name, place="", problem="no source is configured that could have it")
        for place in self._places(name):
            shown = ":".join(place)
            try:
                lease = await self._at(place)
            except SecretError as error:
                found = Found(name=name, place=shown, problem=str(error))
                continue
            return Found(
                name=name,
                place=shown,
                source=self._source(place[0]).name,
                expires_s=lease.expires_s,
                renewable=lease.renewable,
                version=lease.version,
            )
        return found

    def due_in_s(self, names: Iterable[str]) -> float | None:
        """Seconds until one of these wants to be renewed; `None` where none ever does."""
        kept = [
            self._kept[place]
            for name in names
            if not name.startswith(_FROM_HERE)
            for place in self._places(name)
            if place in self._kept
        ]
        if not kept:
            return None
        return max(_SOONEST_S, min(each.due_s for each in kept) - self._clock.monotonic_s())

    async def close(self) -> None:
        """Give leases back, and close the sources that were opened."""
        for place, kept in list(self._kept.items()):
            with suppress(SecretError):  # it ends by itself
                await self._source(place[0]).give_back(kept.lease)
        self._kept.clear()
        for source in self._open.values():
            with suppress(SecretError):
                await source.close()
        self._open.clear()

    def _from_code(self, name: str) -> SecretLease:
        secret = self._handed_in.get(name)
        if secret is None:
            raise SecretError(
                "a value that code handed in, or a user said, is known to one process alone, "
                "and this is another: make the call anew"
            )
        return SecretLease(secret=secret)

    def _places(self, name: str) -> Iterator[Place]:
        """Where settings say that it is; else under its own name, wherever that means something."""
        told = self.rules.names.get(name)
        if told is not None:
            kind, _, rest = told.partition(":")
            yield kind, rest
            return
        for url in self.rules.sources:
            kind = url.partition(":")[0]
            if kind != SecretKind.VAULT:  # there a name is no path
                yield kind, name

    def _source(self, kind: str) -> SecretSource:
        source = self._open.get(kind)
        if source is None:
            make = self._sources.get(kind)
            if make is None:
                raise SecretError(f"`secrets.sources` has no source {kind}:")
            source = self._open[kind] = make()
        return source

    async def _at(self, place: Place) -> SecretLease:
        async with self._turns[place]:
            now_s, kept = self._clock.monotonic_s(), self._kept.get(place)
            if kept is not None and now_s < kept.due_s:
                return kept.lease
            source = self._source(place[0])
            lease = None if kept is None else await self._renewed(source, kept)
            first_s = None if kept is None else kept.first_s
            if lease is None:
                lease = await source.fetch(place[1])
                first_s = lease.expires_s
                self._known.add(lease.secret.reveal())
            self._keep(place, lease, first_s)
            return lease

    async def _renewed(self, source: SecretSource, kept: _Kept) -> SecretLease | None:
        """The lease for longer; `None` where it has to be fetched anew."""
        if not kept.lease.renewable or self._clock.monotonic_s() >= kept.until_s:
            return None
        try:
            lease = await source.renew(kept.lease)
        except SecretError as error:
            _log.warning("a lease was not renewed, and is fetched anew: %s", error)
            return None
        lasts = lease.expires_s is None or lease.expires_s >= _WORTH * kept.first_s
        return lease if lasts else None

    def _keep(self, place: Place, lease: SecretLease, first_s: float | None) -> None:
        if lease.expires_s is None or first_s is None:
            self._kept.pop(place, None)
            return
        now_s = self._clock.monotonic_s()
        self._kept[place] = _Kept(
            lease=lease,
            first_s=first_s,
            until_s=now_s + lease.expires_s,
            due_s=now_s + _SPENT * lease.expires_s,
        )
