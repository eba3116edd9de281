"""What tools say of themselves, and who accepted it (P8).

The program's own code is pinned again as it changes in profile `dev`, and compared with the pins
file in production. Where the settings name the definition of it that a person accepted, any other
one waits, as in any profile does what comes from somewhere else, until a person accepts it. All of
it is in the ledger: what, when, and by whom.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from highroad.domain.error import DecisionRefused, LedgerOwned
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.permission import Permissions, require
from highroad.domain.pin import Authored, Pin
from highroad.domain.tool import ToolDefinition
from highroad.ledger import entries
from highroad.ledger.ledger import Ledger
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.declaration import Declaration
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.pins.accepted import Accepted, Pins
from highroad.tools.pins.differences import Change, Difference, differences, is_accepted, pin_of
from highroad.tools.pins.field_changes import FieldChange, field_changes
from highroad.tools.registry import Registry
from highroad.tools.scrutiny.definition import suspicions_of
from highroad.tools.scrutiny.suspicion import Suspicion

ACCEPT: Final = "tools:accept"
"""The permission to accept the definition of a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccepted:
    """A definition that is not the accepted one; its tool is refused until it is."""

    definition: ToolDefinition
    change: Change
    fields: tuple[FieldChange, ...] = ()
    """Every place that differs from what was accepted: all of it where nothing was, and none where
    only a digest is known."""
    suspicions: tuple[Suspicion, ...] = ()
    """What of a foreign definition looks like an attack, grave things first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Own code that a program was run with, and that is no tool here."""

    pin: Pin
    """As it was met last."""
    accepted: Pin | None
    """What was accepted of it last; `None` is nothing."""

    def has_accepted(self, digest: str) -> bool:
        """Whether a person accepted a definition of it last, and that one."""
        return _stands_for(self.accepted, digest)


class Definitions:
    """Compares definitions with what was accepted, and takes the word of whoever accepts one.

    Args:
        ledger: Knows what was accepted, and records it.
        registry: The tools.
        changed: What the road refuses, by digest; kept up to date here.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        owner_pid: The process that owns the ledger; `None` when it is this one.
    """

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        changed: dict[str, str],
        *,
        permissions: Permissions | None,
        owner_pid: int | None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._changed = changed
        self._permissions = permissions
        self._owner_pid = owner_pid
        self._known: dict[tuple[str, str], Pin] = {}
        self._newest: dict[tuple[str, str], Pin] = {}
        """What programs were run with last, whether anybody accepted it or not."""
        self._committed: Mapping[str, Accepted] | None = None
        self._turn = asyncio.Lock()
        """Of two who accept the same definition the second finds nothing that waits."""

    async def compare(self, committed: Mapping[str, Accepted] | None) -> None:
        """Find out what is not as accepted; the owner records what needs nobody's acceptance.

        Args:
            committed: The pins file, which stands for own code in production; `None` in `dev`.
        """
        self._known = await self._ledger.pins()
        self._newest = dict(self._known)
        for key, met in (await self._ledger.met()).items():
            if key not in self._known or met.at_ms > self._known[key].at_ms:
                self._newest[key] = met
        self._committed = committed
        self.look_at(self._registry)
        await self._ledger.writer.flush()

    def look_at(self, tools: Iterable[RegisteredTool[Any]]) -> None:
        """Do the same for some that have come, after `compare`; what is recorded rides."""
        for tool in tools:
            definition = tool.definition
            change = self._change_of(definition)
            if definition.source:
                if change is not None:
                    self._changed[definition.digest] = change
            elif self._is_another(tool):
                self._changed[definition.digest] = Change.CHANGED
                self._meet(tool, change)
            elif self._committed is None or is_accepted(definition, self._digests):
                self._meet(tool, change, is_pinned=change is not None)
        self._refuse_what_the_file_does_not_have()

    def _is_another(self, tool: RegisteredTool[Any]) -> bool:
        """Whether the settings name another definition of own code that a person accepted."""
        definition, rule = tool.definition, tool.declaration.operator
        if rule is None or rule.accepted in {"", definition.digest}:
            return False
        is_known = _stands_for(self._pin_of(definition), definition.digest)
        return not (is_known or is_accepted(definition, self._digests))

    def _meet(
        self, tool: RegisteredTool[Any], change: Change | None, *, is_pinned: bool = False
    ) -> None:
        """Record own code as it is, unless it was met so last; what is `is_pinned` is accepted."""
        if self._owner_pid is not None:
            return
        pin = self._pin(tool.definition, change or Change.CHANGED, tool.declaration.authored)
        key, put = (pin.tool, pin.version), self._ledger.writer.put
        newest = self._newest.get(key)
        if is_pinned:
            put(entries.pinned(pin, organization=DEFAULT_ORGANIZATION))
            self._known[key] = pin
        elif newest is None or (newest.digest, newest.authored) != (pin.digest, pin.authored):
            put(entries.met(pin, organization=DEFAULT_ORGANIZATION))
        self._newest[key] = pin

    def recorded(self) -> tuple[Recorded, ...]:
        """Own code that programs were run with and that is no tool here, in the order of names.

        So it is with what is added to a runtime that is open, as where an agent is guarded.
        """
        return tuple(
            Recorded(pin=pin, accepted=self._known.get(key))
            for key, pin in sorted(self._newest.items())
            if not pin.source
            and pin.tool not in self._registry
            and (pin.version or not any(name == pin.tool and at for name, at in self._newest))
        )

    def has_known(self, name: str) -> bool:
        """Whether somebody accepted a tool of that name, or its code was seen, at any time."""
        committed = self._committed or {}
        return any(tool == name for tool, _ in self._known) or any(
            key.partition("@")[0] == name for key in committed
        )

    def look_again(
        self, source: str, tools: Iterable[Callable[..., object]]
    ) -> tuple[Difference, ...]:
        """Compare what a server says of its tools now with what the runtime was opened with.

        A tool of which it says other things, or nothing, is refused from now on: a person accepted
        what it said before. It is let through again once the server says that again. What is new
        waits for the next runtime.

        Args:
            source: Identity of the server.
            tools: All that it lists now.

        Returns:
            What differs.
        """
        now = {each.name: each for each in map(self._registry.read, tools)}
        found: list[Difference] = []
        for tool in self._registry:
            definition = tool.definition
            if definition.source != source:
                continue
            said = now.pop(definition.name, None)
            if said is not None and said.digest == definition.digest:
                if self._change_of(definition) is None:
                    self._changed.pop(definition.digest, None)
                continue
            change = Change.REMOVED if said is None else Change.CHANGED
            self._changed[definition.digest] = change
            found.append(Difference(definition.name, change, definition.version))
        return (*found, *(Difference(name, Change.ADDED) for name in sorted(now)))

    def lets_through(self, definition: ToolDefinition) -> bool:
        """Whether calls of a tool are let through, as far as its definition goes."""
        return definition.digest not in self._changed

    def unaccepted(self) -> tuple[Unaccepted, ...]:
        """Definitions that wait for somebody to accept them, in the order of their names.

        A process that does not own the ledger tells what waited when it opened it.
        """
        return tuple(
            Unaccepted(
                definition=tool.definition,
                change=Change(self._changed[tool.definition.digest]),
                fields=self._differences(tool.definition),
                suspicions=self._suspicions(tool.definition),
            )
            for tool in self._registry
            if tool.definition.digest in self._changed
        )

    async def accept(
        self,
        tool: str,
        *,
        by: Principal,
        version: str | None = None,
        digest: str | None = None,
        despite: Collection[str] = (),
    ) -> Pin:
        """Accept a definition as it is now: from here on its tool may be called.

        One with grave suspicions is accepted by whoever names each of them.

        Args:
            tool: Its name.
            by: Who accepts it; it stands in the ledger.
            version: Of several that wait.
            digest: Of the definition that `by` looked at; another one is not accepted. Without it,
                whatever waits is.
            despite: Codes of grave suspicions that `by` has looked into.

        Raises:
            DecisionRefused: There is nothing to accept, it is own code in production, a grave
                suspicion is not named, or `by` may not accept definitions.
            LedgerOwned: Another process owns the ledger.
            LedgerError: It could not be recorded, and so was not accepted.
        """
        if self._owner_pid is not None:
            raise LedgerOwned(self._owner_pid)
        async with self._turn:
            definition = self._waiting(tool, version)
            self._judge(by, definition)
            if digest not in {None, definition.digest}:
                raise DecisionRefused(
                    f"the definition of {tool} changed meanwhile; look at it anew"
                )
            grave = self._judge_suspicions(definition, frozenset(despite))
            pin = self._pin(
                definition, self._changed[definition.digest], self._authored(definition)
            )
            pin = await self._record(replace(pin, despite=grave), by)
            del self._changed[definition.digest]
        return pin

    async def accept_recorded(self, declaration: Declaration, *, by: Principal) -> Pin:
        """Record that a person accepted own code that is on record, under what the settings say.

        It lets nothing through by itself: the next program that has the tool compares it with the
        settings.

        Raises:
            DecisionRefused: It is production, or `by` may not accept definitions.
            LedgerOwned: Another process owns the ledger.
            LedgerError: It could not be recorded.
        """
        if self._owner_pid is not None:
            raise LedgerOwned(self._owner_pid)
        definition = declaration.definition
        self._judge(by, definition)
        change = self._change_of(definition) or Change.CHANGED
        return await self._record(self._pin(definition, change, declaration.authored), by)

    async def confirm(self, *, by: Principal) -> tuple[Pin, ...]:
        """Record that `by` accepted own code, in the pins file, as it is now.

        Returns:
            What nobody had stood for so far.

        Raises:
            LedgerOwned: Another process owns the ledger.
            LedgerError: It could not be recorded.
        """
        if self._owner_pid is not None:
            raise LedgerOwned(self._owner_pid)
        pins = tuple(
            replace(pin, at_ms=self._ledger.clock.now_ms())
            for tool in self._registry
            if (pin := self._pin_of(tool.definition)) is not None
            and not pin.source
            and pin.by is None
            and pin.digest == tool.definition.digest
        )
        return tuple([await self._record(pin, by) for pin in pins])

    async def _record(self, pin: Pin, by: Principal) -> Pin:
        pin = replace(pin, by=self._ledger.keyring.opaque(by))
        profile = self._ledger.sealed_profile(by)
        await self._ledger.writer.write(
            entries.pinned(pin, organization=by.organization, profile=profile)
        )
        self._known[pin.tool, pin.version] = self._newest[pin.tool, pin.version] = pin
        return pin

    def _waiting(self, tool: str, version: str | None) -> ToolDefinition:
        found = [
            each.definition
            for each in self.unaccepted()
            if each.definition.name == tool and version in {None, each.definition.version}
        ]
        match found:
            case [definition]:
                return definition
            case []:
                raise DecisionRefused(f"nothing of the tool {tool} waits to be accepted")
            case _:
                versions = ", ".join(each.version for each in found)
                raise DecisionRefused(f"versions {versions} of {tool} wait; name one of them")

    def _judge(self, by: Principal, definition: ToolDefinition) -> None:
        if not definition.source and self._committed is not None:
            raise DecisionRefused(
                f"{definition.name} is this program's own code, which production compares with the "
                "pins file: run `highroad tools pin`, review and commit it"
            )
        require(ACCEPT, self._permissions, by, what="accepting a definition")

    def _judge_suspicions(
        self, definition: ToolDefinition, despite: frozenset[str]
    ) -> tuple[str, ...]:
        """The codes of what is grave, all of which somebody named."""
        grave = {each.code for each in self._suspicions(definition) if each.is_grave}
        unnamed = sorted(grave - despite)
        if unnamed:
            raise DecisionRefused(
                f"the definition of {definition.name} looks like an attack "
                f"({', '.join(unnamed)}): look into it, and name each to accept it all the same"
            )
        return tuple(sorted(grave))

    def _suspicions(self, definition: ToolDefinition) -> tuple[Suspicion, ...]:
        """Of a foreign definition; lint has what there is to say of own code."""
        if not definition.source:
            return ()
        accepted = self._pin_of(definition)
        return suspicions_of(
            definition,
            (each.definition for each in self._registry),
            before=None if accepted is None else accepted.fields,
            after=pinned_fields(definition),
        )

    def _change_of(self, definition: ToolDefinition) -> Change | None:
        """How a definition differs from what the ledger has; `None` where it does not."""
        pin = self._pin_of(definition)
        if pin is None:
            return Change.ADDED
        return None if pin.digest == definition.digest else Change.CHANGED

    def _pin_of(self, definition: ToolDefinition) -> Pin | None:
        """What was accepted last; entries that name no version are of own code."""
        pin = self._known.get((definition.name, definition.version))
        if pin is None and not definition.source:
            pin = self._known.get((definition.name, ""))
        return pin

    def _refuse_what_the_file_does_not_have(self) -> None:
        """Own code in production, also where the ledger has seen it before."""
        if self._committed is None:
            return
        own = [tool.definition for tool in self._registry if not tool.definition.source]
        changes = {
            (each.tool, each.version): each.change for each in differences(own, self._digests)
        }
        for definition in own:
            change = changes.get((definition.name, definition.version))
            if change is not None:
                self._changed[definition.digest] = change

    @property
    def _digests(self) -> Pins:
        return {key: each.digest for key, each in (self._committed or {}).items()}

    def _differences(self, definition: ToolDefinition) -> tuple[FieldChange, ...]:
        accepted: Pin | Accepted | None = self._pin_of(definition)
        if self._committed is not None and not definition.source:
            accepted = pin_of(definition, self._committed)
        if accepted is None and self._changed[definition.digest] == Change.CHANGED:
            return ()  # the settings name another one, of which this ledger has not heard
        before = {} if accepted is None else accepted.fields
        return () if before is None else field_changes(before, pinned_fields(definition))

    def _authored(self, definition: ToolDefinition) -> Authored | None:
        tool = self._registry.find(definition.name, definition.version)
        return None if tool is None else tool.declaration.authored

    def _pin(self, definition: ToolDefinition, change: str, authored: Authored | None) -> Pin:
        """The pin that somebody is to accept; nobody has so far."""
        return Pin(
            tool=definition.name,
            version=definition.version,
            digest=definition.digest,
            change=change,
            at_ms=self._ledger.clock.now_ms(),
            source=definition.source,
            fields=pinned_fields(definition),
            authored=authored,
        )


def _stands_for(pin: Pin | None, digest: str) -> bool:
    """Whether a person accepted that definition, and not the program its own code."""
    return pin is not None and pin.by is not None and pin.digest == digest
