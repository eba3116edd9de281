"""Sandboxes by name: what runs programs that strangers wrote."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from highroad.adapters.egress.proxy.listening import ProxyEgress
from highroad.adapters.egress.system import SystemInternet
from highroad.adapters.sandboxes.monty import MontySandbox
from highroad.adapters.sandboxes.native.bodies import BodyJail
from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox
from highroad.adapters.sandboxes.native.docker import DockerSandbox
from highroad.adapters.sandboxes.native.e2b import E2bSandbox
from highroad.adapters.sandboxes.native.modal import ModalSandbox
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.adapters.sandboxes.native.webassembly import WasmtimeSandbox
from highroad.adapters.sandboxes.process.pool import ProcessSandbox
from highroad.adapters.sandboxes.process.variables import given_variables
from highroad.adapters.sandboxes.process.worker import Confinement
from highroad.bootstrap.addresses import file_of
from highroad.bootstrap.secrets import read_hidden
from highroad.domain.sandbox import SandboxRules
from highroad.domain.tool import Tier
from highroad.pipeline import guest
from highroad.pipeline.programs import Choice, Programs
from highroad.ports.sandbox import ProgramSandbox
from highroad.redaction.known_secrets import KNOWN
from highroad.settings import Settings

SANDBOXES: Final[Mapping[str, Callable[[SandboxRules], ProgramSandbox]]] = {
    "monty": lambda _: MontySandbox(),
    "wasmtime": lambda _: WasmtimeSandbox(),
    "bubblewrap": lambda _: BubblewrapSandbox(),
    "docker": lambda rules: DockerSandbox(rules.docker),
    "e2b": lambda rules: E2bSandbox(rules.e2b, read_hidden),
    "modal": lambda rules: ModalSandbox(rules.modal, read_hidden),
    "plain": lambda _: PlainSandbox(),
}
"""The names of `sandbox.order`. None of them starts or imports anything before it is used."""


def sandbox_choices(settings: Settings) -> tuple[Choice, ...]:
    """What would run programs on this machine, and why."""
    return programs_of(settings.sandbox).choices()


def sandbox_for_bodies(settings: Settings, tier: Tier) -> Choice:
    """Where whole bodies of tools of a tier would run on this machine, and why."""
    return programs_of(settings.sandbox).choice_for_bodies(tier)


def bodies_apart(settings: Settings, most: int) -> ProcessSandbox:
    """So many worker processes, kept for many bodies; none is started before one is wanted."""
    return ProcessSandbox(
        most,
        guest.LOAD,
        variables=lambda: given_variables(settings.sandbox.variables, KNOWN.is_in),
    )


def confined_bodies(settings: Settings, most: int) -> ProcessSandbox:
    """So many worker processes in bubblewrap, each for one body once; none is started early."""
    jail = BodyJail(settings.sandbox.limits, tuple(_private(settings)))
    confinement = Confinement(start=jail.start, ended=jail.ended, limits=settings.sandbox.limits)
    return ProcessSandbox(most, guest.LOAD, confinement)


def _private(settings: Settings) -> Iterator[str]:
    """What may lie beside a tool's code and is no business of its body."""
    root, ledger = settings.root, file_of(settings.ledger)
    yield from (str(root / name) for name in (".highroad", ".env", ".git", "highroad.toml"))
    if settings.keys_file is not None:
        yield str(settings.keys_file)
    if ledger is not None:
        yield from (f"{ledger}{suffix}" for suffix in ("", "-wal", "-shm"))


def programs_of(rules: SandboxRules) -> Programs:
    """What runs programs, by these rules."""
    made = {name: SANDBOXES[name](rules) for name in rules.order}
    return Programs(made, rules, ProxyEgress(SystemInternet()))
