"""Programs that strangers wrote, and what they may take up where they run apart."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import IntEnum, StrEnum
from typing import Final, Literal

from highroad.domain.egress import Connection, EgressRule, gathered
from highroad.domain.json_value import JsonValue
from highroad.domain.tool import Tier
from highroad.domain.value import value


class Language(StrEnum):
    """What a program is written in, and so what can run it."""

    PYTHON = "python"
    """Text. The value of its last expression is the result; inputs are global names."""
    JAVASCRIPT = "javascript"
    """The same."""
    WEBASSEMBLY = "webassembly"
    """A WASI command: reads the inputs in JSON, and writes the result in JSON."""
    COMMAND = "command"
    """A command line, without a shell: reads the inputs in JSON."""


class Strength(IntEnum):
    """What stands between a program and this machine; more is stronger."""

    LIMITS = 1
    """Limits of the kernel on what it takes up, and nothing else: it sees and reaches all."""
    NAMESPACES = 2
    """It has a view of its own of files, processes and network, on this kernel."""
    INTERPRETER = 3
    """An interpreter that has no files, sockets or processes to give, in a process of its own."""
    KERNEL = 4
    """A kernel of its own in user space."""
    MACHINE = 5
    """A machine of its own."""

    @classmethod
    def named(cls, word: str) -> "Strength":
        """The strength that settings name."""
        return cls[word.upper()]

    @property
    def word(self) -> str:
        """As settings name it."""
        return self.name.lower()


class Bound(StrEnum):
    """What a program may take up no more of."""

    CPU = "cpu"
    MEMORY = "memory"
    FILES = "files"
    PROCESSES = "processes"
    OUTPUT = "output"
    WALL = "wall"
    NETWORK = "network"


@value
class ProgramLimits:
    """What one program may take up and touch; without a word it touches nothing."""

    cpu_s: int = 5
    """Seconds of processor time."""
    memory_mb: int = 256
    """Of each of its processes, in MiB."""
    file_mb: int = 16
    """Of what it writes, in MiB."""
    processes: int = 1
    """Processes at once, itself included."""
    output_bytes: int = 1_000_000
    """Of result and prints together."""
    wall_s: float = 10.0
    """Seconds from its start to its end."""
    network_mb: int = 16
    """Of what it sends and receives, in MiB."""
    readable: tuple[str, ...] = ()
    """Files and folders of this machine that it may read, absolute."""
    writable: tuple[str, ...] = ()
    """And that it may change."""
    egress: tuple[EgressRule, ...] = ()
    """What it may reach; without a rule there is no network."""

    def within(self, most: "ProgramLimits") -> "ProgramLimits":
        """These limits, none of them above those; paths and egress are as they are here."""
        return replace(
            self, **{name: min(getattr(self, name), getattr(most, name)) for name in AMOUNTS}
        )

    def amounts(self) -> dict[str, int | float]:
        """All that is a number, for the record: of paths how many, and not which."""
        found: dict[str, int | float] = {name: getattr(self, name) for name in AMOUNTS}
        return {**found, "readable": len(self.readable), "writable": len(self.writable)}

    def words(self, bound: Bound) -> str:
        """The limit of a bound, with its unit."""
        return {
            Bound.CPU: f"{self.cpu_s} s of processor time",
            Bound.MEMORY: f"{self.memory_mb} MiB of memory",
            Bound.FILES: f"{self.file_mb} MiB of files",
            Bound.PROCESSES: f"{self.processes} processes",
            Bound.OUTPUT: f"{self.output_bytes} bytes of output",
            Bound.WALL: f"{self.wall_s:g} s",
            Bound.NETWORK: f"{self.network_mb} MiB over the network, or as many connections",
        }[bound]


@value
class Program:
    """What is to be run, and on which inputs."""

    language: Language
    text: str = ""
    """Of a program in Python or JavaScript."""
    module: bytes = b""
    """Of one in WebAssembly, binary."""
    arguments: tuple[str, ...] = ()
    """Of a command: its name first. Of a module: its arguments."""
    inputs: Mapping[str, JsonValue]


@value
class ProgramResult:
    """What a program brought."""

    value: JsonValue
    """Of a command: its exit status as `status`, its output as `output`, in text."""
    printed: str = ""


DOCKER_SOCKET: Final = "/var/run/docker.sock"


@value
class DockerRules:
    """How containers are made."""

    image: str
    """With its digest, as `python@sha256:…`: what it holds never changes."""
    runtime: str = "runc"
    """As the engine knows it; see `RUNTIMES`."""
    socket: str = DOCKER_SOCKET


@value
class E2bRules:
    """Which machines of E2B are used."""

    template: str
    domain: str = "e2b.app"


@value
class ModalRules:
    """Which machines of Modal are used."""

    image: str
    """Its id, as `im-…`: one that was built before."""
    app: str = "highroad"
    """The app whose they are; it is made where there is none."""
    runtime: Literal["gvisor", "vm"] = "gvisor"
    """As Modal knows it; see `MODAL_RUNTIMES`."""


@value
class SandboxRules:
    """Which sandboxes are used, in which order, and what the least is."""

    order: tuple[str, ...] = ("monty", "wasmtime", "bubblewrap", "plain")
    """Names; the first that is there, runs the language and is strong enough is taken."""
    least: Mapping[Tier, Strength] = field(
        default_factory=lambda: dict.fromkeys(Tier, Strength.NAMESPACES)
    )
    """By the tier of the tool that has a program run."""
    limits: ProgramLimits = field(default_factory=ProgramLimits)
    """The most that a program may be given."""
    variables: tuple[str, ...] = ()
    """Names of variables that bodies in worker processes find beside the usual ones."""
    docker: DockerRules | None = None
    e2b: E2bRules | None = None
    modal: ModalRules | None = None


RUNTIMES: Final[Mapping[str, Strength]] = {
    "runc": Strength.NAMESPACES,
    "runsc": Strength.KERNEL,
    "kata": Strength.MACHINE,
}
"""What stands between a container and this machine, by its runtime: namespaces, gVisor, or Kata."""
MODAL_RUNTIMES: Final[Mapping[str, Strength]] = {
    "gvisor": Strength.KERNEL,
    "vm": Strength.MACHINE,
}
"""What stands between a program and a machine of Modal, by its runtime."""
NAMES: Final = ("monty", "wasmtime", "bubblewrap", "docker", "e2b", "modal", "plain")
"""Of all sandboxes, as settings name them."""
BODIES: Final = "bubblewrap"
"""The sandbox in which whole bodies of tools can run."""
AMOUNTS: Final = (
    *("cpu_s", "memory_mb", "file_mb", "processes", "output_bytes", "wall_s", "network_mb"),
)
"""Limits that are numbers."""
BODY: Final = "body"
"""In the place of a language: the whole body of a tool."""
COMPLETED: Final = "completed"
"""How a run in a sandbox ended that brought a result."""
FAILED: Final = "failed"
LOST: Final = "lost"
"""The sandbox did not work."""
STOPPED: Final = "stopped"
"""Nobody waited for it any more."""
MORE: Final = "more"
"""In the place of what is not told apart any more."""
_KINDS: Final = 32
"""Of runs of one call that are told apart on record."""


@value
class SandboxUse:
    """That something ran in a sandbox for a call, or several alike, as it stands on record."""

    sandbox: str
    """Its name in settings."""
    version: str
    strength: str
    what: str
    """The language of the program, or `body`."""
    ended: str
    """`completed`, `failed`, `lost`, `stopped`, or the limit that was exceeded."""
    limits: Mapping[str, int | float]
    """In force, by name; of paths how many there were to read and to change."""
    connections: tuple[Connection, ...] = ()
    count: int = 1

    def with_another(self, other: "SandboxUse") -> "SandboxUse | None":
        """Both as one, where they differ in nothing but what they reached."""
        alike = replace(other, connections=self.connections, count=self.count)
        if alike != self:
            return None
        return replace(
            self,
            count=self.count + other.count,
            connections=gathered((*self.connections, *other.connections)),
        )


def noted(uses: tuple[SandboxUse, ...], use: SandboxUse) -> tuple[SandboxUse, ...]:
    """One more use; what is alike is counted.

    Beyond a number of kinds it is only said how many more there were.
    """
    for at, each in enumerate(uses):
        both = each.with_another(use)
        if both is not None:
            return (*uses[:at], both, *uses[at + 1 :])
    if len(uses) < _KINDS:
        return (*uses, use)
    if len(uses) == _KINDS:
        return (*uses, replace(use, what=MORE, ended=MORE, limits={}, connections=()))
    return (*uses[:-1], replace(uses[-1], count=uses[-1].count + 1))
