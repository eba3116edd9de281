"""The only place where adapters are chosen: from settings to a runtime's parts."""

import getpass
import os
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import anyio

from highroad.adapters.anchors.database import SQLiteAnchor
from highroad.adapters.anchors.file import FileAnchor
from highroad.adapters.flags.rules import RulesFlags
from highroad.adapters.policy.cel import CelConditions
from highroad.adapters.policy.rules import RulesPolicy
from highroad.adapters.secrets.keyfile import from_environment, from_file
from highroad.adapters.stores.sqlite import PATIENCE_MS, SQLiteStore, upgraded
from highroad.adapters.system import SystemClock, TypeIds
from highroad.approvals.definitions import Definitions
from highroad.approvals.desk import Desk, Rules
from highroad.approvals.inbox import Handler, Inbox
from highroad.domain.address import without_secrets
from highroad.domain.approval import Decision
from highroad.domain.entry import EntryKind
from highroad.domain.error import (
    BrokenPromise,
    DeclarationError,
    LedgerError,
    SettingsError,
    VaultError,
)
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.limits import Limits
from highroad.domain.order import ErasureOrder, Order, Settlement
from highroad.domain.run import Usage
from highroad.domain.version import VERSION
from highroad.ledger import entries
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.audit import Audit
from highroad.ledger.history import read_body
from highroad.ledger.inquiry.report import Grants
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.announcing import read_announcements, trusted_key
from highroad.ledger.proof.notary import Notary
from highroad.ledger.results import Results
from highroad.ledger.tables.derivation import bring_up_to_date
from highroad.ledger.upkeep.archive import Age, Archive
from highroad.ledger.upkeep.moving import Moved, Place, move
from highroad.ledger.upkeep.retention import Retention
from highroad.ledger.upkeep.segment import Segment
from highroad.ledger.upkeep.statistics import Statistics, statistics_of
from highroad.ledger.writer import GroupWriter
from highroad.limits.budget import Budget
from highroad.limits.rate import WINDOW_S, Rates
from highroad.limits.slots import Slots
from highroad.pipeline.body import MAX_THREADS
from highroad.pipeline.dependencies import Dependencies
from highroad.pipeline.services import Services
from highroad.ports.anchor import Anchor
from highroad.ports.clock import Clock
from highroad.ports.conditions import Condition, InvalidConditionError
from highroad.ports.ids import Ids
from highroad.ports.secrets import MasterKeys
from highroad.ports.store import Store
from highroad.ports.upkeep import Progress, StoreUpgrade
from highroad.recovery.settlements import Settlements
from highroad.resilience.cache import Cache
from highroad.resilience.loops import Loops
from highroad.resilience.retry import Retry
from highroad.settings import Settings, load
from highroad.tools.declaring.discovery import discover
from highroad.tools.pins.accepted import Accepted
from highroad.tools.pins.field_changes import field_changes
from highroad.tools.pins.file import read_accepted
from highroad.tools.registry import Registry

_SQLITE: Final = "sqlite:///"
_FILE: Final = "file://"
_POSTGRES: Final = ("postgresql://", "postgres://")


@dataclass(slots=True, kw_only=True)
class Assembly:
    """A runtime's parts, put together."""

    settings: Settings
    services: Services
    store: Store
    definitions: Definitions
    desk: Desk
    settlements: Settlements
    inbox: Inbox
    audit: Audit
    retention: Retention
    notary: Notary | None
    """Signs the ledger; `None` where another process owns it."""
    principal: Principal
    ledger_path: Path | None
    owner_pid: int | None
    """The process that owns the ledger; `None` when it is this one."""

    async def close(self) -> None:
        """Write what waits, close resources and the ledger."""
        async with AsyncExitStack() as closing:  # last first, and all of it whatever one raises
            closing.push_async_callback(self.store.close)
            if self.notary is not None:
                closing.push_async_callback(self.notary.close)
            if self.owner_pid is None:
                closing.push_async_callback(self.services.ledger.writer.flush)
            closing.push_async_callback(self.services.dependencies.close)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A ledger looked at from outside: nobody becomes its owner, and nothing is written."""

    settings: Settings
    store: Store
    anchors: Sequence[Anchor]
    """Those of the settings."""
    clock: Clock

    async def public_key(self) -> bytes:
        """The raw public key of the newest signing key that derives from our master keys.

        Raises:
            VaultError: There are no master keys here.
        """
        keyring = await _keyring(self.store, self.settings, None)
        return trusted_key(keyring, await read_announcements(self.store))


@asynccontextmanager
async def inspect(settings: Settings) -> AsyncIterator[Inspection]:
    """Open the ledger of the settings to look at it, whoever owns it.

    Raises:
        LedgerError: There is none, or it cannot be used.
    """
    path = _path_of(settings.ledger)
    if path is not None and not path.exists():
        raise LedgerError(f"there is no ledger {path} yet: it is made by the first call")
    anchors = _anchors(settings, path)
    async with AsyncExitStack() as closing:
        store = _store(settings.ledger)
        closing.push_async_callback(store.close)
        for anchor in anchors:
            closing.push_async_callback(anchor.close)
        yield Inspection(settings=settings, store=store, anchors=anchors, clock=SystemClock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a test puts in place of the real thing."""

    store: Store | None = None
    clock: Clock | None = None
    ids: Ids | None = None
    keys: MasterKeys | None = None
    anchors: tuple[Anchor, ...] = ()
    """Besides those of the settings."""


async def assemble(  # noqa: PLR0913 - what a runtime may be given, each by name
    url: str | None = None,
    *,
    tools: Iterable[object] = (),
    deps: Mapping[type, Callable[..., Any]] | None = None,
    limits: Limits | None = None,
    principal: Principal | None = None,
    settings: Settings | None = None,
    parts: Parts = Parts(),
) -> Assembly:
    """Put a runtime together; what it opened is closed again if that fails.

    Raises:
        SettingsError: The configuration is wrong.
        DeclarationError: A tool is declared wrongly.
        LedgerError: The ledger cannot be used.
    """
    settings = settings or load()
    declared = discover(settings.tools, settings.root)
    registry = Registry([*declared.tools, *tools])
    conditions = CelConditions()
    asks = {
        tool.definition.digest: _ask(conditions, tool.definition.ask, tool.name)
        for tool in registry
        if tool.definition.ask is not None
    }
    dependencies = Dependencies({**declared.deps, **(deps or {})})
    for tool in registry:
        dependencies.check(tool)
    policy = RulesPolicy(settings.policy, conditions)
    address = url or settings.ledger
    path = None if parts.store is not None else _path_of(address)
    store = parts.store or _store(address)
    try:
        clock, ids = parts.clock or SystemClock(), parts.ids or TypeIds()
        keyring = await _keyring(store, settings, parts.keys)
        ledger, notary, owner_pid = await _ledger(
            store, keyring, clock, settings, (*parts.anchors, *_anchors(settings, path))
        )
        in_force = limits or settings.limits
        services = Services(
            ledger=ledger,
            registry=registry,
            policy=policy,
            limits=in_force,
            clock=clock,
            ids=ids,
            budget=Budget(in_force, _usage_reader(ledger), clock),
            rates=Rates(clock),
            slots=Slots(in_force.parallel),
            results=Results(Cache(in_force.cache_entries, clock), ledger.keyring),
            loops=Loops(in_force.identical_calls),
            retry=Retry(random.random),
            dependencies=dependencies,
            joiner=_not_wired,
            nested=_not_wired,
            threads=anyio.CapacityLimiter(MAX_THREADS),
            flags=RulesFlags(settings.flags),
            asks=asks,
        )
        permissions = policy.permissions if settings.policy.denies_by_default else None
        definitions = Definitions(
            ledger,
            registry,
            services.changed,
            permissions=permissions,
            owner_pid=owner_pid,
        )
        if owner_pid is None:
            await _take_office(services, settings)
        await definitions.compare(_accepted_pins(settings, is_needed=owner_pid is None))
    except BaseException:
        await store.close()
        raise
    rules = Rules(four_eyes=settings.four_eyes, roles=settings.approver_roles)
    # Of several writers one records all decisions, so that none is taken beside another.
    decides = owner_pid is None and not store.is_shared
    desk = Desk(store, ledger, clock, rules, is_owner=decides)
    settlements = Settlements(ledger, clock, permissions=permissions, is_owner=decides)
    audit = Audit(
        ledger,
        policy.permissions,
        is_owner=owner_pid is None,
        differ=field_changes,
        results=services.results,
        grants=_grants(registry, settings),
        notary=notary,
    )
    handlers: dict[type[Order], Handler] = {
        Decision: desk.record,
        Settlement: settlements.record,
        ErasureOrder: audit.erasures.carry_out,
    }
    inbox = Inbox(store, clock, handlers)
    return Assembly(
        settings=settings,
        services=services,
        store=store,
        definitions=definitions,
        desk=desk,
        settlements=settlements,
        inbox=inbox,
        retention=Retention(ledger, store.upkeep, ids, days=settings.payload_days),
        audit=audit,
        notary=notary,
        principal=principal or local_user(),
        ledger_path=path,
        owner_pid=owner_pid,
    )


def local_user() -> Principal:
    """The operating system's user: the principal where nobody else is named."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container without a user database
        name = "local"
    return Principal(name, DEFAULT_ORGANIZATION, name=name, authenticated=True)


async def statistics(url: str) -> Statistics:
    """How the ledger at `url` stands; it is read, and need not be free.

    Raises:
        LedgerError: There is none, or it cannot be read.
    """
    place = _existing(url)
    try:
        return await statistics_of(place.store)
    finally:
        await place.store.close()


async def move_ledger(old: str, new: str, *, progress: Progress) -> Moved:
    """Carry the ledger at the URL `old` to `new`, where it goes on.

    Raises:
        LedgerError: It could not be moved, and goes on where it is.
    """
    async with AsyncExitStack() as closing:
        origin = _existing(old)
        closing.push_async_callback(origin.store.close)
        destination = _place(new)
        closing.push_async_callback(destination.store.close)
        now_ms = SystemClock().now_ms()
        return await move(origin, destination, pid=os.getpid(), at_ms=now_ms, progress=progress)


async def archive_ledger(
    settings: Settings, folder: Path, *, before_ms: int, progress: Progress
) -> Segment | None:
    """Move entries of the ledger of the settings into a file in `folder`, as its owner.

    What is unsigned is signed and anchored first.

    Raises:
        LedgerError: Another process owns the ledger, or the file cannot be written; nothing is
            taken away then.
    """
    assembly = await assemble(settings=settings)
    try:
        ledger, notary = assembly.services.ledger, assembly.notary
        if notary is None or assembly.owner_pid is not None:
            raise LedgerError(
                f"process {assembly.owner_pid} owns the ledger; end it, then try again"
            )
        await notary.sign()
        archive = Archive(ledger.store, ledger.writer, notary.fence, ledger.clock, sign=notary.sign)
        age = Age(before_ms=before_ms, is_anchored=bool(settings.anchors))
        return await archive.move(folder, age, progress=progress)
    finally:
        await assembly.close()


async def upgrade_ledger(url: str, *, progress: Progress) -> StoreUpgrade:
    """Bring the ledger at `url` to this version, with a backup beside it.

    Its audit tables are derived anew as well, unless another process owns it already, which has
    done so.

    Raises:
        LedgerError: There is none, or it could not be upgraded and is as it was.
    """
    done = await _upgraded(url, progress=progress)
    store = _existing(url).store
    try:
        if await store.upkeep.take_alone(pid=os.getpid(), at_ms=SystemClock().now_ms()):
            await bring_up_to_date(store)
    finally:
        await store.close()
    return done


def _existing(url: str) -> Place:
    path = _path_of(url)
    if path is not None and not path.exists():
        raise LedgerError(f"there is no ledger {path}; name one that is there")
    return _place(url)


def _place(url: str) -> Place:
    path = _path_of(url)
    if path is None:
        return Place(store=_shared(url), name=without_secrets(url))
    path = path.resolve()
    return Place(store=SQLiteStore.open(path), name=f"{_SQLITE}{path.as_posix()}")


async def _ledger(
    store: Store,
    keyring: Keyring,
    clock: Clock,
    settings: Settings,
    anchors: Sequence[Anchor],
) -> tuple[Ledger, Notary | None, int | None]:
    """The ledger with its signer, or the process that owns it if that is another one."""
    fence = await store.acquire(pid=os.getpid(), at_ms=clock.now_ms())
    if fence is not None:
        await bring_up_to_date(store)
        writer = GroupWriter(store, fence)
        ledger = Ledger(store, writer, keyring, clock)
        notary = Notary(
            ledger,
            fence,
            Anchoring(store.proofs, anchors),
            entries=settings.head_entries,
            seconds=settings.head_seconds,
        )
        writer.on_commit = notary.count
        return ledger, notary, None
    ownership = await store.ownership()
    if ownership is None:
        raise LedgerError("the ledger is owned, and does not say by whom: try again")
    return Ledger(store, ReadOnlyWriter(ownership.pid), keyring, clock), None, ownership.pid


def _anchors(settings: Settings, ledger: Path | None) -> list[Anchor]:
    """The anchors of the settings.

    Raises:
        SettingsError: One is the ledger itself, which would be changed with it.
    """
    if any(_local_path(url) == ledger for url in settings.anchors if ledger is not None):
        raise SettingsError(
            f"an anchor is a place outside the ledger, and {ledger} is the ledger: name another "
            "file in proof.anchors"
        )
    return [_anchor(url) for url in settings.anchors]


def _anchor(url: str) -> Anchor:
    path = _local_path(url)
    if path is not None:
        return FileAnchor(path) if url.startswith(_FILE) else SQLiteAnchor(path)
    if url.startswith(_POSTGRES):
        with _asyncpg_needed():
            from highroad.adapters.anchors.postgres import PostgresAnchor  # noqa: PLC0415 - an extra
        return PostgresAnchor(url)
    # HTTP takes a tenth of a second to import, which only they pay who ask for it (N4).
    from highroad.adapters.anchors.http import HttpAnchor  # noqa: PLC0415 - see above

    return HttpAnchor(url)


def _local_path(url: str) -> Path | None:
    found = [url.removeprefix(kind) for kind in (_SQLITE, _FILE) if url.startswith(kind)]
    return Path(found[0]) if found else None


async def _take_office(services: Services, settings: Settings) -> None:
    """What a new owner does first: forget what has expired, look back a minute."""
    ledger, clock = services.ledger, services.clock
    now_ms, session = clock.now_ms(), services.ids.new("session")
    await ledger.store.expire(now_ms)
    services.rates.seed(await ledger.store.admitted_since(now_ms - int(WINDOW_S * 1_000)))
    opened = entries.noted(
        EntryKind.OPENED,
        {
            "session": session,
            "door": "python",
            "version": VERSION,
            "profile": settings.profile,
            "pid": os.getpid(),
            "root": ledger.keyring.root_id,
        },
        organization=DEFAULT_ORGANIZATION,
        at_ms=now_ms,
    )
    await ledger.writer.write(opened)
    version = services.policy.version
    if await ledger.policy_version() != version:
        facts = {"version": version, "session": session}
        loaded = entries.noted(
            EntryKind.POLICY, facts, organization=DEFAULT_ORGANIZATION, at_ms=now_ms
        )
        await ledger.writer.write(loaded)


def _accepted_pins(settings: Settings, *, is_needed: bool) -> dict[str, Accepted] | None:
    """What the pins file accepts, in production; who only looks on need not have one."""
    if not settings.is_production:
        return None
    file = settings.pins_file
    if not file.exists() and not is_needed:
        return {}
    if not file.exists():
        raise SettingsError(
            f"profile production needs {file}: run `highroad tools pin`, review and commit it"
        )
    return read_accepted(file.read_text("utf-8"), file=str(file))


def _grants(registry: Registry, settings: Settings) -> Grants:
    needed: dict[str, frozenset[str]] = {}
    for tool in registry:
        known = needed.get(tool.name, frozenset())
        needed[tool.name] = known | frozenset(tool.definition.permissions)
    roles = settings.policy.roles
    given = {role.name: frozenset(line.text for line in role.permissions) for role in roles}
    return Grants(needed=needed, given=given)


def _usage_reader(ledger: Ledger) -> Callable[[str], Any]:
    async def read(run_id: str) -> Usage:
        # The store knows only what was committed; what waits must count as well.
        if ledger.writer.behind:
            await ledger.writer.flush()
        return await ledger.store.usage(run_id, at_ms=ledger.clock.now_ms())

    return read


def _path_of(url: str) -> Path | None:
    """The file of an embedded ledger; a shared one has none."""
    if url.startswith(_POSTGRES):
        return None
    if not url.startswith(_SQLITE):
        raise SettingsError(
            f"ledger {url.partition(':')[0]!r} is of no kind that this version has: use "
            "sqlite:///path/to/ledger.db, or postgresql://user:password@host/database"
        )
    return Path(url.removeprefix(_SQLITE))


def _store(url: str) -> Store:
    path = _path_of(url)
    return _shared(url) if path is None else SQLiteStore.open(path)


async def _upgraded(url: str, *, progress: Progress) -> StoreUpgrade:
    """Take the steps of the schema that are missing; a shared ledger's operator backs it up."""
    path = _path_of(url)
    if path is not None:
        return upgraded(path.absolute(), patience_ms=PATIENCE_MS, progress=progress)
    store = _shared(url)
    try:
        schema = (await store.upkeep.figures()).schema
    finally:
        await store.close()
    return StoreUpgrade(before=schema, after=schema, backup=None)


@contextmanager
def _asyncpg_needed() -> Iterator[None]:
    """Name the command that installs asyncpg, if that is what is missing.

    Raises:
        SettingsError: It is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise SettingsError("PostgreSQL needs asyncpg: pip install 'highroad[postgres]'") from None


def _shared(url: str) -> Store:
    """A ledger that several processes write.

    Raises:
        SettingsError: What it takes is not installed.
    """
    with _asyncpg_needed():
        from highroad.adapters.stores.postgres import PostgresStore  # noqa: PLC0415 - an extra
    return PostgresStore(url)


async def _keyring(store: Store, settings: Settings, masters: MasterKeys | None) -> Keyring:
    """The keys of this ledger; one that has entries is never given a new root.

    Raises:
        VaultError: The master key that the ledger began with is lost, or not the first.
    """
    first = await store.entries(kind=EntryKind.OPENED, limit=1)
    root = read_body(first[0])["root"] if first else None
    try:
        keyring = Keyring(masters or _master_keys(settings, may_create=root is None))
    except VaultError as error:
        if root is None:
            raise
        raise VaultError(
            f"master key {root}, which this ledger began with, is lost, and without it no "
            f"arguments, results or names can be read ({error})"
        ) from None
    if root not in {None, keyring.root_id}:
        raise VaultError(
            f"this ledger began with master key {root}, and {keyring.root_id} is another: give "
            f"back {root}, as the first of the keys; without it no arguments, results or names "
            "can be read, and no idempotency key is known again"
        )
    return keyring


def _master_keys(settings: Settings, *, may_create: bool) -> MasterKeys:
    found = from_environment(os.environ)
    if found is not None:
        return found
    if settings.keys_file is None:
        raise SettingsError(
            "profile production makes up no master key: set HIGHROAD_MASTER_KEY or `keys.file`"
        )
    return from_file(settings.keys_file, may_create=may_create and not settings.is_production)


def _ask(conditions: CelConditions, expression: str | None, name: str) -> Condition:
    try:
        return conditions.compile(expression or "")
    except InvalidConditionError as error:
        raise DeclarationError(f"tool {name}: its `ask` rule cannot be used: {error}") from None


async def _not_wired(*_: object) -> NoReturn:
    raise BrokenPromise("the runtime was put together without its own part of the services")
